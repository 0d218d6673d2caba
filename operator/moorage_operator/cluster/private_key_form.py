"""Which private keys are read at all: what is reckoned to read one must be bounded.

OpenSSL finds the public part of a DSA or DH key by a power modulo a number of any length: minutes
of the leader's loop for a Secret of 60 kB. So the algorithm is looked up first (RFC 5958 section 2,
``PrivateKeyInfo``), and only what gateway pods can serve with is read on.
"""

import base64
import re
from collections.abc import Iterator

BEGIN = b"-----BEGIN"
BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s(.*?)-----END \1-----", re.DOTALL)
MAX_BLOCKS = 16
"""Each that has no end is looked for in the rest of the file."""
PKCS8_LABEL = b"PRIVATE KEY"
KEY_LABELS = frozenset({PKCS8_LABEL, b"RSA PRIVATE KEY", b"EC PRIVATE KEY"})
OBJECT_IDENTIFIER = 0x06
ALGORITHMS = frozenset(
    bytes.fromhex(identifier)
    for identifier in (
        "2a864886f70d010101",  # RSA, RFC 8017
        "2a864886f70d01010a",  # RSA-PSS, RFC 8017
        "2a8648ce3d0201",  # EC, RFC 5480
        "2b6570",  # Ed25519, RFC 8410
        "2b6571",  # Ed448, RFC 8410
    )
)


def may_be_read(key_pem: bytes) -> bool:
    """Whether each key in the file is of RSA, EC, Ed25519 or Ed448, and without password."""
    begun = key_pem.count(BEGIN)
    if begun > MAX_BLOCKS:
        return False
    blocks = BLOCK.findall(key_pem)
    keys = [(label, body) for label, body in blocks if label.endswith(PKCS8_LABEL)]
    return len(blocks) == begun and all(_is_bounded(label, body) for label, body in keys)


def _is_bounded(label: bytes, body: bytes) -> bool:
    return label in KEY_LABELS and (label != PKCS8_LABEL or _algorithm(body) in ALGORITHMS)


def _algorithm(body: bytes) -> bytes:
    """The object identifier of a PKCS #8 key's algorithm; empty if there is none."""
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
        ((_, key),) = _members(der)
        _version, (_, algorithm), *_ = _members(key)
        (tag, identifier), *_ = _members(algorithm)
    except ValueError:
        return b""
    return identifier if tag == OBJECT_IDENTIFIER else b""


def _members(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tag and content of each. Raises ValueError."""
    while der:
        length, start = _length(der)
        if len(der) < start + length:
            raise ValueError("cut off")
        yield der[0], der[start : start + length]
        der = der[start + length :]


def _length(der: bytes) -> tuple[int, int]:
    """How long the first one's content is, and where it begins (X.690 section 8.1.3)."""
    if len(der) < 2:
        raise ValueError("cut off")
    if der[1] < 0x80:
        return der[1], 2
    start = 2 + (der[1] & 0x7F)
    return int.from_bytes(der[2:start]), start
