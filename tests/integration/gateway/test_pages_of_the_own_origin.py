"""A page served from one of the gateway's host names may drive it; no other page may (CORS)."""

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.in_process_gateway import gateway, table_of, urls_of
from fakes.raw_http import Answer, call, connected, initialize, post, request

OWN = "http://localhost:6274"
PREFLIGHT = (
    "Access-Control-Request-Method: POST",
    "Access-Control-Request-Headers: mcp-session-id",
)
ALLOWED = "access-control-allow-origin"


async def exchange(*requests: bytes) -> list[Answer]:
    async with (
        honest_upstreams() as upstreams,
        gateway(table_of(urls_of(upstreams))) as made,
        connected(made.port) as client,
    ):
        answers = []
        for octets in requests:
            await client.send(octets)
            answers.append(await client.answer())
        return answers


async def test_a_page_may_ask_send_and_read() -> None:
    preflight, opened, refused = await exchange(
        request("OPTIONS", f"Origin: {OWN}", *PREFLIGHT),
        post(initialize(), f"Origin: {OWN}"),
        post(call(1), f"Origin: {OWN}", "Mcp-Session-Id: unknown"),
    )

    assert preflight.status == 200
    assert "mcp-session-id" in (preflight.header("access-control-allow-headers") or "")
    assert "DELETE" in (preflight.header("access-control-allow-methods") or "")
    assert (opened.status, refused.status) == (200, 404)
    for answer in (preflight, opened, refused):
        assert answer.header(ALLOWED) == OWN
        assert "mcp-session-id" in (answer.header("access-control-expose-headers") or "")
        assert answer.header("vary") == "origin"
        assert answer.header("access-control-allow-credentials") is None


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost.evil.example"])
async def test_another_page_may_not_even_ask(origin: str) -> None:
    (refused,) = await exchange(request("OPTIONS", f"Origin: {origin}", *PREFLIGHT))

    assert (refused.status, refused.reason) == (403, "OriginNotAllowed")
    assert refused.header(ALLOWED) is None


async def test_programs_get_no_such_headers() -> None:
    asked, opened = await exchange(request("OPTIONS"), post(initialize()))

    assert (asked.status, opened.status) == (405, 200)
    assert asked.header(ALLOWED) is opened.header(ALLOWED) is None
