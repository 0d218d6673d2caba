"""An answer that cannot pass to its end: what of it still may, and how its caller is told."""

from moorage_gateway.errors import BadAnswer, UpstreamError
from moorage_wire.capsules import CapsuleTooLarge
from moorage_wire.sse import EventTooLarge

Unfit = EventTooLarge | CapsuleTooLarge | UpstreamError


class BrokenOff(Exception):
    """The rest of an answer cannot pass. ``before`` came ahead of it and can."""

    def __init__(self, before: bytes, error: Unfit) -> None:
        super().__init__(str(error))
        self.before = before
        self.failure = failure_of(error)


def failure_of(error: Unfit) -> UpstreamError:
    """The named failure of the endpoint."""
    if isinstance(error, UpstreamError):
        return error
    if isinstance(error, EventTooLarge):
        return BadAnswer(f"the endpoint sent an event over {error.limit_bytes} bytes")
    return BadAnswer(str(error))
