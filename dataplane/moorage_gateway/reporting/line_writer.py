"""Writes lines in a thread from a bounded buffer: a full disk or a stuck pipe stops no request."""

import logging
import os
import select
import threading
import time
from collections import deque
from weakref import WeakValueDictionary

MAX_WAITING = 10_000
BATCH = 1000
PIECE_BYTES = 64 * 1024
"""Of a batch that is written at once: a reader that is stuck leaves at most so much unclear."""
GATHER_SECONDS = 0.2
FLUSH_POLL_SECONDS = 0.01

_logger = logging.getLogger("moorage_gateway.access_log")


_of_descriptors: "WeakValueDictionary[int, LineWriter]" = WeakValueDictionary()
_counting = threading.Lock()
"""Held while users come and go: some go in a thread."""


def writer_of(descriptor: int, max_waiting: int = MAX_WAITING) -> "LineWriter":
    """The one writer of a descriptor: two would cut each other's lines.

    Each of its users calls ``start`` and ``close``; ``max_waiting`` is the first one's.
    """
    with _counting:
        writer = _of_descriptors.get(descriptor)
        if writer is None:
            writer = _of_descriptors[descriptor] = LineWriter(descriptor, max_waiting)
        return writer


class LineWriter:
    """Writes lines to a file descriptor; past ``max_waiting`` they are dropped."""

    def __init__(self, descriptor: int, max_waiting: int) -> None:
        self._descriptor = descriptor
        self._max_waiting = max_waiting
        self._waiting: deque[bytes] = deque()
        self._overflowed = 0
        self._lost = 0
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._users = 0
        self._writing = False
        self._closed = False
        self._at_hand = 0
        self._thread: threading.Thread | None = None
        self._failing = False
        self._line_break = b""

    def start(self) -> None:
        """Start the thread, for the first user; what was put before is written too."""
        with _counting:
            self._users += 1
            if self._users > 1:
                return
            self._closed = False
            self._closing.clear()
            _of_descriptors[self._descriptor] = self
            self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
            self._thread.start()

    def put(self, line: bytes) -> bool:
        """Hand over a whole line with its line feed; never waits. False if it was dropped.

        Lines come encoded: in the thread it would take the interpreter lock from the loop, which
        costs several times as much.
        """
        if len(self._waiting) >= self._max_waiting:
            self._overflowed += 1
            return False
        self._waiting.append(line)
        if not self._wake.is_set():
            self._wake.set()
        return True

    def dropped(self) -> int:
        """Lines that were not written and will not be."""
        left = len(self._waiting) + self._at_hand if self._closed else 0
        return self._overflowed + self._lost + left

    def close(self, seconds: float) -> None:
        """Write what waits, for at most ``seconds``; the last user ends the thread with it.

        What is left then counts as dropped.
        """
        with _counting:
            self._users -= 1
            others, thread = self._users > 0, self._thread
            if not others:
                _of_descriptors.pop(self._descriptor, None)
                self._closing.set()
        if others or thread is None:
            self._flush(seconds)
            return
        self._wake.set()
        thread.join(seconds)
        self._closed = True

    def _flush(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        # In this order: the thread says that it writes before it takes lines away.
        while (self._waiting or self._writing) and time.monotonic() < deadline:
            time.sleep(FLUSH_POLL_SECONDS)

    def _run(self) -> None:
        last = False
        while not last:
            self._wake.wait()
            self._closing.wait(GATHER_SECONDS)
            self._wake.clear()
            last = self._closing.is_set()
            self._writing = True
            while self._waiting:
                self._write_batch()
            self._writing = False

    def _write_batch(self) -> None:
        self._at_hand = min(BATCH, len(self._waiting))
        lines = [self._waiting.popleft() for _ in range(self._at_hand)]
        data = self._line_break + b"".join(lines)
        written = 0
        try:
            while written < len(data):
                written += self._write_some(data[written : written + PIECE_BYTES])
                self._at_hand = data.count(b"\n", written)
            self._failing = False
        except OSError as error:
            self._lost += data.count(b"\n", written) - (len(self._line_break) if not written else 0)
            self._tell_once(error)
        self._at_hand = 0
        if written:
            # A line cut in the middle must not swallow the next one.
            self._line_break = b"" if data[:written].endswith(b"\n") else b"\n"

    def _write_some(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:  # somebody else made our pipe non-blocking
            select.select([], [self._descriptor], [], 1.0)
            return 0

    def _tell_once(self, error: OSError) -> None:
        if not self._failing:
            self._failing = True
            _logger.error(
                "the log on file descriptor %d cannot be written (%s): its lines are dropped and "
                "counted in moorage_access_log_dropped_total; free the disk or read the pipe",
                self._descriptor,
                error.strerror,
            )
