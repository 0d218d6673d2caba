"""When a session without a DELETE ends (pure, time passed in).

An agent must not lose its place, and a dead client must not keep a process. Official clients hold
a GET stream open for the whole session and come back within about two seconds when it breaks; so
only a session that *had* such a stream and lost it is an orphan soon. All others wait out the
idle time.
"""

import enum
from dataclasses import dataclass

from moorage_sidecar.limits import BridgeLimits


class Ending(enum.Enum):
    """Why a session is ended; the value is for people."""

    IDLE = "the session was idle for too long"
    ORPHANED = "the client's stream broke and the client did not come back"
    NEVER_INITIALIZED = "the client never sent notifications/initialized"


@dataclass(frozen=True)
class SessionActivity:
    """What the decision needs to know; times on the monotonic clock, in seconds."""

    last_seen: float
    """The client's last request, or the end of its last stream or call."""
    in_flight: int
    """Calls without an answer, and open streams."""
    initialized: bool
    get_broke_at: float | None = None
    """When the GET stream broke, if the client sent nothing since."""


def decide_ending(activity: SessionActivity, now: float, limits: BridgeLimits) -> Ending | None:
    """The reason to end this session now, if there is one."""
    if activity.in_flight:
        return None
    broke_at = activity.get_broke_at
    if broke_at is not None and now - broke_at >= limits.orphan_seconds:
        return Ending.ORPHANED
    silent_seconds = now - activity.last_seen
    if not activity.initialized and silent_seconds >= limits.handshake_seconds:
        return Ending.NEVER_INITIALIZED
    return Ending.IDLE if silent_seconds >= limits.idle_seconds else None
