"""Sessions when endpoints are full, leave the table, come back or start anew."""

import asyncio
from contextlib import AsyncExitStack

from fakes.honest_endpoint import HonestUpstream, after, honest_upstreams
from fakes.honest_session import open_session, session, untouched
from fakes.in_process_gateway import (
    endpoints_of,
    gateway,
    refusals,
    replace_endpoints,
    table_of,
    until,
    until_ready,
    urls_of,
    without,
)
from fakes.raw_http import Answer, call, connected, initialize, post
from fakes.scripted_upstream import Peer, Received
from moorage_contract.route_table import SessionRules


def sessions_at(upstreams: list[HonestUpstream]) -> list[int]:
    """Sessions by endpoint."""
    return [len(each.endpoint.sessions) for each in upstreams]


async def initialize_at_once(port: int, count: int) -> list[Answer]:
    """The answers to a burst of initializes."""

    async def one() -> Answer:
        async with connected(port) as client:
            await client.send(post(initialize()))
            return await client.answer()

    return await asyncio.gather(*(one() for _ in range(count)))


async def test_new_sessions_are_packed_onto_the_fullest_endpoint_with_room() -> None:
    rules = SessionRules(per_pod=3)
    async with (
        honest_upstreams(3) as upstreams,
        gateway(table_of(urls_of(upstreams), sessions=rules)) as made,
    ):
        for opened in range(1, 8):
            assert (await initialize_at_once(made.port, 1))[0].status == 200
            packed = [*(opened // 3 * [3]), opened % 3, 0, 0]
            assert sorted(sessions_at(upstreams), reverse=True) == packed[:3]


async def test_a_burst_overfills_no_endpoint_and_the_rest_is_told_when_to_come_again() -> None:
    async with honest_upstreams(3) as upstreams:
        for each in upstreams:
            each.endpoint.on = {"initialize": after(0.1, each.endpoint.initialize)}
        rules = SessionRules(per_pod=10)
        async with gateway(table_of(urls_of(upstreams), sessions=rules)) as made:
            answers = await initialize_at_once(made.port, 40)
            assert sorted(answer.status for answer in answers) == [200] * 30 + [503] * 10
            refused = [answer for answer in answers if answer.status == 503]
            assert {answer.reason for answer in refused} == {"GroupSessionsExhausted"}
            assert {answer.header("retry-after") for answer in refused} == {"5"}
            assert sessions_at(upstreams) == [10, 10, 10]
            assert await refusals(made) == {"GroupSessionsExhausted": 10}


async def test_a_session_that_ends_makes_room() -> None:
    rules = SessionRules(per_pod=1)
    async with (
        honest_upstreams(1) as upstreams,
        gateway(table_of(urls_of(upstreams), sessions=rules)) as made,
        session(made.port) as first,
    ):
        assert [a.status for a in await initialize_at_once(made.port, 2)] == [503, 503]
        await first.client.send(first.bodiless("DELETE"))
        assert (await first.client.answer()).status == 200
        assert (await first.ask(call(1))).status == 404
        async with session(made.port) as second:
            await second.count()


async def test_an_endpoint_that_leaves_the_table_ends_its_sessions_and_no_running_call() -> None:
    release = asyncio.Event()

    async with honest_upstreams(2) as (first, second):

        async def slow(request: Received, peer: Peer) -> None:
            await release.wait()
            await first.endpoint.call(request, peer)

        first.endpoint.on["slow"] = slow
        table = table_of(urls_of([first, second]))
        async with (
            gateway(table) as made,
            session(made.port) as running,
            session(made.port) as idle,
            AsyncExitStack() as stack,
        ):
            await running.client.send(running.post(call("x", "slow")))
            await idle.client.send(idle.post(call("y", "slow")))
            await until(lambda: len(first.server.of("tools/call")) == 2, "both run")
            made.apply(without(table, "uid-0"))
            honest = await stack.enter_async_context(untouched(made.port))
            # A new request of theirs finds nobody; the running ones end as they would have.
            async with connected(made.port) as other:
                await other.send(running.post(call("z")))
                answer = await other.answer()
                assert (answer.status, answer.reason) == (404, "EndpointGone")
            release.set()
            assert (await running.client.answer()).message["id"] == "x"
            assert (await idle.client.answer()).message["id"] == "y"
            assert (await running.ask(call("late"))).status == 404
            assert honest.session_id
            await until(lambda: not first.server.open_peers, "its connections are closed")
            assert len(second.endpoint.sessions) == 1


async def test_an_endpoint_that_comes_back_to_the_table_has_its_sessions_again() -> None:
    async with honest_upstreams(2) as upstreams:
        table = table_of(urls_of(upstreams))
        async with gateway(table) as made, session(made.port) as caller:
            await caller.count()
            made.apply(without(table, "uid-0"))
            assert (await caller.ask(call("lost"))).status == 404
            made.apply(table)
            await until_ready(made, 2)
            # The capsule names the endpoint, and the endpoint has kept the session.
            await caller.count()


async def test_the_same_name_at_another_address_is_another_endpoint() -> None:
    async with honest_upstreams(2) as (first, second):
        table = table_of(urls_of([first]))
        async with gateway(table) as made, session(made.port) as caller:
            await caller.count()
            made.apply(replace_endpoints(table, endpoints_of(urls_of([second]))))
            await until_ready(made, 1)
            # It does not know the session, and its own words say so.
            answer = await caller.ask(call("x"))
            assert answer.status == 404
            assert answer.error["message"] == "Session not found"
            assert len(second.server.of("tools/call")) == 1
            renewed = await open_session(caller.client)
            assert (await renewed.count())["endpoint"] == "e1"


async def test_a_restarted_endpoint_gives_its_honest_404_and_serves_anew() -> None:
    async with (
        honest_upstreams() as (upstream,),
        gateway(table_of(urls_of([upstream]))) as made,
        session(made.port) as caller,
    ):
        await caller.count()
        await upstream.restart()
        answer = await caller.ask(call("x"))
        assert (answer.status, answer.error["message"]) == (404, "Session not found")
        renewed = await open_session(caller.client)
        assert (await renewed.count())["count"] == 1
        assert made.status().sessions == 1


async def test_a_table_that_changes_all_the_time_disturbs_nobody() -> None:
    async with honest_upstreams(3) as upstreams:
        table = table_of(urls_of(upstreams))
        async with gateway(table) as made, untouched(made.port, pause_seconds=0.002) as honest:
            for turn in range(100):
                made.apply(table if turn % 2 else without(table, "uid-2"))
                await asyncio.sleep(0.01)
            assert honest.calls > 50
            made.apply(table)
            await until_ready(made, 3)
