"""How a stdio server ended, in words a person can act on (pure)."""

import signal
from dataclasses import dataclass


@dataclass(frozen=True)
class ProcessExit:
    """The end of one process."""

    status: int
    """Exit code, or the negative number of the signal that killed it."""
    stderr_tail: str = ""
    """Its last words on stderr, at most 2 KiB."""
    remark: str = ""
    """What else is known, like who sent the signal."""
    ended_with: str = ""
    """Set where nobody saw how the process itself ended: what ended and took it along."""

    def describe(self) -> str:
        """``exit code 3`` or ``signal SIGKILL``, and what else is known."""
        how = self.ended_with or self._describe_status()
        return f"{how} ({self.remark})" if self.remark else how

    def _describe_status(self) -> str:
        if self.status >= 0:
            return f"exit code {self.status}"
        return f"signal {signal_name(-self.status)}"

    def describe_with_stderr(self) -> str:
        """The same, followed by what the process last said."""
        if not self.stderr_tail:
            return f"{self.describe()}; it wrote nothing on stderr"
        return f"{self.describe()}; its last words on stderr: {self.stderr_tail}"


def signal_name(number: int) -> str:
    """``SIGKILL`` for 9; the bare number for a signal that has no name here."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
