"""Listens outlive endpoints: late ones are listened to, broken ones opened anew, nothing is lost
without a word."""

import asyncio

import pytest

from fakes.honest_endpoint import honest_upstreams
from fakes.in_process_gateway import (
    QUICK,
    endpoints_of,
    gateway,
    replace_endpoints,
    table_of,
    until,
    until_ready,
    urls_of,
    without,
)
from fakes.raw_http import connected, modern
from fakes.scripted_upstream import Peer, Received
from integration.listens.listeners import TOOLS, TOOLS_CHANGED, Listener, listeners, listening
from moorage_contract.route_table import RouteTable

LISTEN = "subscriptions/listen"
WATCHED = {"toolsListChanged": True, "resourceSubscriptions": ["a://1"]}


async def hears_to_look_again(client: Listener) -> None:
    """All that was honoured is told as changed, once."""
    heard = [await client.hears(), await client.hears()]
    assert [each["method"] for each in heard] == [
        TOOLS_CHANGED,
        "notifications/resources/updated",
    ]
    assert heard[1]["params"]["uri"] == "a://1"
    await client.hears_nothing()


async def test_an_endpoint_that_dies_and_returns_is_listened_to_again() -> None:
    async with (
        honest_upstreams(2) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
        listening(made.port, WATCHED) as client,
    ):
        await upstreams[1].server.stop()
        # The others are heard all the same.
        await upstreams[0].endpoint.changed()
        assert (await client.hears())["params"]["from"] == "e0"
        await upstreams[1].restart()
        await hears_to_look_again(client)
        await upstreams[1].endpoint.changed()
        assert (await client.hears())["params"]["from"] == "e1"
        assert len(upstreams[0].server.of(LISTEN)) == 1


async def test_an_endpoint_that_is_down_for_a_while_too() -> None:
    """It leaves the ready ones, and its listen ends; the client's goes on."""
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), QUICK) as made,
        listening(made.port, WATCHED) as client,
    ):
        await upstream.server.stop()
        async with connected(made.port) as other:
            await other.send(modern("tools/list", 1))
            await other.answer()
        await until_ready(made, 0)
        await upstream.restart()
        await hears_to_look_again(client)
        assert len(upstream.endpoint.listens) == 1


@pytest.mark.parametrize("in_good_order", [True, False])
async def test_a_listen_that_the_endpoint_ends_is_opened_anew_ever_more_slowly(
    in_good_order: bool,
) -> None:
    opened: list[float] = []

    async def ends_at_once(request: Received, peer: Peer) -> None:
        opened.append(asyncio.get_running_loop().time())
        await peer.stream()
        await upstream.endpoint._tell(
            request, peer, "notifications/subscriptions/acknowledged", WATCHED
        )
        if in_good_order:
            await peer.event({"jsonrpc": "2.0", "id": request.message["id"], "result": {}})
            await peer.chunk(b"")
        else:
            peer.reset()

    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), QUICK) as made,
        listening(made.port, WATCHED) as client,
    ):
        upstream.endpoint.on[LISTEN] = ends_at_once
        ((_, peer),) = upstream.endpoint.listens
        peer.reset()
        await asyncio.sleep(1.2)
        # After 0.1, 0.2 and 0.4 s; the next is due 0.8 s after that.
        assert len(opened) == 3
        for _ in opened:
            assert (await client.hears())["method"] == TOOLS_CHANGED
            assert (await client.hears())["method"] == "notifications/resources/updated"
        del upstream.endpoint.on[LISTEN]
        await hears_to_look_again(client)
        await upstream.endpoint.changed()
        assert (await client.hears())["params"]["from"] == "e0"


async def test_an_endpoint_that_comes_late_is_listened_to_and_one_that_goes_is_left() -> None:
    async with honest_upstreams(3) as upstreams:
        table = table_of(urls_of(upstreams))
        async with (
            gateway(without(table, "uid-2"), QUICK) as made,
            listening(made.port, WATCHED) as client,
        ):
            made.apply(table)
            late = upstreams[2].endpoint
            await until(lambda: bool(late.listens), "the late one is listened to")
            # It is one more, nothing was lost: there is nothing to tell.
            await client.hears_nothing()
            await late.changed()
            assert (await client.hears())["params"]["from"] == "e2"
            made.apply(without(table, "uid-0"))
            await until(lambda: not upstreams[0].endpoint.listens, "the one that went is left")
            await upstreams[1].endpoint.changed()
            assert (await client.hears())["params"]["from"] == "e1"
            await client.hears_nothing()


async def test_one_that_takes_the_place_of_another_may_have_changed_meanwhile() -> None:
    """So pods are replaced: the old one's last changes nobody has told."""
    async with honest_upstreams(3) as upstreams:
        table = table_of(urls_of(upstreams))
        async with (
            gateway(without(table, "uid-2"), QUICK) as made,
            listening(made.port, WATCHED) as client,
        ):
            made.apply(without(table, "uid-0"))
            await until(lambda: bool(upstreams[2].endpoint.listens), "the new one is listened to")
            await hears_to_look_again(client)


async def test_the_same_uid_at_another_address_is_another_endpoint() -> None:
    async with honest_upstreams(2) as upstreams:
        table = table_of(urls_of(upstreams[:1]))
        moved = replace_endpoints(table, endpoints_of(urls_of(upstreams[1:])))
        async with gateway(table, QUICK) as made, listening(made.port, WATCHED) as client:
            made.apply(moved)
            await until(lambda: bool(upstreams[1].endpoint.listens), "the new one is listened to")
            await until(lambda: not upstreams[0].endpoint.listens, "the old one is left")
            await hears_to_look_again(client)


async def test_a_group_that_is_no_more_ends_its_listens_with_their_results() -> None:
    async with (
        honest_upstreams(2) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
    ):
        table = table_of(urls_of(upstreams))
        async with listeners(made.port, 3) as clients:
            made.apply(RouteTable(gateway=table.gateway))
            for client in clients:
                assert (await client.hears())["result"]["resultType"] == "complete"
                assert await client.client.event() == b""
            await until(lambda: not any(u.endpoint.listens for u in upstreams), "all are left")
        # The group's name may come back; it is not the same group then.
        made.apply(table)
        await until_ready(made, 2)
        async with listening(made.port, TOOLS, "l-0") as client:
            await upstreams[0].endpoint.changed()
            assert (await client.hears())["params"]["from"] == "e0"
