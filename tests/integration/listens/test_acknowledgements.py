"""When a listen is acknowledged, and with what: what all endpoints honour, or nobody's wish."""

import asyncio

import pytest

from fakes.honest_endpoint import (
    SUBSCRIPTION_ID,
    honest_upstreams,
    never_answer,
)
from fakes.in_process_gateway import QUICK, gateway, page, table_of, until, urls_of
from fakes.raw_http import connected
from fakes.scripted_upstream import Behaviour, Peer, Received
from integration.listens.listeners import (
    ACKNOWLEDGED,
    TOOLS,
    TOOLS_CHANGED,
    acknowledged,
    listen,
    listening,
    refused,
)

LISTEN = "subscriptions/listen"
EVERYTHING = {
    "toolsListChanged": True,
    "promptsListChanged": True,
    "resourcesListChanged": True,
    "resourceSubscriptions": ["a://1", "a://2"],
    "com.example/prices": {"above": 1.50},
    "com.example/other": True,
}


def seconds() -> float:
    return asyncio.get_running_loop().time()


def acknowledging(notifications: object, *, and_then: bytes = b"") -> Behaviour:
    """Acknowledges with that filter, says something, and goes on listening."""

    async def behave(request: Received, peer: Peer) -> None:
        meta = {SUBSCRIPTION_ID: request.message["id"]}
        params = {"_meta": meta, "notifications": notifications}
        await peer.stream()
        await peer.event({"jsonrpc": "2.0", "method": ACKNOWLEDGED, "params": params})
        if and_then:
            await peer.chunk(and_then)
        await peer.gone.wait()

    return behave


def refusing(status: int, body: bytes, *lines: str) -> Behaviour:
    async def behave(request: Received, peer: Peer) -> None:
        await peer.answer(status, body, *lines)

    return behave


async def test_it_is_what_every_endpoint_honours() -> None:
    async with (
        honest_upstreams(3) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
    ):
        upstreams[1].endpoint.honours = EVERYTHING | {"promptsListChanged": False}
        upstreams[2].endpoint.honours = {
            "toolsListChanged": True,
            "promptsListChanged": True,
            "resourceSubscriptions": ["a://2", "a://3"],
            "com.example/prices": {"above": 1.50},
        }
        async with listening(made.port, EVERYTHING) as client:
            assert client.honoured == {
                "toolsListChanged": True,
                "resourceSubscriptions": ["a://2"],
                "com.example/prices": {"above": 1.50},
            }
        # Members of extensions are passed on as they were written.
        assert b'"com.example/prices":{"above": 1.5}' in upstreams[0].server.of(LISTEN)[0].body


async def test_an_empty_wish_is_acknowledged_at_once() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), QUICK) as made,
        listening(made.port, {"toolsListChanged": False, "taskIds": []}) as client,
    ):
        assert client.honoured == {}
        assert upstream.server.of(LISTEN) == []


async def test_it_waits_two_seconds_for_an_endpoint_that_is_silent_and_not_longer() -> None:
    async with (
        honest_upstreams(3) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
    ):
        # The behaviours of one test's endpoints are shared; this one is an endpoint's own.
        upstreams[0].endpoint.on = {LISTEN: never_answer}
        begun = seconds()
        async with connected(made.port) as client:
            await client.send(listen(TOOLS))
            await until(lambda: bool(upstreams[1].endpoint.listens), "an endpoint listens")
            # What changes before the acknowledgement is told behind it.
            await upstreams[1].endpoint.changed()
            await upstreams[1].endpoint.changed()
            listener = await acknowledged(client, "l")
            assert 1.9 < seconds() - begun < 2.5
            assert (await listener.hears())["params"]["from"] == "e1"
            await listener.hears_nothing()


async def test_one_endpoint_that_refuses_leaves_the_others() -> None:
    async with (
        honest_upstreams(2) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
    ):
        upstreams[0].endpoint.on = {LISTEN: refusing(404, b"no such thing here")}
        async with listening(made.port) as client:
            assert client.honoured == TOOLS
            await upstreams[1].endpoint.changed()
            assert (await client.hears())["method"] == TOOLS_CHANGED
            assert len(upstreams[0].server.of(LISTEN)) == 1


UNKNOWN_METHOD = b'{"jsonrpc":"2.0","id":%b,"error":{"code":-32601,"message":"no  listens"}}'
EVENT = b"event: message\ndata: %b\n\n"


@pytest.mark.parametrize(
    ("behaviour", "status", "body"),
    [
        (
            refusing(404, UNKNOWN_METHOD % b'"moorage-listen"', "Content-Type: application/json"),
            404,
            {"code": -32601, "message": "no  listens"},
        ),
        (
            refusing(400, UNKNOWN_METHOD % b"null", "Content-Type: application/json"),
            400,
            {"code": -32601, "message": "no  listens"},
        ),
        (
            refusing(
                200,
                EVENT % UNKNOWN_METHOD % b'"moorage-listen"',
                "Content-Type: text/event-stream",
            ),
            200,
            {"code": -32601, "message": "no  listens"},
        ),
    ],
)
async def test_a_refusal_of_all_is_relayed_under_the_clients_id(
    behaviour: Behaviour, status: int, body: dict[str, object]
) -> None:
    async with (
        honest_upstreams(2, on={LISTEN: behaviour}) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
    ):
        answer = await refused(made.port, TOOLS, "mine")
        assert answer.status == status
        assert answer.header("content-type") == "application/json"
        assert answer.message == {"jsonrpc": "2.0", "id": "mine", "error": body}
        await until(lambda: made.status().streams == 0, "it is over")


async def test_a_refusal_that_is_no_json_keeps_its_words_and_its_type() -> None:
    behaviour = refusing(403, b"<p>no</p>", "Content-Type: text/html", "WWW-Authenticate: Key")
    async with (
        honest_upstreams(on={LISTEN: behaviour}) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
    ):
        answer = await refused(made.port, TOOLS)
        assert (answer.status, answer.body) == (403, b"<p>no</p>")
        assert answer.header("content-type") == "text/html"
        assert answer.header("www-authenticate") == "Key"


UNANSWERED: dict[str, Behaviour] = {
    "silent": never_answer,
    "bad filter": acknowledging({"resourceSubscriptions": "a://1"}),
    "no message": refusing(200, b"{}", "Content-Type: application/json"),
    "accepted": refusing(202, b""),
    "no json": refusing(200, EVENT % b"no json", "Content-Type: text/event-stream"),
    "endless event": refusing(200, b"data: " + b"x" * 2**20, "Content-Type: text/event-stream"),
    "result": refusing(
        200,
        EVENT % b'{"jsonrpc":"2.0","id":"moorage-listen","result":{}}',
        "Content-Type: text/event-stream",
    ),
}


async def test_where_nobody_acknowledges_the_client_is_told_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await asyncio.gather(*map(_is_told_that_nobody_acknowledged, UNANSWERED))
    assert not caplog.records, caplog.text


async def _is_told_that_nobody_acknowledged(name: str) -> None:
    async with (
        honest_upstreams(on={LISTEN: UNANSWERED[name]}) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
    ):
        begun = seconds()
        answer = await refused(made.port, TOOLS, name)
        assert (answer.status, answer.reason) == (503, "ListenNotAcknowledged"), name
        assert answer.message["id"] == name and answer.header("retry-after") == "1"
        assert 1.9 < seconds() - begun < 3.0
        # It was asked again meanwhile, ever more slowly, and is left alone now.
        asked = len(upstreams[0].server.of(LISTEN))
        assert (asked == 1) if name == "silent" else (3 <= asked <= 5), (name, asked)
        await asyncio.sleep(1)
        assert len(upstreams[0].server.of(LISTEN)) == asked
        assert (await page(made, "/healthz"))[0] == 200


async def test_too_many_changes_before_the_acknowledgement_end_in_a_refusal() -> None:
    changed = b'{"jsonrpc":"2.0","method":"notifications/tools/list_changed","params":{"n":%d}}'
    flood = b"".join(EVENT % changed % number for number in range(300))
    async with (
        honest_upstreams(2) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
    ):
        upstreams[0].endpoint.on = {LISTEN: never_answer}
        upstreams[1].endpoint.on = {LISTEN: acknowledging(TOOLS, and_then=flood)}
        answer = await refused(made.port, TOOLS)
        assert (answer.status, answer.reason) == (503, "ListenBacklogFull")
