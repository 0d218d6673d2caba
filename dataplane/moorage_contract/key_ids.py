"""What names a key of the ring, for whoever seals with it and for whoever rotates it."""

import hashlib

KEY_BYTES = 32
MAX_KEYS = 8


def key_id_of(secret: bytes) -> bytes:
    """The 4 bytes that name a key of 32 bytes inside a capsule; reports say them in hex."""
    return hashlib.sha256(b"moorage key id\0" + secret).digest()[:4]
