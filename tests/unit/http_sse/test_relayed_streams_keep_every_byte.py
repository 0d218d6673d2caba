"""HTTP+SSE to HTTP+SSE: after the endpoint event every byte passes, wherever chunks are cut."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moorage_gateway.connecting.http_sse_stream import MAX_OPENING_BYTES
from moorage_gateway.errors import BadAnswer
from moorage_gateway.relaying.http_sse.endpoint_passage import EndpointPassage
from moorage_gateway.settings import Limits
from moorage_wire.heads import AnswerHead, read_answer_head
from moorage_wire.sse import EventTooLarge

STREAM_HEAD = read_answer_head([(b"Content-Type", b"text/event-stream; charset=utf-8")])
HTML_HEAD = read_answer_head([(b"content-type", b"text/html")])
OURS = b"event: endpoint\ndata: /mcp?sessionId=CAPSULE\n\n"
AFTER = (
    b'event: message\r\ndata: {"jsonrpc":"2.0","id":1,"result":{}}\r\n\r\n'
    b": ping - 2026-11-24\n\nid: 7\ndata: two\ndata:lines\n\nretry: 5\n\ndata: \xe2\x82\xac\n\n"
)


def passage(seen: list[str] | None = None) -> EndpointPassage:
    def opened(target: str) -> bytes:
        if seen is not None:
            seen.append(target)
        return b"/mcp?sessionId=CAPSULE"

    return EndpointPassage(Limits(), "http://up.example:1/sse", opened)


def through(stream: bytes, cuts: list[int]) -> tuple[bytes, list[str]]:
    seen: list[str] = []
    relay = passage(seen)
    relay.started(200, STREAM_HEAD)
    edges = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    out = b"".join(relay.feed(stream[start:end]) for start, end in pairwise(edges))
    assert not relay.holding and relay.at_boundary
    return out + relay.finish(), seen


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@given(cuts=st.lists(st.integers(0, 400), max_size=12))
def test_only_the_first_event_changes(line_end: bytes, cuts: list[int]) -> None:
    opening = b"event: endpoint\ndata: /messages/?session_id=1\n\n".replace(b"\n", line_end)
    out, seen = through(b": hello\n\n" + opening + AFTER, cuts)
    assert seen == ["/messages/?session_id=1"]
    assert out.startswith(OURS)
    # A line feed that is cut off from its carriage return may follow as a blank line of its own.
    assert out.removeprefix(OURS).removeprefix(b"\n") == AFTER


def test_a_byte_order_mark_is_no_part_of_the_first_event() -> None:
    out, seen = through(b"\xef\xbb\xbfevent: endpoint\ndata: /m\n\n", [1, 2, 3])
    assert (out, seen) == (OURS, ["/m"])


def test_nothing_goes_out_before_the_endpoint_event() -> None:
    relay = passage()
    relay.started(200, STREAM_HEAD)
    assert relay.feed(b": hello\n\nevent: endpoint\ndata: /m\n") == b""
    assert relay.holding
    assert relay.feed(b"\n") == OURS


def test_half_an_event_is_no_boundary() -> None:
    relay = passage()
    relay.started(200, STREAM_HEAD)
    relay.feed(b"event: endpoint\ndata: /m\n\n")
    assert relay.at_boundary
    assert relay.feed(b"event: message\ndata: {") == b"event: message\ndata: {"
    assert not relay.at_boundary


@pytest.mark.parametrize(
    "stream",
    [
        b"event: message\ndata: {}\n\n",
        b"data: /m\n\n",
        b"event: endpoint\ndata: //evil.example/m\n\n",
        b"event: endpoint\n\n",
        b"x" * (MAX_OPENING_BYTES + 1),
        b": " + b"x" * MAX_OPENING_BYTES,
    ],
)
def test_a_stream_that_begins_otherwise_is_a_bad_answer(stream: bytes) -> None:
    relay = passage()
    relay.started(200, STREAM_HEAD)
    with pytest.raises(BadAnswer):
        relay.feed(stream)


def test_a_stream_that_ends_before_it_begins_is_a_bad_answer() -> None:
    relay = passage()
    relay.started(200, STREAM_HEAD)
    with pytest.raises(BadAnswer):
        relay.finish()


@pytest.mark.parametrize(("status", "head"), [(200, HTML_HEAD), (204, HTML_HEAD), (302, HTML_HEAD)])
def test_what_is_no_stream_is_a_bad_answer(status: int, head: AnswerHead) -> None:
    relay = passage()
    relay.started(status, head)
    with pytest.raises(BadAnswer, match=str(status)):
        relay.finish()


def test_an_http_error_is_the_endpoints_own() -> None:
    relay = passage()
    relay.started(401, HTML_HEAD)
    assert not relay.holding
    assert relay.feed(b"who are you?") == b"who are you?"


def test_an_event_past_the_bound_ends_the_relay() -> None:
    relay = passage()
    relay.started(200, STREAM_HEAD)
    relay.feed(b"event: endpoint\ndata: /m\n\n")
    with pytest.raises(EventTooLarge):
        relay.feed(b"data: " + b"x" * Limits().event_bytes)
