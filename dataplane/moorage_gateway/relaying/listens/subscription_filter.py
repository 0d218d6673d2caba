"""What a client wants to be told of, as ``params.notifications`` says it (pure).

Source: MCP 2026-07-28, subscriptions/listen; ``taskIds`` is the tasks extension's member
(SEP-2663). Members that are not known here belong to other extensions and pass as they are.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from moorage_gateway.errors import MalformedRequest
from moorage_wire.jsonrpc import Message

LIST_CHANGES = {
    "toolsListChanged": "notifications/tools/list_changed",
    "promptsListChanged": "notifications/prompts/list_changed",
    "resourcesListChanged": "notifications/resources/list_changed",
}
RESOURCE_UPDATED = "notifications/resources/updated"
_CHANGE_OF = {method: change for change, method in LIST_CHANGES.items()}
_RESOURCES = "resourceSubscriptions"
_TASKS = "taskIds"
_KNOWN = frozenset((*LIST_CHANGES, _RESOURCES, _TASKS))
_FLAGS = {b"true": True, b"false": False, b"null": False}
MAX_NAMES = 1024
"""Resources, or tasks, that one listen may name."""
MAX_EXTENSIONS = 64
"""Members of other extensions in one filter."""


@dataclass(frozen=True)
class SubscriptionFilter:
    """A filter in canonical order: equal wishes are equal values."""

    changes: frozenset[str] = frozenset()
    resources: frozenset[str] = frozenset()
    tasks: frozenset[str] = frozenset()
    extensions: frozenset[tuple[str, bytes]] = frozenset()
    """Name and raw value of members that are not ours to read."""

    def as_params(self) -> dict[str, object]:
        """The ``notifications`` member."""
        params: dict[str, object] = dict.fromkeys(sorted(self.changes), True)
        if self.resources:
            params[_RESOURCES] = sorted(self.resources)
        if self.tasks:
            params[_TASKS] = sorted(self.tasks)
        return params | {name: msgspec.Raw(raw) for name, raw in sorted(self.extensions)}

    def both(self, other: "SubscriptionFilter") -> "SubscriptionFilter":
        """What both honour; tasks live on one endpoint each and are added up instead."""
        return SubscriptionFilter(
            self.changes & other.changes,
            self.resources & other.resources,
            self.tasks | other.tasks,
            self.extensions & other.extensions,
        )

    def covers(self, message: Message) -> bool:
        """Whether who honours this filter may send that notification."""
        method = message.method or ""
        if method in _CHANGE_OF:
            return _CHANGE_OF[method] in self.changes
        if method == RESOURCE_UPDATED:
            # The URI may be that of a part of a resource that was subscribed to.
            return bool(self.resources)
        if is_of_task(message):
            return message.string_param("taskId") in self.tasks
        return bool(self.extensions)


def is_of_task(message: Message) -> bool:
    """Whether it tells how a task is (``notifications/tasks``, in drafts ``…/status``)."""
    return (message.method or "").startswith("notifications/tasks")


def read_filter(raw: bytes | None) -> SubscriptionFilter:
    """Read a ``notifications`` member; raises MalformedRequest with the member's path."""
    # Typed all the way: msgspec reads untyped numbers of a hostile text very slowly.
    try:
        members = msgspec.json.decode(raw or b"null", type=dict[str, msgspec.Raw])
    except msgspec.DecodeError as error:
        raise _bad("params.notifications", "must be an object") from error
    extensions = frozenset((n, bytes(value)) for n, value in members.items() if n not in _KNOWN)
    if len(extensions) > MAX_EXTENSIONS:
        raise _bad("params.notifications", f"has more than {MAX_EXTENSIONS} further members")
    return SubscriptionFilter(
        changes=frozenset(name for name in LIST_CHANGES if _flag(members, name)),
        resources=_names(members, _RESOURCES),
        tasks=_names(members, _TASKS),
        extensions=extensions,
    )


def honoured_by_all(filters: Iterable[SubscriptionFilter]) -> SubscriptionFilter:
    """The intersection of what endpoints have acknowledged."""
    honoured: SubscriptionFilter | None = None
    for one in filters:
        honoured = one if honoured is None else honoured.both(one)
    return honoured or SubscriptionFilter()


def _flag(members: Mapping[str, bytes], name: str) -> bool:
    raw = bytes(members.get(name, b"null"))
    if raw not in _FLAGS:
        raise _bad(f"params.notifications.{name}", "must be true or false")
    return _FLAGS[raw]


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
