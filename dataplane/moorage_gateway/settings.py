"""What a gateway process is told once, at start: where it listens and its bounds."""

from dataclasses import dataclass, field

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True)
class Limits:
    """Every bound of the data plane; past each of them stands a named refusal."""

    request_head_bytes: int = 16 * KIB
    request_body_bytes: int = 4 * MIB
    answer_head_bytes: int = 64 * KIB
    held_answer_bytes: int = 4 * MIB
    """Largest answer that is held whole, because a capsule in it must be sealed first."""
    event_bytes: int = MIB

    head_seconds: float = 10.0
    body_idle_seconds: float = 15.0
    body_seconds: float = 60.0
    write_stall_seconds: float = 30.0
    keepalive_seconds: float = 75.0
    connect_seconds: float = 1.0
    tls_connect_seconds: float = 6.0
    tls_handshake_seconds: float = 10.0
    """How long a client may take to shake hands on a listener with TLS."""
    idle_connection_seconds: float = 4.0
    """Below the 5 s after which uvicorn and Node close idle connections."""

    client_connections: int = 32_768
    half_sent_per_address: int = 256
    """Connections of one address whose request is only half there."""
    half_sent_bytes: int = 256 * MIB
    """What half-sent requests of all connections may hold together."""
    streams: int = 20_000
    sessions: int = 100_000
    connections_per_endpoint: int = 16_384
    idle_connections_per_endpoint: int = 256
    opened_capsules: int = 16_384
    """Capsules remembered opened, so that a session's next request need not decrypt again."""

    first_handshakes_seconds: float = 5.0
    """How long readiness waits for one verified endpoint of every group after the start."""
    readiness_seconds: float = 5.0
    """How long a stop goes on accepting after readiness failed (endpoints propagate)."""
    drain_seconds: float = 20.0
    """How long running calls may take to end after that."""


@dataclass(frozen=True)
class GatewaySettings:
    """Where one gateway process listens, and its bounds. Loopback unless told otherwise."""

    listen_host: str = "127.0.0.1"
    listen_port: int = 8080
    admin_host: str = "127.0.0.1"
    admin_port: int = 9090
    replica_host: str | None = None
    """Where other replicas reach the admin port; needed where ``admin_host`` is a wildcard."""
    access_log: int | None = None
    """File descriptor of the access log; None keeps none."""
    limits: Limits = field(default_factory=Limits)


def replica_address(settings: GatewaySettings, admin_port: int) -> str:
    """``host:port`` at which other replicas reach this one, empty where nothing says."""
    host = settings.replica_host or settings.admin_host
    if host in ("", "0.0.0.0", "::"):
        return ""
    return f"[{host}]:{admin_port}" if ":" in host else f"{host}:{admin_port}"
