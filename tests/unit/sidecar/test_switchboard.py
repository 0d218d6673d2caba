"""Streams of one session: what goes where, what is kept, what is refused."""

from typing import Any

import msgspec
import pytest

from moorage_sidecar.limits import BridgeLimits
from moorage_sidecar.outbox import Outbox
from moorage_sidecar.refusals import BadRequest, OutcomeUnknown, TooMany
from moorage_sidecar.sessions.event_stream import EventStream
from moorage_sidecar.sessions.switchboard import READER_STALLED, TOO_MUCH_HELD, Switchboard
from moorage_wire.jsonrpc import Message, read_message


def message(**members: object) -> Message:
    return read_message(msgspec.json.encode({"jsonrpc": "2.0", **members}))


def request(number: int, **params: object) -> Message:
    return message(id=number, method="tools/call", params=params)


def answer(number: int) -> Message:
    return message(id=number, result={})


def news(number: int = 0) -> Message:
    return message(method=f"notifications/{number}")


def board(**limits: Any) -> Switchboard:
    return Switchboard(BridgeLimits(**limits), resumable=True)


def outbox_of(stream: EventStream) -> Outbox:
    assert stream.outbox is not None
    return stream.outbox


def priming_of(stream: EventStream) -> bytes:
    assert stream.priming_id is not None
    return stream.priming_id


async def taken(stream: EventStream) -> list[bytes]:
    """What waits in a stream's outbox now."""
    messages = []
    try:
        while delivery := await outbox_of(stream).get(0.01):
            messages.append(delivery.message)
    except TimeoutError:
        pass
    return messages


async def test_a_stream_ends_with_its_last_answer() -> None:
    switchboard = board()
    stream = switchboard.open_post([request(1), request(2)], 0, carries_events=True)

    for each in (answer(2), news(), answer(1)):
        assert await switchboard.deliver(each, 0) is None

    assert await taken(stream) == [answer(2).wire, news().wire, answer(1).wire]
    assert outbox_of(stream).closed
    assert len(switchboard.calls) == 0


async def test_two_clients_of_one_session_get_their_own_answers() -> None:
    switchboard = board()
    streams = [switchboard.open_post([request(n)], 0, carries_events=True) for n in (1, 2)]

    await switchboard.deliver(answer(2), 0)
    await switchboard.deliver(answer(1), 0)

    assert [await taken(stream) for stream in streams] == [[answer(1).wire], [answer(2).wire]]


async def test_progress_does_not_go_to_a_client_that_reads_only_json() -> None:
    switchboard = board()
    asking = request(1, _meta={"progressToken": "t"})
    stream = switchboard.open_post([asking], 0, carries_events=False)
    progress = message(
        method="notifications/progress", params={"progressToken": "t", "progress": 1}
    )

    dropped = await switchboard.deliver(progress, 0)
    await switchboard.deliver(answer(1), 0)

    assert dropped == "progress that no open stream can carry"
    assert await taken(stream) == [answer(1).wire]


async def test_held_messages_open_the_next_stream_and_past_the_bound_are_dropped() -> None:
    switchboard = board(held_messages=2)

    outcomes = [await switchboard.deliver(news(number), 0) for number in range(3)]
    stream = switchboard.open_get()

    assert outcomes == [None, None, TOO_MUCH_HELD]
    assert await taken(stream) == [news(0).wire, news(1).wire]


async def test_the_bound_of_held_bytes_holds_too() -> None:
    switchboard = board(held_bytes=len(news(0).wire))

    assert await switchboard.deliver(news(0), 0) is None
    assert await switchboard.deliver(news(1), 0) == TOO_MUCH_HELD


async def test_what_a_gone_client_missed_waits_for_it() -> None:
    switchboard = board()
    stream = switchboard.open_post([request(1)], 0, carries_events=True)
    switchboard.detach(stream, outbox_of(stream))

    await switchboard.deliver(answer(1), 0)
    resumed = switchboard.resume(priming_of(stream))

    assert await taken(resumed) == [answer(1).wire]
    assert outbox_of(resumed).closed


async def test_an_old_connection_that_ends_late_does_not_end_the_new_one() -> None:
    switchboard = board()
    stream = switchboard.open_get()
    old = outbox_of(stream)
    resumed = switchboard.resume(priming_of(stream))

    assert not switchboard.detach(stream, old)
    await switchboard.deliver(news(), 0)

    assert old.closed
    assert await taken(resumed) == [news().wire]


async def test_what_is_no_longer_kept_is_a_named_refusal() -> None:
    switchboard = board()
    stream = switchboard.open_post([request(1)], 0, carries_events=True)
    await switchboard.deliver(answer(1), 0)
    switchboard.forget_events(stream)

    with pytest.raises(BadRequest, match="no longer kept"):
        switchboard.resume(priming_of(stream))


@pytest.mark.parametrize("event_id", [b"nonsense", b"9-1", b"0-99"])
async def test_an_id_that_was_never_given_opens_a_fresh_get_stream(event_id: bytes) -> None:
    assert board().resume(event_id).is_get


def test_a_batch_with_an_id_in_flight_changes_nothing() -> None:
    switchboard = board()
    switchboard.open_post([request(2)], 0, carries_events=True)

    with pytest.raises(BadRequest, match="already in flight"):
        switchboard.open_post([request(1), request(2)], 0, carries_events=True)

    assert len(switchboard.calls) == 1
    switchboard.open_post([request(1)], 0, carries_events=True)


def test_past_the_bound_of_calls_a_request_is_refused() -> None:
    switchboard = board(max_calls=1)
    switchboard.open_post([request(1)], 0, carries_events=True)

    with pytest.raises(TooMany):
        switchboard.open_post([request(2)], 0, carries_events=True)


async def test_at_the_end_every_caller_is_told_and_every_stream_ends() -> None:
    switchboard = board()
    posts = [switchboard.open_post([request(n)], 0, carries_events=True) for n in (1, 2)]
    get = switchboard.open_get()

    switchboard.close(OutcomeUnknown("it is over"))

    for number, stream in enumerate(posts, 1):
        (told,) = await taken(stream)
        body = msgspec.json.decode(told)
        assert (body["id"], body["error"]["code"]) == (number, -31001)
    assert await taken(get) == []
    assert outbox_of(get).closed


async def test_a_reader_that_stalls_is_named_and_its_connection_closed() -> None:
    switchboard = board(stream_queue_bytes=10, write_stall_seconds=0.05)
    stream = switchboard.open_get()
    outbox = outbox_of(stream)

    await switchboard.deliver(news(), 0)
    problem = await switchboard.deliver(news(), 0)

    assert problem == READER_STALLED
    assert outbox.closed
