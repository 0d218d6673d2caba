"""The RouteTable: all that a gateway needs to know to serve, in one value.

The operator plans it from the resources (local mode does the same from files) and every gateway
replica serves exactly what its newest table says. Frozen, ordered, JSON on the wire.
"""

import hashlib
from typing import Literal

import msgspec

Transport = Literal["StreamableHttp", "HttpSse"]
SourceKind = Literal["Workload", "Stdio", "External"]
AffinityKind = Literal["Protocol", "Header", "Principal"]
OnPodLoss = Literal["Replay", "Fail"]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One upstream instance that can hold sessions."""

    uid: str
    """Names the instance, never reused: a pod UID, or a digest of an external URL."""
    url: str
    """Where its MCP endpoint is: ``http://host:port/path`` or ``https://…``."""
    unix_socket: str | None = None
    """Path of a Unix socket to connect to instead of the URL's host and port."""


class Affinity(msgspec.Struct, frozen=True, kw_only=True):
    """What keeps requests of one caller on one endpoint."""

    kind: AffinityKind = "Protocol"
    header: str | None = None
    """Lower-case header name; set exactly when kind is Header."""


class SessionRules(msgspec.Struct, frozen=True, kw_only=True):
    """How a group's sessions are placed and how long they are counted."""

    per_pod: int = 100
    idle_seconds: int = 1800
    max_seconds: int = 86400
    on_pod_loss: OnPodLoss = "Replay"
    affinity: Affinity = Affinity()


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """An upstream group as the data plane sees it."""

    name: str
    source: SourceKind
    transport: Transport = "StreamableHttp"
    endpoints: tuple[Endpoint, ...] = ()
    sessions: SessionRules = SessionRules()
    answer_seconds: int = 300
    """Longest silence of an endpoint while a request waits for its answer."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One path of the gateway and the group behind it."""

    path: str
    group: str


class RouteTable(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one gateway serves."""

    gateway: str
    """``namespace/name``; capsules are bound to it."""
    hostnames: tuple[str, ...] = ()
    """Host names that clients may use; empty means the loopback names only."""
    routes: tuple[Route, ...] = ()
    groups: tuple[Group, ...] = ()

    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 over the table's canonical JSON."""
        return hashlib.sha256(encode_route_table(self)).hexdigest()[:16]


def encode_route_table(table: RouteTable) -> bytes:
    """The canonical JSON of a table: the same table always gives the same bytes."""
    return msgspec.json.encode(table, order="deterministic")


def decode_route_table(document: bytes) -> RouteTable:
    """Read a table back; raises ``msgspec.ValidationError`` that names the wrong member."""
    return msgspec.json.decode(document, type=RouteTable)
