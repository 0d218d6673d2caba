"""Who is calling. Without authentication everybody is the one anonymous principal."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller, as far as it is known."""

    tag: bytes
    """Bound into every capsule: a capsule of another principal is as good as unknown."""
    name: str


ANONYMOUS = Principal(tag=b"", name="anonymous")
