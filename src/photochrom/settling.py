"""Makes colors keep the hints, and hints keep to their things.

The network knows what thing a hint is on, and colors the thing; but a hint that it did not expect moves other things as
well, as if the light had changed. So its answer with hints counts only as far as a place is like a hinted one:

    raw(p) = plain(p) + s(p) (hinted(p) - plain(p)),   s(p) = f + (1 - f) max_k exp(-(L(p) - L(k))^2 / 2 m^2
                                                                              - |ab(p) - ab(k)|^2 / 2 n^2)

with L and ab as they are without hints. And it does not hit the color exactly: the rest is spread by kernel regression
(Nadaraya 1964, Watson 1964) over places that are near, of like lightness and of like color:

    ab(p) + sum_k w_k(p) r_k / (sum_k w_k(p) + e),   r_k = hint_k - ab(k),
    w_k(p) = exp(-|p - k|^2 / 2 d^2 - (L(p) - L(k))^2 / 2 l^2 - |ab(p) - ab(k)|^2 / 2 c^2)

so that a hint's own place gets its color, and other things keep theirs.

Shapes: Q scores, h x w places of an answer, H x W pixels of a hint field, K hinted places, N = h w.
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

LIKE_LIGHTNESS: Final = 30.0
LIKE_COLOR: Final = 10.0
"""m and n, in Lab units."""

ANYWHERE: Final = 0.1
"""f: how much of what hints change is taken over where nothing is like them."""

AT_ONCE: Final = 256
"""Hinted places whose weights are held in memory together."""

Floats = NDArray[np.float32]


def contain(hinted_Qhw: Floats, plain_Qhw: Floats, ab_hw2: Floats, lightness_hw: Floats, hints_3HW: Floats) -> Floats:
    """Return the network's answer with hints, (Q, h, w), taken back where nothing is like a hinted place.

    ``plain`` is the answer without hints and ``ab`` (h, w, 2) its colors in Lab units; ``lightness`` and ``hints`` are
    as for :func:`settle`.
    """
    height, width = lightness_hw.shape
    small = downsample_area(np.moveaxis(hints_3HW, 0, -1), height, width)
    look_N3 = np.concatenate([lightness_hw[..., None] / LIKE_LIGHTNESS, ab_hw2 / LIKE_COLOR], axis=-1).reshape(-1, 3)
    look_K3 = look_N3[small[..., 0].ravel() > 0]
    nearest_N = np.full(height * width, np.inf, np.float32)
    for start in range(0, len(look_K3), AT_ONCE):
        nearest_N = np.minimum(nearest_N, _squared(look_N3, look_K3[start : start + AT_ONCE]).min(axis=1))
    share_hw = ANYWHERE + (1 - ANYWHERE) * np.exp(-0.5 * nearest_N).reshape(height, width)
    return np.asarray(plain_Qhw + share_hw * (hinted_Qhw - plain_Qhw), dtype=np.float32)


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
