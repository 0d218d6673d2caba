"""A pod that reports as fast as it can is read slower; pods of other namespaces are answered."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import msgspec
import pytest

from fakes.in_process_gateway import until
from fakes.operator_channel import GATEWAY, Operator, Served, connected, operator
from moorage_contract.report_channel import decode_guidance
from moorage_operator.api.metadata import ResourceName
from moorage_operator.planning.demand.gateway_pod import GatewayPod
from moorage_operator.planning.demand.served_groups import GroupRules
from moorage_operator.running.report_channel import loop_time

FLOOD_SECONDS = 3.0
HOSTILE = ResourceName("hostile", "gateway")


class Two(Served):
    """Gateways of two namespaces, each with a group of its own."""

    def served_by(self, gateway: ResourceName) -> Mapping[ResourceName, GroupRules] | None:
        if gateway not in (GATEWAY, HOSTILE):
            return None
        return {ResourceName(gateway.namespace, "servers"): GroupRules(10, 60)}


def hostile_token(leader: Operator, pod: str) -> str:
    account = {"name": "gateway-gateway", "uid": "s"}
    claims: Any = {
        "namespace": "hostile",
        "serviceaccount": account,
        "pod": {"name": pod, "uid": pod},
    }
    return leader.cluster.token(pod, **{"kubernetes.io": claims})


def report(gateway: ResourceName, pod: str, seq: int, **changed: Any) -> str:
    document = {"seq": seq, "whole": seq == 1, "gateway": str(gateway), "pod": pod}
    return msgspec.json.encode({"table_digest": "d", **document, **changed}).decode()


class Flooding:
    """One pod that sends without a pause."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, pod: str) -> None:
        self._socket, self._pod = socket, pod
        self.answers = 0
        self.sent = 0

    async def send(self, *first: dict[str, Any]) -> None:
        for changed in first:
            await self._send(changed)
        while True:
            await self._send({"table_digest": f"d{self.sent}", "guidance_seq": self.answers})
            await asyncio.sleep(0)

    async def _send(self, changed: dict[str, Any]) -> None:
        self.sent += 1
        await self._socket.send_str(report(HOSTILE, self._pod, self.sent, **changed))

    async def hear(self) -> None:
        while True:
            self.answers = decode_guidance(await self._socket.receive_str()).seq


@asynccontextmanager
async def flooding(leader: Operator, pod: str, *first: dict[str, Any]) -> AsyncIterator[Flooding]:
    async with connected(leader, hostile_token(leader, pod)) as socket:
        flood = Flooding(socket, pod)
        tasks = [asyncio.create_task(one) for one in (flood.send(*first), flood.hear())]
        try:
            yield flood
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def answer_seconds(leader: Operator) -> list[float]:
    """How long an honest pod waited for each of its answers, shortest first."""
    waited = []
    async with connected(leader, leader.cluster.token("honest")) as socket:
        end_at, seq = monotonic() + FLOOD_SECONDS, 0
        while (begun_at := monotonic()) < end_at:
            seq += 1
            await socket.send_str(report(GATEWAY, "honest", seq, guidance_seq=seq - 1))
            await socket.receive_str(timeout=5)
            waited.append(monotonic() - begun_at)
            await asyncio.sleep(0.1)
    return sorted(waited)


async def test_tiny_reports_are_read_at_a_bounded_rate(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    async with operator(tmp_path, served=Two()) as leader:
        async with flooding(leader, "flood") as flood:
            waited = await answer_seconds(leader)
            assert flood.answers <= 64 + 10 * (FLOOD_SECONDS + 2)
        told = [change for change in leader.changes if HOSTILE in change.gateways]
    assert waited[len(waited) // 2] < 0.2
    assert len(told) <= 11 + 3 * (FLOOD_SECONDS + 2), "two a second, and the rest with each round"
    assert "reports of flood of hostile/gateway are read slower" in " ".join(caplog.messages)


async def test_costly_pods_take_a_share_of_the_leaders_time(tmp_path: Path) -> None:
    def endpoints(name: str) -> dict[str, Any]:
        ready = {"handshake": {"state": "ready", "own": True}}
        return {"servers": {"endpoints": {f"{name}-{n}": ready for n in range(4_900)}}}

    async with operator(tmp_path, served=Two()) as leader:
        first: list[dict[str, Any]] = [
            {"more": True, "groups": endpoints("a")},
            {"groups": endpoints("b")},
        ]
        async with flooding(leader, "one", *first) as one, flooding(leader, "two", *first) as two:
            waited = await answer_seconds(leader)
            assert one.answers + two.answers <= 60
    assert waited[len(waited) // 2] < 0.2


async def test_neither_reports_nor_guidances_of_a_namespace_pass_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop_time, "KEPT_SECONDS", 0.05)
    async with (
        operator(tmp_path, served=Two()) as leader,
        connected(leader, hostile_token(leader, "one")) as one,
        connected(leader, hostile_token(leader, "two")) as two,
    ):
        for pod, socket in (("one", one), ("two", two)):
            await socket.send_str(report(HOSTILE, pod, 1))
            await socket.receive_str(timeout=5)
        had = leader.server._loop_time
        had.take(HOSTILE.namespace, 1.0 + 0.25 * 2.0, asyncio.get_running_loop().time())
        begun_at = monotonic()
        await one.send_str(report(HOSTILE, "one", 2))
        leader.server._connections[GatewayPod(HOSTILE, "two")].answer()
        answered = await asyncio.gather(*map(seconds_to_answer, (one, two)))
        assert min(answered) - begun_at > 1.5


async def seconds_to_answer(socket: aiohttp.ClientWebSocketResponse) -> float:
    await socket.receive_str(timeout=10)
    return monotonic()


async def test_those_that_waited_take_their_turns_one_by_one(tmp_path: Path) -> None:
    async with (
        operator(tmp_path, served=Two()) as leader,
        connected(leader, hostile_token(leader, "one")) as one,
        connected(leader, hostile_token(leader, "two")) as two,
    ):
        now = asyncio.get_running_loop().time
        for pod, socket in (("one", one), ("two", two)):
            await socket.send_str(report(HOSTILE, pod, 1))
            await socket.receive_str(timeout=5)
        ledger, had = leader.server._ledger, leader.server._loop_time
        assert ledger is not None
        guided: list[float] = []

        def costly(*args: Any, **named: Any) -> None:
            guided.append(now())
            had.take(HOSTILE.namespace, 0.25, now())

        ledger.guidance = costly  # type: ignore[method-assign]
        had.take(HOSTILE.namespace, 1.1, now())
        for name in ("one", "two"):
            leader.server._connections[GatewayPod(HOSTILE, name)].wake()
        await until(lambda: len(guided) == 2, "both had their turn")
        assert guided[1] - guided[0] > 0.4


async def test_what_comes_too_often_is_told_in_the_end(tmp_path: Path) -> None:
    async with (
        operator(tmp_path, served=Two()) as leader,
        connected(leader, hostile_token(leader, "quick")) as socket,
    ):
        for seq in range(1, 41):
            await socket.send_str(report(HOSTILE, "quick", seq, table_digest=f"d{seq}"))
        await until(lambda: digests(leader) == ["d40"], "the last one is taken in")
        before = len(leader.changes)
        await until(
            lambda: any(HOSTILE in change.gateways for change in leader.changes[before:]),
            "and told",
        )


def digests(leader: Operator) -> list[str]:
    return [told.table_digest for told in leader.server.reports(HOSTILE)]
