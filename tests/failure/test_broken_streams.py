"""An event stream that breaks: what came before it arrives, and an error only between events."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import pytest

from fakes.honest_endpoint import honest_upstreams, result, text_content
from fakes.honest_session import Session, session, untouched
from fakes.in_process_gateway import gateway, refusals, table_of, until, urls_of
from fakes.raw_http import RawClient, call, modern
from fakes.scripted_upstream import Behaviour, Peer, Received
from moorage_gateway.process import Gateway

PROGRESS = {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}}
MIB = 1024 * 1024


@asynccontextmanager
async def caller_of(
    behaviours: Mapping[str, Behaviour], answer_seconds: int = 5
) -> AsyncIterator[tuple[Gateway, Session]]:
    """A caller of an endpoint with these behaviours, and an honest session beside it."""
    async with (
        honest_upstreams(on=behaviours) as (upstream,),
        gateway(table_of(urls_of([upstream]), answer_seconds=answer_seconds)) as made,
        session(made.port) as caller,
        untouched(made.port),
    ):
        yield made, caller


async def begin(caller: Session) -> RawClient:
    """Call the tool and read the head of its stream."""
    client = caller.client
    await client.send(caller.post(call("x", "bad")))
    assert (await client.head()).status == 200
    return client


async def expect_cut(client: RawClient) -> None:
    """The body ends without its last chunk, and nothing in it is an error of the gateway."""
    with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
        while event := await client.event():
            assert b"error" not in event
    assert b"error" not in client.unread


async def apart(peer: Peer) -> None:
    """Let what was sent go out before what comes next."""
    await asyncio.sleep(0.02)


async def expect_error(client: RawClient, reason: str, request_id: object = "x") -> None:
    """The next event is the request's error, and the stream's last one."""
    message = await client.event_message()
    assert message["id"] == request_id
    assert message["error"]["data"]["reason"] == reason
    assert await client.event() == b""


async def cuts(peer: Peer) -> None:
    await apart(peer)
    peer.reset()


async def closes(peer: Peer) -> None:
    await apart(peer)
    peer.close()


async def sends_garbage(peer: Peer) -> None:
    await apart(peer)
    await peer.send(b"xyz\r\n")


async def is_silent(peer: Peer) -> None:
    await peer.gone.wait()


async def ends(peer: Peer) -> None:
    await apart(peer)
    await peer.chunk(b"")


BREAKS: dict[str, tuple[Callable[[Peer], Awaitable[None]], str]] = {
    "cut": (cuts, "OutcomeUnknown"),
    "closed": (closes, "OutcomeUnknown"),
    "garbage": (sends_garbage, "BadAnswer"),
    "silent": (is_silent, "AnswerTimeout"),
    "ended without an answer": (ends, "OutcomeUnknown"),
}


@pytest.mark.parametrize("name", BREAKS)
async def test_between_events_the_request_gets_its_error(name: str) -> None:
    breaks, reason = BREAKS[name]

    async def bad(request: Received, peer: Peer) -> None:
        await peer.stream()
        await peer.event(PROGRESS)
        await breaks(peer)

    async with caller_of({"bad": bad}, answer_seconds=1) as (made, caller):
        client = await begin(caller)
        assert await client.event_message() == PROGRESS
        await expect_error(client, reason)
        assert await refusals(made) == {reason: 1}


@pytest.mark.parametrize("name", BREAKS)
async def test_before_any_event_the_request_gets_its_error_too(name: str) -> None:
    breaks, reason = BREAKS[name]

    async def bad(request: Received, peer: Peer) -> None:
        await peer.stream()
        await breaks(peer)

    async with caller_of({"bad": bad}, answer_seconds=1) as (made, caller):
        await expect_error(await begin(caller), reason)
        assert await refusals(made) == {reason: 1}


@pytest.mark.parametrize("name", ["cut", "closed", "garbage", "silent"])
async def test_in_mid_event_the_stream_is_cut_and_nothing_is_put_into_it(name: str) -> None:
    async def bad(request: Received, peer: Peer) -> None:
        await peer.stream()
        await peer.event(PROGRESS)
        await peer.chunk(b'data: {"jsonrpc":"2.0","id":"x",')
        await BREAKS[name][0](peer)

    async with caller_of({"bad": bad}, answer_seconds=1) as (made, caller):
        client = await begin(caller)
        assert await client.event_message() == PROGRESS
        await expect_cut(client)
        assert client.unread == b'data: {"jsonrpc":"2.0","id":"x",'
        assert await refusals(made) == {BREAKS[name][1]: 1}


@pytest.mark.parametrize("name", ["cut", "closed", "garbage"])
async def test_a_resumable_stream_is_simply_cut(name: str) -> None:
    # Its client comes back with the event id: an error would end the request too early.
    async def bad(request: Received, peer: Peer) -> None:
        await peer.stream()
        await peer.event(PROGRESS, "1")
        await BREAKS[name][0](peer)

    async with caller_of({"bad": bad}) as (_made, caller):
        client = await begin(caller)
        assert await client.event_message() == PROGRESS
        await expect_cut(client)


async def test_a_resumable_stream_may_end_without_an_answer() -> None:
    async def bad(request: Received, peer: Peer) -> None:
        await peer.stream()
        await peer.event(PROGRESS, "1")
        await ends(peer)

    async with caller_of({"bad": bad}) as (made, caller):
        client = await begin(caller)
        assert await client.event_message() == PROGRESS
        assert await client.event() == b""
        assert await refusals(made) == {}
        await caller.count()


async def test_what_came_in_one_piece_with_the_break_still_arrives() -> None:
    async def bad(request: Received, peer: Peer) -> None:
        await peer.stream()
        event = b'data: {"jsonrpc":"2.0","method":"m"}\n\n'
        await peer.send(b"%x\r\n%b\r\nxyz\r\n" % (len(event), event))

    async with caller_of({"bad": bad}) as (_, caller):
        client = await begin(caller)
        assert await client.event_message() == {"jsonrpc": "2.0", "method": "m"}
        await expect_error(client, "BadAnswer")


async def test_the_answer_itself_ends_a_stream_in_good_order() -> None:
    async def good(request: Received, peer: Peer) -> None:
        await peer.stream()
        await peer.event(PROGRESS)
        await peer.event(result(request, text_content("done")))
        peer.reset()

    async with caller_of({"bad": good}) as (_made, caller):
        client = await begin(caller)
        assert await client.event_message() == PROGRESS
        assert "done" in str(await client.event_message())


HUGE: dict[str, tuple[bytes, bool]] = {
    "alone": (b"data: " + b"a" * (2 * MIB) + b"\n\n", False),
    "behind a good event": (b"data: 1\n\ndata: " + b"a" * (2 * MIB) + b"\n\n", False),
    "of many lines": (b"data: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" * 40_000 + b"\n", False),
    "an id": (b"id: " + b"i" * 20_000 + b"\ndata: 1\n\n", True),
    "an id too long to seal": (b"id: " + b"i" * 8_000 + b"\ndata: 1\n\n", True),
}


@pytest.mark.parametrize("name", HUGE)
async def test_a_huge_event_ends_the_stream_of_its_caller_only(name: str) -> None:
    octets, is_told = HUGE[name]

    async def bad(request: Received, peer: Peer) -> None:
        await peer.stream()
        await peer.event(PROGRESS)
        await apart(peer)
        await peer.chunk(octets)

    async with caller_of({"bad": bad}) as (made, caller):
        client = await begin(caller)
        assert await client.event_message() == PROGRESS
        if is_told:
            await expect_error(client, "BadAnswer")
        else:
            # Its first half was on its way when it became too large.
            await expect_cut(client)
        await until(lambda: made.status().refused == 1, "it is counted")
        assert await refusals(made) == {"BadAnswer": 1}


# The modern era: events pass whole, because there may be something to seal in them.

MODERN_BREAKS: dict[str, tuple[bytes, str]] = {
    "half an event": (b'data: {"jsonrpc":"2.0","id":7,', "OutcomeUnknown"),
    "a huge event": (b"data: " + b"a" * (2 * MIB) + b"\n\n", "BadAnswer"),
    "an event that cannot be sealed": (b'data: {"requestState":}\n\n', "BadAnswer"),
    "a state too large to seal": (
        b'data: {"jsonrpc":"2.0","id":7,"result":{"nextCursor":"%b"}}\n\n' % (b"c" * 9_000),
        "BadAnswer",
    ),
    "nothing": (b"", "OutcomeUnknown"),
}


@pytest.mark.parametrize("name", MODERN_BREAKS)
async def test_a_modern_stream_always_ends_with_its_error(name: str) -> None:
    octets, reason = MODERN_BREAKS[name]

    async def bad(request: Received, peer: Peer) -> None:
        await peer.stream()
        event = b'data: {"jsonrpc":"2.0","method":"m"}\n\n'
        await peer.chunk(event + octets)
        await cuts(peer)

    async with caller_of({"prompts/list": bad}) as (made, caller):
        client = caller.client
        await client.send(modern("prompts/list", 7))
        assert (await client.head()).status == 200
        assert await client.event_message() == {"jsonrpc": "2.0", "method": "m"}
        await expect_error(client, reason, request_id=7)
        assert await refusals(made) == {reason: 1}


async def test_a_get_stream_that_breaks_is_cut_for_its_client() -> None:
    async def bad(request: Received, peer: Peer) -> None:
        await peer.stream()
        await peer.event(PROGRESS)
        await cuts(peer)

    async with caller_of({"GET": bad}) as (_made, caller):
        client = caller.client
        await client.send(caller.bodiless("GET"))
        assert (await client.head()).status == 200
        assert await client.event_message() == PROGRESS
        await expect_cut(client)
