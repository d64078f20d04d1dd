"""Curves as inline SVG: the page's own colors, readable in light and dark, nothing to load."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

import numpy as np

WIDTH, HEIGHT = 560, 340
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 44
COLORS: Final = 8
"""How many colors (--line0 ...) the page's style has."""

Points = Sequence[tuple[float, float]]


def curves(series: Mapping[str, Points], across: str, down: str) -> str:
    """Return an SVG of one line with dots for each of ``series``, named at its end by color; axes say what they are."""
    x_ticks = _ticks([x for points in series.values() for x, _ in points])
    y_ticks = _ticks([y for points in series.values() for _, y in points])

    def place(x: float, y: float) -> tuple[float, float]:
        right = (x - x_ticks[0]) / (x_ticks[-1] - x_ticks[0]) * (WIDTH - LEFT - RIGHT)
        up = (y - y_ticks[0]) / (y_ticks[-1] - y_ticks[0]) * (HEIGHT - TOP - BOTTOM)
        return round(LEFT + right, 1), round(HEIGHT - BOTTOM - up, 1)

    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(down)} over {escape(across)}">']
    for tick in x_ticks:
        x, bottom = place(tick, y_ticks[0])
        parts.append(f'<line class="grid" x1="{x}" y1="{TOP}" x2="{x}" y2="{bottom}"/>')
        parts.append(f'<text x="{x}" y="{bottom + 16}" text-anchor="middle">{tick:g}</text>')
    for tick in y_ticks:
        left, y = place(x_ticks[0], tick)
        parts.append(f'<line class="grid" x1="{left}" y1="{y}" x2="{WIDTH - RIGHT}" y2="{y}"/>')
        parts.append(f'<text x="{left - 6}" y="{y + 4}" text-anchor="end">{tick:g}</text>')
    parts.append(f'<text x="{(WIDTH + LEFT) / 2}" y="{HEIGHT - 6}" text-anchor="middle">{escape(across)}</text>')
    middle = (HEIGHT - BOTTOM) / 2
    parts.append(
        f'<text x="14" y="{middle}" text-anchor="middle" transform="rotate(-90 14 {middle})">{escape(down)}</text>'
    )
    for number, (name, points) in enumerate(series.items()):
        parts.append(_line(name, [place(x, y) for x, y in sorted(points)], number % COLORS))
    return "".join(parts) + "</svg>"


def legend(names: Sequence[str]) -> str:
    """Return HTML that says which color is which of the ``names``, in the order of the series."""
    keys = [f'<span><i class="key{number % COLORS}"></i>{escape(name)}</span>' for number, name in enumerate(names)]
    return f'<p class="legend">{"".join(keys)}</p>'


def _line(name: str, points: Points, color: int) -> str:
    path = " ".join(f"{x},{y}" for x, y in points)
    dots = "".join(f'<circle cx="{x}" cy="{y}" r="4"><title>{escape(name)}</title></circle>' for x, y in points)
    return f'<g class="line{color}"><polyline points="{path}"/>{dots}</g>'


def _ticks(values: Sequence[float]) -> list[float]:
    """Return some five round numbers that enclose the values."""
    low, high = min(values), max(values)
    span = high - low if high > low else max(abs(high), 1.0)
    rough = span / 5
    step = next(
        size
        for size in (scale * 10.0 ** np.floor(np.log10(rough)) for scale in (1, 2, 2.5, 5, 10))
        if size >= rough * 0.99
    )
    first, last = int(np.floor(low / step)), int(np.ceil(high / step))
    return [round(float(number * step), 6) for number in range(first, max(last, first + 1) + 1)]
