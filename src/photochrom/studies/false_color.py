"""Photos that look colored and are not true color, made from true ones: what cleaning rules must find.

Every maker takes uint8 RGB (H, W, 3) and a random generator and returns the same shape: a photo drained of its color,
or its lightness in other colors, as toners, printers and painters of photographs made them.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from skimage.filters import gaussian
from skimage.segmentation import felzenszwalb

from photochrom.color.colorfulness import colorfulness
from photochrom.color.lab import rgb_to_lab
from photochrom.evaluate.pixel import displayed, scale_chroma

UInt8Array = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]

_blur: Any = gaussian  # scikit-image carries no types

SEPIA: Final = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
"""The usual sepia filter: rows give red, green and blue of the result."""

COARSENESS: Final = 200.0
SMALLEST_REGION: Final = 1 / 100
"""Regions are no smaller than this share of the photo."""

PAINTED: Final = 0.75
SOFTNESS: Final = 1 / 128
"""How far paint runs over the edge of its region, as a share of the shorter side."""

HUES: Final = 24
KEPT_HUES: Final = np.radians(30.0)
KEPT_CHROMA: Final = 14.0


def gray(rgb: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Drain all color."""
    return _bytes(displayed(scale_chroma(_lab(rgb), 0.0)))


def near_gray(rgb: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Drain the photo to a colorfulness of 1.5 to 7, like a faded print or a scan of a gray one."""
    factor = rng.uniform(1.5, 7.0) / max(colorfulness(rgb / 255), 1.0)
    return _bytes(displayed(scale_chroma(_lab(rgb), min(factor, 1.0))))


def sepia(rgb: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Apply the usual sepia filter, at 60 to 100%, over gray."""
    share = rng.uniform(0.6, 1.0)
    toned = np.clip(rgb / 255 @ SEPIA.T, 0, 1)
    return _bytes(share * toned + (1 - share) * gray(rgb, rng) / 255)


def cyanotype(rgb: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Print in Prussian blue on cream paper."""
    return _printed(rgb, np.array([8.0, rng.uniform(5, 14), rng.uniform(-40, -28)]), np.array([96.0, -1.0, 5.0]))


def duotone(rgb: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Print in an ink of any hue, on paper tinted in any other."""
    ink, paper = rng.uniform(0, 2 * np.pi, 2)
    dark, light = rng.uniform(20, 40), rng.uniform(8, 25)
    return _printed(rgb, np.array([12.0, *_polar(dark, ink)]), np.array([92.0, *_polar(light, paper)]))


def hand_colored(rgb: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Paint three regions in four of the gray photo in a flat tint each, with soft edges.

    Regions are found in the true colors (Felzenszwalb and Huttenlocher 2004), as a painter sees things; a tint has
    about the hue of what it covers.
    """
    lab, least = _lab(rgb), round(rgb.shape[0] * rgb.shape[1] * SMALLEST_REGION)
    regions = felzenszwalb(rgb, scale=COARSENESS, sigma=1.0, min_size=least)
    field = np.zeros_like(lab[..., 1:])
    for region in range(int(regions.max()) + 1):
        inside = regions == region
        tint, painted = _polar(rng.uniform(14, 38), _hue(lab[inside].mean(axis=0)) + rng.normal(0, 0.4)), rng.random()
        if painted < PAINTED:
            field[inside] = tint
    return _bytes(displayed(np.concatenate([lab[..., :1], _softened(field, rgb)], axis=-1)))


def one_color_left(rgb: UInt8Array, rng: np.random.Generator) -> UInt8Array:
    """Drain everything but the hue that has most color, as the "color splash" of photo programs does."""
    lab = _lab(rgb)
    chroma, hue = np.hypot(lab[..., 1], lab[..., 2]), _hue(lab)
    weights, edges = np.histogram(hue, HUES, (-np.pi, np.pi), weights=np.where(chroma > KEPT_CHROMA, chroma, 0))
    most = edges[weights.argmax()] + np.pi / HUES
    near = np.abs((hue - most + np.pi) % (2 * np.pi) - np.pi) < KEPT_HUES
    keep = _softened((near & (chroma > KEPT_CHROMA)).astype(np.float32)[..., None], rgb)
    return _bytes(displayed(np.concatenate([lab[..., :1], lab[..., 1:] * keep], axis=-1)))


class Kind(NamedTuple):
    """How photos of a kind are made, and the reason that the cleaning rules should give."""

    make: Callable[[UInt8Array, np.random.Generator], UInt8Array]
    reason: str


KINDS: Final[dict[str, Kind]] = {
    "gray": Kind(gray, "gray"),
    "near-gray": Kind(near_gray, "near_gray"),
    "sepia": Kind(sepia, "single_tint"),
    "cyanotype": Kind(cyanotype, "single_tint"),
    "duotone": Kind(duotone, "single_tint"),
    "hand-colored": Kind(hand_colored, "hand_colored"),
    "one color left": Kind(one_color_left, "hand_colored"),
}
"""Every kind of photo that is not true color."""


def _lab(rgb: UInt8Array) -> NDArray[np.float32]:
    return np.asarray(rgb_to_lab(rgb.astype(np.float32) / np.float32(255)), dtype=np.float32)


def _bytes(rgb: Floats) -> UInt8Array:
    return np.rint(np.clip(rgb, 0, 1) * 255).astype(np.uint8)


def _softened(field: Floats, rgb: UInt8Array) -> Floats:
    reach = min(rgb.shape[:2]) * SOFTNESS
    return np.asarray(_blur(field, sigma=reach, channel_axis=-1, preserve_range=True), dtype=np.float32)


def _hue(lab: Floats) -> Any:
    return np.arctan2(lab[..., 2], lab[..., 1])


def _polar(chroma: float, hue: Any) -> tuple[float, float]:
    return chroma * float(np.cos(hue)), chroma * float(np.sin(hue))


def _printed(rgb: UInt8Array, ink: Floats, paper: Floats) -> UInt8Array:
    """Map lightness onto the line in Lab between an ink and a paper, with most color in the middle tones."""
    share = _lab(rgb)[..., :1] / 100
    bare = ink * (1 - share) + paper * share
    bare[..., 1:] += (ink[1:] * 1.2) * share * (1 - share)
    return _bytes(displayed(bare))
