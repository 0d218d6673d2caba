"""The keys of a stdio group over time: which one gateways show, and which sidecars take (pure).

Whoever may serve a group no more still knows its key. So the key is exchanged then, in an order in
which no gateway is refused that may go on: sidecars learn of the new key first, by a mounted file
that the kubelet exchanges; then gateways show it; then sidecars forget the one before. A gateway
that cannot be given the new key holds that up for as long: its calls count more.
"""

import json
import re
from dataclasses import dataclass, replace

SIDECARS_LEARN_SECONDS = 150
"""From the Secret to the mounted file; 55 and 68 s were measured, twice a minute is possible."""
GATEWAYS_LEARN_SECONDS = 120
"""A gateway reads its Secret seconds after it changed; one that starts has its mounted copy."""
LOOK_AGAIN_SECONDS = 10
"""So often it is asked whether all gateways were given the new key."""
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
    told_at: int | None = None
    """Since when all permitted gateways were seen to be given it, while there is another one."""

    @property
    def awaits_gateways(self) -> bool:
        """Whether the second one is good only until all gateways show the first one."""
        return len(self.keys) == 2 and self.added_at is None

    @property
    def shown(self) -> str:
        """What gateways show."""
        return self.keys[0]

    def __repr__(self) -> str:
        return f"GroupKeys({len(self.keys)}, {sorted(self.given)})"


def look_in_seconds(state: GroupKeys, now: float) -> float | None:
    """When an exchange is to be looked at again; None where there is none."""
    if state.added_at is not None:
        return max(1.0, state.added_at + SIDECARS_LEARN_SECONDS - now)
    return LOOK_AGAIN_SECONDS if state.awaits_gateways else None


def next_group_keys(
    state: GroupKeys,
    serving: frozenset[str],
    now: int,
    new_key: str,
    *,
    gateways_lag: bool,
    since: int,
) -> GroupKeys:
    """The keys as they shall be at ``now``; the same ones if nothing is due.

    ``serving`` are the other namespaces with gateways that may serve the group. ``new_key`` (64
    random hex digits) is used only if one is to be added. ``gateways_lag``: a permitted gateway
    that serves the group was not given the shown key yet. ``since``: when this leader's term began.
    """
    state = _gone_on(_waiting_since(state, since if since <= now else 0), now, gateways_lag)
    if state.awaits_gateways:
        return state  # who is parted with now knows the new key already: its turn comes next
    parted = state.given - serving
    if parted and len(state.keys) == 1:
        state = replace(state, keys=(state.shown, new_key), added_at=now)
    return replace(state, given=state.given - parted)


def _waiting_since(state: GroupKeys, since: int) -> GroupKeys:
    """No wait began before the term did, unless the clock was ahead then.

    While the API server is away nobody gets a Secret, and the term ends with it: the Lease is lost.
    """
    added_at, told_at = (
        None if at is None else max(at, since) for at in (state.added_at, state.told_at)
    )
    return replace(state, added_at=added_at, told_at=told_at)


def _gone_on(state: GroupKeys, now: int, gateways_lag: bool) -> GroupKeys:
    if state.added_at is not None:
        if now < state.added_at + SIDECARS_LEARN_SECONDS:
            return state
        return replace(state, keys=state.keys[::-1], added_at=None, shown_at=now)
    if not state.awaits_gateways or gateways_lag:
        return replace(state, told_at=None)
    if state.told_at is None:
        return replace(state, told_at=now)
    if now < state.told_at + GATEWAYS_LEARN_SECONDS:
        return state
    return replace(state, keys=state.keys[:1], told_at=None)


def group_keys_text(state: GroupKeys) -> str:
    """The Secret's ``key``: one key per line, the one that gateways show first.

    One alone has no newline: operators that knew no exchange read no other form.
    """
    return "\n".join(state.keys)


def group_keys_annotation(state: GroupKeys) -> str:
    """The annotation ``moorage.dev/group-keys``: JSON, who was given them, and the times."""
    said: dict[str, object] = {"given": sorted(state.given), "shown": state.shown_at}
    if state.added_at is not None:
        said["added"] = state.added_at
    if state.told_at is not None:
        said["told"] = state.told_at
    return json.dumps(said, sort_keys=True, separators=(",", ":"))


def read_group_keys(text: str, annotation: str | None, now: int) -> GroupKeys | None:
    """The state that a Secret holds, None if it holds no keys.

    Where the annotation was edited away the first key is the one that is shown, and the other one
    goes when no gateway can show it any more. What is read is to be written then, times and all.
    """
    keys = tuple(text.split())
    if not 1 <= len(keys) <= 2 or not all(map(_KEY.fullmatch, keys)):
        return None
    said = _read_annotation(annotation)
    given = said.get("given")
    names = given if isinstance(given, list) else []
    added_at, shown_at, told_at = (
        _seconds(said.get(name), now) for name in ("added", "shown", "told")
    )
    is_exchanged = len(keys) == 2
    if is_exchanged and shown_at is None and added_at is None:
        shown_at = now
    return GroupKeys(
        keys,
        frozenset(name for name in names if isinstance(name, str)),
        added_at if is_exchanged else None,
        shown_at or 0,
        told_at if is_exchanged and added_at is None else None,
    )


def _read_annotation(text: str | None) -> dict[str, object]:
    try:
        said = json.loads(text or "{}")
    except (ValueError, RecursionError):
        said = {}
    return said if isinstance(said, dict) else {}


def _seconds(said: object, now: int) -> int | None:
    """A time that has not come yet was not written by us, or by another's clock: it is now."""
    return min(said, now) if type(said) is int and said >= 0 else None
