"""Lines that a server should not write: relayed, dropped or told, and the reader lives on."""

import logging

import aiohttp
import pytest

from integration.sidecar.fixture_types import BridgeStarter, Eventually
from integration.sidecar.raw_client import ModernCaller, RawSession
from moorage_sidecar.sessions import session as session_module
from moorage_sidecar.sharing import shared_server as shared_module

SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"
LONE_SURROGATE_ID = '{"jsonrpc":"2.0","id":"\\ud800","result":{}}'
HUGE_ID = f'{{"jsonrpc":"2.0","id":{10**30},"result":{{}}}}'
TEXT_OF_A_SUBSCRIPTION = f'{{"text":"{SUBSCRIPTION}"}}'
ANSWER = '{"jsonrpc":"2.0","id":ID,%s}'


@pytest.mark.parametrize("line", [LONE_SURROGATE_ID, HUGE_ID])
async def test_an_answer_under_an_id_that_nobody_gave_is_noise(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, line: str
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    assert (await session.call("raw", 1, line=line))["result"] == {}
    assert (await session.call("ping", 2))["id"] == 2


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        (
            f'"result":{{"_meta":null,"content":[{TEXT_OF_A_SUBSCRIPTION}]}}',
            {"result": {"_meta": None, "content": [{"text": SUBSCRIPTION}]}},
        ),
        (f'"result":"see {SUBSCRIPTION}"', {"result": f"see {SUBSCRIPTION}"}),
        ('"error":"boom"', {"error": "boom"}),
    ],
)
async def test_an_odd_modern_answer_reaches_its_caller_as_it_is(
    start_bridge: BridgeStarter,
    http: aiohttp.ClientSession,
    members: str,
    expected: dict[str, object],
) -> None:
    bridge = await start_bridge("modern_server.py")
    caller = ModernCaller(http, bridge.address)
    process = await caller.call("process", 1)

    assert await caller.call("raw", 2, line=ANSWER % members) == {
        "jsonrpc": "2.0",
        "id": 2,
        **expected,
    }
    assert (await caller.call("process", 1)) == process


def fail(line: bytes) -> None:
    raise RuntimeError("a defect")


async def test_a_defect_of_the_reader_ends_the_session_and_tells_its_callers(
    start_bridge: BridgeStarter,
    http: aiohttp.ClientSession,
    eventually: Eventually,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    bridge = await start_bridge("plain_server.py")
    session = await RawSession(http, bridge.address).open()

    monkeypatch.setattr(session_module, "read_server_line", fail)
    body = await session.call("echo", 1)

    assert "a defect of the bridge" in body["error"]["message"]
    await eventually(lambda: bridge.counts().processes == 0)
    assert [r.levelno for r in caplog.records if r.exc_info] == [logging.ERROR]


async def test_a_defect_of_the_shared_reader_ends_the_process_and_the_next_call_starts_anew(
    start_bridge: BridgeStarter, http: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    bridge = await start_bridge("modern_server.py")
    caller = ModernCaller(http, bridge.address)
    await caller.call("echo", 1)

    with monkeypatch.context() as patched:
        patched.setattr(shared_module, "read_server_line", fail)
        body = await caller.call("echo", 2)
    after = await caller.call("echo", 3)

    assert "a defect of the bridge" in body["error"]["message"]
    assert after["id"] == 3 and "result" in after
