"""Proofs between replicas count once (pure): what was overheard cannot be sent again."""

from moorage_gateway.relaying.http_sse.held_request import PROOF_SECONDS

LIFE_SECONDS = 2 * PROOF_SECONDS
"""A proof never opens later than this after it was first seen."""
MAX_PROOFS = 65_536
"""Of one generation; past it no further one is taken."""


class ProofBook:
    """Remembers proofs in two generations, each for at least ``LIFE_SECONDS``."""

    def __init__(self) -> None:
        self._young: set[str] = set()
        self._old: set[str] = set()
        self._turn_at = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def use(self, proof: str, now: int) -> bool:
        """Whether it may count; ``now`` in Unix seconds."""
        if now >= self._turn_at:
            self._turn(now)
        known = proof in self._young or proof in self._old
        if known or len(self._young) >= MAX_PROOFS:
            return False
        self._young.add(proof)
        return True

    def _turn(self, now: int) -> None:
        self._old = self._young if now < self._turn_at + LIFE_SECONDS else set()
        self._young = set()
        self._turn_at = now + LIFE_SECONDS
