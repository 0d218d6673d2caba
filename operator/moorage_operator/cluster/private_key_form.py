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
PKCS8_LABEL = b"PRIVATE KEY"
LABELS = frozenset(
    {PKCS8_LABEL, b"RSA PRIVATE KEY", b"EC PRIVATE KEY", b"EC PARAMETERS", b"CERTIFICATE"}
)
OBJECT_IDENTIFIER = 0x06
ALGORITHMS = frozenset(
    bytes.fromhex(identifier)
    for identifier in (
        "2a864886f70d010101",  # RSA, RFC 8017
        "2a8648ce3d0201",  # EC, RFC 5480
        "2b6570",  # Ed25519, RFC 8410
        "2b6571",  # Ed448, RFC 8410
    )
)


def may_be_read(key_pem: bytes) -> bool:
    """Whether each part of the file is a certificate, or an RSA, EC or Ed key without password."""
    blocks = BLOCK.findall(key_pem)
    if len(blocks) != key_pem.count(BEGIN):
        return False
    return all(
        label in LABELS and (label != PKCS8_LABEL or _algorithm(body) in ALGORITHMS)
        for label, body in blocks
    )


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
