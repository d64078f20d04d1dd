"""Pixel by pixel against the true colors, and fairly: at matched colorfulness.

Leaving a photo gray scores well on every measure here, because a wrong color costs more than none. So
compare models at the same mean colorfulness: :func:`match_colorfulness` finds the one chroma factor that
gets there.

Photos are RGB (H, W, 3), gamma-encoded sRGB in 0..1, or Lab (H, W, 3), both floating.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from skimage.metrics import structural_similarity

from photochrom.color.colorfulness import colorfulness
from photochrom.color.difference import ciede2000 as color_difference
from photochrom.color.lab import encode_srgb, lab_to_linear, rgb_to_lab
from photochrom.color.resample import fit_gamut
from photochrom.errors import DataError, OptionError

Floats = NDArray[np.floating[Any]]

_similarity: Any = structural_similarity  # scikit-image carries no types

HIGHEST_FACTOR: Final = 64.0
"""Beyond this chroma factor everything is at the border of sRGB, and more changes nothing."""

_SSIM_WINDOW: Final = 11
_THINNING: Final = 4


class TooPale(DataError):  # noqa: N818 - reads as the fact it states
    """Photos have too little chroma for the colorfulness that was asked for, whatever the factor."""


def mse(prediction: Floats, truth: Floats) -> float:
    """Return the mean squared difference of RGB, 0..1, over all pixels and channels; 0 is best.

    Raises DataError, as all comparisons here do, where the two shapes differ or are not (H, W, 3).
    """
    first, second = _pair(prediction, truth)
    return float(np.mean((first - second) ** 2))


def psnr(prediction: Floats, truth: Floats) -> float:
    """Return the peak signal-to-noise ratio of RGB in decibels, -10 log10(mse); more is better.

    It is a photo's own value: the mean over photos of this is the customary number, and larger than the
    value of the mean squared error over all photos. Equal photos give infinity.
    """
    error = mse(prediction, truth)
    return float("inf") if error == 0 else float(-10 * np.log10(error))


def ssim(prediction: Floats, truth: Floats) -> float:
    """Return the structural similarity, mean over pixels and the three RGB channels, -1..1; 1 is best.

    Wang et al. 2004, "Image quality assessment", eq. 13 with their Gaussian window of sigma 1.5 (11 x 11
    pixels). Raises DataError where a side is shorter than the window.
    """
    first, second = _pair(prediction, truth)
    if min(first.shape[:2]) < _SSIM_WINDOW:
        raise DataError(f"a photo of shape {first.shape} is too small for SSIM; give {_SSIM_WINDOW} pixels")
    value = _similarity(
        first, second, channel_axis=-1, data_range=1.0, gaussian_weights=True, use_sample_covariance=False
    )
    return float(value)


def ciede2000(prediction: Floats, truth: Floats) -> float:
    """Return the mean color difference CIEDE2000 over the pixels; 0 is best, 1 just noticeable side by side.

    CIE 142-2001; see :mod:`photochrom.color.difference`.
    """
    first, second = _pair(prediction, truth)
    return float(np.mean(color_difference(rgb_to_lab(first), rgb_to_lab(second))))


def colorfulness_difference(prediction: Floats, truth: Floats) -> float:
    """Return the prediction's signed colorfulness less the truth's; 0 is best, below 0 is timid."""
    first, second = _pair(prediction, truth)
    return colorfulness(first) - colorfulness(second)


def scale_chroma(lab: Floats, factor: float) -> Floats:
    """Return Lab (..., 3) with a and b times ``factor`` (0: gray, 1: unchanged) and the same L and type."""
    return np.concatenate([lab[..., :1], lab[..., 1:] * lab.dtype.type(factor)], axis=-1)


def displayed(lab: Floats) -> Floats:
    """Return the RGB 0..1 that the product writes for Lab (..., 3): inside sRGB, same L, 8 bits.

    The way into the gamut is :func:`photochrom.color.resample.fit_gamut`, taken only for the colors that need it.
    """
    linear = lab_to_linear(lab)
    red, green, blue = linear[..., 0], linear[..., 1], linear[..., 2]
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    outside = (highest > 1) | (lowest < 0)
    linear[outside] = lab_to_linear(fit_gamut(lab[outside]))
    rounded: Floats = np.rint(encode_srgb(np.clip(linear, 0.0, 1.0)) * 255) / 255
    return rounded


def mean_colorfulness(predictions: Sequence[Floats], factor: float = 1.0) -> float:
    """Return the mean colorfulness of Lab photos (H, W, 3) as displayed, with chroma times ``factor``."""
    with ThreadPoolExecutor() as pool:  # NumPy lets other threads run while it computes
        at = partial(_colorfulness_at, predictions, factor)
        return float(np.mean(list(pool.map(at, range(len(predictions))))))


def match_colorfulness(predictions: Sequence[Floats], target_mean: float, *, tolerance: float = 0.02) -> float:
    """Return the chroma factor at which the mean colorfulness is ``target_mean``, within ``tolerance``.

    ``predictions`` are Lab photos (H, W, 3) of any sizes. One factor holds for all photos; the colorfulness
    is the signed one of what :func:`displayed` gives for all pixels. The search runs on every fourth pixel of
    every fourth row, then aims again by as much as all pixels miss: one or two passes over all of them.

    Raises OptionError for a negative or non-finite target, DataError where there are no photos or too little
    chroma to get there.
    """
    if not (np.isfinite(target_mean) and target_mean >= 0):
        raise OptionError(f"the target colorfulness is {target_mean}; expected a finite number, 0 or more")
    if not len(predictions):
        raise DataError("there are no photos whose colorfulness could be matched; give at least one")
    if target_mean <= tolerance:
        return 0.0
    thinned = [lab[::_THINNING, ::_THINNING].copy() for lab in predictions]
    factor, aim = 0.0, target_mean
    for _ in range(8):
        factor = _search(thinned, aim, tolerance / 4)
        miss = mean_colorfulness(predictions, factor) - target_mean
        if abs(miss) <= tolerance:
            break
        aim -= miss
    return factor


def _pair(prediction: Floats, truth: Floats) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if prediction.shape != truth.shape or truth.ndim != 3 or truth.shape[-1] != 3:
        raise DataError(
            f"a prediction of shape {prediction.shape} and a truth of {truth.shape} cannot be compared; "
            "both must be RGB (H, W, 3) of one size"
        )
    return prediction.astype(np.float64), truth.astype(np.float64)


def _colorfulness_at(predictions: Sequence[Floats], factor: float, index: int) -> float:
    return colorfulness(displayed(scale_chroma(predictions[index], factor)))


def _search(predictions: Sequence[Floats], target: float, tolerance: float) -> float:
    """Double a factor until it is too large, then draw lines through the bracket's ends (regula falsi, Illinois)."""
    low, high, below = 0.0, 1.0, -target
    while (above := mean_colorfulness(predictions, high) - target) < -tolerance:
        low, high, below = high, high * 2, above
        if high > HIGHEST_FACTOR:
            reached = above + target
            raise TooPale(f"the photos reach a mean colorfulness of {reached:.1f}, not {target:.1f}; ask for less")
    factor, miss, side = high, above, 0
    while abs(miss) > tolerance and high - low > 1e-6:
        factor = high - above * (high - low) / (above - below)
        miss = mean_colorfulness(predictions, factor) - target
        if miss < 0:
            low, below, above, side = factor, miss, above / 2 if side < 0 else above, -1
        else:
            high, above, below, side = factor, miss, below / 2 if side > 0 else below, 1
    return factor
