"""Whatever is done to a capsule, it opens nowhere but where and as what it was sealed."""

import functools
import string
from collections.abc import Callable, Iterator

import pytest

from fakes.capsule_samples import CONTENT_OF, ROUTE, ring_of, sealed, sealer_of
from moorage_wire.capsules import (
    BadCapsule,
    CapsuleKind,
    CapsuleSealer,
    StateContent,
    open_content,
    open_state,
    seal_state,
)

ALL_KINDS = pytest.mark.parametrize("kind", CapsuleKind, ids=lambda kind: kind.name.lower())
Opener = Callable[[str], object]


def single_bit_changes(text: str) -> Iterator[str]:
    octets = bytearray(text.encode())
    for place in range(len(octets)):
        for bit in range(8):
            octets[place] ^= 1 << bit
            yield octets.decode("utf-8", "surrogateescape")
            octets[place] ^= 1 << bit


def count_accepted(open_text: Opener, texts: Iterator[str]) -> int:
    accepted = 0
    for text in texts:
        try:
            open_text(text)
        except BadCapsule:
            continue
        accepted += 1
    return accepted


def sealed_state(sealer: CapsuleSealer, number: int, original: str) -> str:
    content = CONTENT_OF[CapsuleKind.STATE](number)
    assert isinstance(content, StateContent)
    return seal_state(sealer, ROUTE, content, original)


def accepted_bit_changes(kind: CapsuleKind, capsules: int) -> int:
    """How many changed texts still open; request states stand before their original text."""
    sealer = sealer_of()
    accepted = 0
    for number in range(capsules):
        if kind is CapsuleKind.STATE:
            open_text: Opener = functools.partial(open_state, sealer, ROUTE)
            text = sealed_state(sealer, number, f"original {number}")
        else:
            open_text = functools.partial(open_content, sealer, kind, ROUTE)
            text = sealed(kind, number, sealer)
        assert open_text(text)
        accepted += count_accepted(open_text, single_bit_changes(text))
    return accepted


@ALL_KINDS
def test_every_single_bit_change_is_refused(kind: CapsuleKind) -> None:
    assert accepted_bit_changes(kind, capsules=50) == 0


@pytest.mark.soak
@ALL_KINDS
def test_every_single_bit_change_of_a_thousand_capsules_is_refused(kind: CapsuleKind) -> None:
    assert accepted_bit_changes(kind, capsules=1000) == 0


@pytest.mark.parametrize("original", ["", "opaque.with.dots", "Zoë & 三 eyJhIjoxfQ==", "x" * 300])
def test_every_single_bit_change_of_a_request_state_is_refused(original: str) -> None:
    sealer = sealer_of()
    text = sealed_state(sealer, 1, original)
    assert open_state(sealer, ROUTE, text) == (CONTENT_OF[CapsuleKind.STATE](1), original)
    assert count_accepted(lambda t: open_state(sealer, ROUTE, t), single_bit_changes(text)) == 0


def test_a_state_takes_no_other_state_behind_its_dot() -> None:
    sealer = sealer_of()
    one, other = (sealed_state(sealer, n, f"original {n}") for n in range(2))
    swapped = one.partition(".")[0] + "." + other.partition(".")[2]
    for text in (swapped, one.partition(".")[0], one + " ", "." + one, one.replace(".", "..")):
        with pytest.raises(BadCapsule):
            open_state(sealer, ROUTE, text)


@ALL_KINDS
def test_a_capsule_opens_as_no_other_kind(kind: CapsuleKind) -> None:
    text = sealed(kind)
    for other in set(CapsuleKind) - {kind}:
        with pytest.raises(BadCapsule) as refusal:
            open_content(sealer_of(), other, ROUTE, text)
        assert refusal.value.why == "kind"


@ALL_KINDS
@pytest.mark.parametrize("route", ["", "/", "/mcp/", "/MCP", "/mcp2", "/mc"])
def test_a_capsule_opens_on_no_other_route(kind: CapsuleKind, route: str) -> None:
    with pytest.raises(BadCapsule) as refusal:
        open_content(sealer_of(), kind, route, sealed(kind))
    assert refusal.value.why == "seal"


@ALL_KINDS
def test_a_capsule_opens_at_no_other_gateway_and_under_no_other_key(kind: CapsuleKind) -> None:
    text = sealed(kind)
    for sealer, why in (
        (sealer_of(gateway="agents/tools2"), "seal"),
        (sealer_of(ring=ring_of("another key")), "key"),
    ):
        with pytest.raises(BadCapsule) as refusal:
            open_content(sealer, kind, ROUTE, text)
        assert refusal.value.why == why


def test_gateway_and_route_cannot_lend_each_other_characters() -> None:
    text = sealer_of(gateway="agents/tools").seal(CapsuleKind.TASK, "/mcp", b"")
    with pytest.raises(BadCapsule):
        sealer_of(gateway="agents/tool").open(CapsuleKind.TASK, "s/mcp", text)
    attached = sealer_of().seal(CapsuleKind.TASK, "/mcp", b"", b"/more")
    with pytest.raises(BadCapsule):
        sealer_of().open(CapsuleKind.TASK, "/mcp/more", attached)


@ALL_KINDS
def test_texts_of_another_length_are_refused(kind: CapsuleKind) -> None:
    sealer, text = sealer_of(), sealed(kind)
    changed = [text[:end] for end in range(len(text))]
    changed += [text[start:] for start in range(1, len(text))]
    changed += [text + extra for extra in ("A", "AA", "AAAA", "=", "==", ".", " ", "\n", "\0")]
    changed += [" " + text, "A" + text, text + text, text[:9] + "\n" + text[9:]]
    assert count_accepted(lambda t: open_content(sealer, kind, ROUTE, t), iter(changed)) == 0


def other_spellings(text: str) -> Iterator[str]:
    for character in string.ascii_letters + string.digits + "-_+/=~. é٣":
        if character != text[-1]:
            yield text[:-1] + character
    plain_alphabet = text.replace("-", "+").replace("_", "/")
    if plain_alphabet != text:
        yield plain_alphabet


@ALL_KINDS
def test_no_capsule_has_a_second_spelling(kind: CapsuleKind) -> None:
    sealer = sealer_of()
    for length in range(6):  # so that the last character carries 2, 4 and 6 bits
        text = sealer.seal(kind, ROUTE, b"c" * length)
        assert sealer.open(kind, ROUTE, text) == b"c" * length
        assert count_accepted(lambda t: sealer.open(kind, ROUTE, t), other_spellings(text)) == 0


@pytest.mark.parametrize(
    "text",
    ["", "x", "A" * 47, "A" * 48, "A" * 49, "é" * 60, "\ud800" * 60, "\0" * 60, "." * 60, "=" * 60],
)
def test_what_never_was_a_capsule_is_refused(text: str) -> None:
    for kind in CapsuleKind:
        with pytest.raises(BadCapsule):
            sealer_of().open(kind, ROUTE, text)


def test_a_text_of_another_format_is_told_from_a_broken_seal() -> None:
    text = sealed(CapsuleKind.SESSION)
    with pytest.raises(BadCapsule) as refusal:
        open_content(sealer_of(), CapsuleKind.SESSION, ROUTE, "Ag" + text[2:])
    assert refusal.value.why == "format"


def test_all_refusals_read_the_same() -> None:
    text = sealed(CapsuleKind.SESSION)
    broken = ("", text[:-1], text[1:], "A" * 7000, text[:-2] + "AA", "B" + text[1:])
    messages = set()
    for wrong in broken:
        with pytest.raises(BadCapsule) as refusal:
            open_content(sealer_of(), CapsuleKind.SESSION, ROUTE, wrong)
        messages.add(str(refusal.value))
    assert messages == {"not a valid capsule"}


def test_a_long_text_is_refused_before_it_is_decoded() -> None:
    sealer = sealer_of()
    longest = sealer.seal(CapsuleKind.CURSOR, ROUTE, b"x" * 4572)
    assert len(longest) == 6144
    assert sealer.open(CapsuleKind.CURSOR, ROUTE, longest) == b"x" * 4572
    with pytest.raises(BadCapsule) as refusal:
        sealer.open(CapsuleKind.CURSOR, ROUTE, longest + "AAAA")
    assert refusal.value.why == "length"
