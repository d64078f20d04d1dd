"""How different two colors look: CIEDE2000.

CIE 142-2001, in the form of Sharma, Wu and Dalal 2005, "The CIEDE2000 color-difference formula: implementation notes,
supplementary test data, and mathematical observations", eq. 2 to 22, with kL = kC = kH = 1. Hues are kept as unit
vectors instead of angles: their mean (eq. 14) is the direction of their sum and the hue difference (eq. 11) what
remains of the ab difference, so that one angle is taken for each pair of colors and not four.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_25_TO_7: Final = 25.0**7
_30, _6, _63 = (np.deg2rad(degrees) for degrees in (30.0, 6.0, 63.0))


def ciede2000(first: Floats, second: Floats) -> Floats:
    """Return the color difference (...) of Lab colors (..., 3) and (..., 3); 1 is just noticeable side by side.

    The result has the inputs' floating type; in float32 it is right to about 0.001.
    """
    a_one, a_two, b_one, b_two = _stretched(first, second)
    chroma_one, chroma_two = _length(a_one, b_one), _length(a_two, b_two)
    chroma = (chroma_one + chroma_two) / 2
    cosine, sine = _mean_hue(a_one, b_one, a_two, b_two)
    in_lightness = (second[..., 0] - first[..., 0]) / _lightness_scale(first[..., 0], second[..., 0])
    gap = chroma_two - chroma_one
    in_chroma = gap / (1 + 0.045 * chroma)
    squared = (a_two - a_one) ** 2 + (b_two - b_one) ** 2 - gap**2
    turn = np.where(a_one * b_two < a_two * b_one, -1, 1).astype(squared.dtype)
    in_hue = turn * np.sqrt(np.maximum(squared, 0)) / (1 + 0.015 * chroma * _hue_weight(cosine, sine))
    rotation = _rotation(chroma, cosine, sine)
    total = in_lightness**2 + in_chroma**2 + in_hue**2 + rotation * in_chroma * in_hue
    return np.asarray(np.sqrt(np.maximum(total, 0)))


def _stretched(first: Floats, second: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Return a' of both colors (eq. 2 to 5) and b of both."""
    a_one, b_one, a_two, b_two = first[..., 1], first[..., 2], second[..., 1], second[..., 2]
    chroma = (_length(a_one, b_one) + _length(a_two, b_two)) / 2
    stretch = 1.5 - 0.5 * np.sqrt(_seventh(chroma))
    return stretch * a_one, stretch * a_two, b_one, b_two


def _length(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.sqrt(a * a + b * b))


def _seventh(chroma: Floats) -> Floats:
    """Return C^7 / (C^7 + 25^7)."""
    square = chroma * chroma
    power = square * square * square * chroma
    return power / (power + chroma.dtype.type(_25_TO_7))


def _mean_hue(a_one: Floats, b_one: Floats, a_two: Floats, b_two: Floats) -> tuple[Floats, Floats]:
    """Return cosine and sine of the mean hue (eq. 14); a color without chroma leaves the hue to the other."""
    tiny = np.finfo(a_one.dtype).tiny
    one, two = (np.maximum(_length(a, b), tiny) for a, b in ((a_one, b_one), (a_two, b_two)))
    cosine, sine = a_one / one + a_two / two, b_one / one + b_two / two
    length = _length(cosine, sine)
    opposite = (length == 0) & (one > tiny)
    if opposite.any():  # the mean of the two angles in 0..360: a right angle on from the smaller one
        upper = (b_one > 0) | ((b_one == 0) & (a_one > 0))
        cosine = np.where(opposite, np.where(upper, -b_one, -b_two), cosine)
        sine = np.where(opposite, np.where(upper, a_one, a_two), sine)
        length = np.where(opposite, _length(cosine, sine), length)
    length = np.maximum(length, tiny)
    return cosine / length, sine / length


def _lightness_scale(first: Floats, second: Floats) -> Floats:
    """Return S_L (eq. 16)."""
    middle = ((first + second) / 2 - 50) ** 2
    return np.asarray(1 + 0.015 * middle / np.sqrt(20 + middle))


def _hue_weight(cosine: Floats, sine: Floats) -> Floats:
    """Return T (eq. 15), with the cosines of multiples of the hue as products."""
    cosine_2, sine_2 = cosine**2 - sine**2, 2 * sine * cosine
    cosine_3, sine_3 = cosine_2 * cosine - sine_2 * sine, sine_2 * cosine + cosine_2 * sine
    cosine_4, sine_4 = cosine_2**2 - sine_2**2, 2 * sine_2 * cosine_2
    weight = 1 - 0.17 * (cosine * float(np.cos(_30)) + sine * float(np.sin(_30))) + 0.24 * cosine_2
    weight += 0.32 * (cosine_3 * float(np.cos(_6)) - sine_3 * float(np.sin(_6)))
    weight -= 0.20 * (cosine_4 * float(np.cos(_63)) + sine_4 * float(np.sin(_63)))
    return weight


def _rotation(chroma: Floats, cosine: Floats, sine: Floats) -> Floats:
    """Return R_T (eq. 17 to 20): hue and chroma lean on each other around blue."""
    hue = np.degrees(np.arctan2(sine, cosine)) % 360
    lean = np.exp(-(((hue - 275) / 25) ** 2)) * np.deg2rad(60.0).astype(chroma.dtype)
    return np.asarray(-2 * np.sqrt(_seventh(chroma)) * np.sin(lean))
