"""The key ring that processes of one gateway share: read, or made by the first of them."""

import os
import secrets
import stat
from pathlib import Path
from typing import Final

from moorage_contract.key_ids import KEY_BYTES
from moorage_wire.capsules import KeyRing
from moorage_wire.key_ring import KeyRingError

MAX_BYTES: Final = 64 * 1024
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


class KeyFileRefused(Exception):
    """The key file cannot be used; the message says what, where and what to do, never a key."""


def new_ring() -> KeyRing:
    """A ring that no other process knows."""
    return KeyRing.new(secrets.token_bytes(KEY_BYTES))


def read_or_create(path: Path) -> KeyRing:
    """The ring in the file; makes the file (mode 0600) if it is not there.

    Processes that start at once agree: one of them makes the file, whole, and all read it.
    Raises ``KeyFileRefused``.
    """
    try:
        if not path.exists():
            _create(path)
        return _read(path)
    except KeyRingError as error:
        raise KeyFileRefused(f"{path}: {error}") from None
    except OSError as error:
        message = f"{path}: cannot be used as a key file: {error.strerror}"
        raise KeyFileRefused(f"{message}; name a file in a folder of this user") from None


def _create(path: Path) -> None:
    # A link is made only if nothing stands there, so nobody reads half a file or wins twice.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with open(descriptor, "w") as file:
            file.write(new_ring().to_text())
            file.flush()
            os.fsync(descriptor)
        try:
            os.link(draft, path)
        except FileExistsError:
            return
    finally:
        os.unlink(draft)


def _read(path: Path) -> KeyRing:
    with open(path, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise KeyFileRefused(f"{path}: is no file; name a file of this user")
        if status.st_mode & _OTHERS:
            mode = f"{stat.S_IMODE(status.st_mode):04o}"
            remedy = f"run chmod 600 {path}, or make a new one if others may have read it"
            raise KeyFileRefused(f"{path}: others may read or write it (mode {mode}); {remedy}")
        octets = file.read(MAX_BYTES + 1)
    if len(octets) > MAX_BYTES or not octets.isascii():
        raise KeyFileRefused(f"{path}: is no key file; name another one or let it be made")
    return KeyRing.from_text(octets.decode())
