"""How warm a color is, and a way to make a whole scene warmer or colder.

Warmth is the projection of (a, b), in Lab units, on the axis from blue to orange:

    w(a, b) = u . (a, b),  u = (cos 70, sin 70) in degrees

Orange, sRGB (255, 165, 0), has the hue angle 73, the light of a bulb about 70, the sky's blue lies opposite. Gray is 0.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.arrays import Array, namespace

WARM_HUE: Final = 70.0
"""The hue angle, in degrees in the ab plane, that is warmest."""

STRENGTH: Final = 12.0
"""The shift, in Lab units, that warmth 1 approaches in strong colors; also the chroma that gets half of it."""

_U_A, _U_B = (float(part(np.radians(WARM_HUE))) for part in (np.cos, np.sin))


def warmth_of(ab: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return the warmth (...) of colors (..., 2) in Lab units: above 0 orange, below 0 blue."""
    return ab[..., 0] * _U_A + ab[..., 1] * _U_B


def warmed(ab: Array, warmth: float, axis: int = -1) -> Array:
    """Return colors, a and b on ``axis`` in Lab units, made warmer (``warmth`` up to 1) or colder (down to -1).

    Every color moves along the axis of warmth by

        12 warmth C / (C + 12),  C = sqrt(a^2 + b^2)

    so that gray stays gray, weak casts move little, 0 changes nothing and what was warmer stays warmer. No blue
    becomes orange by this: along the axis a blue of warmth -w ends, at worst, at -w w / (w + 12).
    """
    xp = namespace(ab)
    a, b = (xp.take(ab, xp.asarray([place]), axis=axis) for place in (0, 1))
    chroma = (a * a + b * b) ** 0.5
    shift = chroma / (chroma + STRENGTH) * (STRENGTH * warmth)
    return xp.concat([a + shift * _U_A, b + shift * _U_B], axis=axis)
