"""Rendezvous hashing: keys spread evenly, and only those of an endpoint that goes move."""

from collections import Counter

from moorage_gateway.routing.rendezvous import owner

NAMES = [f"uid-{n}" for n in range(10)]
KEYS = [b"user %d" % n for n in range(5000)]


def test_keys_spread_evenly() -> None:
    counts = Counter(owner(key, NAMES) for key in KEYS)
    assert set(counts) == set(NAMES)
    assert max(counts.values()) < 1.2 * len(KEYS) / len(NAMES)


def test_only_the_keys_of_an_endpoint_that_goes_move() -> None:
    before = {key: owner(key, NAMES) for key in KEYS}
    after = {key: owner(key, NAMES[1:]) for key in KEYS}
    moved = [key for key in KEYS if before[key] != after[key]]
    assert {before[key] for key in moved} == {NAMES[0]}
    # And they come back with it.
    assert {key: owner(key, reversed(NAMES)) for key in KEYS} == before


def test_without_endpoints_there_is_no_owner() -> None:
    assert owner(b"key", []) is None
