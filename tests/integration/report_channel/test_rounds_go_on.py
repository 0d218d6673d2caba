"""What a pod was promised that is gone is given to another one, whatever happens meanwhile."""

import asyncio
from pathlib import Path

import aiohttp
import pytest

from fakes.in_process_gateway import until
from fakes.operator_channel import GROUP, Operator, connected, operator
from moorage_contract.report_channel import (
    DemandReport,
    EndpointReport,
    GroupReport,
    Handshake,
    decode_guidance,
    encode_report,
)
from moorage_operator.planning.demand.demand_ledger import DemandLedger
from moorage_operator.running.report_channel.pod_connection import PodConnection

ALL_BUT_THE_RESERVE = 9
"""Of the ten sessions that an endpoint of these tests takes."""


@pytest.fixture(autouse=True)
def quick_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = "moorage_operator.running.report_channel.report_server"
    monkeypatch.setattr(f"{channel}.ROUND_SECONDS", 0.1)
    monkeypatch.setattr("moorage_operator.planning.demand.demand_ledger.PROMISE_SECONDS", 1.0)


class ReportingPod:
    """The far end of a connection, by hand."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, name: str) -> None:
        self.socket, self.name = socket, name
        self._seq = self._guidance_seq = self.slots = 0

    async def report(self) -> None:
        self._seq += 1
        endpoint = EndpointReport(handshake=Handshake(state="ready", own=True))
        report = DemandReport(
            seq=self._seq,
            whole=self._seq == 1,
            guidance_seq=self._guidance_seq,
            gateway="tests/gateway",
            pod=self.name,
            table_digest="digest",
            groups={"servers": GroupReport(endpoints={"u": endpoint})},
        )
        await self.socket.send_str(encode_report(report))

    async def ask_slots(self) -> int:
        """What it may open, by the answer to a report."""
        await self.report()
        guidance = decode_guidance(await self.socket.receive_str(timeout=5))
        self._guidance_seq = guidance.seq
        for told in guidance.groups.values():
            self.slots = told["u"].slots
        return self.slots


async def let_one_vanish(leader: Operator) -> None:
    """It has all slots, and is gone without a word."""
    async with connected(leader, leader.cluster.token("gone")) as socket:
        assert await ReportingPod(socket, "gone").ask_slots() == ALL_BUT_THE_RESERVE
    await until(lambda: leader.server.connections == 0, "it is gone")


async def ask_until_all_are_given(leader: Operator) -> int:
    """What another one may open at first; returns once it may open all there is."""
    async with connected(leader, leader.cluster.token("other")) as socket:
        other = ReportingPod(socket, "other")
        first = slots = await other.ask_slots()
        async with asyncio.timeout(5):
            while slots != ALL_BUT_THE_RESERVE:
                await asyncio.sleep(0.1)
                slots = await other.ask_slots()
        return first


async def test_the_promise_of_a_pod_that_vanished_is_given_to_another(tmp_path: Path) -> None:
    async with operator(tmp_path) as leader:
        await let_one_vanish(leader)
        assert await ask_until_all_are_given(leader) == 1, "the reserve, while it may live on"


async def test_pods_may_leave_while_others_are_asked_to_come_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = PodConnection.close

    async def close_slowly(connection: PodConnection, code: int, why: str) -> None:
        await asyncio.sleep(0.8)
        await real(connection, code, why)

    monkeypatch.setattr(PodConnection, "close", close_slowly)
    async with operator(tmp_path) as leader:
        rules, leader.served.groups = leader.served.groups, {}
        async with (
            connected(leader, leader.cluster.token("a")) as a,
            connected(leader, leader.cluster.token("b")) as b,
        ):
            for socket, name in ((a, "a"), (b, "b")):
                assert await ReportingPod(socket, name).ask_slots() == 0
            leader.served.groups = rules
            await asyncio.sleep(0.4)
            assert leader.server.connections == 2, "they are being closed"
        await until(lambda: leader.server.connections == 0, "both left")
        await asyncio.sleep(1.0)
        await let_one_vanish(leader)
        await ask_until_all_are_given(leader)


@pytest.mark.parametrize("error", [RuntimeError("a defect"), asyncio.CancelledError()])
async def test_a_round_that_fails_is_not_the_last(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: BaseException,
) -> None:
    real = DemandLedger.expire

    def fail_once(ledger: DemandLedger, now: float) -> frozenset[object]:
        monkeypatch.setattr(DemandLedger, "expire", real)
        raise error

    monkeypatch.setattr(DemandLedger, "expire", fail_once)
    async with operator(tmp_path) as leader:
        await let_one_vanish(leader)
        await ask_until_all_are_given(leader)
    assert "a round of the report channel failed" in caplog.text
    assert leader.server.demand(GROUP).sessions == 0
