"""Of other people's log records we tell their own words, and each kind at a bounded rate."""

import json
import logging
from types import TracebackType

import pytest
from aiohttp.http_exceptions import BadStatusLine, InvalidHeader

from moorage_gateway.reporting.foreign_log import (
    INTERVAL_SECONDS,
    MAX_KINDS,
    ForeignLog,
    foreign_line,
    own_words,
)
from moorage_gateway.reporting.log_json import encode_line, own_line

SECRET = "canary-4711"


def record(
    message: str,
    *args: object,
    logger: str = "asyncio",
    exception: BaseException | None = None,
    facts: dict[str, object] | None = None,
) -> logging.LogRecord:
    trace: TracebackType | None = exception.__traceback__ if exception else None
    info = (type(exception), exception, trace) if exception else None
    made = logging.LogRecord(logger, logging.ERROR, "", 0, message, args, info)
    if facts is not None:
        made.facts = facts
    return made


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (
            f"Task exception was never retrieved\nfuture: <Task exception=ValueError('{SECRET}')>",
            "Task exception was never retrieved",
        ),
        (
            f"Exception in callback Proto.data_received(b'{SECRET}')\nhandle: <Handle>",
            "Exception in callback Proto.data_received",
        ),
        (f"Executing <Handle {SECRET}> took 0.2 seconds", "Executing"),
        (f"protocol: {SECRET}", "protocol"),
        ("Unclosed connection", "Unclosed connection"),
    ],
)
def test_a_message_ends_where_it_begins_to_quote(message: str, words: str) -> None:
    assert own_words(record(message)) == words


def test_of_a_template_the_arguments_are_left_out() -> None:
    assert own_words(record("Can not load cookies: %r", SECRET, logger="aiohttp.internal")) == (
        "Can not load cookies: %r"
    )


def test_a_library_we_do_not_know_may_have_quoted_anything() -> None:
    assert SECRET not in own_words(record(f"token {SECRET} refused", logger="somelib"))


@pytest.mark.parametrize("exception", [BadStatusLine(SECRET), InvalidHeader(SECRET)])
def test_a_rejected_head_is_told_by_its_class(exception: Exception) -> None:
    refused = record("Error handling request from %s", "1.2.3.4", logger="aiohttp.server",
                     exception=exception)  # fmt: skip
    line = encode_line(foreign_line(refused, 7))
    assert SECRET not in line
    told = json.loads(line)
    assert (told["reason"], told["count"], told["level"]) == (
        type(exception).__name__,
        7,
        "WARNING",
    )


def raised() -> Exception:
    def fail() -> None:
        try:
            int(SECRET)
        except ValueError as cause:
            raise RuntimeError(f"cannot read {SECRET}") from cause

    with pytest.raises(RuntimeError) as caught:
        fail()
    return caught.value


def test_an_exception_is_told_by_types_and_places() -> None:
    line = encode_line(foreign_line(record("Unhandled exception", exception=raised()), 1))
    assert SECRET not in line
    story = json.loads(line)["exception"]
    assert (story["type"], story["cause"]["type"]) == ("RuntimeError", "ValueError")
    assert story["at"][-1].startswith("unit/reporting/test_foreign_logs_are_stripped.py:")
    assert story["at"][-1].endswith("fail")


def test_our_own_records_keep_their_words_and_facts_but_no_exception_message() -> None:
    own = record("cannot read %s", "ring.json", logger="moorage_gateway.x", exception=raised(),
                 facts={"route": "/a", "message": "not mine", "when": object()})  # fmt: skip
    line = encode_line(own_line(own))
    assert SECRET not in line
    told = json.loads(line)
    assert told["message"] == "cannot read ring.json"
    assert (told["route"], told["when"]) == ("/a", "object")


def test_a_slip_in_a_log_call_does_not_fail_its_caller() -> None:
    assert own_line(record("%d sessions", "many")).message == "%d sessions"


def test_a_line_is_printable_ascii() -> None:
    line = encode_line(own_line(record("a\nb\x1b\x9b\x7f\u2028\ud800")))
    assert all(" " <= character < "\x7f" for character in line)
    assert json.loads(line)["message"] == "a\nb\x1b\x9b\x7f\u2028\ud800"


def test_the_first_of_a_kind_is_told_at_once_and_a_flood_once_per_interval() -> None:
    log = ForeignLog()
    flood = record("x %s", 1, exception=BadStatusLine("y"))
    assert log.admit(flood, 100.0) == 1
    assert [log.admit(flood, 100.0 + n / 1000) for n in range(1, 501)] == [0] * 500
    assert log.admit(flood, 100.0 + INTERVAL_SECONDS) == 501
    assert log.admit(flood, 100.1 + INTERVAL_SECONDS) == 0
    assert log.untold() == {"asyncio BadStatusLine": 1}
    assert log.untold() == {}


def test_kinds_do_not_wait_for_each_other() -> None:
    log = ForeignLog()
    assert log.admit(record("x", exception=BadStatusLine("y")), 1.0) == 1
    assert log.admit(record("x", exception=InvalidHeader("y")), 1.0) == 1


def test_kinds_past_the_bound_are_one_kind() -> None:
    log = ForeignLog()
    told = [log.admit(record(f"words{n}"), 1.0) for n in range(MAX_KINDS + 50)]
    assert sum(told) == MAX_KINDS + 1
    assert log.untold() == {"overflow": 49}
