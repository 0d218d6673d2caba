"""Failures in a row are followed by longer and longer waits, with a bound and a spread."""

from moorage_gateway.watching.backoff import FIRST_SECONDS, LAST_SECONDS, Backoff


def after(failures: int) -> Backoff:
    backoff = Backoff()
    for _ in range(failures):
        backoff = backoff.failed()
    return backoff


def test_without_a_failure_there_is_no_wait() -> None:
    assert Backoff().seconds(1.0) == 0


def test_waits_double_up_to_the_bound() -> None:
    waits = [after(count).seconds(1.0) for count in range(1, 9)]
    assert waits[:4] == [FIRST_SECONDS * 2**count for count in range(4)]
    assert waits[-1] == LAST_SECONDS
    assert after(100_000).seconds(1.0) == LAST_SECONDS


def test_jitter_spreads_over_half_of_the_wait() -> None:
    assert after(20).seconds(0.0) == LAST_SECONDS / 2
    assert after(20).seconds(0.5) == LAST_SECONDS * 0.75
