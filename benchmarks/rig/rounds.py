"""Interleaved rounds: in each one every subject is measured once, so that a ratio compares
measurements made within the same minutes on the same machine."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.rig.load import LoadFailed
from benchmarks.rig.numbers import readable
from benchmarks.rig.progress import say
from benchmarks.rig.turns import turn

Figures = Mapping[str, float]


@dataclass(frozen=True)
class Sample:
    """What one subject measured in one round; no figures when it failed."""

    subject: str
    round: int
    figures: Figures


@dataclass(frozen=True)
class Subject:
    name: str
    measure: Callable[[], Figures]


def measured(scenario: str, subjects: Sequence[Subject], rounds: int) -> list[Sample]:
    """All samples; a subject that fails says why on the terminal and has no figures then."""
    samples: list[Sample] = []
    for number in range(1, rounds + 1):
        for subject in subjects if number % 2 else list(reversed(subjects)):
            told = f"{scenario}  round {number}/{rounds}  {subject.name}"
            try:
                figures, seconds = _measure(subject)
            except LoadFailed as failure:
                say(f"{told}: FAILED, {failure}")
                samples.append(Sample(subject.name, number, {}))
                continue
            samples.append(Sample(subject.name, number, figures))
            say(f"{told}: {_brief(figures)}  ({seconds:.0f} s)")
    return samples


def _measure(subject: Subject) -> tuple[Figures, float]:
    with turn():
        began = time.monotonic()
        return subject.measure(), time.monotonic() - began


def _brief(figures: Figures) -> str:
    return "  ".join(f"{name} {readable(value)}" for name, value in figures.items())
