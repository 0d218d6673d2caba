"""A gateway that refuses, an honest session beside it, and the check that nothing came through."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.honest_session import Session, session, untouched
from fakes.in_process_gateway import gateway, refusals, table_of, urls_of
from fakes.raw_http import Answer, connected
from moorage_gateway.process import Gateway

JSON = "Content-Type: application/json"
CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"count"}}'


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[Gateway, HonestUpstream, Session]]:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
        untouched(made.port),
    ):
        yield made, upstream, caller


async def refused(octets: bytes, status: int, reason: str) -> Answer:
    """Send it and expect that refusal; the endpoint sees nothing of it."""
    async with serving() as (made, upstream, _), connected(made.port) as client:
        await client.send(octets)
        answer = await client.answer()
        assert (answer.status, answer.reason) == (status, reason)
        assert answer.header("content-type") == "application/json"
        assert answer.error["data"]["remedy"] or answer.error["message"]
        assert await refusals(made) == {reason: 1}
        assert [r for r in upstream.server.requests if b"count" not in r.body] == [
            r for r in upstream.server.requests if b"initialize" in r.body
        ]
        return answer
