"""A leader that reads slowly knows what holds now: nothing older waits for it unread."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from fakes.operator_channel import GATEWAY, Operator, operator
from moorage_contract.report_channel import DemandReport, Guidance
from moorage_gateway.reporting.report_client import ReportClient
from moorage_operator.running.report_channel import report_server

SLOW_PER_SECOND = 4.0
HURRY_SECONDS = 4.0


class Counting:
    """Each report says how many there were."""

    def __init__(self) -> None:
        self._seqs = count(1)
        self.told = 0
        self.answered = 0

    def connected(self) -> None: ...
    def disconnected(self) -> None: ...

    def take(self, guidance: Guidance) -> None:
        self.answered = guidance.seq

    def news(self, *, whole: bool) -> list[DemandReport]:
        self.told = next(self._seqs)
        return [
            DemandReport(
                seq=self.told,
                whole=whole,
                gateway=str(GATEWAY),
                pod="pod-0",
                table_digest="d",
                guidance_seq=self.answered,
                streams=self.told,
            )
        ]


@asynccontextmanager
async def in_a_hurry(leader: Operator, source: Counting, token: Path) -> AsyncIterator[None]:
    """A pod that always has something urgent to tell."""
    client = ReportClient(source, token, jitter=lambda: 1.0)
    client.follow(leader.target)

    async def hurry() -> None:
        while True:
            client.hurry()
            await asyncio.sleep(0.02)

    tasks = [asyncio.create_task(one) for one in (client.run(), hurry())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_no_report_waits_behind_older_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report_server, "REPORTS_PER_SECOND", SLOW_PER_SECOND)
    monkeypatch.setattr(report_server, "REPORTS_AT_ONCE", 1.0)
    source, token = Counting(), tmp_path / "token"
    async with operator(tmp_path) as leader:
        token.write_text(leader.cluster.token("pod-0"))
        lags = await lags_of(leader, source, token)
    assert max(lags) <= 1
    assert source.told >= SLOW_PER_SECOND * HURRY_SECONDS / 2, "and it goes on reporting"


async def lags_of(leader: Operator, source: Counting, token: Path) -> list[int]:
    """How many reports the leader was behind, now and then."""
    async with in_a_hurry(leader, source, token):
        lags = []
        for _ in range(int(HURRY_SECONDS / 0.1)):
            await asyncio.sleep(0.1)
            known = [report.streams for report in leader.server.reports(GATEWAY)]
            lags.append(source.told - max(known, default=0))
        return lags
