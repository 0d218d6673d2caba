"""A terminal with a block of lines at its end that is drawn anew, and text that goes above it.

A thread does the writing: a terminal that somebody stopped (Ctrl-S) must not stop the gateway.
"""

import os
import threading
from collections import deque
from collections.abc import Sequence
from typing import Final, TextIO

MAX_WAITING_LINES: Final = 1_000
_NO_SIZE: Final = os.terminal_size((80, 24))


class Screen:
    """Draws on a terminal from ``start`` to ``close``."""

    def __init__(self, terminal: TextIO) -> None:
        self._terminal = terminal
        self._said: deque[str] = deque(maxlen=MAX_WAITING_LINES)
        self._block: tuple[str, ...] = ()
        self._drawn: tuple[str, ...] = ()
        self._changed = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="screen", daemon=True)

    @property
    def size(self) -> os.terminal_size:
        """Columns and lines, as they are now."""
        try:
            return os.get_terminal_size(self._terminal.fileno())
        except (OSError, ValueError):
            return _NO_SIZE

    def start(self) -> None:
        """Start writing."""
        self._thread.start()

    def draw(self, lines: Sequence[str]) -> None:
        """Put these lines in place of those drawn before; never waits."""
        self._block = tuple(lines)
        self._changed.set()

    def say(self, lines: Sequence[str]) -> None:
        """Put these lines above the drawn ones, to stay; never waits, the oldest give way."""
        self._said.extend(lines)
        self._changed.set()

    def close(self, seconds: float) -> None:
        """Write what waits, for at most ``seconds``."""
        self._closing.set()
        self._changed.set()
        self._thread.join(seconds)

    def _run(self) -> None:
        closing = False
        while not closing:
            self._changed.wait()
            self._changed.clear()
            closing = self._closing.is_set()
            try:
                self._write()
            except (OSError, ValueError):
                return

    def _write(self) -> None:
        said = [self._said.popleft() for _ in range(len(self._said))]
        block = self._block
        if not said and block == self._drawn:
            return
        # Up to the first drawn line, and clear from there on.
        erase = f"\x1b[{len(self._drawn)}F\x1b[J" if self._drawn else ""
        self._terminal.write(erase + "".join(f"{line}\n" for line in (*said, *block)))
        self._terminal.flush()
        self._drawn = block
