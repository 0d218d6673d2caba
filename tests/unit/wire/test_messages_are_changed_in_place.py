"""A message under another id or with another param keeps every other byte."""

import json

import msgspec
import pytest

from moorage_wire.jsonrpc import MalformedMessage, Message, MessageKind, read_message, text_of

CALL = (
    b'{"jsonrpc":"2.0","id":"a-1","method":"tools/call","params":{"name":"add",'
    b'"arguments":{"x":[1, 2.50],"y":"\\u00e9"},"_meta":{"progressToken":7,"traceparent":"00-a"}}}'
)


def read(body: bytes) -> Message:
    return read_message(body)


def test_the_three_kinds_are_told_apart() -> None:
    assert read(CALL).kind is MessageKind.REQUEST
    assert read(b'{"jsonrpc":"2.0","method":"x"}').kind is MessageKind.NOTIFICATION
    assert read(b'{"jsonrpc":"2.0","id":1,"result":{}}').kind is MessageKind.RESPONSE


def test_levels_that_are_read_are_there_as_raw_text() -> None:
    message = read(CALL)
    assert message.id == b'"a-1"'
    assert message.params is not None
    assert bytes(message.params["arguments"]) == b'{"x":[1, 2.50],"y":"\\u00e9"}'
    assert message.meta is not None
    assert bytes(message.meta["progressToken"]) == b"7"
    assert bytes(message.members["id"]) == b'"a-1"'


def test_absent_levels_are_none() -> None:
    message = read(b'{"jsonrpc":"2.0","id":1,"method":"ping"}')
    assert message.params is None
    assert message.meta is None
    assert message.string_param("name") is None
    assert message.string_meta("progressToken") is None


def test_array_params_stay_in_the_members() -> None:
    message = read(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1, 2]}')
    assert message.params is None
    assert bytes(message.members["params"]) == b"[1, 2]"


def test_only_strings_are_given_as_strings() -> None:
    message = read(CALL)
    assert message.string_param("name") == "add"
    assert message.string_param("arguments") is None
    assert message.string_param("uri") is None
    assert message.string_meta("traceparent") == "00-a"
    assert message.string_meta("progressToken") is None


def test_white_space_is_dropped_at_the_levels_that_are_read_only() -> None:
    body = b'{ "jsonrpc": "2.0", "method": "m", "params": { "a": [1, 2], "_meta": { "b": { } } } }'
    expected = b'{"jsonrpc":"2.0","method":"m","params":{"a":[1, 2],"_meta":{"b":{ }}}}'
    assert read(body).encode() == expected


def test_another_id_changes_nothing_else() -> None:
    changed = read(CALL).with_id(b"900")
    assert changed.encode() == CALL.replace(b'"a-1"', b"900")
    assert changed == read(changed.encode())


def test_a_response_takes_another_id() -> None:
    response = read(b'{"jsonrpc":"2.0","id":900,"result":{"content":[ ]}}')
    assert response.with_id(b'"a-1"').encode() == (
        b'{"jsonrpc":"2.0","id":"a-1","result":{"content":[ ]}}'
    )


def test_a_notification_gets_no_id() -> None:
    with pytest.raises(ValueError, match="change its kind"):
        read(b'{"jsonrpc":"2.0","method":"x"}').with_id(b"1")


def test_a_param_is_replaced_where_it_stands() -> None:
    changed = read(CALL).with_param("name", b'"sub"')
    assert changed.encode() == CALL.replace(b'"add"', b'"sub"')
    assert changed.string_param("name") == "sub"
    assert changed == read(changed.encode())


def test_a_param_is_added_behind_the_others() -> None:
    changed = read(CALL).with_param("requestState", b'"s"')
    assert changed.encode() == CALL[:-2] + b',"requestState":"s"}}'
    assert changed == read(changed.encode())


def test_replacing_the_meta_shows_in_the_meta() -> None:
    changed = read(CALL).with_param("_meta", b'{"progressToken":8}')
    assert changed.meta == {"progressToken": msgspec.Raw(b"8")}
    assert changed == read(changed.encode())


@pytest.mark.parametrize("tail", [b"}", b',"params":null}'])
def test_a_message_without_params_gets_some(tail: bytes) -> None:
    message = read(b'{"jsonrpc":"2.0","id":1,"method":"tools/list"' + tail)
    changed = message.with_param("cursor", b'"c"')
    assert json.loads(changed.encode())["params"] == {"cursor": "c"}
    assert changed == read(changed.encode())


def test_array_params_take_no_member() -> None:
    message = read(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}')
    with pytest.raises(MalformedMessage, match="BadParams at params"):
        message.with_param("cursor", b'"c"')


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b'"a"', "a"),
        (b'""', ""),
        (b'"\\u00e9\\n"', "\u00e9\n"),
        (b'"\xc3\xa9"', "\u00e9"),
        (b"1", None),
        (b"null", None),
        (b'["a"]', None),
        (b'"a', None),
        (b'"a" b', None),
        (b'"\xff"', None),
        (b'"\\ud800"', None),
        (b"", None),
    ],
)
def test_text_of_a_raw_value(raw: bytes, text: str | None) -> None:
    assert text_of(raw) == text
