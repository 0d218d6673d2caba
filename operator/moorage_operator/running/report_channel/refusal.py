"""Why a gateway's connection or report is refused."""

from enum import Enum


class Refusal(Enum):
    """As the metric's label has it, and the HTTP status where there is no channel yet."""

    NO_TOKEN_IN_TIME = ("NoTokenInTime", 0)
    """It was closed before it showed a token: too late, or too many at a time."""
    NO_PROOF = ("NoProof", 401)
    """Its token proves no pod of a gateway."""
    NO_KEYS = ("NoKeys", 503)
    """The API server, asked for the keys that tokens are signed with, does not answer."""
    UNKNOWN_GATEWAY = ("UnknownGateway", 403)
    TOO_MANY_PODS = ("TooManyPods", 503)
    MALFORMED = ("Malformed", 0)
    """What it sends is no report of this pod."""
    TOO_MUCH_WAITS = ("TooMuchWaits", 0)
    """Frames that are not taken in yet are more than one namespace, or all together, may hold."""
    OUT_OF_BOUNDS = ("OutOfBounds", 0)
    """Its report claims more than one pod, or all together, may."""

    def __init__(self, label: str, status: int) -> None:
        self.label = label
        self.status = status
