"""Capsules: sealed texts that clients hold, so that any replica can serve them without a store.

One import for the rooms above. How bytes are sealed: ``capsule_sealer.py``; what the kinds say:
``capsule_contents.py``; the keys: ``key_ring.py``.
"""

from typing import Literal, overload

import msgspec

from moorage_wire.capsule_contents import (
    CONTENT_TYPES,
    Content,
    CursorContent,
    EventContent,
    ReplicaContent,
    SessionContent,
    StateContent,
    StreamContent,
    TaskContent,
)
from moorage_wire.capsule_sealer import (
    MAX_CAPSULE_CHARS,
    BadCapsule,
    CapsuleKind,
    CapsuleSealer,
    CapsuleTooLarge,
    CountersExhausted,
    key_id_of,
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
    "key_id_of",
    "open_content",
    "open_state",
    "seal_content",
    "seal_state",
]

MAX_SESSION_ID_CHARS = 4096
"""Clients and their HTTP libraries take header values of this size."""
MAX_STATE_CHARS = 1_048_576
"""Longest request state, capsule and original together."""


_ENCODER = msgspec.msgpack.Encoder()
_DECODERS = {kind: msgspec.msgpack.Decoder(of) for kind, of in CONTENT_TYPES.items()}


def seal_content(
    sealer: CapsuleSealer, kind: CapsuleKind, route: str, content: Content, attached: bytes = b""
) -> str:
    """The capsule's text; raises CapsuleTooLarge (a session id has a bound of its own)."""
    if type(content) is not CONTENT_TYPES[kind]:
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
    sealer: CapsuleSealer, kind: Literal[CapsuleKind.REPLICA], route: str, text: str
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
    """``capsule.original``: the endpoint's own state travels in the clear, under the same seal.

    Raises CapsuleTooLarge when both together would be over MAX_STATE_CHARS.
    """
    if len(original) > MAX_STATE_CHARS - MAX_CAPSULE_CHARS:
        raise CapsuleTooLarge(
            f"a request state of {len(original)} characters is over the limit of "
            f"{MAX_STATE_CHARS - MAX_CAPSULE_CHARS}: the endpoint must keep more of it itself"
        )
    capsule = seal_content(sealer, CapsuleKind.STATE, route, content, original.encode())
    return f"{capsule}.{original}"


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
