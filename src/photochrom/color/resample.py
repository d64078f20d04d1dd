"""Chroma between network size and photo size, and back into the colors that sRGB can show.

These are the NumPy references; ``photochrom.photo`` does the same with libvips, tile by tile. Pixel centers
are aligned: pixel i of n covers (i / n, (i + 1) / n) of the photo at every size.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.color.arrays import namespace
from photochrom.color.lab import LUMINANCE, lab_to_linear, linear_to_lab

Array = Any  # a NumPy array or a torch tensor of a floating type

_TINY = 1e-12


def upsample_chroma(ab: NDArray[Any], height: int, width: int) -> NDArray[np.float32]:
    """Enlarge chroma (h, w, 2), in Lab units, to float32 (height, width, 2) with bicubic interpolation.

    Keys 1981, "Cubic convolution interpolation for digital image processing", eq. 15 with a = -1/2
    (Catmull-Rom); edges are replicated. It is meant for enlarging: a smaller size is sampled, not averaged.
    """
    rows = _interpolate(_floats(ab), height)
    return _interpolate(rows.swapaxes(0, 1), width).swapaxes(0, 1)


def downsample_area(array: NDArray[Any], height: int, width: int) -> NDArray[np.float32]:
    """Shrink (h, w, C), or (h, w), to float32 (height, width, C) so that each pixel is the mean of its area.

    Areas may cut through pixels, which then count in part; the mean over the photo is kept.
    """
    rows = _average(_floats(array), height)
    return _average(rows.swapaxes(0, 1), width).swapaxes(0, 1)


def fit_gamut(lab: Array, axis: int = -1) -> Array:
    """Lower the chroma of colors outside sRGB until they exist; L stays, and colors inside stay as they are.

    In linear light the luminance Y is a weighted mean of the channels (weights sum to one), so that every
    color on the line from its own gray (Y, Y, Y) has the same Y and thus the same L. The color is pulled
    along that line to

        gray + s (rgb - gray),  s = min(1, (1 - Y) / (max - Y), Y / (Y - min))

    which is the first point inside the cube. |a| and |b| both shrink, generally by different factors,
    because the line is straight in linear light and bent in Lab: the Lab hue turns slightly, L does not
    change at all.

    ``lab`` is a NumPy array or torch tensor of a floating type with its three channels on ``axis``. L outside
    0..100 has no color at all and comes back as 0 or 100.
    """
    xp = namespace(lab)
    moved = xp.moveaxis(lab, axis, -1)
    lightness = xp.clip(moved[..., 0:1], 0.0, 100.0)
    chroma = moved[..., 1:]
    linear = lab_to_linear(xp.concat([lightness, chroma], axis=-1))
    red, green, blue = linear[..., 0:1], linear[..., 1:2], linear[..., 2:3]
    luminance = green + LUMINANCE[0] * (red - green) + LUMINANCE[2] * (blue - green)
    luminance = xp.clip(luminance, 0.0, 1.0)
    highest = xp.max(linear, axis=-1, keepdims=True)
    lowest = xp.min(linear, axis=-1, keepdims=True)
    above = (1.0 - luminance) / xp.clip(highest - luminance, _TINY, None)
    below = luminance / xp.clip(luminance - lowest, _TINY, None)
    share = xp.where(above < below, above, below)
    inside = (highest <= 1.0) & (lowest >= 0.0)
    fitted = linear_to_lab(luminance + share * (linear - luminance))[..., 1:]
    result = xp.concat([lightness, xp.where(inside, chroma, fitted)], axis=-1)
    return xp.moveaxis(result, -1, axis)


def _floats(array: NDArray[Any]) -> NDArray[np.float32]:
    return np.asarray(array, dtype=np.float32)


def _interpolate(rows: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Resize axis 0 with four cubic taps."""
    count = len(rows)
    position = (np.arange(size, dtype=np.float64) + 0.5) * (count / size) - 0.5
    base = np.floor(position)
    result = np.zeros((size, *rows.shape[1:]), dtype=np.float32)
    for tap in (-1, 0, 1, 2):
        weight = _cubic(position - base - tap).astype(np.float32)
        source = np.clip(base.astype(np.intp) + tap, 0, count - 1)
        result += weight.reshape(-1, *[1] * (rows.ndim - 1)) * rows[source]
    return result


def _cubic(offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the Catmull-Rom weight of a sample ``offset`` pixels away, |offset| <= 2."""
    t = np.abs(offset)
    near = (1.5 * t - 2.5) * t * t + 1
    far = ((-0.5 * t + 2.5) * t - 4) * t + 2
    return np.where(t < 1, near, far)


def _average(rows: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Resize axis 0 by area, as differences of the running sum at the (fractional) borders of the areas."""
    count = len(rows)
    total = np.zeros((count + 1, *rows.shape[1:]), dtype=np.float64)
    np.cumsum(rows, axis=0, out=total[1:], dtype=np.float64)
    border = np.arange(size + 1, dtype=np.float64) * (count / size)
    whole = np.minimum(border.astype(np.intp), count - 1)
    part = (border - whole).reshape(-1, *[1] * (rows.ndim - 1))
    at_border = total[whole] + part * rows[whole]
    return ((at_border[1:] - at_border[:-1]) * (size / count)).astype(np.float32)
