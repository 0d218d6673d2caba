"""A call of an HTTP+SSE client runs once, gets one response, and is no longer counted then."""

import asyncio
from contextlib import AsyncExitStack

import pytest

from integration.http_sse.conftest import GatewayStarter, eventually, group, table
from integration.http_sse.raw_clients import INITIALIZE, INITIALIZED, call, older_client
from integration.http_sse.scripted_streamable import (
    Exchange,
    ScriptedStreamable,
    scripted_streamable,
)
from moorage_contract.route_table import Endpoint, Group, SessionRules
from moorage_gateway.process import Gateway

CALL = "tools/call"


def in_flight(gateway: Gateway) -> int:
    groups = gateway.status().groups
    return sum(endpoint.in_flight for each in groups for endpoint in each.endpoints)


def group_of(*endpoints: ScriptedStreamable, answer_seconds: int = 300) -> Group:
    return Group(
        name="new",
        source="External",
        transport="StreamableHttp",
        endpoints=tuple(
            Endpoint(uid=f"new-{number}", url=each.url) for number, each in enumerate(endpoints)
        ),
        sessions=SessionRules(),
        answer_seconds=answer_seconds,
    )


@pytest.mark.parametrize("gives_session_ids", [True, False])
@pytest.mark.parametrize("method", [CALL, "initialize"])
async def test_an_endpoint_that_dies_in_a_call_does_not_make_another_run_it(
    start_gateway: GatewayStarter, gives_session_ids: bool, method: str
) -> None:
    ran: list[str] = []
    async with AsyncExitStack() as stack:
        both = [await stack.enter_async_context(scripted_streamable()) for _ in range(2)]
        gateway, base = await start_gateway(group_of(*both))

        async def die_half_way(exchange: Exchange) -> None:
            ran.append(method)
            await exchange.begin()
            await exchange.write(b"id: 7\nretry: 10\ndata:\n\n")
            await asyncio.sleep(0.05)
            (dying,) = (each for each in both if exchange in each.seen)
            await dying.stop_listening()
            exchange.break_off()

        for each in both:
            each.gives_session_ids = gives_session_ids
            each.behave[method] = die_half_way
        async with older_client(base, "/new") as client:
            if method == CALL:
                await client.initialize()
                await client.post(call(0, "transfer_money"))
            else:
                await client.post(INITIALIZE)
            answer = await client.stream.message()
            assert answer["id"] == 0
            assert answer["error"]["data"]["reason"] == "OutcomeUnknown"
        assert ran == [method]
        await eventually(lambda: in_flight(gateway) == 0)


async def answer_and_stay_silent(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.say(exchange.result())
    await asyncio.Event().wait()


async def answer_and_flood(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.say(exchange.result())
    await exchange.write(b"data: " + b"x" * 1_100_000)
    await asyncio.Event().wait()


@pytest.mark.parametrize("behaviour", [answer_and_stay_silent, answer_and_flood])
async def test_what_comes_after_the_response_makes_no_second_one(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable, behaviour: object
) -> None:
    streamable.behave[CALL] = behaviour  # type: ignore[assignment]
    gateway, base = await start_gateway(group_of(streamable, answer_seconds=1))
    async with older_client(base, "/new") as client:
        await client.initialize()
        await client.post(call(1, "x"))
        assert "result" in await client.stream.message()
        await eventually(lambda: in_flight(gateway) == 0)
        streamable.behave[CALL] = lambda exchange: exchange.answer(exchange.result())
        await client.post(call(2, "x"))
        answer = await client.stream.message()
        assert (answer["id"], "result" in answer) == (2, True)


async def test_a_client_that_goes_while_it_tells_leaves_no_stream_at_the_endpoint(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    told, go_on, listens = asyncio.Event(), asyncio.Event(), list[Exchange]()

    async def accept_late(exchange: Exchange) -> None:
        told.set()
        await go_on.wait()
        await exchange.answer({}, status=202)

    async def listen(exchange: Exchange) -> None:
        listens.append(exchange)
        await exchange.begin()
        await asyncio.Event().wait()

    streamable.behave |= {INITIALIZED["method"]: accept_late, "GET": listen}
    gateway, base = await start_gateway(group_of(streamable))
    async with older_client(base, "/new") as other, AsyncExitStack() as stack:
        client = await stack.enter_async_context(older_client(base, "/new"))
        await client.post(INITIALIZE)
        await client.stream.message()
        # Another connection posts, so that the notification outlives its stream.
        other.uri = client.uri
        telling = asyncio.ensure_future(other.post(INITIALIZED))
        await told.wait()
        await stack.aclose()
        await eventually(lambda: gateway.status().sessions == 0)
        go_on.set()
        assert (await telling).status == 202
    await asyncio.sleep(0.1)
    assert listens == []
    assert in_flight(gateway) == 0


async def test_listening_ends_with_the_endpoints_place_in_the_table(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable
) -> None:
    listens: list[Exchange] = []

    async def listen(exchange: Exchange) -> None:
        listens.append(exchange)
        await exchange.begin()
        await exchange.write(b"retry: 10\n\n")
        await leave.wait()

    leave = asyncio.Event()
    streamable.gives_session_ids = False
    streamable.behave["GET"] = listen
    gateway, base = await start_gateway(group_of(streamable))
    async with older_client(base, "/new") as client:
        await client.initialize()
        await eventually(lambda: len(listens) == 1)
        gateway.apply(table(group("new", "http://127.0.0.1:1/mcp")))
        leave.set()
        await asyncio.sleep(0.3)
        assert len(listens) == 1


@pytest.mark.parametrize("ends", ["answered", "broken", "left"])
async def test_no_request_stays_counted(
    start_gateway: GatewayStarter, streamable: ScriptedStreamable, ends: str
) -> None:
    go_on = asyncio.Event()

    async def wait(exchange: Exchange) -> None:
        await go_on.wait()
        if ends == "answered":
            await exchange.answer(exchange.result())
        elif ends == "broken":
            await exchange.begin()
            exchange.break_off()
        else:
            await asyncio.Event().wait()

    streamable.behave[CALL] = wait
    gateway, base = await start_gateway(group_of(streamable))
    async with older_client(base, "/new") as client:
        await client.initialize()
        await client.post(call(1, "x"))
        await eventually(lambda: in_flight(gateway) == 1)
        go_on.set()
        if ends != "left":
            await client.stream.message()
            await eventually(lambda: in_flight(gateway) == 0)
    await eventually(lambda: in_flight(gateway) == 0)
