"""Servers that misbehave: one clear error for the caller, nobody else notices."""

import asyncio
import json
import logging
import os
import time
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
    modern_headers,
    modern_message,
)
from moorage_contract.error_codes import NOT_REACHED, OUTCOME_UNKNOWN
from moorage_sidecar import BridgeLimits, StdioBridge, StdioServer


async def initialize(http: aiohttp.ClientSession, bridge: StdioBridge) -> dict[str, Any]:
    session = RawSession(http, bridge.address)
    async with session.post(initialize_message()) as answer:
        assert "Mcp-Session-Id" not in answer.headers
        body: dict[str, Any] = await answer.json()
        return body


async def test_a_server_that_exits_at_start_says_why(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("bad_server.py", "exit_at_start")

    body = await initialize(http, bridge)

    assert (body["id"], body["error"]["code"]) == (0, NOT_REACHED)
    assert "exit code 3" in body["error"]["message"]
    assert "cannot open /etc/app.toml" in body["error"]["message"]
    await eventually(lambda: bridge.counts().processes == 0)


@pytest.mark.parametrize("modern", [False, True])
async def test_whoever_runs_it_is_warned_with_its_last_words(
    start_bridge: BridgeStarter,
    http: aiohttp.ClientSession,
    caplog: pytest.LogCaptureFixture,
    modern: bool,
) -> None:
    bridge = await start_bridge("bad_server.py", "exit_at_start")
    if modern:
        request = modern_message("tools/list", "a")
        headers = modern_headers(request)
        await (await http.post(bridge.address + "/mcp", json=request, headers=headers)).read()
    else:
        await initialize(http, bridge)

    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in warnings] == ["server process ended unasked"]
    assert "cannot open /etc/app.toml" in str(vars(warnings[0])["facts"])


async def test_a_clean_end_is_no_warning(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()
    await session.delete()

    assert not [record for record in caplog.records if record.levelno > logging.INFO]
    ends = [vars(r)["facts"]["why"] for r in caplog.records if r.getMessage() == "session ended"]
    assert ends == ["the client ended the session"]


async def test_a_modern_caller_is_told_the_same(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("bad_server.py", "exit_at_start")
    request = modern_message("tools/list", "a")

    async with http.post(
        bridge.address + "/mcp", json=request, headers=modern_headers(request)
    ) as answer:
        body = await answer.json()

    assert (body["id"], body["error"]["code"]) == ("a", NOT_REACHED)
    assert "cannot open /etc/app.toml" in body["error"]["message"]
    await eventually(lambda: bridge.counts().processes == 0)


async def test_a_command_that_does_not_exist_says_so(http: aiohttp.ClientSession) -> None:
    bridge = StdioBridge("fixture", StdioServer(("/does/not/exist", "--token=secret")))
    await bridge.start()

    body = await initialize(http, bridge)
    await bridge.stop(0)

    assert body["error"]["code"] == NOT_REACHED
    assert "/does/not/exist" in body["error"]["message"]
    assert "secret" not in body["error"]["message"]


async def test_a_server_that_never_answers_initialize_is_given_up(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("bad_server.py", "never_answer", start_seconds=0.3)

    body = await initialize(http, bridge)

    assert body["error"]["code"] == NOT_REACHED
    assert "no answer to initialize within 0.3 s" in body["error"]["message"]
    await eventually(lambda: bridge.counts().processes == 0)


async def test_a_call_that_is_never_answered_ends_and_the_session_lives(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", answer_seconds=0.5)
    session = await RawSession(http, bridge.address).open()

    body = await session.call("forget", 1)
    after = await session.call("echo", 2, text="still here")

    assert (body["id"], body["error"]["code"]) == (1, OUTCOME_UNKNOWN)
    assert "may or may not have taken effect" in body["error"]["message"]
    assert after["result"] == {"text": "still here"}


async def test_a_question_to_the_client_excuses_the_servers_silence(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("plain_server.py", answer_seconds=0.5)
    session = await RawSession(http, bridge.address).open()

    async with session.post(message("ask", 1)) as stream:
        events = events_of(stream)
        _, question = await anext(events), await anext(events)
        assert "roots/list" in question["data"]
        await asyncio.sleep(1.5)
        reply = {"jsonrpc": "2.0", "id": "question-1", "result": {"roots": []}}
        async with session.post(reply) as accepted:
            assert accepted.status == 202
        last = await anext(events)

    assert json.loads(last["data"])["result"] == {"roots": []}


async def test_noise_on_stdout_is_dropped(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    bridge = await start_bridge("bad_server.py", "print_noise", "500")
    caplog.set_level("INFO")
    session = await RawSession(http, bridge.address).open()

    body = await session.call("go", 1)

    assert body["result"] == "after the noise"
    noisy = [r for r in caplog.records if "no message" in r.getMessage()]
    assert 0 < len(noisy) <= 150
    assert all(len(str(facts_of(r)["line"])) <= 500 for r in noisy)


@pytest.mark.parametrize(("argument", "how"), [("", "exit code 7"), ("signal", "signal SIGKILL")])
async def test_a_crash_in_mid_call_is_told_to_every_waiting_caller(
    start_bridge: BridgeStarter,
    http: aiohttp.ClientSession,
    eventually: Eventually,
    argument: str,
    how: str,
) -> None:
    bridge = await start_bridge("bad_server.py", "crash", argument)
    session = await RawSession(http, bridge.address).open()
    neighbour = await RawSession(http, bridge.address).open()

    async with session.get() as get_stream:
        answers = [session.call("go", number) for number in (1, 2)]
        bodies = await asyncio.gather(*answers)
        rest = [event async for event in events_of(get_stream) if event["data"]]
    async with session.post(message("ping", 3)) as later:
        assert later.status == 404

    assert [body["id"] for body in bodies] == [1, 2]
    assert {body["error"]["code"] for body in bodies} == {OUTCOME_UNKNOWN}
    assert how in bodies[0]["error"]["message"]
    assert rest == []
    assert (await neighbour.call("ping", 1))["result"] == {}
    await eventually(lambda: bridge.counts().processes == 1)


async def test_a_modern_crash_is_told_and_the_next_call_starts_anew(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py")
    url = bridge.address + "/mcp"
    crash, again = modern_message("crash", 1), modern_message("echo", 2)

    async with http.post(url, json=crash, headers=modern_headers(crash)) as answer:
        body = await answer.json()
    async with http.post(url, json=again, headers=modern_headers(again)) as answer:
        after = await answer.json()

    assert (body["id"], body["error"]["code"]) == (1, OUTCOME_UNKNOWN)
    assert after["id"] == 2 and "result" in after


async def test_forked_children_end_with_the_session(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("bad_server.py", "fork_children")
    session = await RawSession(http, bridge.address).open()
    children = (await session.call("go", 1))["result"]
    assert all(is_alive(pid) for pid in children)

    async with session.delete() as deleted:
        assert deleted.status == 200

    await eventually(lambda: not any(is_alive(pid) for pid in children), 5)
    await eventually(lambda: bridge.counts().processes == 0)


async def test_a_child_that_escapes_with_the_pipes_does_not_hold_up_the_error(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("bad_server.py", "let_a_child_escape", "8")
    session = await RawSession(http, bridge.address).open()

    started = time.monotonic()
    body = await session.call("go", 1)

    assert body["error"]["code"] == OUTCOME_UNKNOWN
    assert "exit code 5" in body["error"]["message"]
    assert time.monotonic() - started < 4
    await eventually(lambda: bridge.counts().processes == 0)


async def test_a_server_that_closed_its_stdin_is_a_named_refusal(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("bad_server.py", "close_stdin", close_seconds=0.2)
    session = RawSession(http, bridge.address)
    async with session.post(initialize_message()) as answer:
        session.headers["Mcp-Session-Id"] = answer.headers["Mcp-Session-Id"]
    await asyncio.sleep(0.3)

    body = await session.call("echo", 1)

    assert body["error"]["code"] == NOT_REACHED


async def test_a_server_that_closed_its_stdout_is_ended(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("bad_server.py", "close_stdout", close_seconds=0.2)
    session = await RawSession(http, bridge.address).open()

    body = await session.call("go", 1)

    assert body["error"]["code"] == OUTCOME_UNKNOWN
    await eventually(lambda: bridge.counts().processes == 0)


async def test_a_server_that_does_not_read_is_a_named_refusal(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge(
        "bad_server.py", "never_read", stdin_queue_bytes=100_000, close_seconds=0.2
    )
    session = await RawSession(http, bridge.address).open()

    text = "x" * 50_000
    fired = [asyncio.create_task(session.call("echo", n, text=text)) for n in range(8)]
    done, waiting = await asyncio.wait(fired, timeout=2)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)

    errors = {task.result()["error"]["code"] for task in done}
    assert errors == {NOT_REACHED}
    assert waiting


async def test_a_server_that_ignores_every_hint_is_killed(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, eventually: Eventually
) -> None:
    bridge = await start_bridge("bad_server.py", "ignore_the_end", close_seconds=0.3)
    session = await RawSession(http, bridge.address).open()
    assert bridge.counts().processes == 1

    started = time.monotonic()
    async with session.delete() as deleted:
        assert deleted.status == 200

    await eventually(lambda: bridge.counts().processes == 0)
    assert time.monotonic() - started >= 0.6


async def test_a_line_without_end_ends_the_session_in_bounded_memory(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("bad_server.py", "write_a_long_line", line_bytes=1024 * 1024)
    session = await RawSession(http, bridge.address).open()
    before = resident_bytes()

    body = await session.call("go", 1)

    assert body["error"]["code"] == OUTCOME_UNKNOWN
    assert "longer than 1048576 bytes" in body["error"]["message"]
    assert resident_bytes() - before < 16 * 1024 * 1024


async def test_an_answer_that_is_no_json_is_one_error_for_its_caller(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("bad_server.py", "garble")
    session = await RawSession(http, bridge.address).open()

    body = await session.call("go", 1)

    assert (body["id"], body["error"]["code"]) == (1, OUTCOME_UNKNOWN)
    assert (await session.call("ping", 2))["result"] == {}


async def test_a_flood_without_a_listener_is_held_in_bounded_memory(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("bad_server.py", "flood", "50000")
    session = await RawSession(http, bridge.address).open()
    session.headers["Accept"] = "application/json"
    before = resident_bytes()

    flooded = asyncio.create_task(session.call("go", 1))
    pinged = await session.call("ping", 2)
    flooded.cancel()

    assert pinged["result"] == {}
    assert resident_bytes() - before < 16 * 1024 * 1024


async def test_every_event_of_a_flood_reaches_an_honest_reader_in_order(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("bad_server.py", "flood", "20000")
    session = await RawSession(http, bridge.address).open()
    before = resident_bytes()

    async with session.get() as stream:
        asking = asyncio.create_task(session.call("go", 1))
        numbers = []
        async for event in events_of(stream):
            if event["data"]:
                numbers.append(int(event["id"].partition("-")[2]))
            if len(numbers) == 20_000:
                break
        asking.cancel()

    assert numbers == sorted(set(numbers))
    assert resident_bytes() - before < 16 * 1024 * 1024


async def test_much_stderr_is_cut_and_does_not_stop_the_server(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    bridge = await start_bridge("bad_server.py", "shout")
    caplog.set_level("INFO")
    session = await RawSession(http, bridge.address).open()

    body = await session.call("go", 1)

    assert body["result"] == "after the shouting"
    shouted = [r for r in caplog.records if r.getMessage() == "server stderr"]
    assert 0 < len(shouted) <= 300
    assert all(facts_of(r)["session"] != session.headers["Mcp-Session-Id"] for r in shouted)


async def test_a_slow_first_start_is_no_verdict_for_others(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("modern_server.py", start_seconds=0.01)
    url = bridge.address + "/mcp"
    request = modern_message("tools/list", 1)

    async with http.post(url, json=request, headers=modern_headers(request)) as answer:
        body = await answer_of(answer)
    assert (answer.status, body["error"]["code"]) == (400, -32022)

    bridge._pool._limits = BridgeLimits()
    again = modern_headers(request, **{"Moorage-Principal": "other"})
    async with http.post(url, json=request, headers=again) as answer:
        assert "result" in await answer_of(answer)


async def test_a_modern_server_that_never_answers_is_no_modern_server(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession
) -> None:
    bridge = await start_bridge("bad_server.py", "never_answer", start_seconds=0.3)
    request = modern_message("tools/list", 1)

    async with http.post(
        bridge.address + "/mcp", json=request, headers=modern_headers(request)
    ) as answer:
        body = await answer_of(answer)

    assert (answer.status, body["error"]["code"]) == (400, -32022)
    assert body["error"]["data"]["requested"] == "2026-07-28"
    assert "2025-11-25" in body["error"]["data"]["supported"]


def facts_of(record: logging.LogRecord) -> dict[str, Any]:
    """What a record says besides its text."""
    facts: dict[str, Any] = vars(record).get("facts", {})
    return facts


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return not is_zombie(pid)


def is_zombie(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return False


def resident_bytes() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
