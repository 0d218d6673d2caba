"""The status of a resource as it shall be written, and what of it deserves an Event."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from moorage_operator.planning.snapshot import Condition

EVENT_MESSAGE_BYTES = 1000
"""The API server takes 1,024 bytes of a message; what is longer ends in an ellipsis."""

EXPECTED_WAITS = frozenset({"Pending", "NoReadyPods", "NotVerified"})
"""Reasons that every start passes through: no Event warns of them the first time."""


@dataclass(frozen=True)
class EventText:
    """What an Event about a resource says."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


def status_document(
    previous_status: Mapping[str, object] | None,
    generation: int,
    conditions: Iterable[Condition],
    counts: Mapping[str, object],
    now_rfc3339: str,
) -> Mapping[str, object]:
    """The whole status to write by server-side apply.

    A condition keeps its transition time unless its status flips. Conditions of types that are not
    among ``conditions`` are somebody else's: they are left out, and server-side apply leaves them
    where they are. If ``previous_status`` speaks of a newer generation it is returned as it is.
    """
    previous = previous_status or {}
    observed = previous.get("observedGeneration")
    if isinstance(observed, int) and observed > generation:
        return previous
    before = _conditions_by_type(previous)
    return {
        **counts,
        "observedGeneration": generation,
        "conditions": [
            _condition_document(condition, before.get(condition.type), generation, now_rfc3339)
            for condition in conditions
        ],
    }


def differs(previous_status: Mapping[str, object] | None, status: Mapping[str, object]) -> bool:
    """Whether ``status`` says anything that the previous one does not: only then is it written."""
    previous = previous_status or {}
    before = _conditions_by_type(previous)
    if any(previous.get(name) != value for name, value in status.items() if name != "conditions"):
        return True
    return any(before.get(name) != now for name, now in _conditions_by_type(status).items())


def transitions(
    previous_status: Mapping[str, object] | None, status: Mapping[str, object]
) -> tuple[EventText, ...]:
    """An Event for each condition whose status flipped.

    A condition that is new counts as flipped only where it warns of something.
    """
    before = _conditions_by_type(previous_status or {})
    events = []
    for name, condition in _conditions_by_type(status).items():
        earlier = before.get(name)
        flipped = earlier is not None and earlier.get("status") != condition.get("status")
        if flipped or (earlier is None and _warns(condition)):
            events.append(_event(name, condition))
    return tuple(events)


def _condition_document(
    condition: Condition, before: Mapping[str, object] | None, generation: int, now: str
) -> Mapping[str, object]:
    same = before is not None and before.get("status") == condition.status
    since = before.get("lastTransitionTime") if before is not None and same else None
    return {
        "type": condition.type,
        "status": condition.status,
        "observedGeneration": generation,
        "lastTransitionTime": since or now,
        "reason": condition.reason,
        "message": condition.message,
    }


def _event(name: str, condition: Mapping[str, object]) -> EventText:
    message = _shortened(f"{name} is {condition.get('status')}: {condition.get('message')}")
    type_: Literal["Normal", "Warning"] = "Warning" if _warns(condition) else "Normal"
    return EventText(type_, str(condition.get("reason")), message)


def _shortened(message: str) -> str:
    encoded = message.encode()
    if len(encoded) <= EVENT_MESSAGE_BYTES:
        return message
    return f"{encoded[: EVENT_MESSAGE_BYTES - 3].decode(errors='ignore')}…"


def _warns(condition: Mapping[str, object]) -> bool:
    return condition.get("status") == "False" and condition.get("reason") not in EXPECTED_WAITS


def _conditions_by_type(status: Mapping[str, object]) -> dict[str, Mapping[str, object]]:
    conditions = status.get("conditions")
    if not isinstance(conditions, list):
        return {}
    return {
        str(condition.get("type")): condition
        for condition in conditions
        if isinstance(condition, Mapping)
    }
