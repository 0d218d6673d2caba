"""However many namespaces report at one moment, the leader goes on with whatever else is due."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from fakes.operator_channel import Operator, Served, connected, operator
from moorage_contract.report_channel import DemandReport, decode_guidance, encode_report
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.served_groups import GroupRules
from moorage_operator.running.report_channel import loop_time

NAMESPACES = 16
FRAME_SECONDS = 0.1
AT_ONCE_SECONDS = 0.2


class All(Served):
    """Every gateway serves something."""

    def served_by(self, gateway: ResourceName) -> Mapping[ResourceName, GroupRules] | None:
        return {}


def token(leader: Operator, namespace: str) -> str:
    account = {"name": "gateway-gateway", "uid": "s"}
    pod = {"name": "pod", "uid": namespace}
    claims: Any = {"namespace": namespace, "serviceaccount": account, "pod": pod}
    return leader.cluster.token("pod", **{"kubernetes.io": claims})


def report(namespace: str, seq: int) -> str:
    gateway = f"{namespace}/gateway"
    return encode_report(
        DemandReport(seq=seq, whole=seq == 1, gateway=gateway, pod="pod", table_digest="d")
    )


async def test_no_two_frames_in_one_round_of_the_loop_and_half_of_the_time_at_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_time, "SECONDS_AT_ONCE_OF_ALL", AT_ONCE_SECONDS)
    names = [f"n{number}" for number in range(NAMESPACES)]
    async with operator(tmp_path, served=All()) as leader, AsyncExitStack() as open_ones:
        sockets = {
            name: await open_ones.enter_async_context(connected(leader, token(leader, name)))
            for name in names
        }
        for name, socket in sockets.items():
            await socket.send_str(report(name, 1))
            await socket.receive_str(timeout=5)
        ledger = leader.server._ledger
        assert ledger is not None
        hear = ledger.hear

        def costly(*args: Any) -> object:
            until = time.thread_time() + FRAME_SECONDS
            while time.thread_time() < until:
                pass
            return hear(*args)

        ledger.hear = costly  # type: ignore[method-assign, assignment]
        rounds = asyncio.create_task(longest_round_seconds())
        begun_at = time.monotonic()
        for name, socket in sockets.items():
            await socket.send_str(report(name, 2))
        answers = await asyncio.gather(*(one.receive_str(timeout=20) for one in sockets.values()))
        took_seconds = time.monotonic() - begun_at
        rounds.cancel()
        assert {decode_guidance(answer).report_seq for answer in answers} == {2}
        assert await rounds < NAMESPACES * FRAME_SECONDS / 3
        assert took_seconds > (NAMESPACES * FRAME_SECONDS - AT_ONCE_SECONDS - FRAME_SECONDS) / 0.5


async def longest_round_seconds() -> float:
    """Until cancelled: the longest that the loop was away."""
    longest, last = 0.0, time.monotonic()
    try:
        while True:
            await asyncio.sleep(0)
            now = time.monotonic()
            longest, last = max(longest, now - last), now
    except asyncio.CancelledError:
        return longest
