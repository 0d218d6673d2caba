"""Seals bytes into a capsule's text and opens them again.

Layout before base64url (no padding), sizes in bytes::

    format 1 | kind 1 | key id 4 | process salt 8 | counter 6 | ciphertext | tag 16

AES-256-GCM; the key is derived from (ring key, process salt, kind), the nonce is the counter. The
first 20 bytes, the gateway, the route and whatever is attached are authenticated with it. Why:
``docs/decisions/0002-capsules.md``.
"""

import binascii
import enum
import itertools
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from moorage_wire.key_ring import KeyRing

MAX_CAPSULE_CHARS = 6144
"""Longer texts are refused before any cryptography."""
PROCESS_SALT_BYTES = 8
FOREIGN_SUB_KEYS = 1024
"""How many sub-keys of other processes (replicas, former runs) are remembered."""

_FORMAT = 1
_SLOT_END = 14  # format, then the slot: kind, key id, process salt
_HEADER_BYTES = 20
_TAG_BYTES = 16
_MIN_CHARS = (_HEADER_BYTES + _TAG_BYTES) * 4 // 3
_KEY_ID_CHARS = 8  # of base64: format, kind, key id
_COUNTER_BYTES = 6
_NONCE_PREFIX = bytes(12 - _COUNTER_BYTES)
_PADDING = (b"", b"", b"==", b"=")  # by length modulo 4; 1 is refused earlier
_TO_URL_ALPHABET = bytes.maketrans(b"+/", b"-_")
# The plain alphabet's own two characters and its padding become illegal on the way in.
_FROM_URL_ALPHABET = bytes.maketrans(b"-_+/=", b"+/!!!")


class CapsuleKind(enum.IntEnum):
    """What a capsule is for; one kind never opens as another."""

    SESSION = 1
    STATE = 2
    TASK = 3
    CURSOR = 4
    EVENT = 5
    STREAM = 6
    """Where a client of HTTP+SSE posts its messages."""
    REPLICA = 7
    """Proof between replicas of one gateway."""


class BadCapsule(ValueError):
    """A text that is no capsule of ours for this use.

    All failures look alike; ``why`` is for tests and logs, never for clients.
    """

    def __init__(self, why: str) -> None:
        super().__init__("not a valid capsule")
        self.why = why


class CapsuleTooLarge(ValueError):
    """What should be sealed is larger than a client could send back."""


class CountersExhausted(RuntimeError):
    """2^48 capsules came from one process: it must start again with a new salt."""


class CapsuleSealer:
    """Seals and opens the capsules of one gateway, in one process.

    ``process_salt`` is 8 random bytes, fresh for every sealer: two sealers with the same salt and
    ring would use the same nonces. Not for use across ``fork``.
    """

    def __init__(self, ring: KeyRing, gateway: str, process_salt: bytes) -> None:
        if len(process_salt) != PROCESS_SALT_BYTES:
            raise ValueError(f"a process salt has {PROCESS_SALT_BYTES} bytes")
        self._gateway = gateway
        self._process_salt = process_salt
        self._foreign: dict[bytes, AESGCM] = {}
        self._counter = itertools.count()
        self._minting: dict[CapsuleKind, tuple[bytes, AESGCM]] = {}
        self._own: dict[bytes, AESGCM] = {}
        self.use_ring(ring)

    def use_ring(self, ring: KeyRing) -> None:
        """Seal with the ring's minting key from now on, and open what any of its keys sealed.

        The counter goes on, so a key that mints again after another repeats no nonce.
        """
        self._secrets = {key.key_id: key.secret for key in ring.keys}
        self._foreign = self._still_known(self._foreign)
        self._own = self._still_known(self._own)
        for kind in CapsuleKind:
            slot = bytes((kind,)) + ring.minting.key_id + self._process_salt
            self._own[slot] = _sub_key(ring.minting.secret, slot)
            self._minting[kind] = bytes((_FORMAT,)) + slot, self._own[slot]

    def _still_known(self, sub_keys: dict[bytes, AESGCM]) -> dict[bytes, AESGCM]:
        return {slot: each for slot, each in sub_keys.items() if slot[1:5] in self._secrets}

    def seal(self, kind: CapsuleKind, route: str, content: bytes, attached: bytes = b"") -> str:
        """The capsule's text; ``attached`` is authenticated but not part of it.

        Raises CapsuleTooLarge when the text would be longer than MAX_CAPSULE_CHARS.
        """
        start, sub_key = self._minting[kind]
        counter = self._next_counter()
        header = start + counter
        associated = header + _context(self._gateway, route) + attached
        text = _encode(header + sub_key.encrypt(_NONCE_PREFIX + counter, content, associated))
        if len(text) > MAX_CAPSULE_CHARS:
            raise CapsuleTooLarge(
                f"a {kind.name.lower()} capsule of {len(text)} characters is over the limit of "
                f"{MAX_CAPSULE_CHARS}: the endpoint's own text in it must be shorter"
            )
        return text

    def open(self, kind: CapsuleKind, route: str, text: str, attached: bytes = b"") -> bytes:
        """The content of a capsule; raises BadCapsule. Cheap checks come before costly ones."""
        raw = _decode(text)
        if raw[0] != _FORMAT:
            raise BadCapsule("format")
        if raw[1] != kind:
            raise BadCapsule("kind")
        slot = raw[1:_SLOT_END]
        associated = raw[:_HEADER_BYTES] + _context(self._gateway, route) + attached
        sub_key = self._own.get(slot) or self._foreign.get(slot)
        if sub_key is not None:
            return _unseal(sub_key, raw, associated)
        sub_key = self._derive(slot)
        content = _unseal(sub_key, raw, associated)
        self._remember(slot, sub_key)
        return content

    def _derive(self, slot: bytes) -> AESGCM:
        secret = self._secrets.get(slot[1:5])
        if secret is None:
            raise BadCapsule("key")
        return _sub_key(secret, slot)

    def _next_counter(self) -> bytes:
        try:
            return next(self._counter).to_bytes(_COUNTER_BYTES, "big")
        except OverflowError:
            raise CountersExhausted(
                "this process has minted all the capsules that its salt allows: restart it"
            ) from None

    def _remember(self, slot: bytes, sub_key: AESGCM) -> None:
        # Only after a capsule has opened: forged salts can neither fill nor flush this.
        if len(self._foreign) >= FOREIGN_SUB_KEYS:
            del self._foreign[next(iter(self._foreign))]
        self._foreign[slot] = sub_key


def key_id_of(capsule: str) -> bytes:
    """The id of the key that sealed a capsule, as far as its text can be believed."""
    try:
        return _decoded(capsule[:_KEY_ID_CHARS])[2:6]
    except BadCapsule:
        return b""


def _encode(raw: bytes) -> str:
    encoded = binascii.b2a_base64(raw, newline=False)
    return encoded.translate(_TO_URL_ALPHABET).rstrip(b"=").decode("ascii")


def _decode(text: str) -> bytes:
    if not _MIN_CHARS <= len(text) <= MAX_CAPSULE_CHARS:
        raise BadCapsule("length")
    return _decoded(text)


def _decoded(text: str) -> bytes:
    try:
        encoded = text.encode("ascii").translate(_FROM_URL_ALPHABET)
        padded = encoded + _PADDING[len(encoded) % 4]
        raw = binascii.a2b_base64(padded)
    except (UnicodeEncodeError, binascii.Error):
        raise BadCapsule("alphabet") from None
    # Loose tail bits and skipped characters decode too: only the one canonical text is ours.
    if binascii.b2a_base64(raw, newline=False) != padded:
        raise BadCapsule("alphabet")
    return raw


def _unseal(sub_key: AESGCM, raw: bytes, associated: bytes) -> bytes:
    nonce = _NONCE_PREFIX + raw[_SLOT_END:_HEADER_BYTES]
    try:
        return sub_key.decrypt(nonce, raw[_HEADER_BYTES:], associated)
    except InvalidTag:
        raise BadCapsule("seal") from None


def _sub_key(secret: bytes, slot: bytes) -> AESGCM:
    """The key of one (kind, ring key, process); ``slot`` names the three. RFC 5869."""
    info = b"moorage capsule\0" + slot
    return AESGCM(HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(secret))


@lru_cache(maxsize=1024)
def _context(gateway: str, route: str) -> bytes:
    parts = (gateway.encode(), route.encode())
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
