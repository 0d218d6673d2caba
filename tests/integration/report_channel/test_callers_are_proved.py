"""Only a pod of a gateway reports, and only of itself; whoever else calls is told why not."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from fakes.in_process_gateway import until
from fakes.operator_channel import GATEWAY, Operator, Served, connected, operator
from moorage_contract.report_channel import (
    MAX_FRAME_BYTES,
    DemandReport,
    decode_guidance,
    encode_report,
)

HOUR = 3600
BOUND = {"name": "pod-0", "uid": "u"}


def of_account(name: str, namespace: str = "tests") -> dict[str, Any]:
    account = {"namespace": namespace, "serviceaccount": {"name": name, "uid": "s"}, "pod": BOUND}
    return {"kubernetes.io": account}


async def status_of(leader: Operator, token: str) -> int:
    """What a call with this token is answered; 101 if it is let in."""
    try:
        async with connected(leader, token):
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


def report(seq: int = 1, **changed: Any) -> str:
    told: dict[str, Any] = {
        "seq": seq,
        "whole": True,
        "gateway": "tests/gateway",
        "pod": "pod-0",
        "table_digest": "0123456789abcdef",
        **changed,
    }
    return encode_report(DemandReport(**told))


async def test_a_pod_of_a_gateway_is_let_in(tmp_path: Path) -> None:
    async with operator(tmp_path) as leader, connected(leader, leader.cluster.token()) as socket:
        await socket.send_str(report())
        guidance = decode_guidance(await socket.receive_str(timeout=5))
        assert (guidance.seq, guidance.report_seq) == (1, 1)


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": ["https://kubernetes.default.svc"]},
        {"aud": None},
        {"iss": "https://elsewhere.test"},
        {"iss": None},
        {"exp": 1_000_000},
        {"exp": None},
        {"nbf": 4_000_000_000},
        {"kubernetes.io": None},
        {"kubernetes.io": "tests"},
        {"kubernetes.io": {"namespace": "tests", "serviceaccount": {"name": "gateway-gateway"}}},
        of_account("default"),
        of_account("gateway"),
        of_account("-gateway"),
    ],
    ids=lambda claims: str(claims)[:60],
)
async def test_a_token_that_proves_no_pod_of_a_gateway_is_refused(
    tmp_path: Path, claims: dict[str, Any]
) -> None:
    async with operator(tmp_path) as leader:
        assert await status_of(leader, leader.cluster.token(**claims)) == 401
        assert leader.server.refused["NoProof"] == 1


async def test_a_gateway_that_is_not_there_is_refused(tmp_path: Path) -> None:
    async with operator(tmp_path) as leader:
        for account in (of_account("other-gateway"), of_account("gateway-gateway", "elsewhere")):
            assert await status_of(leader, leader.cluster.token(**account)) == 403


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_only_signatures_of_the_cluster_count(tmp_path: Path, algorithm: str) -> None:
    async with operator(tmp_path) as leader:
        assert await status_of(leader, leader.cluster.token(algorithm=algorithm)) == 401
        assert leader.cluster.asked == 0


async def test_tokens_of_unknown_keys_cost_one_question_only(tmp_path: Path) -> None:
    async with operator(tmp_path) as leader:
        assert await status_of(leader, leader.cluster.token()) == 101
        asked = leader.cluster.asked
        for _ in range(5):
            assert await status_of(leader, leader.cluster.token(key_id="unknown")) == 401
        assert leader.cluster.asked <= asked + 1


async def test_a_key_of_the_same_id_that_the_cluster_does_not_have_proves_nothing(
    tmp_path: Path,
) -> None:
    async with operator(tmp_path) as leader:
        assert await status_of(leader, leader.cluster.token()) == 101
        leader.cluster.keys["key-1"] = rsa.generate_private_key(65537, 2048)
        assert await status_of(leader, leader.cluster.token()) == 401


async def test_while_the_keys_are_not_known_callers_shall_ask_again(tmp_path: Path) -> None:
    async with operator(tmp_path) as leader:
        leader.cluster.away = True
        assert await status_of(leader, leader.cluster.token()) == 503


async def test_known_keys_outlive_the_api_server(tmp_path: Path) -> None:
    async with operator(tmp_path) as leader:
        assert await status_of(leader, leader.cluster.token()) == 101
        leader.cluster.away = True
        assert await status_of(leader, leader.cluster.token()) == 101


@pytest.mark.parametrize(
    "frame",
    [
        report(pod="pod-1"),
        report(gateway="tests/other"),
        report(whole=False),
        "no json",
        "{}",
        '{"seq": "one", "gateway": "tests/gateway", "pod": "pod-0", "table_digest": ""}',
        '"\\ud800"',
        b"binary",
    ],
    ids=["another pod", "another gateway", "a first one that is not whole", *"abcde"],
)
async def test_a_frame_that_is_no_report_of_the_caller_ends_its_connection(
    tmp_path: Path, frame: str | bytes
) -> None:
    async with operator(tmp_path) as leader, connected(leader, leader.cluster.token()) as socket:
        await (socket.send_bytes if isinstance(frame, bytes) else socket.send_str)(frame)  # type: ignore[arg-type]
        ended = await socket.receive(timeout=5)
        assert (ended.type, ended.data) == (aiohttp.WSMsgType.CLOSE, 1008)
        assert leader.server.reports(GATEWAY) == ()
        assert await status_of(leader, leader.cluster.token()) == 101


async def test_a_frame_beyond_the_bound_ends_its_connection(tmp_path: Path) -> None:
    async with operator(tmp_path) as leader, connected(leader, leader.cluster.token()) as socket:
        await socket.send_str(report(table_digest="x" * MAX_FRAME_BYTES))
        ended = await socket.receive(timeout=5)
        assert (ended.type, ended.data) == (aiohttp.WSMsgType.CLOSE, 1009)


async def test_a_newer_connection_of_a_pod_takes_the_place_of_the_older(tmp_path: Path) -> None:
    async with operator(tmp_path) as leader:
        token = leader.cluster.token()
        async with connected(leader, token) as older, connected(leader, token) as newer:
            ended = await older.receive(timeout=5)
            assert (ended.type, ended.data) == (aiohttp.WSMsgType.CLOSE, 1012)
            await newer.send_str(report(table_digest="newer"))
            await newer.receive_str(timeout=5)
            assert [each.table_digest for each in leader.server.reports(GATEWAY)] == ["newer"]


async def test_members_that_are_not_known_are_ignored(tmp_path: Path) -> None:
    async with operator(tmp_path) as leader, connected(leader, leader.cluster.token()) as socket:
        await socket.send_str(report()[:-1] + ',"later": {"more": [1]}}')
        await socket.receive_str(timeout=5)
        assert len(leader.server.reports(GATEWAY)) == 1


async def test_news_of_groups_that_the_gateway_does_not_serve_is_not_taken_in(
    tmp_path: Path,
) -> None:
    served = Served(groups={})
    async with (
        operator(tmp_path, served=served) as leader,
        connected(leader, leader.cluster.token()) as socket,
    ):
        frame = report()[:-1].replace('"groups":{}', '"groups":{"servers":{"endpoints":{"u":{}}}}')
        await socket.send_str(frame + "}")
        guidance = decode_guidance(await socket.receive_str(timeout=5))
        assert guidance.groups == {}
        served.groups = Served().groups
        ended = await socket.receive(timeout=5)
        assert (ended.type, ended.data) == (aiohttp.WSMsgType.CLOSE, 1012)


async def test_silent_callers_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moorage_operator.running.report_channel.pod_connection.LOST_SECONDS", 0.2)
    async with operator(tmp_path) as leader, connected(leader, leader.cluster.token()) as socket:
        await socket.send_str(report())
        await socket.receive_str(timeout=5)
        await until(lambda: leader.server.connections == 0, "the pod is gone")
        assert leader.server.reports(GATEWAY) == ()
