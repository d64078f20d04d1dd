"""Means over small windows: plain ones, and those that stop at the edges of lightness."""

from itertools import product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_TAPS: Final = (-2, -1, 0, 1, 2)
_LIKE: Final = 8.0  # L that pixels may differ and still count as of one thing


def window_mean(array: NDArray[Any], radius: int) -> NDArray[np.float32]:
    """Return the mean of (h, w) or (h, w, C) over windows of (2 radius + 1)^2, cut off at the borders; float32."""
    rows = _running_mean(np.asarray(array, dtype=np.float32), radius)
    return _running_mean(rows.swapaxes(0, 1), radius).swapaxes(0, 1)


def joint_bilateral(ab: NDArray[np.float32], lightness: NDArray[np.float32], step: int) -> NDArray[np.float32]:
    """Return chroma (h, w, 2) as means of 5 x 5 places, ``step`` pixels apart, that are alike in L (h, w), 0..100.

    Petschnigg et al. 2004, "Digital photography with flash and no-flash image pairs", eq. 3: places q near p have the
    weight g(|p - q| / (2 step)) g((L_p - L_q) / 8), g(x) = exp(-x^2 / 2). A blurred or shifted edge of color moves to
    the edge of lightness.
    """
    height, width = lightness.shape
    edge = (2 * step, 2 * step)
    light = np.pad(lightness, (edge, edge), mode="edge")
    color = np.pad(ab, (edge, edge, (0, 0)), mode="edge")
    total = np.zeros_like(ab)
    weights = np.zeros_like(lightness)
    for down, across in product(_TAPS, _TAPS):
        top, left = (down + 2) * step, (across + 2) * step
        there = slice(top, top + height), slice(left, left + width)
        near = np.float32(np.exp(-(down * down + across * across) / 8))
        weight = near * np.exp((light[there] - lightness) ** 2 * np.float32(-0.5 / _LIKE**2))
        total += weight[..., None] * color[there]
        weights += weight
    return np.asarray(total / weights[..., None])


def _running_mean(rows: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Average axis 0 over windows, as differences of the running sum."""
    count = len(rows)
    total = np.zeros((count + 1, *rows.shape[1:]), dtype=np.float64)
    np.cumsum(rows, axis=0, out=total[1:], dtype=np.float64)
    place = np.arange(count)
    low, high = np.maximum(place - radius, 0), np.minimum(place + radius + 1, count)
    share = 1 / (high - low).reshape(-1, *[1] * (rows.ndim - 1))
    return ((total[high] - total[low]) * share).astype(np.float32)
