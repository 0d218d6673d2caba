"""The key that a stdio group's sidecar demands of whoever speaks to it.

A pod that merely reaches the port must not be able to start processes. The key lies in a mounted
Secret, which the kubelet exchanges under the running process. While the operator exchanges a key
the file holds two, and both are good (``moorage_operator/planning/group_keys.py``).
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
"""How long keys are still good when others replace them at once: gateways learn of it apart."""
SMALLEST_KEY_BYTES: Final = 32

_logger = logging.getLogger("moorage_sidecar.key")


class UnfitKey(Exception):
    """The file does not hold a key; ``str()`` says why."""


class GroupKey:
    """The keys in a file, one a line, followed as they change.

    One that goes while another one stays is bad at once: its exchange has been waited for.
    """

    def __init__(self, path: str, now: Callable[[], float] = time.monotonic) -> None:
        """Raises ``UnfitKey`` or ``OSError``: without a key nobody is served."""
        self._path = path
        self._now = now
        self._signature = _signature(path)  # first: an exchange in between is then seen later
        self._keys = _read(path)
        self._former: tuple[bytes, ...] = ()
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
        good = self._keys + (self._former if now < self._former_until else ())
        return any([hmac.compare_digest(shown, key) for key in good])

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
            _logger.warning("the key file cannot be read; the keys in memory stay: %s", error)

    def _exchange(self, keys: tuple[bytes, ...], now: float) -> None:
        if set(keys) == set(self._keys):
            return
        if not set(keys) & set(self._keys):
            self._former, self._former_until = self._keys, now + FORMER_KEY_SECONDS
        self._former = tuple(key for key in self._former if key not in keys)
        self._keys = keys
        _logger.info("the group's keys were exchanged: %d are good now", len(keys))


def _read(path: str) -> tuple[bytes, ...]:
    with open(path, "rb") as file:
        keys = tuple(file.read(1024).split())
    shortest = min(map(len, keys), default=0)
    if shortest < SMALLEST_KEY_BYTES:
        raise UnfitKey(f"{path} holds {shortest} bytes; a key has {SMALLEST_KEY_BYTES} or more")
    return keys


def _signature(path: str) -> tuple[int, int, int]:
    """Changes with every exchange: a mounted Secret is exchanged by its symbolic link."""
    status = os.stat(path)
    return status.st_ino, status.st_mtime_ns, status.st_size
