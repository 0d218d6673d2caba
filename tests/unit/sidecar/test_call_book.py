"""Calls that the bridge answers itself, because the server does not."""

import msgspec

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.sessions.call_book import CallBook
from moorage_wire.jsonrpc import read_message

LIMITS = BridgeLimits(answer_seconds=10, question_seconds=2000)
QUESTION = read_message(b'{"jsonrpc":"2.0","id":"q","method":"elicitation/create"}')


def book(*ids: int) -> CallBook:
    opened = CallBook(10)
    for number in ids:
        body = {"jsonrpc": "2.0", "id": number, "method": "tools/call"}
        opened.open(read_message(msgspec.json.encode(body)), stream=number, now=0)
    return opened


def overdue(calls: CallBook, now: float) -> list[tuple[bytes, str]]:
    return [(call.raw_id, refusal.reason) for call, refusal in calls.overdue(now, LIMITS)]


def test_a_silent_call_is_overdue_at_the_bound() -> None:
    assert overdue(book(1), 9.9) == []
    assert overdue(book(1), 10) == [(b"1", "NoAnswer")]


def test_news_on_a_stream_keeps_its_calls_and_no_others() -> None:
    calls = book(1, 2)
    calls.hear(1, now=5)
    assert overdue(calls, 12) == [(b"2", "NoAnswer")]


def test_while_the_server_waits_for_the_client_nothing_is_overdue() -> None:
    calls = book(1)
    calls.question(QUESTION, now=1)
    calls.excuse(1000, LIMITS)
    assert overdue(calls, 1000) == []
    calls.settle(b'"q"', now=1000)
    assert overdue(calls, 1005) == []
    assert overdue(calls, 1010) == [(b"1", "NoAnswer")]


def test_a_question_that_nobody_answers_excuses_no_hanging_server_for_ever() -> None:
    calls = book(1)
    calls.question(QUESTION, now=1)
    for now in range(1, 2001):
        calls.excuse(now, LIMITS)
        assert overdue(calls, now) == []
    for now in range(2001, 2010):
        calls.excuse(now, LIMITS)
        assert overdue(calls, now) == []
    calls.excuse(2010, LIMITS)
    assert overdue(calls, 2010) == [(b"1", "NoAnswer")]


def test_a_question_that_never_reached_the_client_excuses_nothing() -> None:
    calls = book(1)
    calls.question(QUESTION, now=1)
    calls.unasked(QUESTION.id)
    calls.excuse(9, LIMITS)
    assert overdue(calls, 10) == [(b"1", "NoAnswer")]


def test_a_ping_to_the_client_is_nothing_to_think_about() -> None:
    calls = book(1)
    calls.question(read_message(b'{"jsonrpc":"2.0","id":"p","method":"ping"}'), now=1)
    calls.excuse(9, LIMITS)
    assert overdue(calls, 10) == [(b"1", "NoAnswer")]


def test_without_a_question_or_a_client_silence_is_not_excused() -> None:
    unasked, unreached = book(1), book(1)
    unasked.excuse(5, LIMITS)
    unreached.question(QUESTION, now=1)
    assert overdue(unasked, 10) == overdue(unreached, 10) == [(b"1", "NoAnswer")]


def test_a_question_is_over_with_the_last_call() -> None:
    calls = book(1)
    calls.question(QUESTION, now=1)
    calls.close(b"1")
    calls.open(read_message(b'{"jsonrpc":"2.0","id":2,"method":"x"}'), stream=2, now=0)
    calls.excuse(5, LIMITS)
    assert overdue(calls, 10) == [(b"2", "NoAnswer")]


def test_a_cancelled_call_is_answered_after_its_grace() -> None:
    calls = book(1, 2)
    calls.cancel(b"1", now=3)
    assert overdue(calls, 3.9) == []
    assert overdue(calls, 4) == [(b"1", "RequestCancelled")]


def test_a_closed_call_leaves_nothing_behind() -> None:
    calls = book(1)
    assert calls.close(b"1") is not None
    assert calls.close(b"1") is None
    assert (dict(calls.stream_of_id), overdue(calls, 99)) == ({}, [])
