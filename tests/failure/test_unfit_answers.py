"""Answers that are good HTTP and of no use: nothing to seal in them, no session in them."""

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.honest_session import session, untouched
from fakes.in_process_gateway import gateway, table_of, until, urls_of
from fakes.raw_http import connected, initialize, modern, post
from fakes.scripted_upstream import Peer, Received

MODERN_BODIES: dict[str, tuple[bytes, int]] = {
    "no JSON": (b'{"jsonrpc":"2.0","id":7,"result":{"requestState":"s",,}}', 502),
    "no UTF-8": (b'{"jsonrpc":"2.0","id":7,"result":{"requestState":"\xff"}}', 502),
    "no message": (b'["requestState"]', 502),
    "id twice": (b'{"jsonrpc":"2.0","id":7,"id":8,"result":{"requestState":"s"}}', 502),
    "too large to seal": (
        b'{"jsonrpc":"2.0","id":7,"result":{"requestState":"%b"}}' % (b"s" * 1_050_000),
        502,
    ),
    "another request's id": (b'{"jsonrpc":"2.0","id":8,"result":{"requestState":"s"}}', 502),
    "nothing to seal": (b'{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete"}}', 200),
}


@pytest.mark.parametrize("name", MODERN_BODIES)
async def test_a_modern_answer_that_cannot_be_sealed_is_one_error(name: str) -> None:
    body, status = MODERN_BODIES[name]

    async def bad(request: Received, peer: Peer) -> None:
        await peer.answer(200, body, "Content-Type: application/json")

    async with (
        honest_upstreams(on={"prompts/list": bad}) as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
        untouched(made.port),
    ):
        await caller.client.send(modern("prompts/list", 7))
        answer = await caller.client.answer()
        assert answer.status == status
        assert answer.message["id"] == 7
        if status == 502:
            assert answer.reason == "BadAnswer"
        else:
            assert answer.body == body
        await caller.count()


INITIALIZE: dict[str, tuple[dict[str, object], str, int]] = {
    "without protocolVersion": ({"result": {"capabilities": {}}}, "Mcp-Session-Id: s", 502),
    "with a number as version": ({"result": {"protocolVersion": 7}}, "Mcp-Session-Id: s", 502),
    "with a list as result": ({"result": [1]}, "Mcp-Session-Id: s", 502),
    "with a huge session id": (
        {"result": {"protocolVersion": "2025-11-25"}},
        "Mcp-Session-Id: " + "s" * 5000,
        502,
    ),
    "with a session id of two words": (
        {"result": {"protocolVersion": "2025-11-25"}},
        "Mcp-Session-Id: a b",
        502,
    ),
    "as an error": ({"error": {"code": -32602, "message": "no"}}, "Mcp-Session-Id: dead", 200),
    "without a session id": ({"result": {"protocolVersion": "2025-11-25"}}, "X-A: 1", 200),
}


@pytest.mark.parametrize("name", INITIALIZE)
async def test_no_session_begins_with_an_unfit_answer_to_initialize(name: str) -> None:
    members, line, status = INITIALIZE[name]

    async def answers(request: Received, peer: Peer) -> None:
        await peer.json({"jsonrpc": "2.0", "id": 0, **members}, line)

    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        untouched(made.port),
        connected(made.port) as client,
    ):
        upstream.endpoint.on["initialize"] = answers
        await client.send(post(initialize()))
        answer = await client.answer()
        assert answer.status == status
        assert answer.header("mcp-session-id") is None
        assert answer.message["id"] == 0
        if status == 502:
            assert answer.reason == "BadAnswer"
        # The place that was kept for the session is free again.
        await until(lambda: made.status().sessions == 1, "only the honest session is counted")
        assert made.status().groups[0].endpoints[0].sessions == 1
