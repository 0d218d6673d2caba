"""An endpoint that answers twice, or more than it announced: each caller gets its own answer."""

import asyncio
import json

import pytest

from fakes.honest_endpoint import honest_upstreams, result, text_content
from fakes.honest_session import session, untouched
from fakes.in_process_gateway import gateway, refusals, table_of, urls_of
from fakes.raw_http import call
from fakes.scripted_upstream import Behaviour, Peer, Received

OK_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


async def two_answers(request: Received, peer: Peer) -> None:
    body = json.dumps(result(request, text_content("mine"))).encode()
    one = OK_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    await peer.send(one + one.replace(b"mine", b"evil"))


async def two_answers_apart(request: Received, peer: Peer) -> None:
    body = json.dumps(result(request, text_content("mine"))).encode()
    one = OK_HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    await peer.send(one)
    await asyncio.sleep(0.02)
    await peer.send(one.replace(b"mine", b"evil"))


async def longer_than_its_length(request: Received, peer: Peer) -> None:
    body = json.dumps(result(request, text_content("mine"))).encode()
    await peer.send(OK_HEAD + b"Content-Length: %d\r\n\r\n%bevil" % (len(body), body))


async def interim_answers_first(request: Received, peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")
    await peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
    await peer.json(result(request, text_content("mine")))


@pytest.mark.parametrize(
    "behaviour",
    [two_answers, two_answers_apart, longer_than_its_length, interim_answers_first],
    ids=lambda behaviour: behaviour.__name__,
)
async def test_a_request_gets_its_one_answer_and_no_other_the_surplus(behaviour: Behaviour) -> None:
    async with (
        honest_upstreams(on={"bad": behaviour}) as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
        untouched(made.port),
    ):
        answer = await caller.ask(call("x", "bad"))
        assert answer.status == 200 and answer.message["id"] == "x"
        assert b"mine" in answer.body and b"evil" not in answer.body
        await asyncio.sleep(0.05)
        await caller.count()
        assert await refusals(made) == {}


async def test_a_late_second_answer_is_never_anothers_answer() -> None:
    # It comes when the connection serves the next request already: its id tells it.
    late = asyncio.Event()

    async def first(request: Received, peer: Peer) -> None:
        await peer.json(result(request, text_content("mine")))
        await late.wait()
        await peer.json(result(request, text_content("mine")))

    async def second(request: Received, peer: Peer) -> None:
        late.set()

    on = {"first": first, "second": second}
    async with (
        honest_upstreams(on=on) as (upstream,),
        gateway(table_of(urls_of([upstream]), answer_seconds=1)) as made,
        session(made.port) as caller,
    ):
        assert (await caller.ask(call("one", "first"))).status == 200
        asyncio.get_running_loop().call_later(0.05, late.set)
        answer = await caller.ask(call("two", "second"))
        assert (answer.status, answer.reason) == (502, "BadAnswer")
        assert answer.message["id"] == "two"
        await caller.count()
