"""A picture of a run: some curves over one time, with the faults behind them. SVG, written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

__all__ = ["Band", "Chart", "Curve", "drawn"]

_WIDTH, _HEIGHT, _LEFT, _TOP, _GAP = 1180, 130, 70, 54, 34
_COLOURS = (
    "#1f77b4", "#d62728", "#2ca02c", "#9467bd", "#ff7f0e", "#17becf", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22",
)  # fmt: skip
_STYLE = """
text{font:12px system-ui,sans-serif;fill:#222}.title{font-weight:600}.small{font-size:10px;fill:#555}
.frame{fill:none;stroke:#bbb}.grid{stroke:#ddd}.curve{fill:none;stroke-width:1.4}.fault{fill:#f5c542;opacity:.28}
.ground{fill:#fff}
"""

Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """One line; points are seconds and values, in the order of time."""

    name: str
    points: list[Point]


@dataclass(frozen=True)
class Chart:
    """Some curves with one scale. `unit` stands beside the highest value."""

    title: str
    unit: str
    curves: list[Curve]


@dataclass(frozen=True)
class Band:
    """A time in which something went on (seconds)."""

    name: str
    begun: float
    ended: float


def drawn(title: str, seconds: float, charts: list[Chart], bands: list[Band]) -> str:
    """Return the picture."""
    whole = _TOP + len(charts) * (_HEIGHT + _GAP) + 170
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + _LEFT + 210} {whole}">',
        f"<style>{_STYLE}</style>",
        f'<rect class="ground" width="{_WIDTH + _LEFT + 210}" height="{whole}"/>',
        f'<text class="title" x="{_LEFT}" y="22">{escape(title)}</text>',
    ]
    bottom = _TOP + len(charts) * (_HEIGHT + _GAP) - _GAP
    names_until = 0.0
    for band in sorted(bands, key=lambda band: band.begun):
        left, right = _across(band.begun, seconds), _across(min(band.ended, seconds), seconds)
        parts.append(
            f'<rect class="fault" x="{left:.1f}" y="{_TOP}" width="{max(1.0, right - left):.1f}"'
            f' height="{bottom - _TOP}"><title>{escape(band.name)}</title></rect>'
            f'<text class="small" transform="translate({max(left + 8, names_until):.1f} {bottom + 22}) rotate(60)">'
            f"{escape(band.name)}</text>"
        )
        names_until = max(left + 8, names_until) + 12
    for number, chart in enumerate(charts):
        parts += _chart(chart, _TOP + number * (_HEIGHT + _GAP), seconds)
    for tick in range(7):
        at = seconds * tick / 6
        parts.append(f'<text class="small" x="{_across(at, seconds):.1f}" y="{bottom + 12}">{at / 60:.1f} min</text>')
    return "\n".join([*parts, "</svg>\n"])


def _chart(chart: Chart, top: float, seconds: float) -> list[str]:
    highest = max((value for curve in chart.curves for _, value in curve.points), default=0.0) * 1.08 or 1.0
    floor = top + _HEIGHT
    parts = [
        f'<rect class="frame" x="{_LEFT}" y="{top}" width="{_WIDTH}" height="{_HEIGHT}"/>',
        f'<text class="title" x="{_LEFT}" y="{top - 8}">{escape(chart.title)}</text>',
        f'<text class="small" x="{_LEFT - 6}" y="{top + 10}" text-anchor="end">{highest:.4g} {chart.unit}</text>',
        f'<text class="small" x="{_LEFT - 6}" y="{floor}" text-anchor="end">0</text>',
        f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{top + _HEIGHT / 2}" y2="{top + _HEIGHT / 2}"/>',
    ]
    for number, curve in enumerate(chart.curves):
        colour = _COLOURS[number % len(_COLOURS)]
        line = " ".join(
            f"{_across(at, seconds):.1f},{floor - _HEIGHT * value / highest:.1f}" for at, value in curve.points
        )
        parts.append(f'<polyline class="curve" stroke="{colour}" points="{line}"/>')
        beside = f'x="{_LEFT + _WIDTH + 10}" y="{top + 10 + 13 * number}"'
        parts.append(f'<text class="small" {beside} style="fill:{colour}">{escape(curve.name)}</text>')
    return parts


def _across(at: float, seconds: float) -> float:
    return _LEFT + _WIDTH * max(0.0, min(at, seconds)) / seconds
