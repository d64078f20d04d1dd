"""How many pixels have nearly the right chroma: the area under the curve of correct pixels.

Zhang et al. 2016, section 3.1: the share of pixels whose ab lies within an L2 distance t of the truth, as t runs from 0
to 150; the area under that curve, in percent. Integrated exactly, each pixel at distance d adds max(0, 1 - d / 150).
The rebalanced form weights pixels by the inverse probability of their true color's bin (their eq. 4 with lambda = 0),
so that rare, strong colors count as much as the common dull ones.
"""

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.bins import AB_BINS, distances, smooth_prior

Floats = NDArray[np.floating[Any]]

FARTHEST: Final = 150.0
"""The largest threshold, in Lab units."""

_RAREST: Final = 1e-9
_TICKS: Final = np.arange(-128, 128, dtype=np.float32)


def closeness(lab: Floats, truth: Floats) -> Floats:
    """Return max(0, 1 - d / 150), (H, W), for the ab distance d between two Lab photos (H, W, 3)."""
    gap = lab[..., 1:] - truth[..., 1:]
    distance = np.sqrt(gap[..., 0] ** 2 + gap[..., 1] ** 2)
    return np.asarray(np.maximum(0, 1 - distance / FARTHEST))


def nearest_bins() -> NDArray[np.int64]:
    """Return the nearest of the 313 published bins for each whole (a, b) from -128 to 127, shape (256, 256)."""
    rows = [distances(np.stack([np.full_like(_TICKS, a), _TICKS], axis=-1), AB_BINS).argmin(axis=-1) for a in _TICKS]
    return np.stack(rows).astype(np.int64)


def rarity(photos: Iterable[Floats]) -> NDArray[np.float32]:
    """Return the weight 1 / p of every whole (a, b) from -128 to 127, shape (256, 256), relative to the commonest.

    p is the smoothed distribution of the bins over all pixels of ``photos``, Lab (H, W, 3).
    """
    table = nearest_bins()
    counts = np.zeros(len(AB_BINS))
    for lab in photos:
        counts += np.bincount(table[cells(lab)].ravel(), minlength=len(AB_BINS))
    prior = np.maximum(smooth_prior(counts), _RAREST)
    return np.asarray((prior.max() / prior)[table], dtype=np.float32)


def cells(lab: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where the colors of Lab (H, W, 3) stand in a table of whole (a, b): two indices (H, W)."""
    places = np.clip(np.rint(lab[..., 1:]), -128, 127).astype(np.int64) + 128
    return places[..., 0], places[..., 1]
