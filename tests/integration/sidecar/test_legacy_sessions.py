"""Streamable HTTP of the legacy versions, seen byte by byte."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from integration.sidecar.fixture_types import BridgeStarter, Eventually
from integration.sidecar.raw_client import (
    RawSession,
    answer_of,
    events_of,
    initialize_message,
    message,
)


async def next_message(events: AsyncIterator[dict[str, str]]) -> tuple[str, dict[str, Any]]:
    """The next event that carries a message: its id and the message."""
    async for event in events:
        if event["data"]:
            return event.get("id", ""), json.loads(event["data"])
    raise AssertionError("the stream ended")


async def test_an_answer_that_comes_first_is_json(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    async with session.post(message("echo", "a\u00e9", text="x")) as answer:
        assert answer.content_type == "application/json"
        assert (await answer.json()) == {
            "jsonrpc": "2.0",
            "id": "aé",
            "result": {"text": "x"},
        }


@pytest.mark.parametrize(("version", "is_primed"), [("2025-06-18", False), ("2025-11-25", True)])
async def test_a_stream_is_primed_since_2025_11_25(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, version: str, is_primed: bool
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open(version)

    meta = {"progressToken": "t"}
    async with session.post(message("progress", 1, number=2, _meta=meta)) as stream:
        events = [event async for event in events_of(stream)]

    primings = [event for event in events if not event["data"]]
    assert [event["retry"] for event in primings] == (["1000"] if is_primed else [])
    assert len({event["id"] for event in events}) == len(events)
    assert [json.loads(e["data"]).get("method") for e in events if e["data"]] == [
        "notifications/progress",
        "notifications/progress",
        None,
    ]


async def test_a_slow_answer_becomes_a_stream_that_can_be_resumed(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", commit_seconds=0.1)
    session = await RawSession(http, bridge.address).open()

    async with session.post(message("wait", 1, seconds=1)) as stream:
        assert stream.content_type == "text/event-stream"
        priming = await anext(events_of(stream))
        stream.close()
    async with session.get(priming["id"]) as resumed:
        _, answer = await next_message(events_of(resumed))
        assert [event async for event in events_of(resumed)] == []

    assert (answer["id"], answer["result"]) == (1, {})


async def test_what_was_missed_is_replayed_once_and_only_of_that_stream(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()
    meta = {"progressToken": 7}

    async with session.post(message("progress", 1, number=9, _meta=meta)) as stream:
        events = events_of(stream)
        await anext(events)
        last_id, _ = await next_message(events)
        stream.close()
    # Under load the first call may still run: its token is in flight and cannot be used twice.
    other_meta = {"progressToken": 8}
    async with session.post(message("progress", 2, number=1, _meta=other_meta)) as other:
        await other.read()
    async with session.get(last_id) as resumed:
        missed = [json.loads(e["data"]) async for e in events_of(resumed)]

    assert [m["params"]["progress"] for m in missed[:-1]] == list(range(2, 10))
    assert missed[-1]["id"] == 1


async def test_an_event_id_of_another_session_resumes_nothing_of_it(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    victim = await RawSession(http, bridge.address).open()
    thief = await RawSession(http, bridge.address).open()
    meta = {"progressToken": 1}
    async with victim.post(message("progress", 1, number=5, _meta=meta)) as stream:
        event_ids = [event["id"] async for event in events_of(stream)]

    async with thief.get(event_ids[1]) as fresh:
        await thief.call("tell", 1, notification="notifications/tools/list_changed")
        _, only = await next_message(events_of(fresh))

    assert only["method"] == "notifications/tools/list_changed"


async def test_messages_for_no_request_go_to_the_get_stream(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    async with session.get() as stream:
        answer = await session.call("tell", 1, notification="notifications/resources/list_changed")
        _, told = await next_message(events_of(stream))

    assert answer["result"] == {}
    assert told["method"] == "notifications/resources/list_changed"


async def test_messages_wait_for_a_client_without_a_stream(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", held_messages=2)
    session = await RawSession(http, bridge.address).open()
    session.headers["Accept"] = "application/json"
    for number in range(4):
        await session.call("tell", number, notification=f"notifications/n{number}")

    session.headers["Accept"] = "text/event-stream"
    async with session.get() as stream:
        events = events_of(stream)
        came = [(await next_message(events))[1]["method"] for _ in range(2)]

    assert came == ["notifications/n0", "notifications/n1"]


async def test_a_missing_session_id_is_never_guessed(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    async with session.get() as stream:
        events = events_of(stream)
        await anext(events)
        stranger = RawSession(http, bridge.address)
        for request in (
            stranger.post(message("tell", 1, notification="notifications/injected")),
            stranger.get(),
            stranger.delete(),
        ):
            async with request as refused:
                assert refused.status == 400
        await session.call("tell", 2, notification="notifications/own")
        _, only = await next_message(events)

    assert only["method"] == "notifications/own"


async def test_session_ids_are_long_and_random(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")

    ids = {
        (await RawSession(http, bridge.address).open()).headers["Mcp-Session-Id"] for _ in range(5)
    }

    assert len(ids) == 5
    assert all(len(session_id) == 32 for session_id in ids)


async def test_a_second_get_stream_is_refused_and_the_first_lives(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    async with session.get() as first:
        async with session.get() as second:
            assert second.status == 409
        await session.call("tell", 1, notification="notifications/x")
        _, told = await next_message(events_of(first))

    assert told["method"] == "notifications/x"


async def test_a_resumed_get_stream_takes_over_from_its_old_connection(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    async with session.get() as old:
        priming = await anext(events_of(old))
        async with session.get(priming["id"]) as new:
            assert new.status == 200
            await session.call("tell", 1, notification="notifications/x")
            _, told = await next_message(events_of(new))
        rest = [event async for event in events_of(old)]

    assert (told["method"], rest) == ("notifications/x", [])


async def test_a_client_that_leaves_a_post_does_not_cancel_its_call(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    left = asyncio.create_task(session.call("ask", 1))
    await asyncio.sleep(0.3)
    left.cancel()
    await asyncio.gather(left, return_exceptions=True)
    assert bridge.counts().sessions == 1
    async with session.post({"jsonrpc": "2.0", "id": "question-1", "result": {"roots": []}}) as ok:
        assert ok.status == 202
    await session.call("echo", 2)  # the server answers in order: by now it has answered call 1
    again = await session.call("echo", 1, text="the same id is free again")

    assert again["result"]["text"] == "the same id is free again"


async def test_a_cancelled_call_ends_for_its_caller(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    waiting = asyncio.create_task(session.call("forget", 5))
    await asyncio.sleep(0.1)
    async with session.post(message("notifications/cancelled", requestId=5)) as accepted:
        assert accepted.status == 202
    body = await asyncio.wait_for(waiting, 5)

    assert (body["id"], body["error"]["code"]) == (5, -32800)


async def test_after_delete_the_session_is_not_found(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    async with session.delete() as deleted:
        assert deleted.status == 200
    for request in (session.post(message("ping", 1)), session.get(), session.delete()):
        async with request as answer:
            assert answer.status == 404

    await eventually(lambda: bridge.counts().processes == 0)


async def test_batches_belong_to_2025_03_26_alone(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    old = await RawSession(http, bridge.address).open("2025-03-26")
    new = await RawSession(http, bridge.address).open("2025-06-18")
    batch = [message("echo", 1, n=1), message("notifications/x"), message("echo", 2, n=2)]

    async with old.post(batch) as answer:
        streamed = [json.loads(e["data"])["id"] async for e in events_of(answer)]
    async with old.post(batch, Accept="application/json") as answer:
        collected = [body["id"] for body in await answer.json()]
    async with old.post([message("notifications/x")]) as answer:
        accepted = answer.status
    async with new.post(batch) as answer:
        refused = answer.status
    async with old.post([initialize_message(), message("ping", 3)]) as answer:
        refused_initialize = answer.status

    assert (streamed, collected) == ([1, 2], [1, 2])
    assert (accepted, refused, refused_initialize) == (202, 400, 400)


async def test_a_client_that_reads_only_json_gets_json(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    meta = {"progressToken": 1}
    body = message("progress", 1, number=3, _meta=meta)
    async with session.post(body, Accept="application/json") as answer:
        assert answer.content_type == "application/json"
        assert (await answer.json())["id"] == 1


async def test_a_client_that_reads_only_events_gets_events(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = RawSession(http, bridge.address)

    async with session.post(initialize_message(), Accept="text/event-stream") as answer:
        assert answer.content_type == "text/event-stream"
        assert answer.headers["Mcp-Session-Id"]
        assert (await answer_of(answer))["id"] == 0


async def test_equal_ids_are_found_however_they_are_spelt(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    body = b'{"jsonrpc":"2.0","id":"\\u00e9\\/","method":"echo","params":{}}'
    headers = {**session.headers, "Content-Type": "application/json"}
    async with http.post(session.url, data=body, headers=headers) as answer:
        assert (await answer.json())["id"] == "é/"


async def test_a_message_over_several_lines_reaches_the_server_as_one(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    body = json.dumps(message("echo", 1, deep={"text": "a\nb"}), indent=2).replace("\n", "\r\n")
    headers = {**session.headers, "Content-Type": "application/json"}
    async with http.post(session.url, data=body, headers=headers) as answer:
        assert (await answer.json())["result"] == {"deep": {"text": "a\nb"}}


@pytest.mark.parametrize(
    ("headers", "body", "status", "reason"),
    [
        ({}, message("ping", 1), 400, "SessionIdMissing"),
        ({"Mcp-Session-Id": "invented"}, message("ping", 1), 404, "SessionNotFound"),
        ({"Mcp-Session-Id": "invented"}, initialize_message(), 400, "SessionIdOnInitialize"),
        ({"MCP-Protocol-Version": "2024-01-01"}, message("ping", 1), 400, "MetaMissing"),
        (
            {"MCP-Protocol-Version": "x", "Mcp-Session-Id": "x"},
            message("ping", 1),
            400,
            "UnknownVersion",
        ),
        ({}, {"jsonrpc": "1.0", "method": "ping", "id": 1}, 400, "BadVersion"),
        ({}, "text", 400, "NotAnObject"),
        ({"Accept": "text/html"}, initialize_message(), 406, "NotAcceptable"),
        ({"Content-Type": "text/plain"}, initialize_message(), 415, "UnsupportedContentType"),
        ({"Content-Encoding": "gzip"}, initialize_message(), 415, "ContentEncodingNotSupported"),
        ({"Origin": "http://evil.example"}, initialize_message(), 403, "OriginNotAllowed"),
        ({"Host": "evil.example"}, initialize_message(), 421, "HostNotAllowed"),
    ],
)
async def test_wrong_requests_are_refused_by_name(
    start_bridge: BridgeStarter,
    http: aiohttp.ClientSession,
    headers: dict[str, Any],
    body: Any,
    status: Any,
    reason: str,
) -> None:
    bridge = await start_bridge("plain_server.py")

    async with RawSession(http, bridge.address).post(body, **headers) as answer:
        refusal = await answer.json()

    assert (answer.status, refusal["jsonrpc"]) == (status, "2.0")
    assert "Mcp-Session-Id" not in answer.headers
    assert refusal["error"]["data"]["reason"] == reason
    assert bridge.counts().processes == 0


async def test_a_body_over_the_limit_is_refused_before_it_is_read(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", body_bytes=1000)

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b"x" * 200

    for data in (b"x" * 1001, chunks()):
        headers = {"Content-Type": "application/json"}
        async with http.post(bridge.address + "/mcp", data=data, headers=headers) as answer:
            assert answer.status == 413


async def test_past_the_bound_of_sessions_the_caller_is_told_when_to_retry(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("plain_server.py", max_sessions=1)
    session = await RawSession(http, bridge.address).open()

    async with RawSession(http, bridge.address).post(initialize_message()) as refused:
        body = await refused.json()
    async with session.delete():
        pass
    await eventually(lambda: bridge.counts().processes == 0)
    await RawSession(http, bridge.address).open()

    assert (refused.status, refused.headers["Retry-After"]) == (503, "5")
    assert "at most 1 sessions" in body["error"]["message"]


async def test_past_the_bound_of_calls_the_caller_is_refused(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", max_calls=1)
    session = await RawSession(http, bridge.address).open()

    waiting = asyncio.create_task(session.call("forget", 1))
    await asyncio.sleep(0.1)
    async with session.post(message("echo", 2)) as refused:
        assert refused.status == 503
    waiting.cancel()


async def test_a_silent_stream_is_kept_alive(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", keepalive_seconds=0.1)
    session = await RawSession(http, bridge.address).open()

    async with session.get() as stream:
        lines = [await stream.content.readline() for _ in range(8)]

    assert b": keep-alive\n" in lines


async def test_the_log_names_a_session_by_a_hash(
    start_bridge: BridgeStarter,
    http: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
    eventually: Eventually,
) -> None:
    caplog.set_level("DEBUG")
    bridge = await start_bridge("bad_server.py", "print_noise")
    session = await RawSession(http, bridge.address).open()
    await session.call("go", 1)
    async with session.delete():
        pass
    await eventually(lambda: bridge.counts().processes == 0)

    facts = [vars(record).get("facts", {}) for record in caplog.records]
    assert len({fact["session"] for fact in facts if "session" in fact}) == 1
    assert session.headers["Mcp-Session-Id"] not in str([vars(record) for record in caplog.records])
