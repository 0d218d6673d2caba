"""Callers, accepted types, and what a modern request must say twice alike."""

from typing import Any

import msgspec
import pytest

from moorage_sidecar.refusals import Refusal
from moorage_sidecar.serving.accepted_types import AcceptedTypes, read_accept
from moorage_sidecar.serving.caller_guard import check_caller
from moorage_sidecar.serving.modern_story import status_of
from moorage_sidecar.sharing.modern_checks import check_modern, is_modern
from moorage_wire.heads import RequestHead, read_head
from moorage_wire.jsonrpc import Message, error_response, read_message, result_response

MODERN = "2026-07-28"


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        (b"127.0.0.1:8080", None, None),
        (b"localhost", None, None),
        (b"[::1]:80", None, None),
        (b"10.1.2.3:8081", None, None),
        (b"bridge.internal:8081", None, None),
        (b"127.0.0.1", b"http://localhost:6274", None),
        (b"evil.example", None, 421),
        (b"localhost.evil.example", None, 421),
        (b"", None, 421),
        (None, None, 421),
        (b"[::1", None, 421),
        (b"127.0.0.1", b"http://evil.example", 403),
        (b"127.0.0.1", b"http://10.1.2.3", 403),
        (b"127.0.0.1", b"null", 403),
        (b"127.0.0.1", b"file://", 403),
    ],
)
def test_a_web_page_may_not_drive_a_bridge(
    host: bytes | None, origin: bytes | None, status: Any
) -> None:
    if status is None:
        check_caller(host, origin, "bridge.internal")
    else:
        with pytest.raises(Refusal) as refused:
            check_caller(host, origin, "bridge.internal")
        assert refused.value.status == status


@pytest.mark.parametrize(
    ("accept", "json", "events"),
    [
        (None, True, True),
        (b"*/*", True, True),
        (b"application/json, text/event-stream", True, True),
        (b"Application/JSON;q=0.9", True, False),
        (b"text/event-stream", False, True),
        (b"text/*, image/png", False, True),
        (b"application/json;q=0, text/event-stream", False, True),
    ],
)
def test_accepted_types(accept: bytes | None, json: bool, events: bool) -> None:
    assert read_accept(accept) == AcceptedTypes(json, events)


@pytest.mark.parametrize("accept", [b"text/html", b"", b"*/*;q=0"])
def test_a_client_that_can_read_neither_type_is_refused(accept: bytes | None) -> None:
    with pytest.raises(Refusal) as refused:
        read_accept(accept)
    assert refused.value.status == 406


def head(**headers: str) -> RequestHead:
    return read_head([(n.replace("_", "-").encode(), v.encode()) for n, v in headers.items()])


def request(version: str | None = MODERN, method: str = "tools/call", **params: object) -> Message:
    meta: dict[str, object] = {"io.modelcontextprotocol/clientCapabilities": {}}
    if version:
        meta["io.modelcontextprotocol/protocolVersion"] = version
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": {"_meta": meta, **params}}
    return read_message(msgspec.json.encode(body))


def mirrored(**more: str) -> RequestHead:
    return head(mcp_protocol_version=MODERN, mcp_method="tools/call", **more)


def test_a_request_that_says_the_same_twice_passes() -> None:
    check_modern(mirrored(mcp_name="x"), request(name="x"))
    check_modern(head(mcp_protocol_version=MODERN, mcp_method="ping"), request(method="ping"))


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        (mirrored(mcp_name="x"), request(None, name="x"), -32602),
        (head(mcp_method="tools/call", mcp_name="x"), request(name="x"), -32020),
        (mirrored(), request(name="x"), -32020),
        (mirrored(mcp_name="X"), request(name="x"), -32020),
        (mirrored(mcp_name="x"), request(method="prompts/get", name="x"), -32020),
        (mirrored(mcp_name="x"), request("2099-01-01", name="x"), -32020),
        (
            head(mcp_protocol_version="2099-01-01", mcp_method="ping"),
            request("2099-01-01", method="ping"),
            -32022,
        ),
    ],
)
def test_a_request_that_contradicts_itself_is_refused(
    headers: RequestHead, body: Any, code: int
) -> None:
    with pytest.raises(Refusal) as refused:
        check_modern(headers, body)
    assert (refused.value.status, refused.value.code) == (400, code)


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        (head(mcp_protocol_version=MODERN), request(), True),
        (head(mcp_protocol_version="2099-01-01"), request(), True),
        (head(mcp_protocol_version="2025-11-25"), request(), False),
        (head(mcp_protocol_version="nonsense"), request(None), True),
        (head(mcp_protocol_version="nonsense", mcp_session_id="s"), request(None), False),
        (head(), request(), True),
        (head(), request(None), False),
        (head(), (request(),), False),
    ],
)
def test_the_era_of_a_request(headers: RequestHead, body: Any, expected: Any) -> None:
    assert is_modern(headers, body) is expected


@pytest.mark.parametrize(
    ("code", "status"), [(-32601, 404), (-32602, 400), (-32021, 400), (-32603, 200), (-31002, 200)]
)
def test_an_error_has_its_http_status(code: int, status: Any) -> None:
    assert status_of(error_response(b"1", code, "x")) == status
    assert status_of(result_response(b"1", {"error": {"code": code}})) == 200
