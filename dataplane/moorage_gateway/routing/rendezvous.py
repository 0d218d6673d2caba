"""Rendezvous hashing: which endpoint an affinity key belongs to (pure).

Highest random weight (Thaler and Ravishankar, 1998): when an endpoint comes or goes, only the
keys that it wins or loses move.
"""

from collections.abc import Iterable
from hashlib import blake2b


def weight(key: bytes, name: str) -> bytes:
    """The weight of ``name`` for ``key``; only its order means anything."""
    return blake2b(key, digest_size=8, key=name.encode()[:64]).digest()


def owner(key: bytes, names: Iterable[str]) -> str | None:
    """The name of the highest weight, None if there is none."""
    return max(names, key=lambda name: weight(key, name), default=None)
