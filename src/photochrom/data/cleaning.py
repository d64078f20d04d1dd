"""Judges whether a photo can teach color, and says why not.

Each rule is a small function of a few measurements, and each threshold says what it was set by: photos of
public collections, sorted by the measurement and judged by eye. The rules run in the order of `RULES`, the
first that speaks gives the reason. `broken` and `duplicate` are found by `manifest.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from photochrom.color.colorfulness import colorfulness
from photochrom.color.lab import rgb_to_lab

UInt8Array = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float32]
AnyFloats = npt.NDArray[np.floating[Any]]

SMALLEST_SIDE = 64
"""Shorter side in pixels below which a photo is tiny."""

GRAY_DIFFERENCE = 4.0
"""Largest difference between the channels (of 255) in 99% of a gray photo: what JPEG adds to true gray."""

LEAST_COLORFULNESS = 8.0
"""Colorfulness below which a photo is near-gray; Hasler and Suesstrunk call 15 "slightly colorful"."""

ON_CURVE, ON_CURVE_SHARE, ON_CURVE_CHROMA = 1.35, 0.18, 5.0
"""Largest distance of the colors from one curve over L in a toned photo of any hue: in Lab units, and as a
share of the texture, for where there is little to see every photo lies on a curve. Below the chroma, gray
things in natural light do so too."""

SEPIA_ON_CURVE, SEPIA_SHARE, SEPIA_HUES = 2.5, 0.12, (55.0, 100.0)
"""The same for browns, as a share of the chroma: the common sepia filter clips, which bends the curve."""

TINT_WEIGHTS = {"spread": -3.25, "hue_width": -1.84, "chroma": 1.29, "texture": 1.72, "contrast": 2.11}
TINT_OFFSET, MOST_TINT = -12.14, 0.0
"""Log-odds that a warm photo is toned, from the logarithms of the measurements, and the limit on them.

Prints, scans and filters do not tone evenly, but however rich their texture and contrast, their colors stay
near a curve (`spread`) and mostly in one hue (`hue_width`). Fitted by logistic regression to 460 brownish
photos, 113 of them toned, judged by eye. Cold light on snow and sea looks the same, so it is for warm hues."""

WARM_HUES = (-30.0, 125.0)
"""Hue angles in degrees in the ab plane, from purple through red and yellow to yellow-green."""

MOST_FLAT_EDGES, SEVERAL_COLORS = 0.45, 3.5
"""Share of the colored edges along which color does not follow the shading, above which it was painted on.

Light on a thing changes L + 16 and the length of (a, b) by the same factor; dye over a print does not. Stone
and snow come near to that, but they lie on one curve over L; a painted photo is this far off any, or farther.
"""

STILL_EDGES, NEUTRAL_SHARE = 0.4, 0.55
"""Share of the edges without any change of color, and share of pure gray among the middle tones, above which
one object was left or painted in color."""

COLORED_CHROMA = 12.0
"""Chroma that 5% of a hand-colored photo exceeds; fog and snow stay below it."""

FINE, MIDDLE, COARSE, COARSEST = 128, 64, 32, 16
EDGE, COLORED_EDGE, FEW = 6.0, 4.0, 0.04
STILL, FOLLOWING = 1.0, 0.4
NEUTRAL_CHROMA = 2.0
MIDDLE_TONES = (15.0, 90.0)
CURVE_DEGREE, SPREAD_DEGREE = 6, 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was measured on a photo, and the reason for rejecting it, None where it is accepted.

    Reasons: tiny, gray, near_gray, single_tint, hand_colored. Lab units throughout, except `difference`
    (channels, of 255), `hue` (degrees), `tint` (log-odds), `still_edges`, `flat_edges` and
    `neutral` (shares of 1).
    """

    reason: str | None
    measures: Measures


@dataclass(frozen=True, slots=True)
class Measures:
    """Measurements of one photo; see the rules for their meaning."""

    width: int
    height: int
    difference: float
    colorfulness: float
    chroma: float
    strongest_chroma: float
    hue: float
    curve: float
    spread: float
    hue_width: float
    texture: float
    contrast: float
    still_edges: float
    flat_edges: float
    neutral: float

    @property
    def tint(self) -> float:
        """Log-odds that the photo is a black-and-white one in a single tint or a duotone."""
        return TINT_OFFSET + sum(weight * math.log(getattr(self, name) + 0.05) for name, weight in TINT_WEIGHTS.items())


def is_tiny(measures: Measures) -> bool:
    """Tell whether the photo is too small to learn from."""
    return min(measures.width, measures.height) < SMALLEST_SIDE


def is_gray(measures: Measures) -> bool:
    """Tell whether red, green and blue are the same but for compression noise."""
    return measures.difference <= GRAY_DIFFERENCE


def is_near_gray(measures: Measures) -> bool:
    """Tell whether there is hardly any color."""
    return measures.colorfulness < LEAST_COLORFULNESS


def is_single_tint(measures: Measures) -> bool:
    """Tell whether color follows from lightness alone, as in sepia, cyanotype and duotone prints."""
    textured = measures.curve < ON_CURVE_SHARE * measures.texture
    on_curve = measures.curve < ON_CURVE and measures.chroma > ON_CURVE_CHROMA
    return (textured and (on_curve or is_sepia(measures))) or is_toned(measures)


def is_sepia(measures: Measures) -> bool:
    """Tell whether the photo has the browns of a sepia filter."""
    brown = SEPIA_HUES[0] <= measures.hue <= SEPIA_HUES[1]
    return brown and measures.curve < min(SEPIA_ON_CURVE, SEPIA_SHARE * measures.chroma)


def is_toned(measures: Measures) -> bool:
    """Tell whether the photo looks like an unevenly toned or faded print."""
    return WARM_HUES[0] <= measures.hue <= WARM_HUES[1] and measures.tint > MOST_TINT


def is_hand_colored(measures: Measures) -> bool:
    """Tell whether flat color lies over a black-and-white photo, all over it or on one object."""
    selective = measures.still_edges > STILL_EDGES and measures.neutral > NEUTRAL_SHARE
    painted = measures.flat_edges > MOST_FLAT_EDGES and measures.curve > SEVERAL_COLORS
    return measures.strongest_chroma > COLORED_CHROMA and (selective or painted)


RULES: dict[str, Callable[[Measures], bool]] = {
    "tiny": is_tiny,
    "gray": is_gray,
    "near_gray": is_near_gray,
    "single_tint": is_single_tint,
    "hand_colored": is_hand_colored,
}


def judge(rgb: UInt8Array) -> Verdict:
    """Judge a photo, uint8 (H, W, 3), gamma-encoded sRGB."""
    measures = measure(rgb)
    reason = next((name for name, rule in RULES.items() if rule(measures)), None)
    return Verdict(reason, measures)


def measure(rgb: UInt8Array) -> Measures:
    """Measure a photo, uint8 (H, W, 3), averaged to shorter sides of 128, 64, 32 and 16 pixels.

    Averages take out grain, compression noise and the color that compression smears over edges.
    """
    fine = _thumbnail(rgb, FINE)
    lab = rgb_to_lab(fine.astype(np.float32) / np.float32(255))
    middle, coarse = _shrunk(lab, MIDDLE), _shrunk(lab, COARSE)
    ab = coarse[..., 1:].reshape(-1, 2)
    chroma = np.hypot(ab[:, 0], ab[:, 1])
    low, high = np.percentile(coarse[..., 0], (5, 95))
    mean_a, mean_b = ab.mean(0).tolist()
    still_edges, flat_edges = _edges_without_color(middle)
    return Measures(
        width=rgb.shape[1],
        height=rgb.shape[0],
        difference=float(np.percentile(np.ptp(fine, axis=-1), 99)),
        colorfulness=colorfulness(fine / 255),
        chroma=float(chroma.mean()),
        strongest_chroma=float(np.percentile(chroma, 95)),
        hue=math.degrees(math.atan2(mean_b, mean_a)),
        curve=_off_curve(lab, COARSEST, CURVE_DEGREE),
        spread=_off_curve(lab, COARSE, SPREAD_DEGREE),
        hue_width=_hue_width(ab),
        texture=_texture(middle[..., 0]),
        contrast=float(high - low),
        still_edges=still_edges,
        flat_edges=flat_edges,
        neutral=_neutral(coarse[..., 0].ravel(), chroma),
    )


def _thumbnail(rgb: UInt8Array, side: int) -> UInt8Array:
    """Shrink so that the shorter side is at most `side`, averaging pixels."""
    height, width = rgb.shape[:2]
    scale = side / min(height, width)
    if scale >= 1:
        return rgb
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(Image.fromarray(rgb).resize(size, Image.Resampling.BOX), dtype=np.uint8)


def _shrunk(values: AnyFloats, side: int) -> AnyFloats:
    """Average blocks of (H, W, C) so that the shorter side comes near to `side`, never below it."""
    height, width, channels = values.shape
    block = max(1, min(height, width) // side)
    rows, columns = height // block, width // block
    whole = values[: rows * block, : columns * block]
    summed = whole.reshape(rows, block, -1).sum(1).reshape(rows, columns, block, channels).sum(2)
    means: AnyFloats = summed / np.asarray(block * block, dtype=values.dtype)
    return means


def _off_curve(lab: FloatArray, side: int, degree: int) -> float:
    """Root mean square distance of the averaged colors from the polynomial in L that fits them best.

    The powers of L are averaged as the colors are: where a photo is toned, color is a function of L pixel
    by pixel, and so averages of colors are that function of averages of powers.
    """
    powers: AnyFloats = np.vander((lab[..., 0].ravel() / 50 - 1).astype(np.float64), degree + 1)
    powers = _shrunk(powers.reshape(*lab.shape[:2], degree + 1), side).reshape(-1, degree + 1)
    ab = _shrunk(lab[..., 1:], side).reshape(-1, 2)
    gram = powers.T @ powers + 1e-6 * len(powers) * np.eye(degree + 1)
    rest = ab - powers @ np.linalg.solve(gram, powers.T @ ab)
    return math.sqrt(float((rest * rest).sum(1).mean()))


def _hue_width(ab: FloatArray) -> float:
    """Distance from the one line of hue through gray that fits best, exceeded by a tenth of the colors."""
    _, axes = np.linalg.eigh((ab.T @ ab).astype(np.float64))
    return float(np.percentile(np.abs(ab @ axes[:, 0]), 90))


def _texture(lightness: FloatArray) -> float:
    """Mean difference in L between neighbors, across plus down."""
    across, down = np.abs(np.diff(lightness, axis=1)), np.abs(np.diff(lightness, axis=0))
    return float(across.mean() if across.size else 0.0) + float(down.mean() if down.size else 0.0)


def _edges_without_color(lab: FloatArray) -> tuple[float, float]:
    """Shares of the edges in lightness where a and b stay the same, and where they do not follow it.

    The second share is of colored edges in the middle tones. A share of hardly any edges is 0.
    """
    across, down = lab[1:-1, 2:] - lab[1:-1, :-2], lab[2:, 1:-1] - lab[:-2, 1:-1]
    squares = across * across + down * down
    step, change = np.sqrt(squares[..., 0]), np.sqrt(squares[..., 1] + squares[..., 2])
    lightness, chroma = lab[1:-1, 1:-1, 0], np.hypot(lab[1:-1, 1:-1, 1], lab[1:-1, 1:-1, 2])
    low, high = MIDDLE_TONES
    colored = (step > COLORED_EDGE) & (lightness > low) & (lightness < high) & (chroma > 2 * NEUTRAL_CHROMA)
    flat = change * (lightness + 16) < FOLLOWING * step * (chroma + 1)
    return _share(change < STILL, step > EDGE), _share(flat, colored)


def _share(hits: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_]) -> float:
    return float(hits[among].mean()) if among.size and among.mean() > FEW else 0.0


def _neutral(lightness: FloatArray, chroma: FloatArray) -> float:
    """Share of the middle tones that are pure gray."""
    middle = (lightness > MIDDLE_TONES[0]) & (lightness < MIDDLE_TONES[1])
    return float((chroma[middle] < NEUTRAL_CHROMA).mean()) if middle.any() else 0.0
