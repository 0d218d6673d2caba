"""P8: whatever we relay is read by other parsers as we read it, or it is refused.

Each row is one body that parsers are known to disagree about. What is accepted is compared, as it
goes out, with Python's json, the official Python SDK and, where Node is there, JavaScript.
"""

import json
import shutil
import subprocess
from typing import Any, NamedTuple

import pydantic
import pydantic_core
import pytest
from mcp.types import jsonrpc_message_adapter

from moorage_wire.jsonrpc import MalformedMessage, Message, read_message

PARSE_ERROR, INVALID_REQUEST = -32700, -32600


class Read(NamedTuple):
    """What everybody has to read."""

    method: str | None
    id: Any = None
    name: str | None = None


class Refused(NamedTuple):
    """How it is refused."""

    reason: str
    path: str = ""
    code: int = PARSE_ERROR


CALL = b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"add","arguments":{}}}'


def call(params: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":%s}' % params


def arguments(value: bytes) -> bytes:
    return call(b'{"name":"add","arguments":{"x":%s}}' % value)


def with_id(raw_id: bytes) -> bytes:
    return b'{"jsonrpc":"2.0","id":%s,"method":"ping"}' % raw_id


def meta(members: bytes) -> bytes:
    return call(b'{"name":"add","_meta":%s}' % members)


ADD = Read("tools/call", 1, "add")

ROWS: dict[str, tuple[bytes, Read | Refused]] = {
    # ordinary
    "plain call": (CALL, ADD),
    "white space everywhere": (CALL.replace(b":", b" :\t").replace(b",", b"\r\n, "), ADD),
    "white space around": (b" \t\r\n" + CALL + b"\n", ADD),
    "members in another order": (
        b'{"params":{"arguments":{},"name":"add"},"method":"tools/call","id":1,"jsonrpc":"2.0"}',
        ADD,
    ),
    "notification": (b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
                     Read("notifications/initialized")),
    "empty params": (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{}}', Read("ping", 1)),
    "null params": (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":null}', Read("ping", 1)),
    "array params": (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', Read("ping", 1)),
    "unknown envelope member": (b'{"jsonrpc":"2.0","id":1,"method":"ping","trace":"t"}',
                                Read("ping", 1)),
    "unknown params member": (call(b'{"name":"add","vendor/x":1}'), ADD),
    "unknown meta member": (meta(b'{"vendor/x":1,"progressToken":"t"}'), ADD),
    "no object as meta": (meta(b"null"), ADD),
    "result": (b'{"jsonrpc":"2.0","id":"a","result":{"content":[]}}', Read(None, "a")),
    "error": (b'{"jsonrpc":"2.0","id":4,"error":{"code":-32600,"message":"no"}}', Read(None, 4)),
    "error without knowing the id": (
        b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}', Read(None, None)),
    # duplicates
    "method twice": (CALL[:-1] + b',"method":"ping"}', Refused("DuplicateMember", "method")),
    "id twice": (b'{"id":2,' + CALL[1:], Refused("DuplicateMember", "id")),
    "params twice": (CALL[:-1] + b',"params":{"name":"rm"}}',
                     Refused("DuplicateMember", "params")),
    "jsonrpc twice": (CALL[:-1] + b',"jsonrpc":"2.0"}', Refused("DuplicateMember", "jsonrpc")),
    "the same member twice": (CALL[:-1] + b',"id":1}', Refused("DuplicateMember", "id")),
    "name twice": (call(b'{"name":"add","name":"rm"}'), Refused("DuplicateMember", "params.name")),
    "name twice, once escaped": (call(b'{"name":"add","n\\u0061me":"rm"}'),
                                 Refused("DuplicateMember", "params.name")),
    "method twice, once escaped": (CALL[:-1] + b',"m\\u0065thod":"ping"}',
                                   Refused("DuplicateMember", "method")),
    "duplicate hidden by white space": (call(b'{"name":"add" ,  "name":"rm"}'),
                                        Refused("DuplicateMember", "params.name")),
    "meta twice": (call(b'{"name":"add","_meta":{},"_meta":{"progressToken":1}}'),
                   Refused("DuplicateMember", "params._meta")),
    "progressToken twice": (meta(b'{"progressToken":1,"progressToken":2}'),
                            Refused("DuplicateMember", "params._meta.progressToken")),
    "unknown member twice": (call(b'{"name":"add","x":1,"x":2}'),
                             Refused("DuplicateMember", "params.x")),
    "duplicate below the levels we read": (arguments(b'{"a":1,"a":2}'), ADD),
    # twins by case and by Unicode folding
    "Method": (CALL[:-1] + b',"Method":"ping"}',
               Refused("CaseTwin", "Method", INVALID_REQUEST)),
    "METHOD alone": (b'{"jsonrpc":"2.0","id":1,"METHOD":"ping"}',
                     Refused("CaseTwin", "METHOD", INVALID_REQUEST)),
    "ID": (CALL[:-1] + b',"ID":2}', Refused("CaseTwin", "ID", INVALID_REQUEST)),
    "JSONRPC": (CALL[:-1] + b',"JsonRpc":"1.0"}',
                Refused("CaseTwin", "JsonRpc", INVALID_REQUEST)),
    "params with a long s": (CALL[:-1] + ',"param\u017f":{"name":"rm"}}'.encode(),
                             Refused("CaseTwin", "param\u017f", INVALID_REQUEST)),
    "params with an escaped long s": (CALL[:-1] + b',"param\\u017f":{"name":"rm"}}',
                                      Refused("CaseTwin", "param\u017f", INVALID_REQUEST)),
    "params in full width": (
        CALL[:-1] + ',"\uff50\uff41\uff52\uff41\uff4d\uff53":{}}'.encode(),
        Refused("CaseTwin", "\uff50\uff41\uff52\uff41\uff4d\uff53", INVALID_REQUEST)),
    "Name": (call(b'{"name":"add","Name":"rm"}'),
             Refused("CaseTwin", "params.Name", INVALID_REQUEST)),
    "NAME alone": (call(b'{"NAME":"rm"}'), Refused("CaseTwin", "params.NAME", INVALID_REQUEST)),
    "taskId with a Kelvin sign": (call('{"tas\u212aId":"t"}'.encode()),
                                  Refused("CaseTwin", "params.tas\u212aId", INVALID_REQUEST)),
    "progressToken with a Kelvin sign": (
        meta('{"progressTo\u212aen":1}'.encode()),
        Refused("CaseTwin", "params._meta.progressTo\u212aen", INVALID_REQUEST)),
    "_META": (call(b'{"name":"add","_META":{}}'),
              Refused("CaseTwin", "params._META", INVALID_REQUEST)),
    "twin below the levels we read": (arguments(b'{"name":1,"Name":2}'), ADD),
    # strings
    "NUL in a name": (call(b'{"name":"add","x\\u0000":1}'),
                      Refused("NulInName", "params.x\\u0000")),
    "NUL after a known name": (call(b'{"name\\u0000":"rm"}'),
                               Refused("NulInName", "params.name\\u0000")),
    "NUL in a value": (call(b'{"name":"a\\u0000b"}'), Read("tools/call", 1, "a\0b")),
    "bare NUL in a value": (call(b'{"name":"a\0b"}'), Refused("NotJson")),
    "bare newline in a value": (call(b'{"name":"a\nb"}'), Refused("NotJson")),
    "lone surrogate in the name": (call(b'{"name":"\\ud800"}'), Refused("LoneSurrogate")),
    "lone low surrogate": (arguments(b'"\\uDC00abcdef"'), Refused("LoneSurrogate")),
    "lone surrogate as a member name": (call(b'{"name":"add","\\ud800xxxxxx":1}'),
                                        Refused("LoneSurrogate")),
    "surrogates in the wrong order": (arguments(b'"\\udc00\\ud800"'), Refused("LoneSurrogate")),
    "surrogate pair": (call(b'{"name":"\\ud83d\\ude00"}'), Read("tools/call", 1, "\U0001f600")),
    "escaped method": (CALL.replace(b"tools/call", b"tools\\/c\\u0061ll"), ADD),
    "escaped member name": (CALL.replace(b'"method"', b'"m\\u0065thod"'), ADD),
    "unknown escape": (call(b'{"name":"a\\x41"}'), Refused("NotJson")),
    "raw surrogate bytes": (call(b'{"name":"\xed\xa0\x80"}'), Refused("NotUtf8")),
    "overlong bytes": (arguments(b'"\xc0\xaf"'), Refused("NotUtf8")),
    "Latin-1 bytes": (arguments(b'"caf\xe9"'), Refused("NotUtf8")),
    "UTF-16": (CALL.decode().encode("utf-16-le"), Refused("NotJson")),
    "byte order mark": (b"\xef\xbb\xbf" + CALL, Refused("ByteOrderMark")),
    "DEL and line separator": (call('{"name":"a\x7f\u2028b"}'.encode()),
                               Read("tools/call", 1, "a\x7f\u2028b")),
    # numbers
    "1e400": (arguments(b"1e400"), Refused("NumberOutOfRange")),
    "-1E+400": (arguments(b"-1E+400"), Refused("NumberOutOfRange")),
    "1e0000400": (arguments(b"1e0000400"), Refused("NumberOutOfRange")),
    "1e400 in a list": (arguments(b"[0, 1e400]"), Refused("NumberOutOfRange")),
    "1e400 in the meta": (meta(b'{"progressToken":1e400}'), Refused("NumberOutOfRange")),
    "long mantissa, short exponent": (arguments(b"1" * 250 + b"e99"),
                                      Refused("NumberOutOfRange")),
    "long mantissa with a fraction": (arguments(b"1" * 400 + b".5"), Refused("NumberOutOfRange")),
    "1000 numbers near the end of the range": (
        arguments(b"[" + b",".join([b"1e300"] * 1000) + b"]"), ADD),
    "1001 numbers near the end of the range": (
        arguments(b"[" + b",".join([b"1e300"] * 1001) + b"]"),
        Refused("TooManyExtremeNumbers")),
    "1001 numbers near zero": (arguments(b"[" + b",".join([b"1e-300"] * 1001) + b"]"), ADD),
    "1001 digits": (arguments(b"7" * 1001), Refused("NumberOutOfRange")),
    "1000 digits": (arguments(b"7" * 1000), ADD),
    "1e308": (arguments(b"1e308"), ADD),
    "1e-400": (arguments(b"1e-400"), ADD),
    "1e400 in a string": (arguments(b'": 1e400"'), ADD),
    "1e400 behind an escaped quote": (arguments(b'"\\":1e400,\\""'), ADD),
    "1e400 behind an escaped backslash": (arguments(b'"\\\\",":":1e400'),
                                          Refused("NumberOutOfRange")),
    "hex digits that look like an exponent": (arguments(b'"9e123456-7e89"'), ADD),
    "NaN": (arguments(b"NaN"), Refused("NotJson")),
    "Infinity": (arguments(b"-Infinity"), Refused("NotJson")),
    "leading zero": (arguments(b"01"), Refused("NotJson")),
    "leading plus": (arguments(b"+1"), Refused("NotJson")),
    "hexadecimal": (arguments(b"0x10"), Refused("NotJson")),
    # ids
    "string id": (with_id(b'"a-1"'), Read("ping", "a-1")),
    "empty string id": (with_id(b'""'), Read("ping", "")),
    "escaped string id": (with_id(b'"\\u0031"'), Read("ping", "1")),
    "negative id": (with_id(b"-5"), Read("ping", -5)),
    "largest id": (with_id(b"9223372036854775807"), Read("ping", 2**63 - 1)),
    "smallest id": (with_id(b"-9223372036854775808"), Read("ping", -(2**63))),
    "id past 64 bits": (with_id(b"9223372036854775808"),
                        Refused("BadId", "id", INVALID_REQUEST)),
    "fractional id": (with_id(b"1.5"), Refused("BadId", "id", INVALID_REQUEST)),
    "whole fractional id": (with_id(b"1.0"), Refused("BadId", "id", INVALID_REQUEST)),
    "exponent id": (with_id(b"1e2"), Refused("BadId", "id", INVALID_REQUEST)),
    "boolean id": (with_id(b"true"), Refused("BadId", "id", INVALID_REQUEST)),
    "null id": (with_id(b"null"), Refused("BadId", "id", INVALID_REQUEST)),
    "object id": (with_id(b"{}"), Refused("BadId", "id", INVALID_REQUEST)),
    "result with id null": (b'{"jsonrpc":"2.0","id":null,"result":{}}',
                            Refused("BadId", "id", INVALID_REQUEST)),
    "result without id": (b'{"jsonrpc":"2.0","result":{}}',
                          Refused("BadId", "id", INVALID_REQUEST)),
    # envelope
    "version 1.0": (CALL.replace(b"2.0", b"1.0"),
                    Refused("BadVersion", "jsonrpc", INVALID_REQUEST)),
    "version as a number": (CALL.replace(b'"2.0"', b"2.0"),
                            Refused("BadVersion", "jsonrpc", INVALID_REQUEST)),
    "no version": (b'{"id":1,"method":"ping"}', Refused("BadVersion", "jsonrpc", INVALID_REQUEST)),
    "method as a number": (b'{"jsonrpc":"2.0","id":1,"method":5}',
                           Refused("BadMethod", "method", INVALID_REQUEST)),
    "method null": (b'{"jsonrpc":"2.0","id":1,"method":null}',
                    Refused("BadMethod", "method", INVALID_REQUEST)),
    "empty method": (b'{"jsonrpc":"2.0","id":1,"method":""}',
                     Refused("BadMethod", "method", INVALID_REQUEST)),
    "params as a string": (call(b'"name"'), Refused("BadParams", "params", INVALID_REQUEST)),
    "method and result": (CALL[:-1] + b',"result":{}}',
                          Refused("AmbiguousKind", "", INVALID_REQUEST)),
    "method and error": (CALL[:-1] + b',"error":{}}',
                         Refused("AmbiguousKind", "", INVALID_REQUEST)),
    "result and error": (b'{"jsonrpc":"2.0","id":1,"result":{},"error":{}}',
                         Refused("AmbiguousKind", "", INVALID_REQUEST)),
    "neither": (b'{"jsonrpc":"2.0","id":1}', Refused("NoKind", "", INVALID_REQUEST)),
    "an array": (b"[" + CALL + b"]", Refused("NotAnObject", "", INVALID_REQUEST)),
    "a string": (b'"ping"', Refused("NotAnObject", "", INVALID_REQUEST)),
    # syntax
    "empty body": (b"", Refused("NotJson")),
    "two messages": (CALL + CALL, Refused("NotJson")),
    "trailing NUL": (CALL + b"\0", Refused("NotJson")),
    "cut off": (CALL[:-1], Refused("NotJson")),
    "trailing comma": (CALL[:-1] + b",}", Refused("NotJson")),
    "comment": (b"/* */" + CALL, Refused("NotJson")),
    "single quotes": (CALL.replace(b'"', b"'"), Refused("NotJson")),
    "form feed as white space": (CALL.replace(b",", b",\f"), Refused("NotJson")),
    "no-break space as white space": (CALL.replace(b",", b",\xc2\xa0"), Refused("NotJson")),
    # nesting
    "64 deep": (arguments(b"[" * 61 + b"]" * 61), ADD),
    "65 deep": (arguments(b"[" * 62 + b"]" * 62), Refused("TooDeep")),
    "65 deep, mixed": (arguments(b'{"":[' * 31 + b"]}" * 31), Refused("TooDeep")),
    "65 deep behind brackets in strings": (
        arguments(b'["]]]]",' * 62 + b'"["' + b"]" * 62), Refused("TooDeep")),
    "65 deep behind an escaped quote": (
        arguments(b'["\\"]",' * 62 + b'"\\\\"' + b"]" * 62), Refused("TooDeep")),
    "65 deep in a dropped duplicate": (
        arguments(b"[" * 62 + b"]" * 62 + b',"x":1'), Refused("TooDeep")),
    "5000 deep": (arguments(b"[" * 5000 + b"]" * 5000), Refused("TooDeep")),
    "wide, not deep": (arguments(b"[" + b",".join([b"[]"] * 200) + b"]"), ADD),
    "brackets in a string": (arguments(b'"' + b"[{" * 100 + b'"'), ADD),
    "300 members": (call(b'{"name":"add",%s}' % b",".join(b'"%d":0' % n for n in range(300))),
                    Refused("TooManyMembers", "params", INVALID_REQUEST)),
}  # fmt: skip

ACCEPTED = {title: row for title, row in ROWS.items() if isinstance(row[1], Read)}
REFUSED = {title: row for title, row in ROWS.items() if isinstance(row[1], Refused)}


def reading_of(document: Any) -> Read:
    params = document.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    return Read(document.get("method"), document.get("id"), name)


def our_reading(message: Message) -> Read:
    raw_id = None if message.id is None else json.loads(message.id)
    return Read(message.method, raw_id, message.string_param("name"))


@pytest.mark.parametrize("title", REFUSED)
def test_sec_p8_what_parsers_could_read_differently_is_refused_by_name(title: str) -> None:
    body, expected = REFUSED[title]
    with pytest.raises(MalformedMessage) as refusal:
        read_message(body)
    assert Refused(refusal.value.reason, refusal.value.path, refusal.value.code) == expected
    assert str(refusal.value).startswith(refusal.value.reason)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"1e400", "NumberOutOfRange"),
        (b"-1e400", "NumberOutOfRange"),
        (b'{"y": 1e400}', "NumberOutOfRange"),
        (b"7" * 4001, "NumberOutOfRange"),
        (b"[" * 62 + b"]" * 62, "TooDeep"),
        (b"[" * 62 + b"]" * 62 + b',"x":0', "TooDeep"),
        (b'"\xff"', "NotUtf8"),
    ],
)
def test_sec_p8_a_long_text_beside_it_hides_nothing(value: bytes, reason: str) -> None:
    body = arguments(value + b',"text":"' + b"[{" * 4096 + b'"')
    with pytest.raises(MalformedMessage) as refusal:
        read_message(body)
    assert refusal.value.reason == reason


@pytest.mark.parametrize("title", ACCEPTED)
def test_sec_p8_we_read_what_json_reads(title: str) -> None:
    body, expected = ACCEPTED[title]
    message = read_message(body)
    assert our_reading(message) == expected
    assert json.loads(message.encode()) == json.loads(body)
    assert reading_of(json.loads(message.encode())) == expected


SDK_REFUSES = {"array params"}


@pytest.mark.parametrize("title", ACCEPTED)
def test_sec_p8_the_official_sdk_reads_the_same_or_refuses(title: str) -> None:
    body, expected = ACCEPTED[title]
    relayed = pydantic_core.from_json(read_message(body).encode())
    try:
        theirs = jsonrpc_message_adapter.validate_python(relayed, by_name=False)
    except pydantic.ValidationError:
        assert title in SDK_REFUSES
        return
    assert reading_of(theirs.model_dump()) == expected


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_sec_p8_javascript_reads_the_same() -> None:
    exact = {title for title in ACCEPTED if title not in {"largest id", "smallest id"}}
    relayed = {title: read_message(ACCEPTED[title][0]).encode().decode() for title in exact}
    program = (
        "const bodies = JSON.parse(require('fs').readFileSync(0, 'utf8'));"
        "for (const title in bodies) bodies[title] = JSON.parse(bodies[title]);"
        "console.log(JSON.stringify(bodies));"
    )
    node = subprocess.run(
        ["node", "-e", program],
        input=json.dumps(relayed),
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = json.loads(node.stdout)
    assert {title: reading_of(theirs[title]) for title in exact} == {
        title: ACCEPTED[title][1] for title in exact
    }


@pytest.mark.parametrize("value", [b'{"":[]},', b"1,", b'{"":{"":[]}},'])
@pytest.mark.parametrize("start", [b'{"jsonrpc":"2.0", ', b'{"jsonrpc":"2.0",'])
def test_sec_p8_what_takes_long_to_read_is_refused_at_once(start: bytes, value: bytes) -> None:
    values = value * 260_000
    body = start + b'"id":1,"method":"m","params":{"arguments":{"a":[%b0]}}}' % values

    with pytest.raises(MalformedMessage) as refusal:
        read_message(body)

    assert refusal.value.reason == "TooManyValues"
