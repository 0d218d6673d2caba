"""A pod that is broken or was taken over is refused past its share; all others go on."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

from fakes.operator_channel import GROUP, Operator, Served, connected, operator
from moorage_contract.report_channel import decode_guidance
from moorage_operator.planning.demand import claims, demand_ledger
from moorage_operator.planning.demand.served_groups import GroupRules

READY = {"handshake": {"state": "ready", "own": True}}


def report(pod: str, seq: int = 1, **changed: Any) -> dict[str, Any]:
    return {
        "version": 1,
        "seq": seq,
        "whole": seq == 1,
        "gateway": "tests/gateway",
        "pod": pod,
        "table_digest": "d",
        "groups": {"servers": {"endpoints": {"u": READY}}},
        **changed,
    }


def of_endpoint(**news: Any) -> dict[str, Any]:
    return {"servers": {"endpoints": {"u": {**READY, **news}}}}


async def send(socket: aiohttp.ClientWebSocketResponse, message: dict[str, Any]) -> None:
    await socket.send_str(msgspec.json.encode(message).decode())


async def slots_of(socket: aiohttp.ClientWebSocketResponse, message: dict[str, Any]) -> int:
    await send(socket, message)
    guidance = decode_guidance(await socket.receive_str(timeout=5))
    return guidance.groups["servers"]["u"].slots


@asynccontextmanager
async def scene(folder: Path) -> AsyncIterator[Operator]:
    served = Served(groups={GROUP: GroupRules(per_pod=10, idle_seconds=60)})
    async with operator(folder, served=served) as leader:
        yield leader


async def is_refused(leader: Operator, *messages: dict[str, Any]) -> str:
    """Why a pod that tells this is left; meanwhile and afterwards another one is served."""
    async with connected(leader, leader.cluster.token("honest")) as honest:
        await slots_of(honest, report("honest"))
        async with connected(leader, leader.cluster.token("hostile")) as hostile:
            for message in messages:
                await send(hostile, message)
            frame = await hostile.receive(timeout=5)
            while frame.type is aiohttp.WSMsgType.TEXT:
                frame = await hostile.receive(timeout=5)
            assert hostile.close_code == 1008
            why = str(frame.extra)
        await send(honest, report("honest", 2, guidance_seq=1))
        frame = await honest.receive(timeout=5)
        assert frame.type is aiohttp.WSMsgType.TEXT
    assert sum(leader.server.refused.values()) == 1
    return why


@pytest.mark.parametrize(
    "changed",
    [
        {"groups": of_endpoint(opened=["x" * 33])},
        {"groups": of_endpoint(slots=-1)},
        {"groups": of_endpoint(slots=2**40)},
        {"groups": of_endpoint(handshake={"why": "x" * 257})},
        {"groups": of_endpoint(handshake={"versions": ["v"] * 33})},
        {"groups": {"servers": {"endpoints": {"u" * 513: READY}}}},
        {"groups": {"servers": {"gone": [str(n) for n in range(5_001)]}}},
        {"groups": {str(n): {} for n in range(2_049)}},
        {"key_ids": ["k"] * 257},
        {"sessions": -5},
        {"seq": 2**60},
        {"table_digest": "d" * 513},
        {"unfollowed": {"team": "x" * 257}},
        {"unfollowed": {f"team-{n}": "" for n in range(33)}},
    ],
    ids=lambda changed: str(changed)[:40],
)
async def test_what_no_healthy_pod_says_is_refused(tmp_path: Path, changed: dict[str, Any]) -> None:
    async with scene(tmp_path) as leader:
        assert "no report" in await is_refused(leader, report("hostile", **changed))


async def test_what_is_nested_too_deep_is_no_report(tmp_path: Path) -> None:
    deep = msgspec.Raw(b"[" * 100_000 + b"]" * 100_000)
    async with scene(tmp_path) as leader:
        assert "no report" in await is_refused(leader, report("hostile", unknown=deep))


async def test_a_pod_brings_no_more_sessions_than_its_share_over_all_its_connections(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(claims, "MAX_SESSIONS_PER_POD", 6)
    caplog.set_level(logging.WARNING)
    async with scene(tmp_path) as leader:
        async with connected(leader, leader.cluster.token("hostile")) as first:
            await slots_of(first, report("hostile", groups=of_endpoint(opened=list("abcd"))))
        again = report("hostile", groups=of_endpoint(opened=list("efgh")))
        assert "one may bring 6 sessions" in await is_refused(leader, again)
        assert leader.server.demand(GROUP).sessions == 4
    assert "add gateway replicas: one may bring" in caplog.text


async def test_a_pod_brings_no_more_endpoints_than_its_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "MAX_ENDPOINTS_PER_POD", 3)
    endpoints = {"servers": {"endpoints": {f"made-up-{n}": READY for n in range(4)}}}
    async with scene(tmp_path) as leader:
        why = await is_refused(leader, report("hostile", groups=endpoints))
        assert "one may bring 3 endpoints" in why


async def test_a_pod_that_goes_by_no_guidance_is_answered_and_told_nothing_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demand_ledger, "MAX_UNACKNOWLEDGED", 3)
    async with (
        scene(tmp_path) as leader,
        connected(leader, leader.cluster.token("hostile")) as deaf,
    ):
        told = []
        for seq in range(1, 7):
            opened = of_endpoint(opened=[str(seq)])
            await send(deaf, report("hostile", seq, groups=opened))
            told.append(decode_guidance(await deaf.receive_str(timeout=5)).groups)
        assert [bool(groups) for groups in told] == [True, True, True, False, False, False]


async def test_a_report_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "MAX_PIECES", 4)
    pieces = [report("hostile", seq, more=True) for seq in range(1, 7)]
    async with scene(tmp_path) as leader:
        assert "more than 4 pieces" in await is_refused(leader, *pieces)


async def test_groups_that_are_not_its_own_are_not_remembered_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "MAX_GROUPS_PER_REPORT", 5)
    told = [report("hostile", n, groups={f"other-{n}": {}}) for n in range(1, 9)]
    async with scene(tmp_path) as leader:
        assert "does not serve" in await is_refused(leader, *told)


async def test_a_claim_of_slots_counts_up_to_per_pod_only(tmp_path: Path) -> None:
    async with (
        scene(tmp_path) as leader,
        connected(leader, leader.cluster.token("honest")) as honest,
        connected(leader, leader.cluster.token("hostile")) as hostile,
    ):
        greedy = report("hostile", groups=of_endpoint(slots=1_000_000))
        assert await slots_of(hostile, greedy) == 9
        leader.served.groups = {GROUP: GroupRules(per_pod=30, idle_seconds=60)}
        assert await slots_of(honest, report("honest")) == 14, "its share; ten are spoken for"


async def test_all_of_one_endpoint_may_end_in_one_report(tmp_path: Path) -> None:
    ended = [f"{n:011}" for n in range(100_000)]
    async with (
        scene(tmp_path) as leader,
        connected(leader, leader.cluster.token("honest")) as honest,
    ):
        await slots_of(honest, report("honest", groups=of_endpoint(ended=ended)))
        assert not any(leader.server.refused.values())
