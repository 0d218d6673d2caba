"""Writes lines in a thread from a bounded buffer: a full disk or a stuck pipe stops no request."""

import logging
import os
import select
import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

Entry = TypeVar("Entry")

MAX_WAITING = 10_000
BATCH = 1000
GATHER_SECONDS = 0.2

_logger = logging.getLogger("moorage_gateway.access_log")


class LineWriter(Generic[Entry]):
    """Encodes and writes entries to a file descriptor; past ``max_waiting`` they are dropped."""

    def __init__(
        self, descriptor: int, encode: Callable[[Entry], bytes], max_waiting: int = MAX_WAITING
    ) -> None:
        self._descriptor = descriptor
        self._encode = encode
        self._max_waiting = max_waiting
        self._waiting: deque[bytes] = deque()
        self._overflowed = 0
        self._lost = 0
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="access-log", daemon=True)
        self._failing = False
        self._line_break = b""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def put(self, entry: Entry) -> None:
        """Hand an entry over; never waits."""
        if len(self._waiting) >= self._max_waiting:
            self._overflowed += 1
            return
        # Encoded here, not in the thread: there it would take the interpreter lock from the loop,
        # which costs several times as much.
        self._waiting.append(self._encode(entry))
        if not self._wake.is_set():
            self._wake.set()

    def dropped(self) -> int:
        """Entries that were not written and will not be."""
        return self._overflowed + self._lost + (len(self._waiting) if self._closed else 0)

    def close(self, seconds: float) -> None:
        """Write what waits, for at most ``seconds``; what is left then counts as dropped."""
        self._closing.set()
        self._wake.set()
        self._thread.join(seconds)
        self._closed = True

    def _run(self) -> None:
        last = False
        while not last:
            self._wake.wait()
            self._closing.wait(GATHER_SECONDS)
            self._wake.clear()
            last = self._closing.is_set()
            while self._waiting:
                self._write_batch()

    def _write_batch(self) -> None:
        lines = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
        data = self._line_break + b"".join(lines)
        written = 0
        try:
            while written < len(data):
                written += self._write_some(data[written:])
            self._failing = False
        except OSError as error:
            self._lost += data.count(b"\n", written) - (len(self._line_break) if not written else 0)
            self._tell_once(error)
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
                "the access log cannot be written (%s): its lines are dropped and counted in "
                "moorage_access_log_dropped_total; free the disk or read the pipe",
                error.strerror,
            )
