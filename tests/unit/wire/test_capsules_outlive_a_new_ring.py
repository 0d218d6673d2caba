"""A sealer goes on with another ring: what a key of it sealed opens, other capsules do not."""

import pytest

from moorage_gateway.reporting.session_keys import SessionKeys
from moorage_wire.capsules import BadCapsule, CapsuleKind, CapsuleSealer, Key, KeyRing, key_id_of

A, B = Key(b"a" * 32), Key(b"b" * 32)
SALT = b"12345678"


def sealed(sealer: CapsuleSealer) -> str:
    return sealer.seal(CapsuleKind.SESSION, "/mcp", b"content")


def opened(sealer: CapsuleSealer, text: str) -> bytes:
    return sealer.open(CapsuleKind.SESSION, "/mcp", text)


def test_old_capsules_open_as_long_as_their_key_is_there() -> None:
    sealer, replica = (CapsuleSealer(KeyRing((A,)), "ns/gw", salt) for salt in (SALT, b"87654321"))
    own, foreign = sealed(sealer), sealed(replica)
    assert opened(sealer, foreign) == b"content"
    sealer.use_ring(KeyRing((B, A)))
    assert opened(sealer, own) == opened(sealer, foreign) == b"content"
    sealer.use_ring(KeyRing((B,)))
    for text in (own, foreign):
        with pytest.raises(BadCapsule):
            opened(sealer, text)


def test_new_capsules_are_sealed_by_the_minting_key() -> None:
    sealer = CapsuleSealer(KeyRing((A, B)), "ns/gw", SALT)
    assert key_id_of(sealed(sealer)) == A.key_id
    sealer.use_ring(KeyRing((B, A)))
    assert key_id_of(sealed(sealer)) == B.key_id


def test_a_key_that_mints_again_repeats_no_nonce() -> None:
    sealer = CapsuleSealer(KeyRing((A, B)), "ns/gw", SALT)
    before = sealed(sealer)
    sealer.use_ring(KeyRing((B, A)))
    sealer.use_ring(KeyRing((A, B)))
    assert sealed(sealer) != before


def test_a_session_keeps_its_name_in_logs_through_a_rotation() -> None:
    sealer = CapsuleSealer(KeyRing((A,)), "ns/gw", SALT)
    text, names = sealed(sealer), SessionKeys(KeyRing((A,)))
    before = names.key_of(text)
    names.use_ring(KeyRing((B, A)))
    assert names.key_of(text) == before == SessionKeys(KeyRing((A, B))).key_of(text)
    assert names.key_of("") != before and key_id_of("%%") == b""
