"""How sure a mean over photos is: confidence intervals by bootstrap."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import DataError, OptionError

Floats = NDArray[np.floating[Any]]
Interval = tuple[float, float]


def bootstrap_interval(
    values: Sequence[float] | Floats, *, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> Interval:
    """Return the confidence interval (low, high) of the mean of ``values``, one value a photo.

    Percentile bootstrap (Efron 1979): photos are drawn again with replacement ``resamples`` times, always
    alike for the same seed. To compare two models give their differences photo by photo.

    Raises DataError for no values or values that are not finite, OptionError for a level outside 0..1.
    """
    return bootstrap_of_means([values], lambda means: means[0], level=level, resamples=resamples, seed=seed)


def bootstrap_of_means(
    columns: Sequence[Sequence[float] | Floats],
    statistic: Callable[[Floats], Floats],
    *,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """Return the interval of a ``statistic`` of k means, such as their ratio, over the same photos.

    ``columns`` are k times n values; ``statistic`` turns means (k, R) into R numbers. Samples for which it is not
    finite are left out. Raises as :func:`bootstrap_interval` does.
    """
    sample = np.atleast_2d(np.asarray(columns, dtype=np.float64))
    if sample.ndim != 2 or not sample.size or not bool(np.isfinite(sample).all()):
        raise DataError(
            f"values of shape {sample.shape[1:]} have no mean with an interval; give one finite number a photo"
        )
    if not 0 < level < 1:
        raise OptionError(f"the level is {level}; expected a number between 0 and 1, such as 0.95")
    count = sample.shape[1]
    drawn = np.random.default_rng(seed).integers(0, count, size=(resamples, count))
    found = statistic(sample[:, drawn].mean(axis=2))
    found = found[np.isfinite(found)]
    if not found.size:
        return float("nan"), float("nan")
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
