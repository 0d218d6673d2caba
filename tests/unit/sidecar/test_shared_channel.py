"""Ids of several clients on one channel, and whose a message is."""

from typing import Any

import msgspec
import pytest

from moorage_sidecar.sharing.call_choice import (
    EndOfCall,
    NotAllowed,
    ToCall,
    ToNobody,
    choose_call,
)
from moorage_sidecar.sharing.translation import (
    SUBSCRIPTION_MEMBER,
    answer_from_channel,
    event_from_channel,
    progress_from_channel,
    to_channel,
)
from moorage_wire.jsonrpc import Message, read_message


def message(**members: object) -> Message:
    return read_message(msgspec.json.encode({"jsonrpc": "2.0", **members}))


def body(sent: Message) -> Any:
    return msgspec.json.decode(sent.encode())


def test_a_request_travels_under_one_fresh_integer_in_both_places() -> None:
    meta = {"progressToken": "mine", "traceparent": "kept"}
    sent = to_channel(message(id="a", method="tools/call", params={"x": 1, "_meta": meta}), 7)

    assert body(sent) == {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "tools/call",
        "params": {"x": 1, "_meta": {"progressToken": 7, "traceparent": "kept"}},
    }


def test_a_request_without_a_token_gets_none() -> None:
    assert "_meta" not in body(to_channel(message(id=1, method="ping", params={}), 7))["params"]


@pytest.mark.parametrize("raw_id", [b'"a"', b"5", '"ü"'.encode()])
def test_an_answer_comes_back_under_the_callers_id(raw_id: bytes) -> None:
    answer = answer_from_channel(message(id=7, result={"x": [1, 2]}), raw_id)
    assert body(answer) == {
        "jsonrpc": "2.0",
        "id": msgspec.json.decode(raw_id),
        "result": {"x": [1, 2]},
    }


def test_the_closing_answer_of_a_subscription_names_it_in_its_result() -> None:
    result = {"resultType": "complete", "_meta": {SUBSCRIPTION_MEMBER: 7, "other": 1}}
    answer = answer_from_channel(message(id=7, result=result), b'"s"')
    assert body(answer)["result"] == {
        "resultType": "complete",
        "_meta": {SUBSCRIPTION_MEMBER: "s", "other": 1},
    }


def test_a_text_that_speaks_of_subscriptions_is_left_alone() -> None:
    result = {"content": [{"text": SUBSCRIPTION_MEMBER}]}
    assert body(answer_from_channel(message(id=7, result=result), b"1"))["result"] == result


def test_progress_and_events_carry_the_callers_own_names() -> None:
    progress = message(
        method="notifications/progress", params={"progressToken": 7, "progress": 0.5}
    )
    event = message(method="notifications/x", params={"_meta": {SUBSCRIPTION_MEMBER: 7}})

    assert body(progress_from_channel(progress, b'"t"'))["params"] == {
        "progressToken": "t",
        "progress": 0.5,
    }
    assert body(event_from_channel(event, b'"s"'))["params"]["_meta"] == {SUBSCRIPTION_MEMBER: "s"}


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"id": 7, "result": {}}, ToCall(7)),
        ({"id": 7, "error": {"code": 1, "message": ""}}, ToCall(7)),
        ({"method": "notifications/progress", "params": {"progressToken": 7}}, ToCall(7)),
        ({"method": "notifications/x", "params": {"_meta": {SUBSCRIPTION_MEMBER: 7}}}, ToCall(7)),
        ({"method": "notifications/cancelled", "params": {"requestId": 7}}, EndOfCall(7)),
        ({"id": 7, "method": "sampling/createMessage", "params": {}}, NotAllowed()),
    ],
)
def test_a_message_belongs_to_the_call_that_it_names(
    members: dict[str, Any], expected: Any
) -> None:
    assert choose_call(message(**members), []) == expected


@pytest.mark.parametrize(
    "members",
    [
        {"id": "7", "result": {}},
        {"id": -7, "result": {}},
        {"method": "notifications/progress", "params": {"progressToken": "7"}},
        {"method": "notifications/tools/list_changed", "params": {}},
        {"method": "notifications/cancelled", "params": {}},
    ],
)
def test_what_names_no_call_of_ours_reaches_nobody(members: dict[str, Any]) -> None:
    assert isinstance(choose_call(message(**members), [1]), ToNobody)


def test_a_log_message_is_delivered_only_where_it_cannot_be_anothers() -> None:
    log = message(method="notifications/message", params={"data": "x"})

    assert choose_call(log, [3]) == ToCall(3)
    assert isinstance(choose_call(log, [3, 4]), ToNobody)
    assert isinstance(choose_call(log, []), ToNobody)
