"""Makes colors keep the hints: what the network left between a hint and its answer is added around it.

The network knows what thing a hint is on, and colors the thing; it does not hit the color exactly. The rest is spread
by kernel regression (Nadaraya 1964, Watson 1964) over places that are near, of like lightness and of like color:

    ab(p) + sum_k w_k(p) r_k / (sum_k w_k(p) + e),   r_k = hint_k - ab(k),
    w_k(p) = exp(-|p - k|^2 / 2 d^2 - (L(p) - L(k))^2 / 2 l^2 - |ab(p) - ab(k)|^2 / 2 c^2)

so that a hint's own place gets its color, and other things keep theirs.

Shapes: h x w places of an answer, K hinted places, N = h w.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.resample import downsample_area

REACH: Final = 0.25
"""d, as a share of the root of the photo's area."""

LIGHTNESS: Final = 12.0
COLOR: Final = 6.0
"""l and c, in Lab units."""

DOUBT: Final = 0.05
"""e: how much weight there must be before a place follows."""

AT_ONCE: Final = 256
"""Hinted places whose weights are held in memory together."""

Floats = NDArray[np.float32]


def settle(ab_hw2: Floats, lightness_hw: Floats, hints_3HW: Floats) -> Floats:
    """Return the colors (h, w, 2), Lab units, with the hints kept.

    ``lightness`` is L (h, w), 0..100; ``hints`` a field (3, H, W) as :meth:`photochrom.hints.Hints.field` paints it, of
    any size: mask, a and b.
    """
    height, width = lightness_hw.shape
    small = downsample_area(np.moveaxis(hints_3HW, 0, -1), height, width)
    down, across = np.nonzero(small[..., 0] > 0)
    cover_K = small[down, across, 0]
    place_N5 = np.concatenate([_places(height, width), lightness_hw[..., None] / LIGHTNESS, ab_hw2 / COLOR], axis=-1)
    place_K5 = place_N5[down, across]
    place_N5 = place_N5.reshape(height * width, -1)
    rest_K2 = small[down, across, 1:] / cover_K[:, None] - ab_hw2[down, across]
    total_N, moved_N2 = np.full(height * width, DOUBT, np.float32), np.zeros((height * width, 2), np.float32)
    for start in range(0, len(cover_K), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        weight_NK = np.exp(-0.5 * _squared(place_N5, place_K5[some])) * cover_K[some]
        total_N += weight_NK.sum(axis=1)
        moved_N2 += weight_NK @ rest_K2[some]
    return np.asarray(ab_hw2 + (moved_N2 / total_N[:, None]).reshape(height, width, 2), dtype=np.float32)


def _places(height: int, width: int) -> Floats:
    """Return (h, w, 2): where a place is, in units of the reach."""
    reach = REACH * (height * width) ** 0.5
    return np.moveaxis(np.indices((height, width), np.float32), 0, -1) / np.float32(reach)


def _squared(one_N: Floats, other_K: Floats) -> Floats:
    """Return squared distances (N, K) of points."""
    found = (one_N**2).sum(axis=1)[:, None] + (other_K**2).sum(axis=1) - 2 * one_N @ other_K.T
    return np.asarray(np.maximum(found, 0), dtype=np.float32)
