"""What one pod may still open: the largest of all it may go by, less what it opened since."""

from moorage_operator.planning.demand.promises import Promise, Promises


def test_until_a_pod_acknowledges_the_largest_promise_counts() -> None:
    promises = Promises(slots=2, report_seq=1)
    promises.add(Promise(1, 1, 5))
    promises.add(Promise(2, 1, 0))
    assert promises.outstanding == 5
    assert not promises.acknowledge(0)
    promises.acknowledge(1)
    assert promises.outstanding == 5
    assert promises.acknowledge(2)
    assert promises.outstanding == 0


def test_a_slot_is_used_by_an_opening_and_free_again_with_the_end() -> None:
    promises = Promises(slots=3, report_seq=1)
    promises.opened(2)
    promises.opened(2)
    promises.opened(3)
    assert promises.outstanding == 0
    promises.ended(2)
    assert promises.outstanding == 1
    promises.ended(3)
    assert promises.outstanding == 2
    promises.ended(2)
    assert promises.outstanding == 3
    assert promises.is_used, "the pod may not have heard of their ends"


def test_what_a_promise_knew_of_is_no_use_of_it() -> None:
    promises = Promises(slots=3, report_seq=1)
    promises.opened(1)
    assert promises.outstanding == 3
    assert not promises.is_used
    promises.opened(2)
    promises.add(Promise(1, 2, 1))
    assert promises.outstanding == 2, "by the older one, of which one is used"
    assert not promises.is_used, "the newest one knows of it"


def test_each_standing_promise_keeps_the_openings_that_it_does_not_know_of() -> None:
    promises = Promises(slots=0, report_seq=1)
    promises.add(Promise(1, 2, 4))
    promises.add(Promise(2, 4, 2))
    for report_seq in (2, 3, 4, 5):
        promises.opened(report_seq)
    promises.acknowledge(1)
    assert promises.outstanding == 1
    promises.ended(3)
    assert promises.outstanding == 2
    assert promises.acknowledge(2)
    promises.ended(4)
    assert promises.outstanding == 1, "the newest one knew of it: its slot is given away anew"
    promises.ended(5)
    assert promises.outstanding == 2


def test_what_is_kept_beyond_an_acknowledged_promise_counts() -> None:
    promises = Promises(slots=3, report_seq=1)
    promises.add(Promise(1, 1, 1))
    promises.kept = 3
    assert promises.acknowledge(1)
    assert promises.outstanding == 3
    promises.kept = 0
    assert promises.outstanding == 1
