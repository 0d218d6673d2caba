"""How much of a WebSocket's messages is here and not done with, by the heads of its frames.

aiohttp gathers a message whether anybody asks for it or not, and does not tell how much it has.
"""

from collections import deque

from moorage_contract.report_channel import MAX_FRAME_BYTES

OBJECT_BYTES = 96
"""What each read and each frame costs beyond its bytes: a peer may send them one byte at a time."""
_CONTROL, _LAST = 0x08, 0x80
_MASK_BYTES = 4
_LENGTH_BYTES = {126: 2, 127: 8}


class MessageSizes:
    """Fed with what a client sends after the handshake (RFC 6455 §5.2)."""

    def __init__(self) -> None:
        self._whole: deque[int] = deque()
        """Messages that are whole, oldest first; each with the control frames before it."""
        self._open = 0
        """What came since."""
        self._head = bytearray()
        self._payload_left = 0
        self.held = 0
        """Bytes of all that is not done with. A frame's payload counts from its head on: what has
        begun to come must find room for the rest, or none of many would ever be whole."""

    def feed(self, data: bytes) -> None:
        """This came."""
        at = 0
        self._hold(OBJECT_BYTES)
        while at < len(data):
            at += self._payload(data, at) if self._payload_left else self._part_of_head(data, at)
            if not self._payload_left and self._head and not self._head_left:
                self._end_frame()

    def done(self) -> None:
        """The oldest message is held no more."""
        if self._whole:
            self.held -= self._whole.popleft()

    def _hold(self, size: int) -> None:
        self._open += size
        self.held += size

    def _payload(self, data: bytes, at: int) -> int:
        size = min(self._payload_left, len(data) - at)
        self._payload_left -= size
        return size

    def _part_of_head(self, data: bytes, at: int) -> int:
        part = data[at : at + self._head_left]
        self._head += part
        self._hold(len(part))
        if not self._head_left:
            self._payload_left = self._payload_bytes()
            if self._payload_left <= MAX_FRAME_BYTES:  # else aiohttp refuses it unread
                self._hold(self._payload_left)
        return len(part)

    @property
    def _head_left(self) -> int:
        """How many bytes of it are missing; two tell of the others."""
        if len(self._head) < 2:
            return 2 - len(self._head)
        mask = _MASK_BYTES if self._head[1] & 0x80 else 0
        return 2 + _LENGTH_BYTES.get(self._head[1] & 0x7F, 0) + mask - len(self._head)

    def _payload_bytes(self) -> int:
        length = self._head[1] & 0x7F
        further = _LENGTH_BYTES.get(length)
        return int.from_bytes(self._head[2 : 2 + further], "big") if further else length

    def _end_frame(self) -> None:
        self._hold(OBJECT_BYTES)
        is_last_of_message = self._head[0] & _LAST and not self._head[0] & _CONTROL
        self._head.clear()
        if is_last_of_message:
            self._whole.append(self._open)
            self._open = 0
