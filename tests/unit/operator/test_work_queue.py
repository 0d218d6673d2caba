"""Which keys are due when: once each, one worker each, failures after growing pauses."""

from moorage_operator.api.metadata import ResourceName
from moorage_operator.running.resource_key import gateway_key, group_key
from moorage_operator.running.work_queue import (
    AFTER_CHANGE_SECONDS,
    FIRST_BACKOFF_SECONDS,
    LONGEST_BACKOFF_SECONDS,
    WorkQueue,
)

ONE = gateway_key(ResourceName("agents", "one"))
TWO = group_key(ResourceName("agents", "two"))


def test_a_key_is_taken_once_however_often_it_was_added() -> None:
    queue = WorkQueue()
    for _ in range(5):
        queue.add(ONE, 1.0)
    assert queue.take(1.0) == ONE
    assert queue.take(1.0) is None


def test_nothing_is_taken_before_it_is_due() -> None:
    queue = WorkQueue()
    queue.add(ONE, 5.0)
    queue.add(TWO, 3.0)
    assert queue.take(2.9) is None
    assert queue.next_due() == 3.0
    assert [queue.take(6.0), queue.take(6.0)] == [TWO, ONE]


def test_an_earlier_wish_wins_and_a_later_one_changes_nothing() -> None:
    queue = WorkQueue()
    queue.add(ONE, 5.0)
    queue.add(ONE, 2.0)
    queue.add(ONE, 9.0)
    assert queue.next_due() == 2.0
    assert queue.take(2.0) == ONE
    queue.done(ONE, look_again=None)
    assert queue.take(100.0) is None


def test_a_key_under_work_waits_for_its_worker() -> None:
    queue = WorkQueue()
    queue.add(ONE, 0.0)
    assert queue.take(0.0) == ONE
    queue.add(ONE, 1.0)
    assert queue.take(2.0) is None
    queue.done(ONE, look_again=300.0)
    assert queue.take(2.0) == ONE


def test_failures_pause_longer_each_time_up_to_a_bound() -> None:
    queue = WorkQueue()
    queue.add(ONE, 0.0)
    now, pauses = 0.0, []
    for _ in range(14):
        assert queue.take(now) == ONE
        pauses.append(queue.failed(ONE, now, jitter=1.0))
        assert queue.take(now) is None
        now += pauses[-1]
    assert pauses[:3] == [FIRST_BACKOFF_SECONDS, 0.2, 0.4]
    assert pauses[-1] == LONGEST_BACKOFF_SECONDS
    assert queue.take(now) == ONE
    queue.done(ONE, look_again=now)
    assert queue.take(now) == ONE
    assert queue.failed(ONE, now, jitter=0.0) == FIRST_BACKOFF_SECONDS / 2


def test_a_change_during_a_failing_run_shortens_the_pause_but_not_to_nothing() -> None:
    queue = WorkQueue()
    queue.add(ONE, 0.0)
    for _ in range(12):
        now = queue.next_due() or 0.0
        assert queue.take(now) == ONE
        queue.failed(ONE, now, jitter=1.0)
    now = queue.next_due() or 0.0
    assert queue.take(now) == ONE
    queue.add(ONE, now)
    queue.failed(ONE, now, jitter=1.0)
    assert queue.next_due() == now + AFTER_CHANGE_SECONDS


def test_what_is_done_for_good_is_forgotten() -> None:
    queue = WorkQueue()
    queue.add(ONE, 0.0)
    queue.take(0.0)
    queue.done(ONE, look_again=None)
    assert len(queue) == 0
    assert queue.next_due() is None


def test_the_heap_stays_in_proportion_to_the_keys() -> None:
    queue = WorkQueue()
    for round_ in range(10_000):
        queue.add(ONE, 20_000.0 - round_)
    assert len(queue._heap) < 50
    assert queue.take(20_000.0) == ONE
