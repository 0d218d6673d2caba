"""A horizontal bar chart with ranges, as SVG. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from benchmarks.reporting.report import Chart
from benchmarks.reporting.spread import Spread, spread_of, subjects
from benchmarks.rig.numbers import readable
from benchmarks.rig.rounds import Sample

_LABEL_WIDTH, _BAR_WIDTH, _VALUE_WIDTH = 240, 400, 110
_ROW_HEIGHT, _BAR_HEIGHT, _TITLE_HEIGHT = 28, 16, 40
_OWN, _OTHER, _INK = "#0b7285", "#adb5bd", "#212529"


@dataclass(frozen=True)
class _Scale:
    least: float
    most: float
    logarithmic: bool

    def width(self, value: float) -> float:
        if not self.logarithmic:
            return _BAR_WIDTH * value / self.most
        floor = math.log10(self.least / 2)
        return _BAR_WIDTH * (math.log10(value) - floor) / (math.log10(self.most) - floor)


def svg(chart: Chart, samples: Sequence[Sample]) -> str:
    """Subjects without this metric are left out; Moorage's bars stand out."""
    bars = {name: spread_of(samples, name, chart.metric) for name in subjects(samples)}
    shown = {name: bar for name, bar in bars.items() if bar and bar.median > 0}
    if not shown:
        return _document(chart.title, 0, [])
    least = min(bar.median for bar in shown.values())
    scale = _Scale(least, max(bar.most for bar in shown.values()), chart.logarithmic)
    rows = [_row(at, name, bar, scale) for at, (name, bar) in enumerate(shown.items())]
    return _document(chart.title + (" (log scale)" if chart.logarithmic else ""), len(shown), rows)


def _document(title: str, rows: int, parts: list[str]) -> str:
    width = _LABEL_WIDTH + _BAR_WIDTH + _VALUE_WIDTH
    height = _TITLE_HEIGHT + rows * _ROW_HEIGHT + 12
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'font-family="sans-serif" font-size="13" fill="{_INK}">',
            f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
            f'<text x="12" y="24" font-size="15" font-weight="bold">{escape(title)}</text>',
            *parts,
            "</svg>\n",
        ]
    )


def _row(at: int, name: str, bar: Spread, scale: _Scale) -> str:
    top = _TITLE_HEIGHT + at * _ROW_HEIGHT
    middle, left = top + _ROW_HEIGHT / 2, _LABEL_WIDTH
    colour = _OWN if name.startswith("moorage") else _OTHER
    low, high = (left + max(0.0, scale.width(edge)) for edge in (bar.least, bar.most))
    return "\n".join(
        [
            f'<text x="{left - 8}" y="{middle + 4:.0f}" text-anchor="end">{escape(name)}</text>',
            f'<rect x="{left}" y="{middle - _BAR_HEIGHT / 2:.0f}" height="{_BAR_HEIGHT}" '
            f'width="{scale.width(bar.median):.1f}" fill="{colour}"/>',
            f'<line x1="{low:.1f}" x2="{high:.1f}" y1="{middle:.0f}" y2="{middle:.0f}" '
            f'stroke="{_INK}"/>',
            f'<text x="{high + 8:.1f}" y="{middle + 4:.0f}">{readable(bar.median)}</text>',
        ]
    )
