"""The keys that seal capsules: the first one mints, all of them open.

The text form is one base64 key per line, newest first; ``#`` comments and blank lines are allowed.
"""

import base64
import binascii
from dataclasses import dataclass, field

from moorage_contract.key_ids import KEY_BYTES, MAX_KEYS, key_id_of


class KeyRingError(ValueError):
    """A key ring that cannot be used; the message names the line and the remedy, never a key."""


@dataclass(frozen=True, slots=True)
class Key:
    """One secret of 32 random bytes and the 4 bytes that name it inside a capsule."""

    key_id: bytes = field(init=False)
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES:
            raise KeyRingError(f"a key has {KEY_BYTES} bytes, this one {len(self.secret)}")
        object.__setattr__(self, "key_id", key_id_of(self.secret))


@dataclass(frozen=True, slots=True)
class KeyRing:
    """One to eight keys with different ids; the first one mints."""

    keys: tuple[Key, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.keys) <= MAX_KEYS:
            raise KeyRingError(
                f"a key ring holds 1 to {MAX_KEYS} keys, this one {len(self.keys)}: "
                "keep the newest keys and remove the rest"
            )
        if len({key.key_id for key in self.keys}) != len(self.keys):
            raise KeyRingError("a key ring names one key twice: remove the second one")

    @classmethod
    def new(cls, secret: bytes) -> "KeyRing":
        """A ring of one key; ``secret`` is 32 bytes from the system's random source."""
        return cls((Key(secret),))

    @classmethod
    def from_text(cls, text: str) -> "KeyRing":
        """Read the text form; raises KeyRingError."""
        keys: list[Key] = []
        for number, line in enumerate(text.splitlines(), start=1):
            encoded = line.partition("#")[0].strip()
            if encoded:
                keys.append(_read_key(encoded, number))
                _refuse_repeated(keys, number)
        if not keys:
            raise KeyRingError(
                "the key ring holds no key: put one line into it, "
                "made by `head -c 32 /dev/urandom | base64`"
            )
        return cls(tuple(keys))

    @property
    def minting(self) -> Key:
        """The key that seals new capsules."""
        return self.keys[0]

    def to_text(self) -> str:
        """The text form, one key per line, the minting key first."""
        return "".join(f"{base64.b64encode(key.secret).decode()}\n" for key in self.keys)


def _read_key(encoded: str, line_number: int) -> Key:
    try:
        secret = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        secret = b""
    if len(secret) != KEY_BYTES:
        raise KeyRingError(
            f"line {line_number} of the key ring is not the base64 form of {KEY_BYTES} bytes: "
            "write it with `head -c 32 /dev/urandom | base64`"
        )
    return Key(secret)


def _refuse_repeated(keys: list[Key], line_number: int) -> None:
    if any(key.key_id == keys[-1].key_id for key in keys[:-1]):
        raise KeyRingError(
            f"line {line_number} of the key ring repeats an earlier key: remove that line"
        )
