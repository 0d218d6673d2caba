"""What an endpoint may be given: every arrow of the picture in routing/endpoint_state.py."""

from dataclasses import replace

import pytest

from moorage_gateway.routing.endpoint_state import (
    FAILURES_UNTIL_DOWN,
    EndpointState,
    Health,
)

NEW = Health()
READY = NEW.verified(("2025-11-25",))
DOWN = READY.failed("nobody listens", fatal=True)
SILENT = READY.failed("no answer to a ping", silent=True)
STATES = pytest.mark.parametrize(
    "health", [NEW, READY, DOWN, SILENT], ids=["new", "ready", "down", "silent"]
)


def failed_often(health: Health, times: int) -> Health:
    for _ in range(times):
        health = health.failed("it broke off")
    return health


def test_a_new_endpoint_waits_for_its_handshake_and_says_so() -> None:
    assert (NEW.state, NEW.why, NEW.versions) == (EndpointState.VERIFYING, "not yet verified", ())


@STATES
def test_a_handshake_makes_any_endpoint_ready_with_a_clean_record(health: Health) -> None:
    ready = failed_often(health, 2).verified(("2025-11-25", "2026-07-28"))
    assert ready == Health(
        EndpointState.READY,
        why="handshake succeeded",
        versions=("2025-11-25", "2026-07-28"),
        own=True,
    )
    assert not ready.silent and ready.failures == 0


def test_without_a_handshake_no_failure_takes_it_down_or_up() -> None:
    unwell = failed_often(NEW, FAILURES_UNTIL_DOWN + 1).failed("worse", fatal=True, silent=True)
    assert (unwell.state, unwell.why) == (EndpointState.VERIFYING, "worse")


def test_single_failures_leave_it_ready_and_the_third_in_a_row_takes_it_down() -> None:
    once_less = failed_often(READY, FAILURES_UNTIL_DOWN - 1)
    assert (once_less.state, once_less.failures) == (EndpointState.READY, FAILURES_UNTIL_DOWN - 1)
    down = once_less.failed("it broke off again")
    assert (down.state, down.why) == (EndpointState.DOWN, "it broke off again")


def test_a_success_between_failures_begins_the_count_anew() -> None:
    health = failed_often(READY, FAILURES_UNTIL_DOWN - 1).answered()
    assert (health.state, health.failures) == (EndpointState.READY, 0)
    health = failed_often(health, FAILURES_UNTIL_DOWN - 1)
    assert health.state is EndpointState.READY
    assert health.failed("it broke off").state is EndpointState.DOWN


def test_a_success_of_an_endpoint_without_failures_changes_nothing() -> None:
    assert READY.answered() is READY


@pytest.mark.parametrize(("fatal", "silent"), [(True, False), (False, True)])
def test_what_needs_no_repetition_takes_it_down_at_once(fatal: bool, silent: bool) -> None:
    down = READY.failed("why", fatal=fatal, silent=silent)
    assert (down.state, down.silent, down.failures) == (EndpointState.DOWN, silent, 1)
    assert down.versions == READY.versions


def test_it_is_silent_only_as_long_as_its_last_failure_was_silence() -> None:
    assert SILENT.silent
    assert SILENT.failed("again", silent=True).silent
    assert not SILENT.failed("nobody listens", fatal=True).silent


@STATES
def test_what_left_the_table_is_absent_and_no_failure_or_answer_brings_it_back(
    health: Health,
) -> None:
    gone = health.removed()
    assert gone == replace(health, state=EndpointState.ABSENT, why="no longer in the configuration")
    assert gone.failed("late", fatal=True).state is EndpointState.ABSENT
    assert failed_often(gone, FAILURES_UNTIL_DOWN).answered().state is EndpointState.ABSENT


def test_a_down_endpoint_stays_down_until_its_handshake() -> None:
    assert failed_often(DOWN, 5).answered().state is EndpointState.DOWN
    assert DOWN.verified(()).state is EndpointState.READY
