"""A replica whose turn is over begins no other handshake, until it is its turn again."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fakes.honest_endpoint import HonestUpstream, honest_upstreams
from fakes.in_process_gateway import endpoints_of, until, urls_of
from fakes.scripted_upstream import Peer, Received
from moorage_contract.route_table import Group
from moorage_gateway.routing.endpoint_book import BookedEndpoint, EndpointBook
from moorage_gateway.routing.endpoint_state import EndpointState
from moorage_gateway.routing.verification import Verification
from moorage_gateway.settings import Limits


@asynccontextmanager
async def verified_by_one(
    upstreams: Sequence[HonestUpstream],
) -> AsyncIterator[tuple[EndpointBook, Verification, BookedEndpoint]]:
    verification = Verification(jitter=lambda: 0.5)
    book = EndpointBook(Limits(), verification.begin)
    verification.book = book
    book.apply([Group(name="g", source="External", endpoints=endpoints_of(urls_of(upstreams)))])
    (booked,) = book.groups["g"].endpoints.values()
    yield book, verification, booked
    await verification.stop()
    book.close()


async def broken(request: Received, peer: Peer) -> None:
    await peer.answer(404, b"no MCP here")


async def test_after_a_failure_it_waits_for_its_next_turn() -> None:
    async with honest_upstreams() as upstreams:
        (server,) = upstreams
        server.server.behaviour = broken
        async with verified_by_one(upstreams) as (_, verification, booked):
            await until(lambda: booked.health.failures == 1, "it has failed")
            verification.leave_to_others(booked)
            server.server.behaviour = server.endpoint
            await asyncio.sleep(1.0)
            assert not is_ready(booked)
            verification.begin(booked)
            await until(lambda: is_ready(booked), "it is its turn")


async def test_a_turn_that_comes_back_at_once_is_not_lost() -> None:
    async with honest_upstreams() as upstreams:
        (server,) = upstreams
        server.server.behaviour = broken
        async with verified_by_one(upstreams) as (_, verification, booked):
            await until(lambda: booked.health.failures == 1, "it has failed")
            server.server.behaviour = server.endpoint
            verification.leave_to_others(booked)
            verification.begin(booked)
            await until(lambda: is_ready(booked), "it is its turn")


async def test_anothers_success_ends_ours_though_ours_failed() -> None:
    async with honest_upstreams() as upstreams:
        (server,) = upstreams
        server.server.behaviour = broken
        async with verified_by_one(upstreams) as (book, verification, booked):
            await until(lambda: booked.health.failures == 1, "it has failed")
            verification.leave_to_others(booked)
            book.set_health(booked, booked.health.vouched_for(("2025-11-25",)))
            asked = len(server.server.own_requests)
            await asyncio.sleep(0.5)
            assert is_ready(booked)
            assert len(server.server.own_requests) == asked
            book.set_health(booked, booked.health.failed("gone", fatal=True))
            server.server.behaviour = server.endpoint
            verification.begin(booked)
            await until(lambda: is_ready(booked), "it is back")


def is_ready(booked: BookedEndpoint) -> bool:
    return booked.health.state is EndpointState.READY
