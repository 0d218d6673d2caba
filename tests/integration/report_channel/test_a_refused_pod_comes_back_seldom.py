"""A pod whose reports are refused asks ever more seldom: its whole reports cost the leader most."""

import asyncio
from pathlib import Path

from fakes.operator_channel import operator
from moorage_contract.report_channel import DemandReport
from moorage_gateway.reporting.report_client import ReportClient


class Refused:
    """Reports in the name of another pod."""

    def connected(self) -> None: ...
    def disconnected(self) -> None: ...
    def take(self, guidance: object) -> None: ...

    def news(self, *, whole: bool) -> list[DemandReport]:
        return [
            DemandReport(
                seq=1, whole=whole, gateway="tests/gateway", pod="another", table_digest="d"
            )
        ]


async def test_each_refusal_doubles_the_pause(tmp_path: Path) -> None:
    async with operator(tmp_path) as leader:
        token = tmp_path / "token"
        token.write_text(leader.cluster.token("pod-0"))
        client = ReportClient(Refused(), token, jitter=lambda: 1.0)
        client.follow(leader.target)
        running = asyncio.create_task(client.run())
        await asyncio.sleep(3.0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert 2 <= client.connects <= 5, "after 0.2, 0.4, 0.8 and 1.6 s"
        assert leader.server.refused["Malformed"] == client.connects
        assert "the token is of pod pod-0" in client.why
