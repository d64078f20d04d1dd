"""The mood of a scene: how colorful and how warm it is as a whole, and how well a model keeps that.

Shapes: N photos; Lab photos are (H, W, 3).
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from photochrom.color.lab import rgb_to_lab
from photochrom.color.warmth import WARM_HUE, warmth_of
from photochrom.colorizer import Colorizer, Settings
from photochrom.evaluate.truth import Truth, in_threads
from photochrom.photo import Photo

Floats = NDArray[np.floating[Any]]

MEANING: Final = (
    "The mood of a scene is taken as three numbers: its mean color (mean a, mean b), its mean chroma (the mean of "
    "√(a² + b²) over the pixels), and its warmth, which is the projection of the mean color on the axis from blue to "
    f"orange (hue angle {WARM_HUE:g}° in the ab plane); all in Lab units."
)


class Mood(NamedTuple):
    """The moods of N photos in Lab units: mean ``color`` (N, 2), mean ``chroma`` (N,) and ``warmth`` (N,)."""

    color: Floats
    chroma: Floats
    warmth: Floats


class Kept(NamedTuple):
    """How well moods are kept: correlation over photos (None where one side never changes) and mean absolute error.

    ``color`` is the mean distance of the mean colors.
    """

    chroma_correlation: float | None
    chroma_error: float
    warmth_correlation: float | None
    warmth_error: float
    color: float


def moods(photos: Sequence[Floats]) -> Mood:
    """Return the moods of Lab photos."""
    color = np.array([lab[..., 1:].mean(axis=(0, 1), dtype=np.float64) for lab in photos])
    chroma = np.array([np.hypot(lab[..., 1], lab[..., 2]).mean(dtype=np.float64) for lab in photos])
    return Mood(color, chroma, warmth_of(color))


def kept(result: Mood, truth: Mood) -> Kept:
    """Return how well the moods of results agree with the true ones."""
    return Kept(
        _correlation(result.chroma, truth.chroma),
        float(np.abs(result.chroma - truth.chroma).mean()),
        _correlation(result.warmth, truth.warmth),
        float(np.abs(result.warmth - truth.warmth).mean()),
        float(np.linalg.norm(result.color - truth.color, axis=1).mean()),
    )


def as_lab(pictures: Sequence[NDArray[np.uint8]]) -> list[Floats]:
    """Return pictures, uint8 RGB (H, W, 3), as Lab."""
    return [rgb_to_lab(picture.astype(np.float32) / np.float32(255)) for picture in pictures]


def at_warmth(colorizer: Colorizer, truth: Truth, warmth: float) -> list[NDArray[np.uint8]]:
    """Return the model's results, uint8 RGB (H, W, 3), with the control at ``warmth``: as a user gets them."""
    settings = Settings(warmth=warmth)

    def color(gray: NDArray[np.uint8]) -> NDArray[Any]:
        return colorizer.colorize(Photo.from_array(gray), settings).to_array()

    return list(in_threads(color, truth.grays))


def scatter(models: dict[str, Mood], truth: Mood) -> Figure:
    """Draw the moods of results over the true ones: chroma above, warmth below, one column a model."""
    figure = Figure(figsize=(2.7 * len(models), 5.2), layout="constrained")
    panels = figure.subplots(2, len(models), squeeze=False, sharex="row", sharey="row")
    for column, (name, result) in enumerate(models.items()):
        for row, quantity in enumerate(("chroma", "warmth")):
            panel, true, made = panels[row][column], getattr(truth, quantity), getattr(result, quantity)
            ends = [min(true.min(), 0.0), true.max()]
            panel.plot(ends, ends, color="0.7", linewidth=1)
            panel.scatter(true, made, s=9, alpha=0.7)
            panel.set(title=name if row == 0 else "", xlabel=f"true {quantity}")
            if column == 0:
                panel.set_ylabel(f"{quantity} of the result")
    return figure


def _correlation(one: Floats, other: Floats) -> float | None:
    if len(one) < 3 or one.std() < 1e-6 or other.std() < 1e-6:
        return None
    return float(np.corrcoef(one, other)[0, 1])
