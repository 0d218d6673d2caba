"""Medians, ratios and bounds of the benchmarks' reports."""

import pytest
from benchmarks.reporting.goals import Goal
from benchmarks.reporting.report import Column, Ratio, Report, Table
from benchmarks.reporting.spread import Spread, ratio, spread_of
from benchmarks.reporting.table import markdown
from benchmarks.rig.rounds import Sample


def _samples(**rounds: list[float]) -> list[Sample]:
    return [
        Sample(subject, number, {"cpu_us": figure})
        for subject, figures in rounds.items()
        for number, figure in enumerate(figures, start=1)
    ]


def test_a_ratio_compares_figures_of_the_same_round_only() -> None:
    # The machine slowed down by ten in the second round: medians alone would say 5.5 / 5.5.
    samples = _samples(own=[2, 20], other=[1, 10])
    assert ratio(samples, "own", "other", "cpu_us") == Spread(2, 2, 2, 2)


def test_a_round_that_one_subject_missed_does_not_count() -> None:
    samples = [*_samples(own=[2, 30]), Sample("other", 1, {"cpu_us": 1})]
    assert ratio(samples, "own", "other", "cpu_us") == Spread(2, 2, 2, 1)


def test_a_figure_that_was_never_measured_has_no_spread() -> None:
    assert spread_of(_samples(own=[1]), "own", "p50_us") is None
    assert ratio(_samples(own=[1]), "own", "nginx", "cpu_us") is None


@pytest.mark.parametrize(
    ("figure", "at_least", "verdict"),
    [
        (1.2, False, "goal"),
        (1.3, False, "floor"),
        (1.5, False, "MISSED"),
        (1.5, True, "goal"),
        (1.3, True, "floor"),
        (1.1, True, "MISSED"),
    ],
)
def test_a_bound_is_held_in_its_own_direction(figure: float, at_least: bool, verdict: str) -> None:
    floor, goal = (1.2, 1.4) if at_least else (1.4, 1.2)
    assert Goal("CPU", figure, floor, goal, at_least=at_least).verdict == verdict


def test_a_round_that_failed_is_a_missed_bound_not_a_missing_line() -> None:
    samples = [*_samples(own=[1]), Sample("own", 2, {})]
    report = Report("calls", "tools/call", "", [Table([Column("cpu_us", "CPU µs")])], samples)
    assert [goal.verdict for goal in report.all_goals()] == ["MISSED"]
    assert "| own | 1.0 |" in markdown(report)


def test_the_table_shows_medians_ranges_ratios_and_verdicts() -> None:
    report = Report(
        scenario="calls",
        title="tools/call",
        method="One core.",
        tables=[Table([Column("cpu_us", "CPU µs")], [Ratio("cpu_us", "envoy", "x envoy")])],
        samples=_samples(envoy=[10, 20, 30], moorage=[20, 20, 30]),
        goals=[Goal("CPU per call", 1.5, 1.4, 1.2)],
    )
    lines = markdown(report).splitlines()
    assert "| moorage | 20.0 [20.0-30.0] | 1.00 [1.00-2.00] |" in lines
    assert "| CPU per call | 1.5 x | ≤ 1.4 x | ≤ 1.2 x | MISSED |" in lines
