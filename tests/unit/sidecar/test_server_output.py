"""What the bridge makes of a server's stdout and stderr."""

import logging

import pytest

from moorage_sidecar.processes.log_budget import LogBudget
from moorage_sidecar.processes.process_exit import ProcessExit
from moorage_sidecar.processes.process_log import ProcessLog, printable
from moorage_sidecar.server_lines import Noise, SpoiltAnswer, read_server_line


def test_a_line_may_hold_one_message_or_a_batch() -> None:
    one = b'{"jsonrpc":"2.0","id":1,"result":{}}'
    for line, ids in ((one, [b"1"]), (b"[" + one + b"," + one + b"]", [b"1", b"1"])):
        messages = read_server_line(line)
        assert isinstance(messages, tuple)
        assert [message.id for message in messages] == ids


@pytest.mark.parametrize(
    ("line", "raw_id"),
    [
        (b'{"jsonrpc":"2.0","id":1,"result":NaN}', b"1"),
        (b'{"jsonrpc":"2.0","id":"a","result":{"x":"\\ud800"}}', b'"a"'),
        (b'{"jsonrpc":"2.0","id":1,"result":{},"id":2}', b"2"),
    ],
)
def test_an_unsafe_answer_still_tells_whose_it_is(line: bytes, raw_id: bytes) -> None:
    spoilt = read_server_line(line)
    assert isinstance(spoilt, SpoiltAnswer)
    assert spoilt.raw_id == raw_id


@pytest.mark.parametrize(
    "line",
    [
        b"starting up",
        b"{'jsonrpc': '2.0'}",
        b'{"level":"info","msg":"started"}',
        b'{"jsonrpc":"2.0","id":1,"result":{}} trailing',
        b"null",
        b"{}",
        b'{"id":1,"method":"x"}',
        b"[]",
        b"\xff\xfe",
        b'{"id":null}',
        b"[" * 99,
    ],
)
def test_everything_else_is_noise(line: bytes) -> None:
    assert isinstance(read_server_line(line), Noise)


def test_a_budget_swallows_a_burst_and_earns_lines_back() -> None:
    budget = LogBudget(lines_per_second=2, burst_lines=3)
    taken = [budget.take(now) for now in (0, 0, 0, 0, 0.5, 0.5)]

    assert taken == [True, True, True, False, True, False]
    assert budget.collect_suppressed() == 2
    assert budget.collect_suppressed() == 0


def test_a_budget_does_not_save_up_beyond_its_burst() -> None:
    budget = LogBudget(lines_per_second=100, burst_lines=2)
    assert [budget.take(now) for now in (0, 1000, 1000, 1000)] == [True, True, True, False]


def test_the_tail_is_the_last_two_kibibytes() -> None:
    log = ProcessLog({})
    for number in range(1000):
        log.stderr(b"line %d" % number)
    log.stderr(b"x" * 1500)

    assert len(log.tail()) <= 2048
    assert log.tail().splitlines()[-2:] == ["line 999", "x" * 1500]


def test_swallowed_lines_are_counted_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    log = ProcessLog({"session": "abc"})
    for _ in range(500):
        log.stderr(b"noise")
    log.flush()

    swallowed = [vars(r)["facts"] for r in caplog.records if "swallowed" in r.getMessage()]
    assert sum(facts["lines"] for facts in swallowed) >= 390
    assert all(vars(record)["facts"]["session"] == "abc" for record in caplog.records)


def test_a_logged_line_is_short_and_cannot_forge_another() -> None:
    assert printable(b"a\nb\x1b[31m\r") == "a\\nb\\x1b[31m\\r"
    assert len(printable(b"x" * 10_000)) == 500


@pytest.mark.parametrize(
    ("status", "text"),
    [(0, "exit code 0"), (3, "exit code 3"), (-9, "signal SIGKILL"), (-99, "signal 99")],
)
def test_an_end_is_told_in_words(status: int, text: str) -> None:
    assert ProcessExit(status).describe() == text
    assert ProcessExit(status, "why").describe_with_stderr().endswith("why")
