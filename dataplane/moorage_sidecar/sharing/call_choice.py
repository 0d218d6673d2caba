"""Which client a shared server's message belongs to (pure).

Progress carries its token and subscription events their id. A log message of 2026-07-28 carries
nothing: it belongs to the one call in flight that asked for logs, and when there are several it
is dropped rather than shown to the wrong client.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from moorage_sidecar.sharing.translation import (
    PROGRESS_MEMBER,
    SUBSCRIPTION_MEMBER,
    issued_id,
)
from moorage_wire.jsonrpc import Message, MessageKind


@dataclass(frozen=True)
class ToCall:
    """The call that was issued this integer."""

    issued: int


@dataclass(frozen=True)
class EndOfCall:
    """The server takes this call back: nothing more comes for it."""

    issued: int


@dataclass(frozen=True)
class ToNobody:
    """No client may see it."""

    reason: str


@dataclass(frozen=True)
class NotAllowed:
    """A request to the client, which this version does not have: it is answered with an error."""


CallChoice = ToCall | EndOfCall | ToNobody | NotAllowed


def choose_call(message: Message, log_readers: Iterable[int]) -> CallChoice:
    """Where a message goes; ``log_readers`` are the calls in flight that asked for logs."""
    if message.kind is MessageKind.REQUEST:
        return NotAllowed()
    if message.kind is MessageKind.RESPONSE:
        return _to(message.id, "an answer to nothing that was asked")
    params, meta = message.params or {}, message.meta or {}
    if message.method == "notifications/progress":
        return _to(params.get(PROGRESS_MEMBER), "progress without a token of ours")
    if message.method == "notifications/cancelled":
        issued = issued_id(_bytes(params.get("requestId")))
        return ToNobody("a cancellation of nothing") if issued is None else EndOfCall(issued)
    if SUBSCRIPTION_MEMBER in meta:
        return _to(meta[SUBSCRIPTION_MEMBER], "an event of no subscription of ours")
    if message.method == "notifications/message":
        return _to_log_reader(list(log_readers))
    return ToNobody("a notification that names no client")


def _to(raw: bytes | None, otherwise: str) -> CallChoice:
    issued = issued_id(_bytes(raw))
    return ToNobody(otherwise) if issued is None else ToCall(issued)


def _to_log_reader(readers: list[int]) -> CallChoice:
    if len(readers) == 1:
        return ToCall(readers[0])
    return ToNobody(f"a log message that {len(readers)} calls in flight could have asked for")


def _bytes(raw: bytes | None) -> bytes | None:
    return None if raw is None else bytes(raw)
