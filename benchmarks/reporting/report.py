"""One scenario's findings, ready to be written down."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.reporting.goals import Goal
from benchmarks.rig.rounds import Sample


@dataclass(frozen=True)
class Column:
    metric: str
    title: str
    digits: int = 1


@dataclass(frozen=True)
class Ratio:
    """A column of ratios to one subject, formed within each round."""

    metric: str
    reference: str
    title: str


@dataclass(frozen=True)
class Chart:
    metric: str
    title: str
    logarithmic: bool = False


@dataclass(frozen=True)
class Table:
    """One table of subjects; a report whose subjects were measured at several paces has several."""

    columns: Sequence[Column]
    ratios: Sequence[Ratio] = ()
    title: str = ""


@dataclass(frozen=True)
class Report:
    scenario: str
    title: str
    method: str
    tables: Sequence[Table]
    samples: Sequence[Sample]
    charts: Sequence[Chart] = ()
    goals: Sequence[Goal] = ()

    def all_goals(self) -> list[Goal]:
        """Also that every measurement came about: one that failed must not pass as shown."""
        return [*self.goals, *_failures(self.samples)]


def _failures(samples: Sequence[Sample]) -> list[Goal]:
    failed = Counter(sample.subject for sample in samples if not sample.figures)
    return [Goal(f"rounds that failed, {name}", failed[name], 0, 0, "rounds") for name in failed]
