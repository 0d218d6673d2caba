"""A line of the access log is one JSON object, tells no secret and cannot be forged."""

import gc
import json
from dataclasses import dataclass

import msgspec
import pytest

from moorage_gateway.reporting import access_entry
from moorage_gateway.reporting.access_entry import AccessEntry, encode_entry
from moorage_gateway.reporting.session_names import session_hash, session_names

KEY = b"k" * 32
SESSION = b"canary-session-id-4711"
NAMES = session_names(SESSION.decode(), None, KEY)


def entry(**changes: object) -> AccessEntry:
    plain = AccessEntry(
        at_seconds=1_795_593_600.25,
        route="/tickets/mcp",
        method="tools/call",
        status=200,
        outcome="ok",
        seconds=0.0123456789,
        bytes_in=287,
        bytes_out=284,
        peer="127.0.0.1",
        tool="search",
        session_names=NAMES,
    )
    return msgspec.structs.replace(plain, **changes)


def test_a_line_holds_the_facts_of_one_request() -> None:
    line = encode_entry(entry())
    assert line.endswith(b"}\n")
    assert json.loads(line) == {
        "time": "2026-11-25T08:00:00.250Z",
        "route": "/tickets/mcp",
        "method": "tools/call",
        "status": 200,
        "outcome": "ok",
        "seconds": 0.012346,
        "bytes_in": 287,
        "bytes_out": 284,
        "peer": "127.0.0.1",
        "tool": "search",
        "session": session_hash(SESSION, KEY),
    }


def test_the_endpoint_s_own_session_has_the_name_that_bridges_log() -> None:
    line = json.loads(encode_entry(entry(session_names=session_names("x", b"abc", KEY))))
    assert line["upstream_session"] == "ba7816bf8f01"  # SHA-256 of "abc": FIPS 180-2, appendix B.1


@pytest.mark.parametrize("field", ["route", "method", "peer", "tool"])
def test_of_long_names_no_more_is_remembered_than_the_line_tells(field: str) -> None:
    for number in range(50):
        encode_entry(entry(**{field: f"{number:04}" + "m" * 10_000}))
    texts = [
        text
        for cache in (access_entry._what, access_entry._who, access_entry._text)
        for remembered in gc.get_referents(cache)
        if isinstance(remembered, dict)
        for key in remembered
        for text in (key if isinstance(key, tuple) else (key,))
        if isinstance(text, str)
    ]
    assert sum(text.startswith("0049mmm") for text in texts) >= 1
    assert max(map(len, texts)) <= access_entry.MAX_NAME_CHARACTERS


def test_a_refusal_is_named() -> None:
    line = json.loads(encode_entry(entry(reason="BodyTooLarge", outcome="refused")))
    assert line["reason"] == "BodyTooLarge"


def test_what_is_not_known_is_left_out() -> None:
    line = json.loads(encode_entry(entry(tool=None, session_names=b"")))
    assert not {"tool", "session", "reason"} & line.keys()


def test_the_session_id_never_stands_in_the_line() -> None:
    assert SESSION not in encode_entry(entry())


@dataclass(frozen=True)
class Forgery:
    name: str
    tool: str


FORGERIES = [
    Forgery("line feed", 'x"}\n{"time":"2026","route":"/admin","status":200}'),
    Forgery("carriage return", "x\r\n{}"),
    Forgery("terminal escape", "\x1b[2J\x1b]0;owned\x07"),
    Forgery("C1 control sequence", "\x9b2J"),
    Forgery("next line", "x\x85{}"),
    Forgery("line separator", "x\u2028{}\u2029{}"),
    Forgery("delete", "x\x7f\x7f"),
    Forgery("right-to-left override", "\u202egnp.exe"),
    Forgery("lone surrogate", "x\ud800y"),
    Forgery("delete and surrogate", "\x7f\udfff"),
    Forgery("NUL", "a\x00b"),
    Forgery("emoji", "search 🔎"),
]


@pytest.mark.parametrize("forgery", FORGERIES, ids=lambda forgery: forgery.name)
@pytest.mark.parametrize("member", ["tool", "method", "peer"])
def test_no_name_can_start_a_line_or_move_a_terminal(forgery: Forgery, member: str) -> None:
    line = encode_entry(entry(**{member: forgery.tool}))
    assert line.count(b"\n") == 1
    assert all(0x20 <= byte < 0x7F for byte in line[:-1])
    assert json.loads(line)[member] == forgery.tool
    assert json.loads(line)["route"] == "/tickets/mcp"


def test_a_long_name_is_cut() -> None:
    line = json.loads(encode_entry(entry(tool="t" * 5000, method="m" * 5000)))
    assert (line["tool"], line["method"]) == ("t" * 128, "m" * 128)


def test_replicas_with_one_key_give_a_session_one_name() -> None:
    assert session_hash(SESSION, KEY) == session_hash(SESSION, bytes(KEY))
    assert len(session_hash(SESSION, KEY)) == 12


def test_sessions_and_keys_give_names_of_their_own() -> None:
    names = {session_hash(b"session-%d" % n, KEY) for n in range(10_000)}
    assert len(names) == 10_000
    assert session_hash(SESSION, KEY) != session_hash(SESSION, b"j" * 32)


@pytest.mark.parametrize("key", [b"", b"k" * 65])
def test_a_key_of_a_wrong_size_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match="give 1 to 64"):
        session_hash(SESSION, key)
