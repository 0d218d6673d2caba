"""What each kind of capsule says.

Structs travel as msgpack arrays: fields are only ever appended, with a default, so that replicas
of two releases open each other's capsules. Times are Unix seconds.
"""

from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from moorage_wire.capsule_sealer import CapsuleKind


class SessionContent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A session's mooring."""

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
    """A task and the endpoint that runs it."""

    endpoint_uid: str
    principal_tag: bytes
    task_id: str
    expires_at: int


class CursorContent(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A list cursor and the endpoint that gave it; ``bound_to`` as for a state."""

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

CONTENT_TYPES: Mapping[CapsuleKind, type[Content]] = MappingProxyType(
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
