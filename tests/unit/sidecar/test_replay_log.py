"""What of a session's events can be replayed, and what cannot."""

import pytest

from moorage_sidecar.sessions.replay_log import EventPosition, ReplayLog, read_event_id


def messages(log: ReplayLog, event_id: bytes | None) -> list[bytes]:
    assert event_id is not None
    position = read_event_id(event_id)
    assert position is not None
    return [delivery.message for delivery in log.after(position)]


def test_only_later_events_of_the_same_stream_are_replayed() -> None:
    log = ReplayLog(10, 1000)
    first = log.record(1, b"a", is_answer=False)
    log.record(2, b"other", is_answer=False)
    log.record(1, b"b", is_answer=False)
    log.record(1, b"c", is_answer=True)

    assert messages(log, first.event_id) == [b"b", b"c"]


def test_ids_are_unique_in_a_session_and_say_their_stream() -> None:
    log = ReplayLog(10, 1000)
    ids = [log.next_id(1), log.record(2, b"", is_answer=False).event_id, log.next_id(1)]

    assert ids == [b"1-1", b"2-2", b"1-3"]


def test_a_priming_id_comes_before_every_event_of_its_stream() -> None:
    log = ReplayLog(10, 1000)
    priming = log.next_id(1)
    log.record(1, b"a", is_answer=False)

    assert messages(log, priming) == [b"a"]


def test_the_oldest_events_go_first_by_number_and_by_size() -> None:
    by_number, by_size = ReplayLog(3, 10**6), ReplayLog(100, 10)
    for text in (b"aaaa", b"bbbb", b"cccc", b"dddd"):
        by_number.record(1, text, is_answer=False)
        by_size.record(1, text, is_answer=False)

    assert messages(by_number, b"1-0") == [b"bbbb", b"cccc", b"dddd"]
    assert messages(by_size, b"1-0") == [b"cccc", b"dddd"]


def test_the_newest_event_is_kept_whatever_its_size() -> None:
    log = ReplayLog(10, 10)
    log.record(1, b"small", is_answer=False)
    log.record(1, b"x" * 1000, is_answer=True)

    assert messages(log, b"1-0") == [b"x" * 1000]


def test_a_forgotten_stream_frees_its_room() -> None:
    log = ReplayLog(10, 10)
    log.record(1, b"aaaaa", is_answer=False)
    log.forget(1)
    log.record(2, b"bbbbb", is_answer=False)
    log.record(2, b"ccccc", is_answer=False)

    assert messages(log, b"1-0") == []
    assert messages(log, b"2-0") == [b"bbbbb", b"ccccc"]


def test_an_id_beyond_the_counter_was_never_given() -> None:
    log = ReplayLog(10, 10)
    log.next_id(1)

    assert log.has_issued(EventPosition(1, 1))
    assert not log.has_issued(EventPosition(1, 2))


@pytest.mark.parametrize("text", [b"", b"1", b"-1", b"1-", b"a-1", b"1-1 ", b"1-" + b"9" * 99])
def test_what_this_bridge_never_wrote_is_no_position(text: bytes) -> None:
    assert read_event_id(text) is None
