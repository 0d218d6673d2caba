"""What names keys, for whoever uses them and for whoever makes them: one of the ring, and all."""

import hashlib

KEY_BYTES = 32
MAX_KEYS = 8


def key_id_of(secret: bytes) -> bytes:
    """The 4 bytes that name a key of 32 bytes inside a capsule; reports say them in hex."""
    return hashlib.sha256(b"moorage key id\0" + secret).digest()[:4]


def keys_digest(ring: bytes, groups: bytes) -> str:
    """What names the content of a gateway's Secret: 16 hex digits, for ``RouteTable.keys``.

    It says nothing of the keys, which are random: 256 bits each. A resourceVersion would be another
    one after every label that somebody sets, and a mounted copy does not tell it.
    """
    hashed = hashlib.sha256(b"moorage keys\0")
    for member in (ring, groups):
        hashed.update(len(member).to_bytes(8) + member)
    return hashed.hexdigest()[:16]
