"""When a session without a DELETE ends."""

from typing import Any

import pytest

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.sessions.reaping import Ending, SessionActivity, decide_ending

LIMITS = BridgeLimits(idle_seconds=100, orphan_seconds=4, handshake_seconds=30)


def ending(now: float, **activity: Any) -> Ending | None:
    known: dict[str, Any] = {"last_seen": 0.0, "in_flight": 0, "initialized": True, **activity}
    return decide_ending(SessionActivity(**known), now, LIMITS)


@pytest.mark.parametrize(("now", "expected"), [(99.9, None), (100, Ending.IDLE)])
def test_an_idle_session_ends_after_the_idle_time(now: float, expected: Any) -> None:
    assert ending(now) is expected


@pytest.mark.parametrize(("now", "expected"), [(13.9, None), (14, Ending.ORPHANED)])
def test_a_session_whose_get_stream_broke_ends_as_an_orphan(now: float, expected: Any) -> None:
    assert ending(now, last_seen=10.0, get_broke_at=10.0) is expected


def test_a_session_that_never_had_a_get_stream_is_no_orphan() -> None:
    assert ending(50, last_seen=10.0) is None


@pytest.mark.parametrize(("now", "expected"), [(29.9, None), (30, Ending.NEVER_INITIALIZED)])
def test_a_half_finished_handshake_ends_soon(now: float, expected: Any) -> None:
    assert ending(now, initialized=False) is expected


@pytest.mark.parametrize("activity", [{"get_broke_at": 0.0}, {"initialized": False}, {}])
def test_nothing_ends_a_session_with_something_in_flight(activity: dict[str, Any]) -> None:
    assert ending(10_000, in_flight=1, **activity) is None
