"""A key ring's text form: read with comments, refused by line, never shown."""

import base64

import pytest

from fakes.capsule_samples import octets, ring_of
from moorage_wire.capsules import KeyRing, KeyRingError


def line_of(seed: str) -> str:
    return base64.b64encode(octets(seed, 32)).decode()


def test_comments_and_blank_lines_are_allowed() -> None:
    text = f"# newest first\n\n  {line_of('new')}  # since October\r\n\n{line_of('old')}"
    ring = KeyRing.from_text(text)
    assert ring == ring_of("new", "old")
    assert ring.minting.secret == octets("new", 32)


def test_the_text_form_reads_back() -> None:
    ring = ring_of("a", "b", "c")
    assert KeyRing.from_text(ring.to_text()) == ring


def test_a_key_id_depends_on_the_secret_alone_and_tells_nothing_of_it() -> None:
    one, again, other = (ring_of(seed).minting for seed in ("a", "a", "b"))
    assert one.key_id == again.key_id != other.key_id
    assert len(one.key_id) == 4
    assert one.key_id not in one.secret


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("not base64!", 1),
        (f"# fine\n{line_of('a')}\n{line_of('b')[:-4]}", 3),
        (f"{line_of('a')}\n\n{base64.b64encode(b'short').decode()}\n", 3),
        (base64.b64encode(octets("a", 33)).decode(), 1),
        (f"{line_of('a')}\n{line_of('b')}\n{line_of('a')}\n", 3),
        ("schlüssel", 1),
    ],
)
def test_a_bad_line_is_named_with_its_remedy(text: str, line: int) -> None:
    with pytest.raises(KeyRingError, match=rf"line {line} .*(/dev/urandom|remove)") as refusal:
        KeyRing.from_text(text)
    for content in text.split():
        assert len(content) < 8 or content not in str(refusal.value)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n"])
def test_a_ring_without_keys_says_how_to_make_one(text: str) -> None:
    with pytest.raises(KeyRingError, match="head -c 32 /dev/urandom"):
        KeyRing.from_text(text)


def test_a_ring_holds_at_most_eight_keys() -> None:
    lines = [line_of(f"key {number}") for number in range(9)]
    assert len(KeyRing.from_text("\n".join(lines[:8])).keys) == 8
    with pytest.raises(KeyRingError, match="1 to 8"):
        KeyRing.from_text("\n".join(lines))


def test_a_secret_has_32_bytes() -> None:
    with pytest.raises(KeyRingError, match="32 bytes"):
        KeyRing.new(b"too short")


def test_a_ring_never_prints_its_secrets() -> None:
    ring = ring_of("a", "b")
    for key in ring.keys:
        assert repr(key.secret) not in repr(ring)
        assert str(key.secret) not in f"{ring} {key}"
