"""Proofs between replicas count once (pure): what was overheard cannot be sent again."""

from moorage_gateway.relaying.http_sse.held_request import PROOF_SECONDS

MAX_PROOFS = 65_536


class ProofBook:
    """Remembers proofs for as long as they would open, at most ``MAX_PROOFS`` of them."""

    def __init__(self) -> None:
        self._used: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._used)

    def use(self, proof: str, now: int) -> bool:
        """Whether it was not used before; ``now`` in Unix seconds."""
        if proof in self._used:
            return False
        self._forget_old(now)
        if len(self._used) >= MAX_PROOFS:
            return False
        self._used[proof] = now + 2 * PROOF_SECONDS
        return True

    def _forget_old(self, now: int) -> None:
        # In the order of use, so the oldest stand in front.
        while self._used and next(iter(self._used.values())) < now:
            del self._used[next(iter(self._used))]
