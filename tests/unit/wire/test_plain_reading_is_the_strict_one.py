"""The fast reading is only a shortcut: it never says anything but what the strict one says."""

import json
from typing import Any

import msgspec
from hypothesis import example, given, settings
from hypothesis import strategies as st

from moorage_wire.json_document import MAX_DEPTH, looks_plain
from moorage_wire.jsonrpc import MalformedMessage, Message, read_message
from moorage_wire.plain_reader import read_plainly
from moorage_wire.strict_reader import read_strictly

TOOL_CALL = {
    "jsonrpc": "2.0",
    "id": 17,
    "method": "tools/call",
    "params": {
        "name": "search",
        "arguments": {"query": "toner", "limit": 10, "status": ["open", "waiting"]},
        "_meta": {"progressToken": "4f1c2a7e-9b1d"},
    },
}

tricky_text = st.one_of(
    st.sampled_from(
        ["", '"', "\\", '\\"', "[", "{", "]}", "[[[", "\0", "\n", "é", "\u2028", "😀", "1e400", "a"]
    ),
    st.text(max_size=6),
)
numbers = st.one_of(
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([1e308, 5e-324, 10**400, -(10**250)]),
)
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, tricky_text),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(tricky_text, inner, max_size=4)
    ),
    max_leaves=12,
)
params = st.dictionaries(
    st.one_of(
        st.sampled_from(["name", "arguments", "_meta", "uri", "cursor", "Name", "vendor"]),
        tricky_text,
    ),
    values,
    max_size=4,
)
envelopes = st.fixed_dictionaries(
    {"jsonrpc": st.just("2.0")},
    optional={
        "id": st.one_of(st.integers(), tricky_text, st.none(), st.floats(0, 1)),
        "method": st.one_of(st.sampled_from(["ping", "tools/call"]), tricky_text),
        "params": st.one_of(params, values),
        "result": values,
        "error": values,
        "extra": values,
    },
)
layouts = st.fixed_dictionaries(
    {"ensure_ascii": st.booleans(), "separators": st.sampled_from([(",", ":"), (", ", ": ")])}
)


def result_of(read: Any, body: bytes) -> Any:
    """What a reading comes to, so that two of them compare."""
    try:
        message = read(body)
    except MalformedMessage as refusal:
        return refusal.reason, refusal.path, refusal.code
    if message is None:
        return None
    return (
        *(getattr(message, field) for field in ("kind", "id", "method", "wire")),
        *map(plain_bytes, levels(message)),
    )


def levels(message: Message) -> tuple[dict[str, msgspec.Raw] | None, ...]:
    return message.params, message.meta, message.members


def plain_bytes(members: dict[str, msgspec.Raw] | None) -> dict[str, bytes] | None:
    return None if members is None else {name: bytes(raw) for name, raw in members.items()}


@settings(deadline=None, max_examples=300)
@given(envelope=envelopes, layout=layouts)
def test_both_readings_come_to_the_same(envelope: dict[str, Any], layout: dict[str, Any]) -> None:
    body = json.dumps(envelope, **layout).encode()
    quick = result_of(read_plainly, body)
    assert quick is None or quick == result_of(read_strictly, body)


@settings(deadline=None, max_examples=300)
@given(
    position=st.integers(0, 200),
    inserted=st.sampled_from(
        [b"", b" ", b'"', b"\\", b"[", b"}", b",", b'"id":2,', b"\xff", b"1e400", b"\\ud800", b"\0"]
    ),
    removed=st.integers(0, 3),
)
def test_a_damaged_body_is_read_as_json_reads_it_or_refused(
    position: int, inserted: bytes, removed: int
) -> None:
    body = json.dumps(TOOL_CALL, separators=(",", ":")).encode()
    position %= len(body)
    damaged = body[:position] + inserted + body[position + removed :]
    try:
        message = read_message(damaged)
    except MalformedMessage:
        return
    document = json.loads(damaged)
    assert message.method == document.get("method")
    assert message.string_param("name") == document.get("params", {}).get("name")
    assert json.loads(message.encode()) == document
    assert result_of(read_plainly, damaged) in (None, result_of(read_strictly, damaged))


def test_an_ordinary_call_takes_the_fast_way_and_goes_out_as_it_came() -> None:
    body = json.dumps(TOOL_CALL, separators=(",", ":")).encode()
    message = read_plainly(body)
    assert message is not None
    assert message.encode() is body


def test_a_large_call_takes_the_fast_way() -> None:
    code = 'if x == "}":\n\treturn [{}] * 1e400\n' * 3000
    call = TOOL_CALL | {"params": {"name": "write", "arguments": {"text": code, "mode": 420}}}
    body = json.dumps(call, separators=(",", ":")).encode()
    message = read_plainly(body)
    assert message is not None
    assert message.encode() is body


def depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return max(map(depth_of, inner), default=0) + isinstance(value, dict | list)


def has_only_finite_numbers(text: str) -> bool:
    try:
        return "Infinity" not in json.dumps(json.loads(text))
    except ValueError:
        return False


def nested(value: Any, depth: int) -> Any:
    for level in range(depth):
        value = [value, "]"] if level % 2 else {'"[\\': value}
    return value


@settings(deadline=None, max_examples=200)
@given(value=values, depth=st.integers(55, 70), tail=st.lists(st.lists(st.just("}")), max_size=80))
@example(value=0, depth=MAX_DEPTH - 2, tail=[])
def test_the_screen_never_clears_what_is_too_deep(value: Any, depth: int, tail: Any) -> None:
    document = [nested(value, depth), tail]
    if looks_plain(json.dumps(document).encode()):
        assert depth_of(document) <= MAX_DEPTH


@settings(deadline=None, max_examples=300)
@given(
    number=st.from_regex(
        r"-?(0|[1-9][0-9]{0,3})(\.[0-9]{1,3})?([eE][+-]?[0-9]{1,4})?", fullmatch=True
    ),
    around=st.sampled_from(
        ["%s", "[%s]", '{"a": %s}', '{"a":%s,"b":"1e5"}', '["e",%s,"x"]', "[0,\n%s]"]
    ),
)
def test_the_screen_never_clears_a_number_out_of_range(number: str, around: str) -> None:
    document = around % number
    if looks_plain(document.encode()):
        assert has_only_finite_numbers(document)
