"""What color else a thing may have: the likely colors of the region around a point, each ready to be a hint."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.answer import Answer
from photochrom.errors import OptionError
from photochrom.regions import hex_of, likely_colors, smoothed, tilt_toward

DISTANCE: Final = 0.35
"""Hellinger distance, 0..1, up to which a place says the same as the point's own."""

LIGHTNESS: Final = 16.0
"""Difference of L up to which a place looks the same as the point's own."""

LEAST_RADIUS: Final = 0.01
"""A hint's radius is at least this share of the photo's longer side."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A color that the thing at a point may have, as "#rrggbb" at its lightness and as ab in Lab units.

    ``probability`` is 0..1, by the true frequencies of colors; ``hint`` is the text that ``--hint`` and
    :meth:`photochrom.hints.Hint.parse` take to choose it.
    """

    color: str
    ab: tuple[float, float]
    probability: float
    hint: str


def list_alternatives(answer: Answer, x: float, y: float) -> list[Alternative]:
    """Return the likely colors of the region at (x, y), in pixels of the page, most probable first, all distinct.

    Probabilities sum to at most one. Raises OptionError for a point outside the page and ModelError for a model without
    bins.
    """
    _require_inside(answer, x, y)
    region = region_at(answer, x, y)
    mean_Q = answer.probabilities()[:, region].mean(axis=1)
    lightness = float(answer.small_lightness[region].mean())
    place = f"{x:g},{y:g},{_radius(answer, region, x, y):.0f}"
    found = likely_colors(mean_Q, answer.bins.colors, lightness)
    colors = [hex_of(mode.ab, lightness) for mode in found]
    return [
        Alternative(color, mode.ab, mode.probability, f"{place}={color}")
        for mode, color in zip(found, colors, strict=True)
    ]


def choose(answer: Answer, x: float, y: float, ab: tuple[float, float]) -> Answer:
    """Return the answer with the thing at (x, y) tilted toward a color, at once and without a run of the network.

    The rest of the page stays as it is. Raises as :func:`list_alternatives` does.
    """
    _require_inside(answer, x, y)
    soft = smoothed(region_at(answer, x, y)[None].astype(np.float32), 1)
    return tilt_toward(answer, soft, np.array([ab]))


def region_at(answer: Answer, x: float, y: float) -> NDArray[np.bool_]:
    """Return the connected region around a point of the page, (h, w): places of similar answer and lightness."""
    row, column = _place(answer, x, y)
    root = np.sqrt(smoothed(answer.probabilities(), 1))
    own = root[:, row, column]
    distance = np.sqrt(np.maximum(1 - np.tensordot(own, root, axes=1), 0))
    light = answer.small_lightness
    alike = (distance <= DISTANCE) & (abs(light - light[row, column]) <= LIGHTNESS)
    alike[row, column] = True
    return _connected(alike, row, column)


def _require_inside(answer: Answer, x: float, y: float) -> None:
    if not (0 <= x <= answer.width and 0 <= y <= answer.height):
        size = f"{answer.width} x {answer.height} pixels"
        raise OptionError(f"the point ({x:g}, {y:g}) lies outside the photo of {size}; give one on the upright photo")


def _place(answer: Answer, x: float, y: float) -> tuple[int, int]:
    height, width = answer.raw.shape[1:]
    return min(int(y / answer.height * height), height - 1), min(int(x / answer.width * width), width - 1)


def _connected(alike: NDArray[np.bool_], row: int, column: int) -> NDArray[np.bool_]:
    region = np.zeros_like(alike)
    region[row, column] = True
    while True:
        grown = region.copy()
        grown[1:] |= region[:-1]
        grown[:-1] |= region[1:]
        grown[:, 1:] |= region[:, :-1]
        grown[:, :-1] |= region[:, 1:]
        grown &= alike
        if grown.sum() == region.sum():
            return region
        region = grown


def _radius(answer: Answer, region: NDArray[np.bool_], x: float, y: float) -> float:
    """Return how large a hint at the point may be: half the way to the region's border, in pixels of the page."""
    height, width = region.shape
    step_x, step_y = answer.width / width, answer.height / height
    down, across = np.nonzero(~np.pad(region, 1))
    distances: NDArray[np.floating[Any]] = np.hypot((across - 0.5) * step_x - x, (down - 0.5) * step_y - y)
    longest = max(answer.width, answer.height)
    return max(1.0, LEAST_RADIUS * longest, min(float(distances.min()) / 2, 0.1 * longest))
