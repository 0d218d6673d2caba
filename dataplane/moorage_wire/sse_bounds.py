"""How large an event of a stream may be, and the refusal past it."""

from typing import Final

DEFAULT_MAX_EVENT_BYTES: Final = 1024 * 1024
"""What the official clients take at most; a larger event would be lost on them."""
DEFAULT_MAX_LINE_BYTES: Final = 16 * 1024


class EventTooLarge(ValueError):
    """An event, or its id line, passed its bound; nothing more of the stream is read.

    ``before`` is what of a relayed stream may still go out: all that came before the event.
    """

    def __init__(self, limit_bytes: int, before: bytes = b"") -> None:
        super().__init__(
            f"an event of the stream, or its id, is larger than {limit_bytes} bytes; "
            "make the server send smaller messages"
        )
        self.limit_bytes = limit_bytes
        self.before = before
