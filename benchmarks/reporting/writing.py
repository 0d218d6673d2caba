"""Writes a report: JSON with every sample, a Markdown table, SVG pictures, and the page of all."""

import json
from dataclasses import asdict
from pathlib import Path

from benchmarks.reporting.chart import svg
from benchmarks.reporting.machine import machine
from benchmarks.reporting.report import Report
from benchmarks.reporting.table import markdown

_ORDER = ["calls", "sse", "memory", "flat", "events", "slow"]
_HEAD = """# Results

Medians over interleaved rounds, [least-most]; ratios are formed within each round. How each was
measured, and how to repeat it, stands in [the benchmarks' page](../README.md).
"""


def write(report: Report, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    facts = machine()
    document = {
        "scenario": report.scenario,
        "machine": facts,
        "samples": [asdict(sample) for sample in report.samples],
        "goals": [{**asdict(goal), "verdict": goal.verdict} for goal in report.all_goals()],
    }
    (folder / f"{report.scenario}.json").write_text(json.dumps(document, indent=1) + "\n")
    where = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in facts.items())
    (folder / f"{report.scenario}.md").write_text(f"{markdown(report)}\nMeasured: {where}.\n")
    for chart in report.charts:
        picture = folder / f"{report.scenario}-{chart.metric}.svg"
        picture.write_text(svg(chart, report.samples))
    _write_page(folder)


def _write_page(folder: Path) -> None:
    pages = [folder / f"{name}.md" for name in _ORDER]
    texts = [page.read_text() for page in pages if page.exists()]
    (folder / "README.md").write_text("\n".join([_HEAD, *texts]))
