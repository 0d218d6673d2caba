"""A report as Markdown. Pure."""

from collections.abc import Sequence

from benchmarks.reporting.goals import Goal
from benchmarks.reporting.report import Report, Table
from benchmarks.reporting.spread import Spread, ratio, spread_of, subjects
from benchmarks.rig.numbers import readable
from benchmarks.rig.rounds import Sample


def markdown(report: Report) -> str:
    parts = [f"## {report.title}", report.method]
    for table in report.tables:
        parts += [f"### {table.title}"] if table.title else []
        parts.append(_figures(table, report.samples))
    if goals := report.all_goals():
        parts.append(_goals(goals))
    parts += [f"![{chart.title}]({report.scenario}-{chart.metric}.svg)" for chart in report.charts]
    return "\n\n".join(parts) + "\n"


def _figures(table: Table, samples: Sequence[Sample]) -> str:
    heads = ["subject", *(column.title for column in table.columns)]
    heads += [each.title for each in table.ratios]
    rows = [_row(table, samples, subject) for subject in subjects(samples)]
    return _lines(heads, rows)


def _row(table: Table, samples: Sequence[Sample], subject: str) -> list[str]:
    cells = [
        _cell(spread_of(samples, subject, column.metric), column.digits) for column in table.columns
    ]
    cells += [
        _cell(ratio(samples, subject, each.reference, each.metric), 2) for each in table.ratios
    ]
    return [subject, *cells]


def _cell(spread: Spread | None, digits: int) -> str:
    if spread is None:
        return "n/a"
    if spread.rounds == 1 or spread.least == spread.most:
        return f"{spread.median:,.{digits}f}"
    return f"{spread.median:,.{digits}f} [{spread.least:,.{digits}f}-{spread.most:,.{digits}f}]"


def _goals(goals: Sequence[Goal]) -> str:
    rows = [
        [
            each.what,
            _bound(each, each.figure),
            _at(each, each.floor),
            _at(each, each.goal),
            each.verdict,
        ]
        for each in goals
    ]
    return _lines(["must show", "measured", "floor", "goal", "reached"], rows)


def _at(goal: Goal, bound: float) -> str:
    return f"{goal.sign} {_bound(goal, bound)}"


def _bound(goal: Goal, figure: float) -> str:
    return f"{readable(figure)} {goal.unit}"


def _lines(heads: list[str], rows: list[list[str]]) -> str:
    rule = ["---", *("---:" for _ in heads[1:])]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, rule, *rows])
