"""A sealer that draws the same secrets in every run, and one content of each kind."""

import hashlib
from collections.abc import Callable

from moorage_wire.capsules import (
    CapsuleKind,
    CapsuleSealer,
    Content,
    CursorContent,
    EventContent,
    KeyRing,
    ReplicaContent,
    SessionContent,
    StateContent,
    StreamContent,
    TaskContent,
    seal_content,
)

GATEWAY = "agents/tools"
ROUTE = "/mcp"


def octets(seed: str, count: int) -> bytes:
    """Bytes that differ by seed and are the same in every run."""
    return hashlib.shake_256(seed.encode()).digest(count)


def ring_of(*seeds: str) -> KeyRing:
    """A ring with one key for each seed; the first one mints."""
    rings = (KeyRing.new(octets(seed, 32)) for seed in seeds)
    return KeyRing(tuple(ring.minting for ring in rings))


def sealer_of(
    process: str = "replica-a", ring: KeyRing | None = None, gateway: str = GATEWAY
) -> CapsuleSealer:
    """The sealer of one process."""
    return CapsuleSealer(ring or ring_of("key"), gateway, octets(process, 8))


def uid(number: int) -> str:
    text = octets(f"uid {number}", 16).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


CONTENT_OF: dict[CapsuleKind, Callable[[int], Content]] = {
    CapsuleKind.SESSION: lambda n: SessionContent(
        endpoint_uid=uid(n),
        upstream_session_id=uid(n + 1),
        principal_tag=octets(f"principal {n}", 16),
        protocol_version="2025-11-25",
        minted_at=1_790_000_000 + n,
        generation=n % 3,
        initialize_params=octets(f"params {n}", 95),
    ),
    CapsuleKind.STATE: lambda n: StateContent(
        uid(n), octets(f"principal {n}", 16), octets(f"call {n}", 16), 1_790_000_000 + n
    ),
    CapsuleKind.TASK: lambda n: TaskContent(
        uid(n), octets(f"principal {n}", 16), uid(n + 2), 1_790_000_000 + n
    ),
    CapsuleKind.CURSOR: lambda n: CursorContent(
        uid(n),
        octets(f"principal {n}", 16),
        octets(f"call {n}", 16),
        f"cursor {n}",
        1_790_000_000 + n,
    ),
    CapsuleKind.EVENT: lambda n: EventContent(uid(n), octets(f"session {n}", 8), b"%d" % n),
    CapsuleKind.STREAM: lambda n: StreamContent(
        "10.0.0.7:9090", uid(n), uid(n + 1), octets(f"principal {n}", 16)
    ),
    CapsuleKind.REPLICA: lambda n: ReplicaContent(octets(f"request {n}", 32), 1_790_000_000 + n),
}


def sealed(kind: CapsuleKind, number: int = 0, sealer: CapsuleSealer | None = None) -> str:
    """The text of one capsule on ROUTE."""
    return seal_content(sealer or sealer_of(), kind, ROUTE, CONTENT_OF[kind](number))
