"""An HTTP+SSE endpoint says everything on one stream; each message goes to exactly one of ours."""

import pytest

from moorage_gateway.errors import CapacityError, MalformedRequest
from moorage_gateway.relaying.http_sse.outbox import Outbox
from moorage_gateway.relaying.http_sse.waiting_calls import (
    MAX_WAITING,
    WaitingCalls,
    WaitingPost,
)
from moorage_wire.jsonrpc import Message, read_message


def request(raw_id: str, token: str | None = None) -> Message:
    meta = "" if token is None else f',"params":{{"_meta":{{"progressToken":{token}}}}}'
    return read_message(f'{{"jsonrpc":"2.0","id":{raw_id},"method":"tools/call"{meta}}}'.encode())


def response(raw_id: str) -> Message:
    return read_message(f'{{"jsonrpc":"2.0","id":{raw_id},"result":{{}}}}'.encode())


def notification(method: str, params: str = "{}") -> Message:
    return read_message(f'{{"jsonrpc":"2.0","method":"{method}","params":{params}}}'.encode())


def post(calls: WaitingCalls, *requests: Message, events: bool = True) -> WaitingPost:
    waiting = WaitingPost(requests, Outbox(), events=events)
    calls.add(requests, waiting)
    return waiting


LOG = notification("notifications/message")


@pytest.mark.parametrize(
    ("asked", "answered"),
    [("1", "1"), ('"a"', '"a"'), ('"\\u00e9"', '"é"'), ('"é"', '"\\u00E9"')],
)
async def test_an_answer_goes_to_who_asked_however_the_id_is_spelled(
    asked: str, answered: str
) -> None:
    calls = WaitingCalls()
    other, own = post(calls, request("77")), post(calls, request(asked))
    assert calls.answered(response(answered)) is own
    assert len(calls) == 1 and calls.posts == (other,)


async def test_an_answer_to_nobody_and_a_second_answer_find_nobody() -> None:
    calls = WaitingCalls()
    post(calls, request("1"))
    assert calls.answered(response('"1"')) is None
    assert calls.answered(response("1")) is not None
    assert calls.answered(response("1")) is None


async def test_a_batch_ends_with_its_last_answer() -> None:
    calls = WaitingCalls()
    waiting = post(calls, request("1"), request("2"))
    for raw_id in ("2", "1"):
        assert not waiting.outbox.closed
        found = calls.answered(response(raw_id))
        assert found is waiting
        waiting.answer(response(raw_id))
    assert waiting.outbox.closed


async def test_an_id_in_flight_cannot_be_used_again() -> None:
    calls = WaitingCalls()
    post(calls, request("1"))
    with pytest.raises(MalformedRequest):
        post(calls, request("1"))
    with pytest.raises(MalformedRequest):
        post(calls, request("2"), request("2"))
    assert len(calls) == 1


async def test_no_more_calls_wait_than_the_bound_allows() -> None:
    calls = WaitingCalls()
    for number in range(MAX_WAITING):
        post(calls, request(str(number)))
    with pytest.raises(CapacityError):
        post(calls, request("999999"))


async def test_progress_goes_to_the_call_that_it_names() -> None:
    calls = WaitingCalls()
    first, second = post(calls, request("1", '"a"')), post(calls, request("2", "7"))
    for token, owner in (('"a"', first), ("7", second)):
        progress = notification("notifications/progress", f'{{"progressToken":{token}}}')
        assert calls.concerned(progress, listening=True) is owner
        assert calls.concerned(progress, listening=False) is owner
    assert (
        calls.concerned(
            notification("notifications/progress", '{"progressToken":"7"}'), listening=True
        )
        is None
    )


async def test_what_comes_during_one_single_call_goes_to_it_in_order() -> None:
    calls = WaitingCalls()
    only = post(calls, request("1"))
    assert calls.concerned(LOG, listening=True) is only


async def test_what_comes_during_several_calls_goes_to_the_get_stream_where_there_is_one() -> None:
    calls = WaitingCalls()
    oldest, _younger = post(calls, request("1")), post(calls, request("2"))
    assert calls.concerned(LOG, listening=True) is None
    assert calls.concerned(LOG, listening=False) is oldest


async def test_a_call_that_reads_no_events_gets_nothing_but_its_answer() -> None:
    calls = WaitingCalls()
    post(calls, request("1", '"a"'), events=False)
    progress = notification("notifications/progress", '{"progressToken":"a"}')
    for message in (LOG, progress):
        assert calls.concerned(message, listening=True) is None
        assert calls.concerned(message, listening=False) is None


async def test_a_call_that_was_left_is_forgotten_with_its_token() -> None:
    calls = WaitingCalls()
    left = post(calls, request("1", '"a"'))
    calls.remove(left)
    assert calls.answered(response("1")) is None
    progress = notification("notifications/progress", '{"progressToken":"a"}')
    assert calls.concerned(progress, listening=False) is None
