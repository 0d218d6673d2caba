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
    name: str = ""
    """What people call it: a pod's name; empty where there is none."""
    url: str
    """Where its MCP endpoint is: ``http://host:port/path`` or ``https://…``."""
    unix_socket: str | None = None
    """Path of a Unix socket to connect to instead of the URL's host and port."""
    ready: bool = True
    """False: it serves the sessions bound to it, and gets no new ones (not ready, terminating)."""


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


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """Where a group's endpoints are found in the cluster: the EndpointSlices of its Service.

    They bear the label ``moorage.dev/upstream-group: <group>``; the port is the one named ``mcp``.
    """

    namespace: str
    group: str
    path: str


class UpstreamTls(msgspec.Struct, frozen=True, kw_only=True):
    """How endpoints that were discovered prove who they are."""

    server_name: str
    """What their certificates must name."""
    ca_pem: str | None = None
    """Who signs them; None means the system's authorities."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """An upstream group as the data plane sees it."""

    name: str
    source: SourceKind
    transport: Transport = "StreamableHttp"
    endpoints: tuple[Endpoint, ...] = ()
    sessions: SessionRules = SessionRules()
    answer_seconds: int = 300
    """Longest silence of an endpoint while a request waits for its answer."""
    discovery: Discovery | None = None
    """Where the endpoints come from, if ``endpoints`` of a published table does not say them."""
    tls: UpstreamTls | None = None
    """Set where discovered endpoints speak TLS."""
    unresolved: str = ""
    """Why nothing may be sent to the group though a route names it; it has no endpoints then."""
    key: str | None = None
    """What the sidecars of a stdio group demand; never in a published table."""

    def __repr__(self) -> str:
        """Without the key: what is printed lands in logs."""
        shown = ", ".join(
            f"{name}={getattr(self, name)!r}" for name in self.__struct_fields__ if name != "key"
        )
        return f"Group({shown})"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """One path of the gateway and the group behind it."""

    path: str
    group: str


class ReportTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Where a gateway reports to."""

    url: str
    """``wss://host:port/report``; any replica of the operator, which names the leader."""
    ca_pem: str
    server_name: str


class RouteTable(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one gateway serves."""

    gateway: str
    """``namespace/name``; capsules are bound to it."""
    hostnames: tuple[str, ...] = ()
    """Host names that clients may use; empty means the loopback names only."""
    routes: tuple[Route, ...] = ()
    groups: tuple[Group, ...] = ()
    replicas: int = 1
    """Processes that serve this table: without an operator each takes its share of the slots."""
    report: ReportTarget | None = None
    keys: str = ""
    """Names the state of the gateway's Secret (``key_ids.keys_digest``): when it is another one,
    the Secret is read anew. Empty where there is none, or where it is not known."""

    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 over the table's canonical JSON."""
        return hashlib.sha256(encode_route_table(self)).hexdigest()[:16]


def encode_route_table(table: RouteTable) -> bytes:
    """The canonical JSON of a table: the same table always gives the same bytes."""
    return msgspec.json.encode(table, order="deterministic")


def decode_route_table(document: bytes) -> RouteTable:
    """Read a table back; raises ``msgspec.ValidationError`` that names the wrong member."""
    return msgspec.json.decode(document, type=RouteTable)
