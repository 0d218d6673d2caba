"""2026-07-28 over HTTP in front of one shared process, seen byte by byte."""

import asyncio
from typing import Any

import aiohttp
import pytest

from integration.sidecar.fixture_types import BridgeStarter, Eventually
from integration.sidecar.raw_client import (
    MODERN,
    ModernCaller,
    events_of,
    modern_message,
)

SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


@pytest.mark.parametrize("request_id", [1, "1", "a-ü", 2**53])
async def test_the_answer_carries_the_callers_own_id(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, request_id: int | str
) -> None:
    bridge = await start_bridge("modern_server.py")

    body = await ModernCaller(http, bridge.address).call("echo", request_id, text="x")

    assert body["id"] == request_id
    assert body["result"]["params"]["text"] == "x"


async def test_equal_ids_and_tokens_in_flight_do_not_cross(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")
    caller = ModernCaller(http, bridge.address)

    async def count(number: int) -> list[str]:
        request = modern_message("progress", 1, number=number, meta={"progressToken": "same"})
        async with caller.post(request) as answer:
            return [event["data"] async for event in events_of(answer)]

    streams = await asyncio.gather(*(count(number) for number in range(1, 30)))

    for number, stream in enumerate(streams, 1):
        assert len(stream) == number + 1
        assert all('"progressToken":"same"' in event for event in stream[:-1])
        assert '"id":1,' in stream[-1]


async def test_each_principal_has_its_own_process(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")
    one, other = [
        ModernCaller(http, bridge.address, **{"Moorage-Principal": name}) for name in ("a", "b")
    ]

    first, second, again = [
        (await caller.call("process", 1))["result"]["id"] for caller in (one, other, one)
    ]

    assert first == again != second
    assert bridge.counts().processes == 2


async def test_past_the_bound_of_principals_the_caller_is_refused(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py", max_principals=1)
    await ModernCaller(http, bridge.address).call("echo", 1)
    stranger = ModernCaller(http, bridge.address, **{"Moorage-Principal": "stranger"})

    async with stranger.post(modern_message("echo", 1)) as refused:
        body = await refused.json()

    assert (refused.status, body["id"]) == (503, 1)
    assert refused.headers["Retry-After"]


async def test_a_client_that_goes_away_has_cancelled(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("modern_server.py")
    caller = ModernCaller(http, bridge.address)

    waiting = asyncio.create_task(caller.call("forget", "mine"))
    await eventually(lambda: bridge.counts().streams == 1)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await eventually(lambda: bridge.counts().streams == 0)
    body = await caller.call("cancelled", "mine")

    assert len(body["result"]["cancelled"]) == 1


async def test_a_finished_call_is_not_cancelled(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")
    caller = ModernCaller(http, bridge.address)

    for number in range(5):
        await caller.call("echo", number)

    assert (await caller.call("cancelled", 9))["result"]["cancelled"] == []


async def test_a_call_that_is_never_answered_ends_by_name(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py", answer_seconds=0.4)
    caller = ModernCaller(http, bridge.address)

    body = await caller.call("forget", 3)
    after = await caller.call("cancelled", 4)

    assert (body["id"], body["error"]["code"]) == (3, -31001)
    assert len(after["result"]["cancelled"]) == 1


async def test_a_subscription_carries_the_callers_id_everywhere(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")
    caller = ModernCaller(http, bridge.address)

    async with caller.post(modern_message("subscriptions/listen", "s-1")) as stream:
        events = events_of(stream)
        acknowledged, changed = await anext(events), await anext(events)
        stopping = asyncio.create_task(bridge.stop(1))
        last = await anext(events)
    await stopping

    assert f'"{SUBSCRIPTION}":"s-1"' in acknowledged["data"].replace(" ", "")
    assert "subscriptions/acknowledged" in acknowledged["data"]
    assert f'"{SUBSCRIPTION}":"s-1"' in changed["data"].replace(" ", "")
    assert '"id":"s-1"' in last["data"] and f'"{SUBSCRIPTION}":"s-1"' in last["data"]
    assert "id" not in acknowledged


async def test_a_log_message_reaches_the_one_call_that_asked_for_logs(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")
    caller = ModernCaller(http, bridge.address)
    level = {"io.modelcontextprotocol/logLevel": "info"}

    async with caller.post(modern_message("log", 1, text="hello", meta=level)) as stream:
        with_level = [event["data"] async for event in events_of(stream)]
    async with caller.post(modern_message("log", 2, text="hello")) as answer:
        assert answer.content_type == "application/json"

    assert '"hello"' in with_level[0] and '"id":1' in with_level[1]


async def test_a_request_to_the_client_is_answered_by_the_bridge(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")

    body = await ModernCaller(http, bridge.address).call("intrude", 1)

    assert body["result"]["told"] == -32601


async def test_an_error_goes_out_under_its_http_status(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")

    async with ModernCaller(http, bridge.address).post(modern_message("unknown", 1)) as answer:
        body = await answer.json()

    assert (answer.status, body["error"]["code"], body["id"]) == (404, -32601, 1)


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"Mcp-Method": None}, -32020),
        ({"Mcp-Method": "tools/list"}, -32020),
        ({"Mcp-Method": "TOOLS/CALL"}, -32020),
        ({"Mcp-Name": None}, -32020),
        ({"Mcp-Name": "other"}, -32020),
        ({"Mcp-Name": "=?base64?b3RoZXI=?="}, -32020),
        ({"Mcp-Name": "=?base64?***?="}, -32020),
        ({"MCP-Protocol-Version": None}, -32020),
        ({"MCP-Protocol-Version": "2099-01-01"}, -32020),
    ],
)
async def test_headers_that_differ_from_the_body_are_refused(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, headers: dict[str, Any], code: int
) -> None:
    bridge = await start_bridge("modern_server.py")
    body = modern_message("tools/call", 1, name="echo", arguments={})

    async with ModernCaller(http, bridge.address).post(body, **headers) as answer:
        refusal = await answer.json()

    assert (answer.status, refusal["error"]["code"]) == (400, code)
    assert bridge.counts().processes == 0


async def test_an_encoded_name_equals_the_body(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")
    body = modern_message("tools/call", 1, name="écho", arguments={})

    async with ModernCaller(http, bridge.address).post(
        body, **{"Mcp-Name": "=?base64?w6ljaG8=?="}
    ) as ok:
        assert ok.status == 200


async def test_an_unknown_version_is_answered_with_the_known_ones(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")
    version = "2099-01-01"
    body = modern_message("echo", 1, meta={"io.modelcontextprotocol/protocolVersion": version})

    async with ModernCaller(http, bridge.address).post(
        body, **{"MCP-Protocol-Version": version}
    ) as answer:
        refusal = await answer.json()

    assert (answer.status, refusal["error"]["code"]) == (400, -32022)
    data = refusal["error"]["data"]
    assert (data["supported"], data["requested"]) == ([MODERN], version)


async def test_initialize_is_not_given_to_a_modern_server(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")

    async with ModernCaller(http, bridge.address).post(modern_message("initialize", 1)) as answer:
        refusal = await answer.json()

    assert (answer.status, refusal["error"]["code"], refusal["id"]) == (404, -32601, 1)
    assert bridge.counts().processes == 0


async def test_missing_request_fields_are_invalid_params(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")
    body = modern_message("echo", 1)
    del body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"]

    async with ModernCaller(http, bridge.address).post(body) as answer:
        refusal = await answer.json()

    assert (answer.status, refusal["error"]["code"]) == (400, -32602)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_only_post_exists(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, method: str
) -> None:
    bridge = await start_bridge("modern_server.py")

    headers = {"MCP-Protocol-Version": MODERN, "Accept": "text/event-stream"}
    async with http.request(method, bridge.address + "/mcp", headers=headers) as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")


async def test_a_notification_is_accepted_and_cannot_cancel_a_neighbour(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")
    caller = ModernCaller(http, bridge.address)

    body = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 2}}
    async with caller.post(body) as answer:
        assert answer.status == 202

    assert (await caller.call("cancelled", 1))["result"]["cancelled"] == []


async def test_a_client_that_does_not_read_does_not_hold_up_its_neighbours(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py", stream_queue_bytes=10_000)
    caller = ModernCaller(http, bridge.address)
    request = modern_message("progress", 1, number=30_000, meta={"progressToken": "t" * 500})

    async with caller.post(request) as stream:
        assert stream.status == 200  # and nothing of it is read
        started = asyncio.get_running_loop().time()
        body = await asyncio.wait_for(caller.call("echo", 2, text="x"), 15)
        waited = asyncio.get_running_loop().time() - started
        stream.close()

    assert body["result"]["params"]["text"] == "x"
    assert waited < 8


async def test_a_shared_process_that_is_not_used_ends(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("modern_server.py", idle_seconds=0.5)
    await ModernCaller(http, bridge.address).call("echo", 1)
    assert bridge.counts().processes == 1

    await eventually(lambda: bridge.counts().processes == 0)
