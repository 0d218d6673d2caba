"""A pod whose answer waits, as its namespace took more than its share, stays connected."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from fakes.operator_channel import GATEWAY, connected, operator
from moorage_contract.report_channel import DemandReport, decode_guidance, encode_report
from moorage_operator.running.report_channel import loop_time, pod_connection

LOST_SECONDS = 0.5


async def test_it_hears_the_leader_and_the_leader_hears_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pod_connection, "LOST_SECONDS", LOST_SECONDS)
    monkeypatch.setattr(loop_time, "KEPT_SECONDS", LOST_SECONDS / 2)
    async with (
        operator(tmp_path) as leader,
        connected(leader, leader.cluster.token("pod-0")) as socket,
    ):
        await socket.send_str(report(1))
        await socket.receive_str(timeout=5)
        ledger = leader.server._ledger
        assert ledger is not None
        hear = ledger.hear

        def hear_as_others_report(*args: Any) -> object:
            now = asyncio.get_running_loop().time()
            leader.server._loop_time.take(GATEWAY.namespace, 1.0 + 0.25 * 2.0, now)
            return hear(*args)

        ledger.hear = hear_as_others_report  # type: ignore[method-assign, assignment]
        await socket.send_str(report(2))
        answer = decode_guidance(await socket.receive_str(timeout=5))
    assert answer.report_seq == 2


def report(seq: int) -> str:
    return encode_report(
        DemandReport(seq=seq, whole=seq == 1, gateway=str(GATEWAY), pod="pod-0", table_digest="d")
    )
