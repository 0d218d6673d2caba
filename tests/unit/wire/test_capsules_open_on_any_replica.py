"""Processes with one key ring open each other's capsules, also while the ring changes."""

from typing import Any

import pytest

from fakes.capsule_samples import (
    CONTENT_OF,
    GATEWAY,
    ROUTE,
    octets,
    ring_of,
    sealed,
    sealer_of,
)
from moorage_wire import capsule_sealer
from moorage_wire.capsules import (
    BadCapsule,
    CapsuleKind,
    CapsuleSealer,
    CountersExhausted,
    open_content,
)

ALL_KINDS = pytest.mark.parametrize("kind", CapsuleKind, ids=lambda kind: kind.name.lower())


@ALL_KINDS
def test_a_replica_opens_what_another_process_sealed(kind: CapsuleKind) -> None:
    one, other = sealer_of("replica-a"), sealer_of("replica-b")
    for number in range(3):
        text = sealed(kind, number, one)
        assert open_content(other, kind, ROUTE, text) == CONTENT_OF[kind](number)


def test_a_new_key_is_added_then_mints_and_the_old_one_goes_last() -> None:
    before = sealer_of("a", ring_of("old"))
    added = sealer_of("b", ring_of("old", "new"))
    minting = sealer_of("c", ring_of("new", "old"))
    after = sealer_of("d", ring_of("new"))
    sealers_that_open = {before: (before, added, minting), minting: (added, minting, after)}
    for sealer, openers in sealers_that_open.items():
        text = sealed(CapsuleKind.SESSION, 1, sealer)
        for opener in openers:
            assert open_content(opener, CapsuleKind.SESSION, ROUTE, text)
    with pytest.raises(BadCapsule):
        open_content(after, CapsuleKind.SESSION, ROUTE, sealed(CapsuleKind.SESSION, 1, before))


def test_equal_contents_never_give_equal_texts() -> None:
    sealers = [sealer_of(f"process {number}") for number in range(4)]
    texts = {sealed(CapsuleKind.EVENT, 1, sealer) for sealer in sealers for _ in range(500)}
    assert len(texts) == 2000
    nonces = {text[:27] for text in texts}  # all of format, kind, key, salt and counter
    assert len(nonces) == 2000


def test_foreign_sub_keys_are_bounded_and_kept_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    derived = count_derivations(monkeypatch)
    opener = sealer_of("opener")
    texts = [sealed(CapsuleKind.TASK, 1, sealer_of(f"run {number}")) for number in range(1030)]
    derived.clear()
    for text in texts:
        open_content(opener, CapsuleKind.TASK, ROUTE, text)
    assert len(derived) == 1030
    open_content(opener, CapsuleKind.TASK, ROUTE, texts[-1])
    assert len(derived) == 1030
    open_content(opener, CapsuleKind.TASK, ROUTE, texts[0])
    assert len(derived) == 1031
    assert len(opener._foreign) == capsule_sealer.FOREIGN_SUB_KEYS


def test_forged_salts_cost_one_derivation_and_flush_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    derived = count_derivations(monkeypatch)
    opener, friend = sealer_of("opener"), sealer_of("friend")
    honest = sealed(CapsuleKind.TASK, 1, friend)
    open_content(opener, CapsuleKind.TASK, ROUTE, honest)
    forgers = CapsuleSealer(ring_of("key"), "another gateway", octets("forger", 8))
    forged = sealed(CapsuleKind.TASK, 1, forgers)
    derived.clear()
    for _ in range(3):
        with pytest.raises(BadCapsule):
            open_content(opener, CapsuleKind.TASK, ROUTE, forged)
    open_content(opener, CapsuleKind.TASK, ROUTE, honest)
    assert len(derived) == 3
    assert len(opener._foreign) == 1


def test_a_key_that_is_not_ours_costs_no_derivation(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sealed(CapsuleKind.TASK, 1, sealer_of("stranger", ring_of("stranger's key")))
    opener = sealer_of("opener")
    derived = count_derivations(monkeypatch)
    with pytest.raises(BadCapsule):
        open_content(opener, CapsuleKind.TASK, ROUTE, text)
    assert derived == []


def count_derivations(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    derived: list[bytes] = []
    derive = capsule_sealer._sub_key

    def counted(secret: bytes, slot: bytes) -> Any:
        derived.append(slot)
        return derive(secret, slot)

    monkeypatch.setattr(capsule_sealer, "_sub_key", counted)
    return derived


def test_the_end_of_the_counter_is_told_and_no_nonce_comes_twice() -> None:
    sealer = sealer_of()
    sealer._counter = iter((2**48 - 1, 2**48))  # type: ignore[assignment]
    assert sealer.open(CapsuleKind.TASK, ROUTE, sealer.seal(CapsuleKind.TASK, ROUTE, b"last"))
    with pytest.raises(CountersExhausted, match="restart"):
        sealer.seal(CapsuleKind.TASK, ROUTE, b"one too many")


@pytest.mark.parametrize("salt", [b"", b"seven..", b"nine....."])
def test_a_salt_of_another_length_is_refused(salt: bytes) -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        CapsuleSealer(ring_of("key"), GATEWAY, salt)
