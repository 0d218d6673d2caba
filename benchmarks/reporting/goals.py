"""What must be shown: a figure, the floor without which it is not done, and the goal. Pure."""

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["goal", "floor", "MISSED"]


@dataclass(frozen=True)
class Goal:
    what: str
    figure: float
    floor: float
    goal: float
    unit: str = "x"
    at_least: bool = False
    """Whether more is better; otherwise the figure may be at most floor and goal."""

    @property
    def verdict(self) -> Verdict:
        if self._reaches(self.goal):
            return "goal"
        return "floor" if self._reaches(self.floor) else "MISSED"

    @property
    def sign(self) -> str:
        return "≥" if self.at_least else "≤"

    def _reaches(self, bound: float) -> bool:
        return self.figure >= bound if self.at_least else self.figure <= bound
