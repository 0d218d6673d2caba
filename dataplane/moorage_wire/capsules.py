"""Capsules: sealed texts that clients hold, so that any replica can serve them without a store.

What each kind of capsule says, and how it becomes text. Fields are only ever appended, with a
default: replicas of two releases open each other's capsules.
"""

from types import MappingProxyType
from typing import Literal, overload

import msgspec

from moorage_wire.capsule_sealer import (
    MAX_CAPSULE_CHARS,
    BadCapsule,
    CapsuleKind,
    CapsuleSealer,
    CapsuleTooLarge,
    CountersExhausted,
)
from moorage_wire.initialize_params import compress_initialize_params
from moorage_wire.key_ring import Key, KeyRing, KeyRingError

__all__ = [
    "MAX_CAPSULE_CHARS",
    "MAX_SESSION_ID_CHARS",
    "MAX_STATE_CHARS",
    "BadCapsule",
    "CapsuleKind",
    "CapsuleSealer",
    "CapsuleTooLarge",
    "Content",
    "CountersExhausted",
    "CursorContent",
    "EventContent",
    "Key",
    "KeyRing",
    "KeyRingError",
    "ReplicaContent",
    "SessionContent",
    "StateContent",
    "StreamContent",
    "TaskContent",
    "compress_initialize_params",
    "open_content",
    "open_state",
    "seal_content",
    "seal_state",
]

MAX_SESSION_ID_CHARS = 4096
"""Clients and their HTTP libraries take header values of this size."""
MAX_STATE_CHARS = 1_048_576
"""Longest request state, capsule and original together."""


class SessionContent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A session's mooring. ``minted_at`` is in Unix seconds."""

    endpoint_uid: str
    upstream_session_id: str
    principal_tag: bytes
    protocol_version: str
    minted_at: int
    generation: int = 0
    initialize_params: bytes = b""
    """Compressed params of ``initialize``; empty: the session cannot be opened anew elsewhere."""


class StateContent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Whose ``requestState`` it is; ``bound_to`` is a digest of method and name."""

    endpoint_uid: str
    principal_tag: bytes
    bound_to: bytes
    expires_at: int


class TaskContent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A task and the endpoint that runs it; ``expires_at`` is in Unix seconds."""

    endpoint_uid: str
    principal_tag: bytes
    task_id: str
    expires_at: int


class CursorContent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A list cursor and the endpoint that gave it."""

    endpoint_uid: str
    principal_tag: bytes
    bound_to: bytes
    cursor: str
    expires_at: int


class EventContent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An SSE event id and the session (its 8-byte tag) on whose stream it was sent."""

    endpoint_uid: str
    session_tag: bytes
    event_id: bytes


class StreamContent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An HTTP+SSE stream; ``holder`` is host:port of the replica that has it open."""

    holder: str
    stream_id: str
    endpoint_uid: str
    principal_tag: bytes


class ReplicaContent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Proof that a replica sent this request; ``bound_to`` is a digest of it."""

    bound_to: bytes
    expires_at: int


Content = (
    SessionContent
    | StateContent
    | TaskContent
    | CursorContent
    | EventContent
    | StreamContent
    | ReplicaContent
)

_CONTENT_TYPES: MappingProxyType[CapsuleKind, type[Content]] = MappingProxyType(
    {
        CapsuleKind.SESSION: SessionContent,
        CapsuleKind.STATE: StateContent,
        CapsuleKind.TASK: TaskContent,
        CapsuleKind.CURSOR: CursorContent,
        CapsuleKind.EVENT: EventContent,
        CapsuleKind.STREAM: StreamContent,
        CapsuleKind.REPLICA: ReplicaContent,
    }
)
_ENCODER = msgspec.msgpack.Encoder()
_DECODERS = {kind: msgspec.msgpack.Decoder(of) for kind, of in _CONTENT_TYPES.items()}


def seal_content(
    sealer: CapsuleSealer, kind: CapsuleKind, route: str, content: Content, attached: bytes = b""
) -> str:
    """The capsule's text; raises CapsuleTooLarge (a session id has a bound of its own)."""
    if type(content) is not _CONTENT_TYPES[kind]:
        raise TypeError(f"{type(content).__name__} is not what a {kind.name} capsule holds")
    text = sealer.seal(kind, route, _ENCODER.encode(content), attached)
    if kind is CapsuleKind.SESSION and len(text) > MAX_SESSION_ID_CHARS:
        raise CapsuleTooLarge(
            f"a session id of {len(text)} characters is over the limit of {MAX_SESSION_ID_CHARS}: "
            "the endpoint's own session id must be shorter"
        )
    return text


# One overload per row of the table above: callers get the exact struct.
@overload
def open_content(
    sealer: CapsuleSealer, kind: Literal[CapsuleKind.SESSION], route: str, text: str
) -> SessionContent: ...
@overload
def open_content(
    sealer: CapsuleSealer, kind: Literal[CapsuleKind.TASK], route: str, text: str
) -> TaskContent: ...
@overload
def open_content(
    sealer: CapsuleSealer, kind: Literal[CapsuleKind.CURSOR], route: str, text: str
) -> CursorContent: ...
@overload
def open_content(
    sealer: CapsuleSealer, kind: Literal[CapsuleKind.EVENT], route: str, text: str
) -> EventContent: ...
@overload
def open_content(
    sealer: CapsuleSealer, kind: Literal[CapsuleKind.STREAM], route: str, text: str
) -> StreamContent: ...
@overload
def open_content(
    sealer: CapsuleSealer,
    kind: Literal[CapsuleKind.REPLICA],
    route: str,
    text: str,
    attached: bytes = b"",
) -> ReplicaContent: ...
@overload
def open_content(
    sealer: CapsuleSealer, kind: CapsuleKind, route: str, text: str, attached: bytes = b""
) -> Content: ...
def open_content(
    sealer: CapsuleSealer, kind: CapsuleKind, route: str, text: str, attached: bytes = b""
) -> Content:
    """What a capsule of this kind and route says; raises BadCapsule."""
    content = sealer.open(kind, route, text, attached)
    try:
        return _DECODERS[kind].decode(content)
    except msgspec.DecodeError:
        raise BadCapsule("content") from None


def seal_state(sealer: CapsuleSealer, route: str, content: StateContent, original: str) -> str:
    """``capsule.original``: the endpoint's own state travels in the clear, under the same seal."""
    text = seal_content(sealer, CapsuleKind.STATE, route, content, original.encode())
    if len(text) + 1 + len(original) > MAX_STATE_CHARS:
        raise CapsuleTooLarge(
            f"a request state of {len(original)} characters is over the limit of "
            f"{MAX_STATE_CHARS}: the endpoint must keep more of it on its own side"
        )
    return f"{text}.{original}"


def open_state(sealer: CapsuleSealer, route: str, text: str) -> tuple[StateContent, str]:
    """The content and the endpoint's original state; raises BadCapsule."""
    if len(text) > MAX_STATE_CHARS:
        raise BadCapsule("length")
    capsule, dot, original = text.partition(".")
    if not dot:
        raise BadCapsule("form")
    try:
        attached = original.encode()
    except UnicodeEncodeError:
        raise BadCapsule("alphabet") from None
    content = open_content(sealer, CapsuleKind.STATE, route, capsule, attached)
    assert isinstance(content, StateContent)
    return content, original
