"""What a gateway process says of itself: for the live summary and the admin page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class EndpointStatus:
    """One endpoint."""

    uid: str
    url: str
    state: str
    why: str
    versions: tuple[str, ...]
    sessions: int
    in_flight: int


@dataclass(frozen=True)
class GroupStatus:
    """One upstream group."""

    name: str
    endpoints: tuple[EndpointStatus, ...]


@dataclass(frozen=True)
class GatewayStatus:
    """One gateway process."""

    table: str
    """Digest of the route table in force."""
    sessions: int
    streams: int
    requests: int
    refused: int
    groups: tuple[GroupStatus, ...]
