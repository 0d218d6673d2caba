"""Which stream of a session a server's message goes to (pure).

MCP 2025-11-25, ``basic/transports``: a message goes to exactly one stream; an answer to the POST
that asked; messages that concern no request to the GET stream. A stdio server's messages carry no
client address, so what is not an answer and no progress goes where the client listens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec

from moorage_wire.jsonrpc import Message, MessageKind

GET_STREAM: Final = 0
"""The number of a session's GET stream; POST streams count from 1."""


@dataclass(frozen=True)
class OpenStreams:
    """Where a message could go at this moment."""

    calls: Mapping[bytes, int] = field(default_factory=dict)
    """Canonical request id → the stream on which its answer is awaited."""
    progress: Mapping[bytes, int] = field(default_factory=dict)
    """Canonical progressToken → the stream of the request that gave it."""
    get_is_open: bool = False
    posts: Sequence[int] = ()
    """Open POST streams that may carry events, oldest first."""


@dataclass(frozen=True)
class ToStream:
    """Deliver it there."""

    stream: int


@dataclass(frozen=True)
class Hold:
    """Keep it until the client opens a stream."""


@dataclass(frozen=True)
class Drop:
    """Nobody can receive it."""

    reason: str


Destination = ToStream | Hold | Drop


def choose_stream(message: Message, streams: OpenStreams) -> Destination:
    """The one destination of a server's message."""
    if message.kind is MessageKind.RESPONSE:
        return _stream_of_answer(message, streams)
    if message.method == "notifications/progress":
        return _stream_of_progress(message, streams)
    return _listening_stream(streams) or Hold()


def _stream_of_answer(message: Message, streams: OpenStreams) -> Destination:
    stream = streams.calls.get(canonical_id(message.id))
    return Drop("an answer that nobody waits for") if stream is None else ToStream(stream)


def _stream_of_progress(message: Message, streams: OpenStreams) -> Destination:
    token = (message.params or {}).get("progressToken")
    stream = None if token is None else streams.progress.get(canonical_id(bytes(token)))
    if stream is not None:
        return ToStream(stream)
    return _listening_stream(streams) or Drop("progress that no open stream can carry")


def _listening_stream(streams: OpenStreams) -> ToStream | None:
    if streams.get_is_open:
        return ToStream(GET_STREAM)
    return ToStream(streams.posts[0]) if streams.posts else None


def canonical_id(raw: bytes | None) -> bytes:
    """One spelling for equal ids: ``"\\u00e9"`` and ``"é"`` name the same request."""
    if raw is None or raw.isdigit():
        return raw or b"null"
    try:
        return msgspec.json.encode(msgspec.json.decode(raw))
    except msgspec.DecodeError:
        return raw
