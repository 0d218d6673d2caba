"""A gateway's key ring over time: which key mints, which only open, which are dropped.

A key is added as verify-only; when every replica says that it has it, it mints; the one before
stays for as long as a session may live, because capsules sealed with it are out there.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from moorage_contract.key_ids import KEY_BYTES, MAX_KEYS, key_id_of

LATE_MINTING_SECONDS = 3600
"""How long a replica that hears of nothing may go on minting with a key that was replaced."""


class KeyRingUnreadable(ValueError):
    """The Secret's text is no key ring; the message names the line and never a key."""


@dataclass(frozen=True)
class RingKey:
    """One key of the ring; times are seconds since the epoch."""

    secret: bytes
    added_at: int
    minting_since: int | None = None
    """None while it only opens capsules because replicas lack it."""
    retired_at: int | None = None
    """When another one took over."""
    keep_until: int | None = None
    """Set once it is retired, and only ever raised: sessions begun with it may live that long."""

    @property
    def key_id(self) -> str:
        """The key's id in hex, as gateways report it."""
        return key_id_of(self.secret).hex()

    def __repr__(self) -> str:
        return f"RingKey({self.key_id})"


@dataclass(frozen=True)
class KeyRingState:
    """All keys, the minting one first."""

    keys: tuple[RingKey, ...]

    @property
    def minting(self) -> RingKey:
        """The key that seals new capsules."""
        return self.keys[0]

    @property
    def waiting(self) -> RingKey | None:
        """The key that shall mint next, if one was added."""
        return next((key for key in self.keys[1:] if key.minting_since is None), None)


def first_ring(new_key: bytes, now: int) -> KeyRingState:
    """The ring of a gateway that never had one; ``new_key`` is 32 random bytes."""
    return KeyRingState((RingKey(new_key, added_at=now, minting_since=now),))


def next_ring(
    state: KeyRingState,
    reported_key_ids_of_all_live_replicas: Iterable[frozenset[str]],
    live_replicas: int,
    now: int,
    rotate_every_seconds: int,
    max_session_seconds: int,
    new_key: bytes,
) -> KeyRingState:
    """The ring as it shall be at ``now``; the same one if nothing is due.

    ``live_replicas`` counts all pods that may be minting, also those that report nothing; key ids
    are in hex. ``max_session_seconds`` is the largest of the gateway's groups at present; what a
    retired key was once kept for holds though it sinks. ``new_key`` (32 random bytes) is used only
    if one is to be added.
    """
    kept_seconds = max_session_seconds + LATE_MINTING_SECONDS
    kept = _without_expired(_held(state, kept_seconds), now)
    waiting = kept.waiting
    if waiting is not None:
        reports = list(reported_key_ids_of_all_live_replicas)
        everywhere = 0 < live_replicas <= len(reports)
        if everywhere and all(waiting.key_id in ids for ids in reports):
            return _held(_promote(kept, waiting, now), kept_seconds)
        return kept
    minting_since = kept.minting.minting_since
    due = minting_since is not None and now - minting_since >= rotate_every_seconds
    if due and len(kept.keys) < MAX_KEYS:
        return KeyRingState((*kept.keys, RingKey(new_key, added_at=now)))
    return kept


def ring_text(state: KeyRingState) -> str:
    """The Secret's ``ring``: one base64 key per line, the minting key first."""
    return "".join(f"{base64.b64encode(key.secret).decode()}\n" for key in state.keys)


def ring_annotation(state: KeyRingState) -> str:
    """The annotation ``moorage.dev/ring``: JSON, the times of each key by its id."""
    times = {
        key.key_id: {
            name: value
            for name, value in (
                ("added", key.added_at),
                ("minting", key.minting_since),
                ("retired", key.retired_at),
                ("keep_until", key.keep_until),
            )
            if value is not None
        }
        for key in state.keys
    }
    return json.dumps(times, sort_keys=True, separators=(",", ":"))


def read_ring(text: str, annotation: str | None, now: int) -> KeyRingState:
    """The state that a Secret holds; raises ``KeyRingUnreadable``.

    Keys without times (the annotation was edited away) begin to count at ``now``: the first one
    mints, the others open for a whole session's life more. Nothing that clients hold is lost.
    """
    lines = [line.partition("#")[0].strip() for line in text.splitlines()]
    secrets = [_read_key(line, number) for number, line in enumerate(lines, start=1) if line]
    if not secrets:
        raise KeyRingUnreadable("it holds no key")
    if len(secrets) > MAX_KEYS or len(set(secrets)) != len(secrets):
        raise KeyRingUnreadable(f"it holds more than {MAX_KEYS} keys, or one of them twice")
    times = _read_times(annotation)
    return KeyRingState(
        tuple(
            _with_times(secret, times, now, mints=place == 0)
            for place, secret in enumerate(secrets)
        )
    )


def _held(state: KeyRingState, kept_seconds: int) -> KeyRingState:
    """Every retired key is kept for at least so long after it was retired."""
    return KeyRingState(tuple(_held_key(key, kept_seconds) for key in state.keys))


def _held_key(key: RingKey, kept_seconds: int) -> RingKey:
    if key.retired_at is None:
        return key
    return replace(key, keep_until=max(key.keep_until or 0, key.retired_at + kept_seconds))


def _without_expired(state: KeyRingState, now: int) -> KeyRingState:
    return KeyRingState(
        tuple(key for key in state.keys if key.keep_until is None or key.keep_until > now)
    )


def _promote(state: KeyRingState, waiting: RingKey, now: int) -> KeyRingState:
    others = [key for key in state.keys if key is not waiting]
    return KeyRingState(
        (replace(waiting, minting_since=now), replace(others[0], retired_at=now), *others[1:])
    )


def _read_key(line: str, number: int) -> bytes:
    try:
        secret = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise KeyRingUnreadable(f"line {number} is not the base64 form of {KEY_BYTES} bytes")
    return secret


def _read_times(annotation: str | None) -> Mapping[str, Mapping[str, int]]:
    try:
        document = json.loads(annotation or "{}")
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    return {
        key_id: {name: at for name, at in times.items() if type(at) is int}
        for key_id, times in document.items()
        if isinstance(times, dict)
    }


def _with_times(
    secret: bytes, all_times: Mapping[str, Mapping[str, int]], now: int, *, mints: bool
) -> RingKey:
    times = all_times.get(key_id_of(secret).hex(), {})
    added, minting = times.get("added", now), times.get("minting")
    if mints:
        return RingKey(secret, added, now if minting is None else minting)
    waits = bool(times) and minting is None
    if waits:
        return RingKey(secret, added)
    return RingKey(secret, added, minting, times.get("retired", now), times.get("keep_until"))
