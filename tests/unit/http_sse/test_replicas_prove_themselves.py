"""Only replicas with the gateway's key ring may ask each other, for seconds, once."""

import pytest

from moorage_gateway.relaying.http_sse.held_request import (
    PROOF_SECONDS,
    HeldRequest,
    open_request,
    seal_request,
)
from moorage_gateway.relaying.http_sse.proof_book import LIFE_SECONDS, MAX_PROOFS, ProofBook
from moorage_wire.capsules import BadCapsule, CapsuleSealer, KeyRing

NOW = 1_800_000_000
RING = KeyRing.new(b"k" * 32)
REQUEST = HeldRequest(
    verb="say",
    route="/mcp",
    holding_id="id",
    principal_tag=b"",
    forward=b"user-agent: x\r\n",
    body=b'{"jsonrpc":"2.0","method":"notifications/initialized"}',
)


def sealer(
    ring: KeyRing = RING, gateway: str = "agents/main", salt: bytes = b"s" * 8
) -> CapsuleSealer:
    return CapsuleSealer(ring, gateway, salt)


def test_another_replica_opens_it() -> None:
    proof, body = seal_request(sealer(), REQUEST, NOW)
    assert open_request(sealer(salt=b"t" * 8), proof, body, NOW + 1) == REQUEST


@pytest.mark.parametrize(
    "opener",
    [sealer(KeyRing.new(b"x" * 32)), sealer(gateway="agents/other")],
    ids=["another key ring", "another gateway"],
)
def test_strangers_do_not(opener: CapsuleSealer) -> None:
    proof, body = seal_request(sealer(), REQUEST, NOW)
    with pytest.raises(BadCapsule):
        open_request(opener, proof, body, NOW)


def test_every_changed_bit_of_the_body_is_noticed() -> None:
    proof, body = seal_request(sealer(), REQUEST, NOW)
    opener = sealer(salt=b"t" * 8)
    for index in range(len(body)):
        for bit in range(8):
            changed = bytearray(body)
            changed[index] ^= 1 << bit
            with pytest.raises(BadCapsule):
                open_request(opener, proof, bytes(changed), NOW)


@pytest.mark.parametrize("later", [PROOF_SECONDS + 1, -PROOF_SECONDS - 1])
def test_an_old_proof_and_one_of_the_future_are_worth_nothing(later: int) -> None:
    proof, body = seal_request(sealer(), REQUEST, NOW)
    with pytest.raises(BadCapsule):
        open_request(sealer(), proof, body, NOW + later)


@pytest.mark.parametrize("skew", [PROOF_SECONDS - 1, 1 - PROOF_SECONDS])
def test_clocks_may_differ_by_less_than_its_time(skew: int) -> None:
    proof, body = seal_request(sealer(), REQUEST, NOW)
    assert open_request(sealer(), proof, body, NOW + skew) == REQUEST


@pytest.mark.parametrize("later", [0, 1, LIFE_SECONDS - 1, LIFE_SECONDS])
@pytest.mark.parametrize("used_at", [NOW, NOW + LIFE_SECONDS - 1])
def test_a_proof_counts_once_for_as_long_as_it_would_open(used_at: int, later: int) -> None:
    book = ProofBook()
    assert book.use("begins a generation", NOW)
    assert book.use("a", used_at)
    assert not book.use("a", used_at + later)
    assert book.use("b", used_at + later)


def test_the_book_is_bounded_and_forgets_with_time() -> None:
    book = ProofBook()
    for number in range(MAX_PROOFS):
        assert book.use(str(number), NOW)
    assert not book.use("one too many", NOW)
    assert book.use("later", NOW + LIFE_SECONDS)
    assert len(book) == MAX_PROOFS + 1
    assert book.use("much later", NOW + 2 * LIFE_SECONDS)
    assert book.use("0", NOW + 10 * LIFE_SECONDS)
    assert len(book) == 1
