"""Is the model's doubt worth anything? What error goes with a doubt, and how well the errors it expects come true.

Places of photos are ordered by doubt; the mean error of each part, made monotone, is the table that the card keeps. It
is judged on photos that it was not fitted on: the deciles of expected error against the real one, and Spearman's rank
correlation of the two.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.difference import ciede2000
from photochrom.color.lab import rgb_to_lab
from photochrom.color.resample import downsample_area, upsample_chroma
from photochrom.colorizer import Colorizer
from photochrom.errors import DataError
from photochrom.evaluate.pixel import displayed
from photochrom.evaluate.truth import Truth, in_threads
from photochrom.guess import SECOND_SCALE, doubt_of
from photochrom.photo import Photo

KNOTS: Final = 24
"""Entries of a table."""

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Calibration:
    """The card's table, and what it is worth on photos that it was not fitted on.

    ``guess`` is fitted on all photos. ``deciles`` are (expected, real) mean CIEDE2000 of ten equal parts of all places,
    ordered by expected error; ``correlation`` is Spearman's over places, ``photo_correlation`` that of photos' means.
    Both come from two tables, each fitted on every other photo and used on the others.
    """

    guess: dict[str, Any]
    deciles: tuple[tuple[float, float], ...]
    correlation: float
    photo_correlation: float


def calibrate(colorizer: Colorizer, truth: Truth, scales: int = 1) -> Calibration:
    """Fit the table of a model on true photos, with doubt from one or two runs of the network (``scales``).

    Raises DataError for fewer than four photos and ModelError for a model without bins.
    """
    if len(truth.lab) < 4:
        raise DataError(f"{len(truth.lab)} photos cannot be fitted on and judged by; give four or more")
    doubt, error = measure_doubt(colorizer, truth, scales)
    expected = np.empty_like(doubt)
    for half in (0, 1):
        table = fit_guess(doubt[1 - half :: 2], error[1 - half :: 2])
        expected[half::2] = np.interp(doubt[half::2], table["doubt"], table["expected"])
    return Calibration(
        {"scales": scales, **fit_guess(doubt, error)},
        reliability(expected, error),
        rank_correlation(doubt, error),
        rank_correlation(expected.mean(axis=1), error.mean(axis=1)),
    )


def measure_doubt(colorizer: Colorizer, truth: Truth, scales: int = 1) -> tuple[Floats, Floats]:
    """Return doubt (0..1) and error (mean CIEDE2000) of each place of each photo's answer, both (photos, places)."""

    def look(gray: NDArray[np.uint8], lab: Floats) -> tuple[Floats, Floats]:
        page = Photo.from_array(gray).pages[0]
        answer = colorizer.answer(page)
        doubt = doubt_of(answer, colorizer.answer(page, scale=SECOND_SCALE) if scales > 1 else None)
        colored = np.concatenate([lab[..., :1], upsample_chroma(answer.ab(), *gray.shape)], axis=-1)
        error = ciede2000(rgb_to_lab(displayed(colored).astype(np.float32)), lab)
        return doubt.ravel(), downsample_area(error, *doubt.shape).ravel()

    found = list(in_threads(look, truth.grays, truth.lab))
    return np.stack([doubt for doubt, _ in found]), np.stack([error for _, error in found])


def fit_guess(doubt: Floats, error: Floats) -> dict[str, list[float]]:
    """Return the table of the mean error at some doubts: both rise, for np.interp.

    The values, of equal shapes, are cut by doubt into :data:`KNOTS` equal parts; their mean errors are made monotone
    by pooling neighbors (isotonic regression).
    """
    order = np.argsort(doubt, axis=None, kind="stable")
    parts = [part for part in np.array_split(order, KNOTS) if len(part)]
    at = np.array([doubt.ravel()[part].mean() for part in parts])
    means = monotone(np.array([error.ravel()[part].mean() for part in parts]))
    rows = {round(float(place), 5): round(float(mean), 3) for place, mean in zip(at, means, strict=True)}
    if len(rows) < 2:
        raise DataError("the doubt is the same everywhere; there is nothing to fit")
    return {"doubt": list(rows), "expected": list(rows.values())}


def monotone(values: Floats) -> Floats:
    """Return the nearest values (n,), by squares, that never fall: neighbors that do are replaced by their mean.

    The pool-adjacent-violators algorithm (Ayer et al. 1955).
    """
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, count = float(value), 1
        while pools and pools[-1][0] > mean:
            before, size = pools.pop()
            mean, count = (before * size + mean * count) / (size + count), size + count
        pools.append((mean, count))
    return np.repeat([mean for mean, _ in pools], [count for _, count in pools])


def reliability(expected: Floats, error: Floats, parts: int = 10) -> tuple[tuple[float, float], ...]:
    """Return (mean expected, mean real) of ``parts`` equal parts of the values, ordered by expected error."""
    order = np.argsort(expected, axis=None, kind="stable")
    return tuple(
        (float(expected.ravel()[part].mean()), float(error.ravel()[part].mean()))
        for part in np.array_split(order, parts)
        if len(part)
    )


def rank_correlation(one: Floats | Sequence[float], other: Floats | Sequence[float]) -> float:
    """Return Spearman's rank correlation, -1..1, of equally many values; equal ones share their mean rank."""
    first, second = (_ranks(np.asarray(values).ravel()) for values in (one, other))
    if not first.std() or not second.std():
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Floats) -> NDArray[np.float64]:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2)[place], dtype=np.float64)
