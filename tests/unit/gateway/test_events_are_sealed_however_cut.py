"""Modern events pass whole, their states and cursors sealed, however their bytes are cut."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes.capsule_samples import ROUTE, sealer_of
from moorage_gateway.relaying.breaking_off import BrokenOff
from moorage_gateway.relaying.modern_capsules import Sealing
from moorage_gateway.relaying.passages.modern import ModernPassage
from moorage_gateway.settings import Limits
from moorage_wire.capsules import CapsuleKind, CursorContent, open_content
from moorage_wire.heads import AnswerHead
from moorage_wire.sse import SseReader

SEALER = sealer_of()
STREAM = AnswerHead(b"text/event-stream", None, b"", True)
LIMITS = Limits(event_bytes=4000)
LINE_ENDS = st.sampled_from([b"\n", b"\r\n", b"\r"])
MESSAGES = st.sampled_from(
    [
        {"jsonrpc": "2.0", "method": "notifications/progress", "params": {"text": "\n\r é"}},
        {"jsonrpc": "2.0", "id": 1, "result": {"nextCursor": "page 2"}},
        {"jsonrpc": "2.0", "id": 1, "result": {"text": "nextCursor"}},
    ]
)


def passage() -> ModernPassage:
    sealing = Sealing(SEALER, ROUTE, "uid", b"", b"bound", 60, 1_790_000_000)
    made = ModernPassage(LIMITS, sealing, None)
    made.started(200, STREAM)
    return made


def pieces(octets: bytes, cuts: list[int]) -> list[bytes]:
    edges = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    return [octets[start:end] for start, end in pairwise(edges)]


def opened(message: object) -> object:
    """The message as the endpoint wrote it."""
    assert isinstance(message, dict)
    result = message.get("result", {})
    if "nextCursor" in result:
        content = open_content(SEALER, CapsuleKind.CURSOR, ROUTE, result["nextCursor"])
        assert isinstance(content, CursorContent)
        return {**message, "result": {"nextCursor": content.cursor}}
    return message


@settings(max_examples=150)
@given(st.lists(st.tuples(MESSAGES, LINE_ENDS), max_size=6), st.lists(st.integers(0, 2000)))
def test_every_event_comes_out_once_and_sealed(
    events: list[tuple[dict[str, object], bytes]], cuts: list[int]
) -> None:
    stream = b"".join(
        b"event: message%bdata: %b%b%b" % (end, json.dumps(message).encode(), end, end)
        for message, end in events
    )
    passing, reader = passage(), SseReader()
    out = []
    for piece in pieces(stream, cuts):
        given_out = passing.feed(piece)
        # Nothing but whole events goes out: the gateway may add its own behind each of them.
        out += reader.feed(given_out)
        assert reader.at_boundary
    out += reader.feed(passing.finish())
    assert [opened(json.loads(event.data)) for event in out] == [message for message, _ in events]
    assert b"page 2" not in b"".join(event.data for event in out)


@pytest.mark.parametrize(
    "bad",
    [
        b'data: {"nextCursor"}\n\n',
        b"data: " + b"a" * 5000 + b"\n\n",
        b"data: " + b"a" * 5000,
        b'data: {"jsonrpc":"2.0","id":1,"result":{"taskId":"%b"}}\n\n' % (b"t" * 3990),
    ],
)
def test_what_came_before_a_bad_event_can_still_pass(bad: bytes) -> None:
    good = b'data: {"jsonrpc":"2.0","method":"a"}\n\n'
    with pytest.raises(BrokenOff) as broken:
        passage().feed(good * 2 + bad)
    assert broken.value.before == good * 2
    assert broken.value.failure.reason == "BadAnswer"


@pytest.mark.parametrize("end", [b"", b"\n", b"\r"])
def test_an_event_without_its_blank_line_is_none(end: bytes) -> None:
    """A reader that took it all the same would hold the endpoint's own cursor, unsealed."""
    rest = b'data: {"jsonrpc":"2.0","id":1,"result":{"nextCursor":"page 2"}}' + end
    through = passage()
    assert through.feed(b"data: {}\n\n" + rest) + through.finish() == b"data: {}\n\n"
