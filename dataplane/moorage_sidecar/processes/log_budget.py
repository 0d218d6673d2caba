"""How many lines a noisy server may write into our log (pure, time passed in)."""


class LogBudget:
    """A token bucket of log lines that counts what it swallowed."""

    def __init__(self, lines_per_second: float, burst_lines: int) -> None:
        self._lines_per_second = lines_per_second
        self._burst_lines = float(burst_lines)
        self._left = float(burst_lines)
        self._refilled_at: float | None = None
        self.suppressed = 0

    def take(self, now: float) -> bool:
        """Whether a line may be logged at this moment; a swallowed line is counted."""
        self._refill(now)
        if self._left < 1:
            self.suppressed += 1
            return False
        self._left -= 1
        return True

    def collect_suppressed(self) -> int:
        """How many lines were swallowed since this was last asked."""
        suppressed, self.suppressed = self.suppressed, 0
        return suppressed

    def _refill(self, now: float) -> None:
        if self._refilled_at is not None:
            earned = (now - self._refilled_at) * self._lines_per_second
            self._left = min(self._burst_lines, self._left + earned)
        self._refilled_at = now
