"""What a client wants to be told of, as ``params.notifications`` says it (pure).

Source: MCP 2026-07-28, subscriptions/listen; ``taskIds`` is the tasks extension's member.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from moorage_gateway.errors import MalformedRequest

LIST_CHANGES = {
    "toolsListChanged": "notifications/tools/list_changed",
    "promptsListChanged": "notifications/prompts/list_changed",
    "resourcesListChanged": "notifications/resources/list_changed",
}
MAX_NAMES = 1024
"""Resources, or tasks, that one listen may name."""


@dataclass(frozen=True)
class SubscriptionFilter:
    """A filter in canonical order: equal wishes are equal values."""

    changes: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()

    def as_params(self) -> dict[str, object]:
        """The ``notifications`` member."""
        params: dict[str, object] = dict.fromkeys(sorted(self.changes), True)
        if self.resources:
            params["resourceSubscriptions"] = sorted(self.resources)
        if self.tasks:
            params["taskIds"] = sorted(self.tasks)
        return params

    def both(self, other: "SubscriptionFilter") -> "SubscriptionFilter":
        """What both honour; tasks live on one endpoint each and are added up instead."""
        return SubscriptionFilter(
            self.changes & other.changes,
            self.resources & other.resources,
            self.tasks | other.tasks,
        )


def read_filter(raw: bytes | None) -> SubscriptionFilter:
    """Read a ``notifications`` member; raises MalformedRequest with the member's path."""
    # Typed all the way: msgspec reads untyped numbers of a hostile text very slowly.
    try:
        members = msgspec.json.decode(raw or b"null", type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise _bad("params.notifications", "must be an object") from error
    return SubscriptionFilter(
        changes=frozenset(n for n in LIST_CHANGES if bytes(members.get(n, b"")) == b"true"),
        resources=_names(members, "resourceSubscriptions"),
        tasks=_names(members, "taskIds"),
    )


def honoured_by_all(filters: Iterable[SubscriptionFilter]) -> SubscriptionFilter:
    """The intersection of what endpoints have acknowledged."""
    honoured: SubscriptionFilter | None = None
    for one in filters:
        honoured = one if honoured is None else honoured.both(one)
    return honoured or SubscriptionFilter()


def _names(members: Mapping[str, bytes], name: str) -> frozenset[str]:
    raw = members.get(name)
    if raw is None:
        return frozenset()
    try:
        names = msgspec.json.decode(raw, type=list[str] | None)
    except msgspec.DecodeError as error:
        raise _bad(f"params.notifications.{name}", "must be a list of strings") from error
    if len(names or ()) > MAX_NAMES:
        raise _bad(f"params.notifications.{name}", f"has more than {MAX_NAMES} entries")
    return frozenset(names or ())


def _bad(path: str, problem: str) -> MalformedRequest:
    return MalformedRequest(
        f"{path} {problem}",
        reason="BadSubscriptionFilter",
        remedy="send a SubscriptionFilter of protocol version 2026-07-28",
        code=-32602,
    )
