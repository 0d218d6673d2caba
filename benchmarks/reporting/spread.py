"""Medians and ranges over rounds, and ratios formed within the same round. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.rig.rounds import Sample


@dataclass(frozen=True)
class Spread:
    median: float
    least: float
    most: float
    rounds: int


def spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    return Spread(median(values), min(values), max(values), len(values))


def subjects(samples: Sequence[Sample]) -> list[str]:
    """Names in the order of their first round."""
    return list(dict.fromkeys(sample.subject for sample in samples))


def spread_of(samples: Sequence[Sample], subject: str, metric: str) -> Spread | None:
    return spread(list(_by_round(samples, subject, metric).values()))


def ratio(samples: Sequence[Sample], subject: str, reference: str, metric: str) -> Spread | None:
    """The subject's figure over the reference's of the same round."""
    own = _by_round(samples, subject, metric)
    others = _by_round(samples, reference, metric)
    return spread([own[each] / others[each] for each in own if others.get(each)])


def _by_round(samples: Sequence[Sample], subject: str, metric: str) -> dict[int, float]:
    return {
        sample.round: sample.figures[metric]
        for sample in samples
        if sample.subject == subject and metric in sample.figures
    }
