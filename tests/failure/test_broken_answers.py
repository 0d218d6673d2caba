"""An endpoint that answers garbage, half or never: one named error for that caller only."""

import asyncio

import pytest

from fakes.honest_endpoint import honest_upstreams, never_answer, result, text_content
from fakes.honest_session import session, untouched
from fakes.in_process_gateway import gateway, refusals, table_of, urls_of
from fakes.raw_http import call
from fakes.scripted_upstream import Behaviour, Peer, Received

OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def sends(*pieces: bytes, end: str = "close") -> Behaviour:
    """Write these bytes, each as its own segment, then `close`, `reset` or `hang`."""

    async def behave(request: Received, peer: Peer) -> None:
        for piece in pieces:
            await peer.send(piece)
            await asyncio.sleep(0.005)
        if end == "hang":
            await peer.gone.wait()
        else:
            getattr(peer, end)()

    return behave


async def flood_of_interim_answers(request: Received, peer: Peer) -> None:
    while True:
        await peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 50)


async def endless_header(request: Received, peer: Peer) -> None:
    await peer.send(OK_HEAD + b"X-Long: ")
    while True:
        await peer.send(b"a" * 4096)


async def endless_headers(request: Received, peer: Peer) -> None:
    await peer.send(OK_HEAD)
    while True:
        await peer.send(b"X-More: 1\r\n" * 100)


async def answer_with_wrong_id(request: Received, peer: Peer) -> None:
    await peer.json({**result(request, text_content(1)), "id": 999_999})


BROKEN: dict[str, tuple[Behaviour, int, str]] = {
    "closes without a byte": (sends(), 502, "OutcomeUnknown"),
    "resets without a byte": (sends(end="reset"), 502, "OutcomeUnknown"),
    "hangs": (never_answer, 504, "AnswerTimeout"),
    "closes in mid-head": (sends(OK_HEAD), 502, "OutcomeUnknown"),
    "resets in mid-head": (sends(OK_HEAD, end="reset"), 502, "OutcomeUnknown"),
    "hangs in mid-head": (sends(OK_HEAD, end="hang"), 504, "AnswerTimeout"),
    "not HTTP": (sends(b"SSH-2.0-OpenSSH_9.2\r\n", end="hang"), 502, "BadAnswer"),
    "a page of no protocol": (sends(b"<html>hello</html>"), 502, "BadAnswer"),
    "HTTP/5.6": (sends(b"HTTP/5.6 200 OK\r\nContent-Length: 0\r\n\r\n"), 502, "BadAnswer"),
    "control character": (sends(OK_HEAD + b"X-A: a\x07b\r\n\r\n"), 502, "BadAnswer"),
    "bare line feed": (sends(OK_HEAD + b"X-A: a\nX-B: b\r\n\r\n"), 502, "BadAnswer"),
    "two lengths": (
        sends(OK_HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"),
        502,
        "BadAnswer",
    ),
    "length and chunks": (
        sends(OK_HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        502,
        "BadAnswer",
    ),
    "compressed unasked": (
        sends(OK_HEAD + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}"),
        502,
        "BadAnswer",
    ),
    "foreign coding": (sends(OK_HEAD + b"Transfer-Encoding: pigeon\r\n\r\n{}"), 502, "BadAnswer"),
    "endless header": (endless_header, 502, "BadAnswer"),
    "endless headers": (endless_headers, 502, "BadAnswer"),
    "flood of interim answers": (flood_of_interim_answers, 502, "BadAnswer"),
    "switching protocols": (
        sends(b"HTTP/1.1 101 -\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n", end="hang"),
        502,
        "BadAnswer",
    ),
    "nothing of its body": (sends(OK_HEAD + b"Content-Length: 9\r\n\r\n"), 502, "OutcomeUnknown"),
    "nothing of its chunks": (
        sends(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
        502,
        "OutcomeUnknown",
    ),
    "bad chunk size": (
        sends(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        502,
        "BadAnswer",
    ),
    "half of its length": (
        sends(OK_HEAD + b'Content-Length: 99\r\n\r\n{"jsonrpc":', b'"2.0"'),
        502,
        "OutcomeUnknown",
    ),
    "half of its chunks": (
        sends(OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b'5\r\n{"a":\r\n', b"5\r\n{"),
        502,
        "OutcomeUnknown",
    ),
    "half and then a reset": (
        sends(OK_HEAD + b'Content-Length: 99\r\n\r\n{"jsonrpc":', end="reset"),
        502,
        "OutcomeUnknown",
    ),
    "no JSON": (sends(OK_HEAD + b"Content-Length: 5\r\n\r\nhello", end="hang"), 502, "BadAnswer"),
    "no answer": (
        sends(OK_HEAD + b'Content-Length: 32\r\n\r\n{"jsonrpc":"2.0","method":"ping"}'),
        502,
        "BadAnswer",
    ),
    "another request's id": (answer_with_wrong_id, 502, "BadAnswer"),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_broken_answer_is_one_error_for_its_caller(name: str) -> None:
    behaviour, status, reason = BROKEN[name]
    async with (
        honest_upstreams(on={"bad": behaviour}) as (upstream,),
        gateway(table_of(urls_of([upstream]), answer_seconds=1)) as made,
        session(made.port) as caller,
        untouched(made.port),
    ):
        answer = await caller.ask(call("x", "bad"))
        assert (answer.status, answer.reason) == (status, reason)
        assert answer.message["id"] == "x"
        # The caller's connection and session go on; nothing was sent a second time.
        await caller.count()
        assert len([r for r in upstream.server.of("tools/call") if b'"bad"' in r.body]) == 1
        assert upstream.server.garbage == []
        assert await refusals(made) == {reason: 1}


LARGE = b'{"jsonrpc":"2.0","id":"x","result":"' + b"a" * 200_000


@pytest.mark.parametrize("end", ["close", "reset"])
@pytest.mark.parametrize("coding", ["length", "chunks"])
async def test_a_large_body_that_is_cut_is_cut_for_its_caller_too(coding: str, end: str) -> None:
    if coding == "length":
        pieces = (OK_HEAD + b"Content-Length: 400000\r\n\r\n", LARGE)
    else:
        pieces = (OK_HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"61a80\r\n" + LARGE)
    async with (
        honest_upstreams(on={"bad": sends(*pieces, end=end)}) as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
        untouched(made.port),
    ):
        # No last chunk: the client cannot take what it got for the whole.
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await caller.ask(call("x", "bad"))
        assert await refusals(made) == {"OutcomeUnknown": 1}
