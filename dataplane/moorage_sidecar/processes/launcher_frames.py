"""What is said on a launcher's socket (pure); ``dataplane/launcher/README.md`` has the table."""

from typing import Final

HEAD_BYTES: Final = 5
MAX_PAYLOAD_BYTES: Final = 64 * 1024
WINDOW_BYTES: Final = 256 * 1024
"""How much stdin may lie at the launcher untaken; the rest waits here."""

START, STDIN, STDIN_END, SIGNAL, ASK, DRAINED = range(1, 7)
STARTED, NOT_STARTED, TAKEN, STDOUT, STDERR, EXIT, HERE = range(65, 72)


class FrameTooLong(Exception):
    """The other side is no launcher, or broken."""


def encode_frame(kind: int, payload: bytes = b"") -> bytes:
    """One frame: kind, length, payload."""
    return b"%c%b%b" % (kind, len(payload).to_bytes(4, "big"), payload)


def number_in(payload: bytes) -> int:
    """The signed number in the first four bytes."""
    return int.from_bytes(payload[:4], "big", signed=True)


class FrameReader:
    """Cuts what comes into frames; holds at most one that is not whole yet."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, octets: bytes) -> list[tuple[int, bytes]]:
        """Frames that are whole now, as kind and payload; raises ``FrameTooLong``."""
        self._held += octets
        frames: list[tuple[int, bytes]] = []
        start = 0
        while len(self._held) - start >= HEAD_BYTES:
            length = int.from_bytes(self._held[start + 1 : start + HEAD_BYTES], "big")
            if length > MAX_PAYLOAD_BYTES:
                raise FrameTooLong(f"a frame of {length} bytes")
            end = start + HEAD_BYTES + length
            if len(self._held) < end:
                break
            frames.append((self._held[start], bytes(self._held[start + HEAD_BYTES : end])))
            start = end
        del self._held[:start]
        return frames
