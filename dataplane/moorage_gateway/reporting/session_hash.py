"""The name of a session in logs: it tells two sessions apart and opens neither (pure)."""

from functools import lru_cache
from hashlib import blake2b

HEX_DIGITS = 12
REMEMBERED = 1024


@lru_cache(maxsize=REMEMBERED)
def session_hash(session_id: bytes, key: bytes) -> str:
    """First 12 hex digits of BLAKE2b keyed with ``key`` (1 to 64 bytes).

    Replicas with the same key give the same name; without the key nobody can test a guess.
    """
    if not 1 <= len(key) <= 64:
        raise ValueError(f"the key of session hashes has {len(key)} bytes; give 1 to 64")
    return blake2b(session_id, key=key, digest_size=32).hexdigest()[:HEX_DIGITS]
