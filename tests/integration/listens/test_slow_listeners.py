"""A client that listens and does not read: its own end, and nobody else's."""

import asyncio
from dataclasses import replace

from fakes.honest_endpoint import honest_upstreams
from fakes.honest_session import untouched
from fakes.in_process_gateway import (
    QUICK,
    gateway,
    refusals,
    resident_bytes,
    table_of,
    until,
    urls_of,
)
from fakes.raw_http import connected
from integration.listens.listeners import TOOLS, acknowledged, listen, listening

MIB = 1024 * 1024
NOTIFICATIONS = 1000
PADDING = "x" * 20_000


async def test_a_client_that_lags_too_far_behind_is_cut_and_disturbs_nobody() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), QUICK) as made,
        untouched(made.port),
        listening(made.port, TOOLS, "quick") as quick,
        connected(made.port, receive_bytes=4096) as slow,
    ):
        await slow.send(listen(TOOLS, "slow"))
        await acknowledged(slow, "slow")
        before = resident_bytes()
        ((_, peer),) = upstream.endpoint.listens
        for number in range(NOTIFICATIONS):
            params = {"number": number, "padding": PADDING}
            await peer.event(
                {"jsonrpc": "2.0", "method": "notifications/tools/list_changed", "params": params}
            )
            assert (await quick.hears())["params"]["number"] == number
        # 20 MB went by; what waited for the slow one was bounded.
        assert resident_bytes() - before < 16 * MIB
        await until(lambda: made.status().streams == 1, "the slow one is cut")
        assert await refusals(made) == {"ListenBacklogFull": 1}
        # It finds a broken stream, never a well-ended one that lacks what it missed.
        async with asyncio.timeout(5):
            rest = await slow.reader.read(-1) if not slow.reader.at_eof() else b""
        assert not rest.endswith(b"0\r\n\r\n")


async def test_a_client_that_only_stops_reading_is_cut_after_the_stall_time() -> None:
    limits = replace(QUICK, write_stall_seconds=0.4)
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream])), limits) as made,
        untouched(made.port),
        listening(made.port, TOOLS, "quick") as quick,
        connected(made.port, receive_bytes=4096) as slow,
    ):
        await slow.send(listen(TOOLS, "slow"))
        await acknowledged(slow, "slow")
        ((_, peer),) = upstream.endpoint.listens
        # More than both sockets hold, and less than the bound of what may wait.
        for _ in range(170):
            await peer.event(
                {
                    "jsonrpc": "2.0",
                    "method": "notifications/tools/list_changed",
                    "params": {"padding": PADDING},
                }
            )
            await quick.hears()
        await until(lambda: made.status().streams == 1, "the slow one is cut")
        assert await refusals(made) == {"SlowReader": 1}


async def test_a_client_that_goes_before_the_acknowledgement_leaves_nothing() -> None:
    async with (
        honest_upstreams(2) as upstreams,
        gateway(table_of(urls_of(upstreams)), QUICK) as made,
    ):
        async with connected(made.port) as client:
            await client.send(listen(TOOLS))
            await until(lambda: bool(upstreams[0].endpoint.listens), "it is on its way")
            client.reset()
        await until(lambda: made.status().streams == 0, "it is over")
        await until(lambda: not any(u.endpoint.listens for u in upstreams), "endpoints are left")
