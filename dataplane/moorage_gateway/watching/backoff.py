"""How long to wait before the API server is asked again (pure)."""

from dataclasses import dataclass

FIRST_SECONDS = 0.2
LAST_SECONDS = 10.0


@dataclass(frozen=True)
class Backoff:
    """Grows with each failure in a row; a success begins anew."""

    failures: int = 0

    def failed(self) -> "Backoff":
        """After one more failure."""
        return Backoff(self.failures + 1)

    def seconds(self, jitter: float) -> float:
        """The wait before the next attempt; ``jitter`` is from 0 to 1.

        The whole range is drawn from, or else a thousand gateways come back in one moment.
        """
        if not self.failures:
            return 0.0
        longest = min(LAST_SECONDS, FIRST_SECONDS * 2.0 ** min(self.failures - 1, 10))
        return longest * (0.5 + 0.5 * jitter)
