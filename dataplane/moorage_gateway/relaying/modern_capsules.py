"""The capsules of the modern era in a message: sealed on the way out, opened on the way in (pure).

Out: ``result.requestState``, ``result.nextCursor``, ``result.taskId`` and the ``taskId`` of task
notifications. In: ``params.requestState``, ``params.cursor``, ``params.taskId``.
"""

import re
from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec

from moorage_gateway.errors import BadAnswer, InvalidParameter
from moorage_wire.capsules import (
    BadCapsule,
    CapsuleKind,
    CapsuleSealer,
    CursorContent,
    StateContent,
    TaskContent,
    open_content,
    open_state,
    seal_content,
    seal_state,
)
from moorage_wire.jsonrpc import MalformedMessage, Message, MessageKind, read_message, text_of

STATE_SECONDS = 3600
CURSOR_SECONDS = 3600

_MARKERS = re.compile(rb'"(?:requestState|nextCursor|taskId)"')
_encode = msgspec.json.Encoder().encode
_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


@dataclass(frozen=True)
class Sealing:
    """What capsules of one exchange are sealed with and bound to."""

    sealer: CapsuleSealer
    route: str
    endpoint_uid: str
    principal_tag: bytes
    bound_to: bytes
    """Digest of the request that state and cursor belong to; see ``request_digest``."""
    task_seconds: int
    now: int
    """Unix seconds."""
    known_tasks: dict[str, str] = field(default_factory=dict)
    """The endpoint's task ids whose capsules the client already holds."""

    def state(self, text: str) -> str:
        content = StateContent(
            self.endpoint_uid, self.principal_tag, self.bound_to, self.now + STATE_SECONDS
        )
        return seal_state(self.sealer, self.route, content, text)

    def cursor(self, text: str) -> str:
        content = CursorContent(
            self.endpoint_uid, self.principal_tag, self.bound_to, text, self.now + CURSOR_SECONDS
        )
        return seal_content(self.sealer, CapsuleKind.CURSOR, self.route, content)

    def task(self, task_id: str) -> str:
        if task_id not in self.known_tasks:
            content = TaskContent(
                self.endpoint_uid, self.principal_tag, task_id, self.now + self.task_seconds
            )
            self.known_tasks[task_id] = seal_content(
                self.sealer, CapsuleKind.TASK, self.route, content
            )
        return self.known_tasks[task_id]


def request_digest(method: str, name: str | None) -> bytes:
    """What a request state or a cursor is bound to: the method and what it names."""
    return blake2b(f"{method}\0{name or ''}".encode(), digest_size=8).digest()


def may_hold_capsules(octets: bytes) -> bool:
    """False when a text surely has nothing to seal."""
    return _MARKERS.search(octets) is not None


def seal_message(octets: bytes, sealing: Sealing) -> bytes:
    """An endpoint's message with its state, cursor and task id sealed; others unchanged.

    Raises BadAnswer when it is no JSON-RPC message.
    """
    if not may_hold_capsules(octets):
        return octets
    try:
        message = read_message(octets)
    except MalformedMessage as error:
        raise BadAnswer(f"the endpoint sent no JSON-RPC message: {error.reason}") from error
    if message.kind is MessageKind.RESPONSE:
        return _seal_member(message, "result", sealing)
    return _seal_member(message, "params", sealing)


def _seal_member(message: Message, name: str, sealing: Sealing) -> bytes:
    envelope = message.members
    if name not in envelope or not bytes(envelope[name]).startswith(b"{"):
        return message.encode()
    members = _members(envelope[name])
    sealed = _sealed_texts(members, sealing)
    if not sealed:
        return message.encode()
    envelope[name] = msgspec.Raw(_encode(members | sealed))
    return _encode(envelope)


def _sealed_texts(members: dict[str, msgspec.Raw], sealing: Sealing) -> dict[str, msgspec.Raw]:
    """The members that leave as capsules."""
    sealed = {}
    for member, seal in (
        ("requestState", sealing.state),
        ("nextCursor", sealing.cursor),
        ("taskId", sealing.task),
    ):
        text = text_of(members[member]) if member in members else None
        if text is not None:
            sealed[member] = msgspec.Raw(_encode(seal(text)))
    return sealed


@dataclass(frozen=True)
class Unsealed:
    """A request as its endpoint shall see it, and which endpoint that is (None: any)."""

    message: Message
    endpoint_uid: str | None = None
    name: str | None = None
    """The ``Mcp-Name`` that goes with it when the client's named a capsule."""
    known_tasks: dict[str, str] = field(default_factory=dict)

    def lost(self) -> InvalidParameter:
        """The refusal when the endpoint is gone, and with it what the capsule stood for."""
        params = self.message.params or {}
        return _invalid(next(name for name in _REMEDIES if name in params))


def open_request(
    message: Message, sealer: CapsuleSealer, route: str, principal_tag: bytes, now: int
) -> Unsealed:
    """Open the capsule that a request carries, if any.

    Raises InvalidParameter, alike for what is unknown, forged, foreign, expired or bound to
    another request.
    """
    # A null is no capsule; what it means the endpoint knows.
    carried = {name for name, raw in (message.params or {}).items() if bytes(raw) != b"null"}
    if "requestState" in carried:
        return _open_state(message, sealer, route, principal_tag, now)
    if "taskId" in carried and (message.method or "").startswith("tasks/"):
        return _open_task(message, sealer, route, principal_tag, now)
    if "cursor" in carried and (message.method or "").endswith("/list"):
        return _open_cursor(message, sealer, route, principal_tag, now)
    return Unsealed(message)


NAMING_MEMBERS = {
    "tools/call": "name",
    "prompts/get": "name",
    "resources/read": "uri",
    "tasks/get": "taskId",
    "tasks/update": "taskId",
    "tasks/cancel": "taskId",
}
"""The member of ``params`` that ``Mcp-Name`` mirrors, by method (2026-07-28; SEP-2663)."""


def name_of(message: Message) -> str | None:
    """What a request names: a tool, a prompt, a resource, a task."""
    member = NAMING_MEMBERS.get(message.method or "")
    return None if member is None else message.string_param(member)


def _open_state(
    message: Message, sealer: CapsuleSealer, route: str, principal_tag: bytes, now: int
) -> Unsealed:
    text = message.string_param("requestState") or ""
    try:
        content, original = open_state(sealer, route, text)
    except BadCapsule as error:
        raise _invalid("requestState") from error
    digest = request_digest(message.method or "", name_of(message))
    if (content.principal_tag, content.bound_to) != (principal_tag, digest):
        raise _invalid("requestState")
    if content.expires_at < now:
        raise _invalid("requestState")
    return Unsealed(message.with_param("requestState", _encode(original)), content.endpoint_uid)


def _open_cursor(
    message: Message, sealer: CapsuleSealer, route: str, principal_tag: bytes, now: int
) -> Unsealed:
    content = _open(CapsuleKind.CURSOR, message.string_param("cursor"), sealer, route, "cursor")
    assert isinstance(content, CursorContent)
    digest = request_digest(message.method or "", None)
    if (content.principal_tag, content.bound_to) != (principal_tag, digest):
        raise _invalid("cursor")
    if content.expires_at < now:
        raise _invalid("cursor")
    return Unsealed(message.with_param("cursor", _encode(content.cursor)), content.endpoint_uid)


def open_task_id(
    text: str, sealer: CapsuleSealer, route: str, principal_tag: bytes, now: int
) -> TaskContent:
    """What a task id's capsule says; raises InvalidParameter."""
    content = _open(CapsuleKind.TASK, text, sealer, route, "taskId")
    assert isinstance(content, TaskContent)
    if content.principal_tag != principal_tag or content.expires_at < now:
        raise _invalid("taskId")
    return content


def _open_task(
    message: Message, sealer: CapsuleSealer, route: str, principal_tag: bytes, now: int
) -> Unsealed:
    text = message.string_param("taskId") or ""
    content = open_task_id(text, sealer, route, principal_tag, now)
    return Unsealed(
        message.with_param("taskId", _encode(content.task_id)),
        content.endpoint_uid,
        content.task_id,
        {content.task_id: text},
    )


def _open(
    kind: CapsuleKind, text: str | None, sealer: CapsuleSealer, route: str, member: str
) -> object:
    try:
        return open_content(sealer, kind, route, text or "")
    except BadCapsule as error:
        raise _invalid(member) from error


_REMEDIES = {
    "requestState": "send the request anew, without requestState",
    "cursor": "list again from the start",
    "taskId": "use a task id that this route has given you and that has not expired",
}


def unknown_task() -> InvalidParameter:
    """The one answer to every task id that is not a living task's."""
    return _invalid("taskId")


def _invalid(member: str) -> InvalidParameter:
    return InvalidParameter(f"invalid or expired {member}", remedy=_REMEDIES[member])
