"""A listen lives longer than a group's key: each time it is opened it shows the key of then."""

import asyncio

from msgspec.structs import replace

from fakes.honest_endpoint import honest_upstreams
from fakes.in_process_gateway import QUICK, gateway, table_of, urls_of
from fakes.scripted_upstream import Peer, Received
from integration.listens.listeners import TOOLS, TOOLS_CHANGED, Listener, listening, refused
from moorage_contract.route_table import RouteTable

LISTEN = "subscriptions/listen"
OLD, NEW = "5e" * 32, "77" * 32


def keyed(urls: list[str], key: str) -> RouteTable:
    """A stdio group: behind a sidecar a 401 is about the key."""
    table = table_of(urls)
    (group,) = table.groups
    return replace(table, groups=(replace(group, source="Stdio", key=key),))


async def hears_a_change(client: Listener) -> None:
    async with asyncio.timeout(3):
        assert (await client.hears())["method"] == TOOLS_CHANGED


async def test_a_listen_that_is_opened_anew_shows_the_new_key() -> None:
    shown: list[str | None] = []

    async def demands_the_new_key(request: Received, peer: Peer) -> None:
        shown.append(request.headers.get("moorage-key"))
        if shown[-1] == NEW:
            await upstream.endpoint.listen(request, peer)
        else:
            await peer.answer(401, b"")

    async with honest_upstreams() as (upstream,):
        urls = urls_of([upstream])
        async with gateway(keyed(urls, OLD), QUICK) as made, listening(made.port) as client:
            made.apply(keyed(urls, NEW))
            upstream.endpoint.on[LISTEN] = demands_the_new_key
            await upstream.restart()
            await hears_a_change(client)
            assert shown == [NEW]
            await upstream.endpoint.changed()
            await hears_a_change(client)


async def test_a_key_that_reaches_the_sidecar_later_costs_a_moment_and_not_half_a_minute() -> None:
    refused_once, knows_the_key, is_asked = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def learns_the_key(request: Received, peer: Peer) -> None:
        if not knows_the_key.is_set():
            await peer.answer(401, b"")
            refused_once.set()
            return
        is_asked.set()
        await asyncio.sleep(0.2)
        await upstream.endpoint.listen(request, peer)

    async with (
        honest_upstreams() as (upstream,),
        gateway(keyed(urls_of([upstream]), OLD), QUICK) as made,
        listening(made.port) as client,
    ):
        upstream.endpoint.on[LISTEN] = learns_the_key
        await upstream.restart()
        await asyncio.wait_for(refused_once.wait(), 3)
        answer = await refused(made.port, TOOLS)
        assert (answer.status, answer.reason) == (503, "GroupKeyRefused")
        knows_the_key.set()
        await asyncio.wait_for(is_asked.wait(), 3)
        # Who comes while it is asked again waits for the answer to that.
        async with listening(made.port, TOOLS, "late") as late:
            assert late.honoured == TOOLS
        await hears_a_change(client)
