"""What the report channel asks of whoever holds the Lease."""

from typing import Protocol


class Leadership(Protocol):
    """Which replica of the operator leads."""

    def leading_since(self) -> float | None:
        """Loop seconds since which this replica leads without a break; None if it does not."""
        ...

    def leader_address(self) -> str:
        """``host:port`` of the leader's report channel, empty while there is none."""
        ...
