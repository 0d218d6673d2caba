"""The HTTP vectors: gateway and endpoint agree on every request's count and framing (threat H1).

They stand in a folder beside the repository, if at all. Request vectors are sent as they are, and
rewritten so that they would reach the route, in one write and dripped; the endpoint answers with
the response vectors.
"""

import asyncio
import base64
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import pytest

from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.honest_session import session, untouched
from fakes.in_process_gateway import QUICK, gateway, refusals, table_of, urls_of
from fakes.raw_http import Answer, RawClient, call, connected
from fakes.scripted_upstream import Peer, Received

VECTORS = Path(__file__).parents[3] / "shared" / "corpora" / "attacks" / "http.jsonl"
HASTY = replace(QUICK, head_seconds=0.2, body_idle_seconds=0.2, body_seconds=0.4)
AT_ONCE = 24


@dataclass(frozen=True)
class Vector:
    """One row of the corpus."""

    name: str
    expect: str
    octets: bytes


@lru_cache
def vectors(mode: str) -> list[Vector]:
    if not VECTORS.exists():
        pytest.skip(f"no vectors at {'/'.join(VECTORS.parts[-4:])} beside the repository")
    rows = (json.loads(line) for line in VECTORS.read_text().splitlines())
    return [
        Vector(row["id"], row["expect"], base64.b64decode(row["raw_b64"]))
        for row in rows
        if row["mode"] == mode
    ]


# Requests


def rewritten(octets: bytes) -> bytes:
    """The same vector as it would reach the route: target, Host, and an end to its head."""
    if b"\r\n\r\n" not in octets:
        octets += b"\r\n" if octets.endswith(b"\r\n") else b"\r\n\r\n"
    request_line, end, rest = octets.partition(b"\r\n")
    request_line = re.sub(rb"^(\S+) (\S+)", rb"\1 /mcp", request_line)
    host = re.compile(rb"(?im)^host:[^\r\n]*\r\n")
    rest = host.sub(b"", rest)
    return request_line + end + b"Host: 127.0.0.1\r\n" * bool(end) + rest


def as_post(octets: bytes) -> bytes:
    """Rewritten, and as a POST of JSON: whatever its body is framed as is what an endpoint sees."""
    octets = re.sub(rb"^\S+", b"POST", rewritten(octets), count=1)
    head, end, rest = octets.partition(b"\r\n")
    return head + end + b"Content-Type: application/json\r\n" * bool(end) + rest


async def send_and_read(port: int, octets: bytes, piece: int) -> list[Answer]:
    """Everything the gateway answers to these bytes, sent in pieces of that size."""
    answers: list[Answer] = []
    async with connected(port) as client:
        with suppress(ConnectionError):
            await client.drip(octets, piece=piece)
            client.half_close()
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                answers.append(await client.answer())
    return answers


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "as it is": bytes,
    "on the route": rewritten,
    "as a POST": as_post,
}


@pytest.mark.parametrize("piece", [1_000_000, 1], ids=["at once", "dripped"])
@pytest.mark.parametrize("form", FORMS)
async def test_gateway_and_endpoint_count_and_frame_requests_alike(form: str, piece: int) -> None:
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(vector: Vector, port: int, upstream: HonestUpstream) -> str | None:
        async with slots:
            octets = FORMS[form](vector.octets)
            answers = await send_and_read(port, octets, piece)
        final = [answer for answer in answers if answer.status >= 200]
        if vector.expect == "reject" and not all(400 <= a.status < 600 for a in final):
            return f"{vector.name}: {[a.status for a in final]}"
        return None

    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), HASTY) as made,
    ):
        checks = [one(vector, made.port, upstream) for vector in vectors("request")]
        assert [wrong for wrong in await asyncio.gather(*checks) if wrong] == []
        # None of them is an MCP message: whatever came through, none may reach the endpoint.
        assert upstream.server.requests == []
        assert upstream.server.garbage == []
        assert sum((await refusals(made)).values()) > 60


MESSAGE = json.dumps(call("v", "count")).encode()
COMPACT = json.dumps(call("v", "count"), separators=(",", ":")).encode()
"""What the gateway makes of it: the same members in the same order."""
BODY = re.compile(rb"\r\n\r\n.*", re.DOTALL)


def with_message(octets: bytes) -> list[bytes]:
    """The vector's head on a real call: with its own framing, and with the right length too."""
    head = BODY.sub(b"", as_post(octets))
    chunks = b"%x\r\n%b\r\n0\r\n\r\n" % (len(MESSAGE), MESSAGE)
    length = b"\r\nContent-Length: %d" % len(MESSAGE)
    return [
        head + b"\r\n\r\n" + MESSAGE,
        head + b"\r\n\r\n" + chunks,
        head + length + b"\r\n\r\n" + MESSAGE,
        head + length + b"\r\n\r\n" + MESSAGE + b"\r\n" + head + length + b"\r\n\r\n" + MESSAGE,
    ]


@pytest.mark.parametrize("piece", [1_000_000, 5], ids=["at once", "dripped"])
async def test_a_call_under_a_vectors_head_reaches_the_endpoint_as_it_is_or_not_at_all(
    piece: int,
) -> None:
    slots = asyncio.Semaphore(AT_ONCE)
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), HASTY) as made,
        session(made.port) as caller,
    ):
        upstream.server.requests.clear()
        line = f"Mcp-Session-Id: {caller.session_id}\r\n".encode()

        async def relayed(octets: bytes) -> int:
            octets = octets.replace(b"Content-Type:", line + b"Content-Type:")
            async with slots:
                answers = await send_and_read(made.port, octets, piece)
            return sum(answer.status == 200 for answer in answers)

        attempts = [octets for v in vectors("request") for octets in with_message(v.octets)]
        counts = await asyncio.gather(*map(relayed, attempts))
        # As many as were answered, each of them exactly the message that the client sent.
        assert len(upstream.server.requests) == sum(counts) > 60
        assert {request.body for request in upstream.server.requests} == {COMPACT}
        assert {request.method for request in upstream.server.requests} == {"POST"}
        assert {request.target for request in upstream.server.requests} == {"/mcp"}
        assert upstream.server.garbage == []


# Responses


async def test_an_endpoints_answer_is_relayed_as_it_is_or_one_error() -> None:
    answering: list[bytes] = []

    async def answers_with_vector(request: Received, peer: Peer) -> None:
        await peer.send(answering[0])
        peer.close()

    async with (
        honest_upstreams(on={"bad": answers_with_vector}) as (upstream,),
        gateway(table_of(urls_of([upstream]), answer_seconds=1)) as made,
        session(made.port) as caller,
        untouched(made.port),
    ):
        wrong: list[str] = []
        accepted = 0
        for vector in vectors("response"):
            answering[:] = [vector.octets]
            async with connected(made.port) as client:
                await client.send(caller.post(call("v", "bad")))
                answer = await relayed_answer(client)
            if answer is None or answer.status == 502:
                wrong += [vector.name] if answer is not None and not _is_error(answer) else []
            elif vector.expect == "reject" and not _is_before_rubbish(vector):
                wrong.append(f"{vector.name}: {answer.status}")
            else:
                accepted += 1
                wrong += [] if _is_in(answer.body, vector.octets) else [vector.name]
        assert wrong == []
        assert accepted >= 15
        hung = [r for r in upstream.server.of("tools/call") if b'"bad"' in r.body]
        assert len(hung) == len(vectors("response"))


async def relayed_answer(client: RawClient) -> Answer | None:
    """The answer, None when it was cut after its start."""
    try:
        return await client.answer()
    except (asyncio.IncompleteReadError, ConnectionError):
        return None


def _is_error(answer: Answer) -> bool:
    return bool(answer.message["id"] == "v" and answer.reason in ("BadAnswer", "OutcomeUnknown"))


def _is_before_rubbish(vector: Vector) -> bool:
    """A whole answer with rubbish behind it, which is never read."""
    head, end, _ = vector.octets.partition(b"\r\n\r\n")
    return bool(end) and (b"Content-Length: 5" in head or b" 204 " in head)


def _is_in(body: bytes, octets: bytes) -> bool:
    """Whether the body is the vector's own: its bytes in order, chunk framing aside."""
    at = 0
    for octet in body:
        at = octets.find(bytes((octet,)), at) + 1
        if not at:
            return False
    return True
