"""One URL serves both transports: a GET's headers tell which one its client speaks."""

import pytest

from moorage_gateway.relaying.http_sse.wire_forms import (
    accepts_events,
    accepts_json,
    bridged_lines,
    message_uri,
    opens_stream,
    stream_capsule,
)
from moorage_wire.heads import read_head

HOST = (b"host", b"gateway.example")


@pytest.mark.parametrize(
    ("headers", "opens"),
    [
        ((), True),
        (((b"last-event-id", b"7"),), True),
        (((b"mcp-session-id", b"s"),), False),
        (((b"mcp-protocol-version", b"2025-11-25"),), False),
        (((b"mcp-protocol-version", b"2026-07-28"),), False),
        (((b"mcp-session-id", b"s"), (b"mcp-protocol-version", b"2025-06-18")), False),
    ],
)
def test_the_older_transport_knows_neither_header(
    headers: tuple[tuple[bytes, bytes], ...], opens: bool
) -> None:
    assert opens_stream(read_head((HOST, *headers))) is opens


@pytest.mark.parametrize(
    ("target", "capsule"),
    [
        ("/mcp", None),
        ("/mcp?", None),
        ("/mcp?other=1", None),
        ("/mcp?mysessionId=1", None),
        ("/mcp?SessionId=1", None),
        ("/mcp?sessionId=AQ-_", "AQ-_"),
        ("/mcp?a=1&sessionId=AQ&b=2", "AQ"),
        ("/mcp?sessionId=", ""),
        ("/mcp?sessionId=A&sessionId=A", ""),
    ],
)
def test_the_capsule_stands_in_the_query_once(target: str, capsule: str | None) -> None:
    assert stream_capsule(target) == capsule


def test_clients_are_sent_to_a_path_so_that_the_origin_stays_theirs() -> None:
    assert message_uri("/tickets/mcp", "AQ-_") == b"/tickets/mcp?sessionId=AQ-_"


def test_what_the_transport_put_into_the_head_goes_no_further_than_the_bridge() -> None:
    lines = (
        b"accept: text/event-stream\r\nuser-agent: x\r\ncontent-type: application/json\r\n"
        b"mcp-protocol-version: 2025-11-25\r\nx-accept: kept\r\nmcp-param-region: eu\r\n"
    )
    assert bridged_lines(lines) == b"user-agent: x\r\nx-accept: kept\r\n"


@pytest.mark.parametrize(
    ("accept", "events", "json"),
    [
        (None, True, True),
        (b"*/*", True, True),
        (b"text/event-stream", True, False),
        (b"application/json, text/event-stream", True, True),
        (b"application/json", False, True),
        (b"text/html", False, False),
    ],
)
def test_what_a_client_can_read(accept: bytes | None, events: bool, json: bool) -> None:
    assert (accepts_events(accept), accepts_json(accept)) == (events, json)
