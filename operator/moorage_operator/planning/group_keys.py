"""The keys of a stdio group over time: which one gateways show, and which sidecars take (pure).

Whoever may serve a group no more still knows its key. So the key is exchanged then, in an order in
which no gateway is refused that may go on: sidecars learn of the new key first, by a mounted file
that the kubelet exchanges; then gateways show it; then sidecars forget the one before.
"""

import json
import re
from dataclasses import dataclass, replace

SIDECARS_LEARN_SECONDS = 150
"""From the Secret to the mounted file; 55 and 68 s were measured, twice a minute is possible."""
GATEWAYS_LEARN_SECONDS = 120
"""A gateway reads its Secret seconds after it changed; one that starts has its mounted copy."""
_KEY = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class GroupKeys:
    """One key, or two while it is exchanged; the first one is what gateways show."""

    keys: tuple[str, ...]
    given: frozenset[str] = frozenset()
    """Other namespaces whose gateways may know the newest key that was ever shown."""
    added_at: int | None = None
    """Seconds since the epoch since when a second one waits for sidecars to learn it."""
    shown_at: int = 0
    """When the first one was begun to be shown."""

    @property
    def shown(self) -> str:
        """What gateways show."""
        return self.keys[0]

    def __repr__(self) -> str:
        return f"GroupKeys({len(self.keys)}, {sorted(self.given)})"


def due_at(state: GroupKeys) -> int | None:
    """When the exchange goes on, in seconds since the epoch; None where there is none."""
    if len(state.keys) == 1:
        return None
    if state.added_at is not None:
        return state.added_at + SIDECARS_LEARN_SECONDS
    return state.shown_at + GATEWAYS_LEARN_SECONDS


def next_group_keys(state: GroupKeys, serving: frozenset[str], now: int, new_key: str) -> GroupKeys:
    """The keys as they shall be at ``now``; the same ones if nothing is due.

    ``serving`` are the other namespaces with gateways that may serve the group. ``new_key`` (64
    random hex digits) is used only if one is to be added.
    """
    due = due_at(state)
    if due is not None and now >= due:
        state = _gone_on(state, now)
    if len(state.keys) == 2 and state.added_at is None:
        return state  # who is parted with now knows the new key already: its turn comes next
    parted = state.given - serving
    if parted and len(state.keys) == 1:
        state = replace(state, keys=(state.shown, new_key), added_at=now)
    return replace(state, given=state.given - parted)


def _gone_on(state: GroupKeys, now: int) -> GroupKeys:
    if state.added_at is not None:
        return replace(state, keys=state.keys[::-1], added_at=None, shown_at=now)
    return replace(state, keys=state.keys[:1])


def group_keys_text(state: GroupKeys) -> str:
    """The Secret's ``key``: one key per line, the one that gateways show first."""
    return "".join(f"{key}\n" for key in state.keys)


def group_keys_annotation(state: GroupKeys) -> str:
    """The annotation ``moorage.dev/group-keys``: JSON, who was given them, and the times."""
    said: dict[str, object] = {"given": sorted(state.given), "shown": state.shown_at}
    if state.added_at is not None:
        said["added"] = state.added_at
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def read_group_keys(text: str, annotation: str | None, now: int) -> GroupKeys | None:
    """The state that a Secret holds, None if it holds no keys.

    Where the annotation was edited away the first key is the one that is shown, and the other one
    goes when no gateway can show it any more.
    """
    keys = tuple(text.split())
    if not 1 <= len(keys) <= 2 or not all(map(_KEY.fullmatch, keys)):
        return None
    given, added_at, shown_at = _read_annotation(annotation)
    if len(keys) == 1:
        added_at = None
    elif shown_at is None and added_at is None:
        shown_at = now
    return GroupKeys(keys, given, added_at, shown_at or 0)


def _read_annotation(text: str | None) -> tuple[frozenset[str], int | None, int | None]:
    try:
        said = json.loads(text or "{}")
    except (ValueError, RecursionError):
        said = {}
    if not isinstance(said, dict):
        return frozenset(), None, None
    given, added, shown = said.get("given"), said.get("added"), said.get("shown")
    names = given if isinstance(given, list) else []
    return (
        frozenset(name for name in names if isinstance(name, str)),
        added if type(added) is int else None,
        shown if type(shown) is int else None,
    )
