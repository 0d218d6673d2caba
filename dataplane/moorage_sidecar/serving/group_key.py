"""The key that a stdio group's sidecar demands of whoever speaks to it.

A pod that merely reaches the port must not be able to start processes. The key lies in a mounted
Secret, which the kubelet exchanges under the running process.
"""

import hmac
import logging
import os
import time
from collections.abc import Callable
from typing import Final

from moorage_contract.header_names import GROUP_KEY
from moorage_sidecar.refusals import WrongKey

LOOK_SECONDS: Final = 1.0
FORMER_KEY_SECONDS: Final = 300.0
"""How long the key before is still good: gateways and pods learn of a change apart."""
SMALLEST_KEY_BYTES: Final = 32

_logger = logging.getLogger("moorage_sidecar.key")


class UnfitKey(Exception):
    """The file does not hold a key; ``str()`` says why."""


class GroupKey:
    """The key in a file, followed as it changes; the one before is good for a while."""

    def __init__(self, path: str, now: Callable[[], float] = time.monotonic) -> None:
        """Raises ``UnfitKey`` or ``OSError``: without a key nobody is served."""
        self._path = path
        self._now = now
        self._signature = _signature(path)  # first: an exchange in between is then seen later
        self._key = _read(path)
        self._former = b""
        self._former_until = 0.0
        self._looked_at = now()

    def check(self, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        """Raises ``WrongKey`` unless exactly one header shows a key that is good now."""
        now = self._now()
        self._follow(now)
        shown = [value for name, value in headers if name.lower() == GROUP_KEY]
        if len(shown) != 1 or not self._is_good(shown[0], now):
            raise WrongKey

    def _is_good(self, shown: bytes, now: float) -> bool:
        is_current = hmac.compare_digest(shown, self._key)
        is_former = hmac.compare_digest(shown, self._former)
        return is_current or (is_former and now < self._former_until)

    def _follow(self, now: float) -> None:
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        try:
            signature = _signature(self._path)
            if signature != self._signature:
                self._exchange(_read(self._path), now)
                self._signature = signature
        except (OSError, UnfitKey) as error:  # a Secret that is gone for a moment is no new key
            _logger.warning("the key file cannot be read; the key in memory stays: %s", error)

    def _exchange(self, key: bytes, now: float) -> None:
        if key != self._key:
            self._former, self._key = self._key, key
            self._former_until = now + FORMER_KEY_SECONDS
            _logger.info("the group's key was exchanged")


def _read(path: str) -> bytes:
    with open(path, "rb") as file:
        key = file.read(1024).strip()
    if len(key) < SMALLEST_KEY_BYTES:
        raise UnfitKey(f"{path} holds {len(key)} bytes; a key has {SMALLEST_KEY_BYTES} or more")
    return key


def _signature(path: str) -> tuple[int, int, int]:
    """Changes with every exchange: a mounted Secret is exchanged by its symbolic link."""
    status = os.stat(path)
    return status.st_ino, status.st_mtime_ns, status.st_size
