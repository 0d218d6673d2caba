"""Which stream of a session a server's message goes to."""

import msgspec
import pytest

from moorage_sidecar.sessions.stream_choice import (
    GET_STREAM,
    Drop,
    Hold,
    OpenStreams,
    ToStream,
    canonical_id,
    choose_stream,
)
from moorage_wire.jsonrpc import Message, read_message


def message(**members: object) -> Message:
    return read_message(msgspec.json.encode({"jsonrpc": "2.0", **members}))


QUESTION = message(id=1, method="sampling/createMessage", params={})
NEWS = message(method="notifications/tools/list_changed")
ANSWER = message(id=1, result={})


def progress(token: object) -> Message:
    return message(method="notifications/progress", params={"progressToken": token, "progress": 1})


@pytest.mark.parametrize("news", [QUESTION, NEWS])
def test_what_concerns_no_request_goes_to_the_get_stream(news: Message) -> None:
    streams = OpenStreams(get_is_open=True, posts=[3, 4])
    assert choose_stream(news, streams) == ToStream(GET_STREAM)


@pytest.mark.parametrize("news", [QUESTION, NEWS])
def test_without_a_get_stream_it_goes_to_the_oldest_post(news: Message) -> None:
    assert choose_stream(news, OpenStreams(posts=[3, 4])) == ToStream(3)


@pytest.mark.parametrize("news", [QUESTION, NEWS])
def test_without_any_stream_it_waits(news: Message) -> None:
    assert choose_stream(news, OpenStreams()) == Hold()


def test_an_answer_goes_to_the_stream_that_asked_and_nowhere_else() -> None:
    streams = OpenStreams(calls={b"1": 5}, get_is_open=True, posts=[3])
    assert choose_stream(ANSWER, streams) == ToStream(5)


def test_an_answer_that_nobody_waits_for_is_dropped_although_streams_are_open() -> None:
    streams = OpenStreams(calls={b"2": 5}, get_is_open=True, posts=[3])
    assert isinstance(choose_stream(ANSWER, streams), Drop)


def test_an_error_with_null_id_reaches_no_call() -> None:
    error = message(id=None, error={"code": -32700, "message": "what?"})
    streams = OpenStreams(calls={b"1": 5}, get_is_open=True)
    assert isinstance(choose_stream(error, streams), Drop)


def test_progress_goes_to_the_request_that_gave_the_token() -> None:
    streams = OpenStreams(progress={b'"t"': 5, b"7": 6}, get_is_open=True, posts=[3])
    assert choose_stream(progress("t"), streams) == ToStream(5)
    assert choose_stream(progress(7), streams) == ToStream(6)


def test_progress_with_an_unknown_token_goes_where_the_client_listens() -> None:
    assert choose_stream(progress("t"), OpenStreams(get_is_open=True)) == ToStream(GET_STREAM)
    assert choose_stream(progress("t"), OpenStreams(posts=[3])) == ToStream(3)


def test_progress_is_not_kept_for_later() -> None:
    assert isinstance(choose_stream(progress("t"), OpenStreams()), Drop)


def test_a_number_and_a_string_of_it_are_two_ids() -> None:
    assert canonical_id(b"1") != canonical_id(b'"1"')


@pytest.mark.parametrize("spelling", [b'"\\u00e9\\/"', '"é/"'.encode(), b'"\\u00E9/"'])
def test_spellings_of_one_string_are_one_id(spelling: bytes) -> None:
    assert canonical_id(spelling) == '"é/"'.encode()
