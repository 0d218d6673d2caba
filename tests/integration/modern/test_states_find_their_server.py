"""A call that asks back is answered by the server that asked, over whichever gateway it comes."""

import asyncio
import itertools
import json
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from mcp import Client
from mcp.client.context import ClientRequestContext
from mcp_types import ElicitRequestParams, ElicitResult, TextContent

from fakes.child_process import serving
from fakes.honest_endpoint import result
from fakes.in_process_gateway import table_of
from fakes.raw_http import connected, message, post
from fakes.scripted_upstream import Behaviour, Peer, Received
from integration.modern.replicas import replica, replicas

DIALOGS = 60
TOOL = "test_input_required_result_multi_round"
META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {"elicitation": {}},
}


def asks_back(name: str) -> Mapping[str, Behaviour]:
    """Its state says who it is, how often it was asked, and holds what JSON must escape."""
    numbers = itertools.count()

    async def ask(request: Received, peer: Peer) -> None:
        params = request.message["params"]
        if "requestState" in params:
            value: dict[str, Any] = {"told": params["requestState"], "by": name}
        else:
            state = f'{name}/{next(numbers)}."\\\n\u00e9\U0001f600='
            value = {"resultType": "input_required", "requestState": state}
        await peer.json(result(request, value))

    return {"ask": ask, "prompts/get": ask, "resources/read": ask}


async def test_every_retry_reaches_the_endpoint_that_asked_with_its_own_state() -> None:
    asked_by: list[tuple[str, dict[str, Any]]] = [
        ("tools/call", {"name": "ask", "arguments": {}}),
        ("prompts/get", {"name": "any"}),
        ("resources/read", {"uri": "a://b"}),
    ]
    async with replicas(asks_back) as there:

        async def dialog(number: int) -> str:
            method, params = asked_by[number % 3]
            first = number % 2
            answer = await there.ask(method, params, at=first)
            state = answer.message["result"]["requestState"]
            again = {**params, "requestState": state, "inputResponses": {}}
            retry = await there.ask(method, again, at=1 - first)
            told = retry.message["result"]
            assert told["told"].startswith(told["by"] + "/")
            assert told["told"].endswith('."\\\n\u00e9\U0001f600=')
            # The client holds a capsule, and in it the endpoint's own text.
            assert state != told["told"] and state.endswith("." + told["told"])
            return str(told["told"])

        states = await asyncio.gather(*(dialog(number) for number in range(DIALOGS)))
        assert len(set(states)) == DIALOGS
        assert {state[:2] for state in states} == {"e0", "e1", "e2"}


async def test_servers_of_the_official_sdk_with_keys_of_their_own() -> None:
    """Their default seals states with a key per process: no other replica could open them."""
    async with AsyncExitStack() as stack:
        starting = [serving("fakes.conformance_server") for _ in range(3)]
        servers = await asyncio.gather(*map(stack.enter_async_context, starting))
        table = table_of([server.url() for server in servers])
        gateways = [await stack.enter_async_context(replica(table)) for _ in range(2)]
        ports = [made.port for made in gateways]
        told = await asyncio.gather(*(two_rounds(ports, number) for number in range(12)))
        assert told == [f"user {number} likes red" for number in range(12)]
        # The same dialog with another server for each round: this is what the gateway prevents.
        unsticky = await one_round([servers[0].port, servers[1].port])
        assert unsticky["error"]["code"] == -32602
        for port in ports:
            assert await over_official_client(port) == "user 7 likes red"


async def two_rounds(ports: list[int], number: int) -> str:
    """A dialog of three requests that alternate between the ports."""
    turns = itertools.cycle(ports if number % 2 else reversed(ports))
    asked = await call(next(turns), None, {})
    name = {"step1": accepted(name=f"user {number}")}
    asked = await call(next(turns), asked["result"]["requestState"], name)
    colour = {"step2": accepted(color="red")}
    answer = await call(next(turns), asked["result"]["requestState"], colour)
    text: str = answer["result"]["content"][0]["text"]
    return text


async def one_round(ports: list[int]) -> dict[str, Any]:
    asked = await call(ports[0], None, {})
    return await call(ports[1], asked["result"]["requestState"], {"step1": accepted(name="n")})


def accepted(**content: str) -> dict[str, Any]:
    return {"action": "accept", "content": content}


async def call(port: int, state: str | None, responses: dict[str, Any]) -> dict[str, Any]:
    """One request of the dialog; answers may be JSON or a stream of events."""
    more = {"requestState": state, "inputResponses": responses} if state is not None else {}
    params = {"name": TOOL, "arguments": {}, "_meta": META, **more}
    lines = ("MCP-Protocol-Version: 2026-07-28", "Mcp-Method: tools/call", f"Mcp-Name: {TOOL}")
    request = post(message("tools/call", 1, **params), *lines)
    async with connected(port) as client:
        await client.send(request.replace(b"Host: 127.0.0.1", b"Host: 127.0.0.1:%d" % port))
        answer = await client.answer()
    if answer.header("content-type") == "application/json":
        whole: dict[str, Any] = answer.message
        return whole
    data = answer.body.replace(b"\r\n", b"\n").rpartition(b"data: ")[2]
    streamed: dict[str, Any] = json.loads(data)
    return streamed


async def over_official_client(port: int) -> str:
    """The client answers the questions by itself, round by round."""

    async def answer(context: ClientRequestContext, params: ElicitRequestParams) -> ElicitResult:
        if "name" in params.message:
            return ElicitResult(action="accept", content={"name": "user 7"})
        return ElicitResult(action="accept", content={"color": "red"})

    url = f"http://127.0.0.1:{port}/mcp"
    async with Client(url, mode="2026-07-28", elicitation_callback=answer) as client:
        told = await client.call_tool(TOOL)
        content = told.content[0]
        assert isinstance(content, TextContent)
        return content.text
