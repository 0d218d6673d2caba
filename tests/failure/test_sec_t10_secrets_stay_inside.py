"""What clients and endpoints send is in no output of a gateway process: log, metrics, status.

A canary stands in every header, target and body, in good requests and in refused ones, in good
answers and in broken ones. (Method and tool names are the access log's fields, and are no secrets.)
"""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import suppress

import aiohttp

from fakes.child_process import ServerProcess
from fakes.gateway_processes import gateways, urls
from fakes.honest_endpoint import HonestUpstream, honest_upstreams, result
from fakes.honest_session import Session, session
from fakes.raw_http import call, connected, initialize, message, modern, post, request
from fakes.scripted_upstream import Behaviour, Peer, Received

CANARY = "s3cr3t-canary"
IN_HEADERS = [
    f"Authorization: Bearer {CANARY}",
    f"Cookie: session={CANARY}",
    f"User-Agent: {CANARY}",
    f"X-Api-Key: {CANARY}",
    f"Proxy-Authorization: Basic {CANARY}",
    f"Mcp-Param-Key: {CANARY}",
    f"Traceparent: {CANARY}",
    f"X-Forwarded-For: {CANARY}",
]


async def answers_with_canary(request: Received, peer: Peer) -> None:
    await peer.json(result(request, {"text": CANARY}), f"X-Secret: {CANARY}")


async def fails_with_canary(request: Received, peer: Peer) -> None:
    error = {"code": -32000, "message": CANARY, "data": CANARY}
    await peer.json({"jsonrpc": "2.0", "id": request.message["id"], "error": error}, status=500)


async def garbage_with_canary(request: Received, peer: Peer) -> None:
    await peer.send(f"HTTP/1.1 {CANARY}\r\n{CANARY}\x01: {CANARY}\r\n\r\n".encode())
    peer.close()


async def bad_json_with_canary(request: Received, peer: Peer) -> None:
    await peer.answer(200, f'{{"requestState": {CANARY}'.encode(), "Content-Type: application/json")


async def breaks_with_canary(request: Received, peer: Peer) -> None:
    await peer.stream(f"X-Secret: {CANARY}")
    await peer.event({"jsonrpc": "2.0", "method": CANARY, "params": {"a": CANARY}}, CANARY)
    await asyncio.sleep(0.01)
    peer.reset()


async def opens_with_canary(request: Received, peer: Peer) -> None:
    line = f"Mcp-Session-Id: {CANARY}"
    await peer.json(result(request, {"protocolVersion": "2025-11-25", "a": CANARY}), line)


BEHAVIOURS: dict[str, Behaviour] = {
    "answers": answers_with_canary,
    "fails": fails_with_canary,
    "garbage": garbage_with_canary,
    "breaks": breaks_with_canary,
    "prompts/list": bad_json_with_canary,
    "GET": breaks_with_canary,
}


def good_and_bad_requests(caller: Session) -> Iterator[bytes]:
    """One of each way through the gateway, each with canaries wherever there is room."""
    for tool in ("count", "answers", "fails", "garbage", "breaks"):
        yield caller.post(call(CANARY, tool, key=CANARY, **{CANARY: 1}), *IN_HEADERS)
    yield caller.post(message("notifications/progress", progressToken=CANARY), *IN_HEADERS)
    yield caller.post({"jsonrpc": "2.0", "id": CANARY, "result": {"key": CANARY}}, *IN_HEADERS)
    yield caller.bodiless("GET", f"Last-Event-ID: {CANARY}")
    yield modern("prompts/list", CANARY, cursor=CANARY)
    yield modern("prompts/list", CANARY)
    yield modern("tasks/get", CANARY, taskId=CANARY)
    yield modern(
        "tools/call", CANARY, name="count", arguments={CANARY: CANARY}, requestState=CANARY
    )
    yield post(initialize(CANARY), *IN_HEADERS)
    # Refused ones
    yield post(call(CANARY), path=f"/{CANARY}?key={CANARY}")
    yield post(call(CANARY), f"Mcp-Session-Id: {CANARY}", *IN_HEADERS)
    yield post(call(CANARY), f"Origin: http://{CANARY}.example")
    yield request("POST", host=f"{CANARY}.example", body=CANARY.encode())
    yield post(f'{{"jsonrpc":"2.0","id":1,"method":"a","{CANARY}":}}'.encode())
    yield post(f'{{"jsonrpc":"2.0","id":1,"{CANARY}":1,"{CANARY}":2,"method":"a"}}'.encode())
    yield post(call(CANARY), f"{CANARY}\x01: {CANARY}")
    yield post(call(CANARY), f"X-A: {CANARY}\x07")
    yield post(call(CANARY), f"Expect: {CANARY}")
    yield f"GET /{CANARY} HTTP/9.9 {CANARY}\r\n\r\n".encode()
    yield f"POST /mcp HTTP/1.1\r\nX-A: {CANARY}".encode() + b"a" * 20_000
    yield CANARY.encode() * 100


async def send_all(gateway: ServerProcess, caller: Session) -> int:
    sent = 0
    for octets in good_and_bad_requests(caller):
        async with connected(gateway.port) as client:
            await client.send(octets)
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await client.answer()
            sent += 1
    return sent


async def outputs(gateway: ServerProcess) -> dict[str, str]:
    """Everything that the process says to anybody but its clients."""
    said = {"log": gateway.child.output()}
    async with aiohttp.ClientSession() as http:
        for page in ("metrics", "status", "readyz", CANARY):
            url = f"http://127.0.0.1:{gateway.admin_port}/{page}"
            async with http.get(url, headers={"X-A": CANARY}) as answer:
                said[page] = await answer.text()
    return said


async def test_no_canary_leaves_a_gateway_process() -> None:
    async with (
        honest_upstreams(on=BEHAVIOURS) as (upstream,),
        gateways(urls([upstream.server.url])) as (gateway,),
        session(gateway.port) as caller,
    ):
        sent = await send_all(gateway, caller)
        await sessions_that_hold_a_canary(gateway, upstream)
        await asyncio.sleep(0.3)  # the log is written beside the loop
        said = await outputs(gateway)
        assert {name for name, text in said.items() if CANARY in text} == set()
        # It did say something: a line for each request that became one, each refusal by name.
        lines = [json.loads(line) for line in said["log"].splitlines() if '"peer"' in line]
        assert len(lines) > sent // 2
        reasons = set(re.findall(r'moorage_refused_total\{reason="(\w+)"\}', said["metrics"]))
        assert {"RouteNotFound", "SessionNotFound", "OriginNotAllowed", "HostNotAllowed"} < reasons
        assert {"MalformedHead", "HeaderTooLarge", "ExpectationFailed", "NotJson"} < reasons
        assert {"BadAnswer", "OutcomeUnknown", "InvalidParameter"} < reasons


async def sessions_that_hold_a_canary(gateway: ServerProcess, upstream: HonestUpstream) -> None:
    """An endpoint's own session id is as secret as the client's."""
    upstream.endpoint.on["initialize"] = opens_with_canary
    upstream.endpoint.sessions[CANARY] = 0
    async with session(gateway.port) as caller:
        await caller.count()
        assert CANARY not in caller.session_id


async def test_sessions_are_told_apart_in_the_log_by_hashes_only() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateways(urls([upstream.server.url])) as (gateway,),
        session(gateway.port) as one,
        session(gateway.port) as other,
    ):
        for caller in (one, other, one):
            await caller.count()
        await asyncio.sleep(0.3)
        log = gateway.child.output()
        lines = [json.loads(line) for line in log.splitlines() if '"tools/call"' in line]
        hashes = [line["session"] for line in lines]
        assert hashes[0] == hashes[2] != hashes[1]
        assert all(re.fullmatch("[0-9a-f]{12}", each) for each in hashes)
        assert all(line["tool"] == "count" for line in lines)
        for session_id in (one.session_id, other.session_id, *upstream.endpoint.sessions):
            assert session_id not in log
