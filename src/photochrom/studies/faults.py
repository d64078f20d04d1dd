"""Where colors are wrong, and how: the kind of error at each place, and what becomes of each hue.

Shapes: H x W pixels; Lab is (H, W, 3), chroma is the length of ab.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import rgb_to_lab

Floats = NDArray[np.floating[Any]]

NEUTRAL: Final = 8.0
"""Below this chroma a thing counts as gray."""

TURNED: Final = 45.0
"""Degrees from the true hue from which on a hue is another one."""

KINDS: Final = {
    "right": "the right hue at half to one and a half times the true chroma, or rightly gray",
    "tinted": f"a gray thing (chroma below {NEUTRAL:g}) that got a color",
    "missed": "a colored thing with less than half of its chroma",
    "other hue": f"a colored thing in a color that is {TURNED:g} degrees or more away",
    "exaggerated": "the right hue with more than one and a half times its chroma",
}
"""What can be wrong at a place, in the order of their numbers."""

HUES: Final = {
    "red": 20.0,
    "orange, brown, skin": 50.0,
    "yellow": 80.0,
    "green": 110.0,
    "cyan": 170.0,
    "blue": 240.0,
    "purple": 300.0,
    "pink": 345.0,
}
"""Where each hue begins, degrees of atan2(b, a); the last one ends where the first one begins."""


def kinds(result: Floats, truth: Floats) -> NDArray[np.int64]:
    """Return the number, in the order of :data:`KINDS`, of what is wrong at each place of Lab pictures, (H, W)."""
    chroma, true_chroma = _chroma(result), _chroma(truth)
    turned = np.abs((_hue(result) - _hue(truth) + 180) % 360 - 180) >= TURNED
    names = list(KINDS)
    return np.select(
        [
            (true_chroma < NEUTRAL) & (chroma >= NEUTRAL),
            true_chroma < NEUTRAL,
            chroma < true_chroma / 2,
            turned,
            chroma > 1.5 * true_chroma,
        ],
        [names.index(name) for name in ("tinted", "right", "missed", "other hue", "exaggerated")],
        names.index("right"),
    )


def hue_sector(lab: Floats) -> NDArray[np.int64]:
    """Return the number of the hue at each place, in the order of :data:`HUES`; -1 where there is no color."""
    begins = np.array(list(HUES.values()))
    sector = np.searchsorted(begins, _hue(lab), side="right") - 1
    return np.where(_chroma(lab) < NEUTRAL, -1, np.where(sector < 0, len(begins) - 1, sector))


@dataclass(frozen=True, slots=True)
class Faults:
    """Of n photos: ``pixels`` and ``error`` (n, kinds), each photo's share of places of a kind and the squared ab error
    that lies there (mean over the photo); ``hues`` (n, hues, 4): the share of a true hue's places, sums of its chroma,
    of the result's chroma in the true direction, and of places that kept the hue.
    """

    pixels: Floats
    error: Floats
    hues: Floats

    def share(self) -> Floats:
        """Return the share of all squared error that lies in each kind, (kinds,)."""
        return np.asarray(self.error.sum(axis=0) / self.error.sum())

    def worst(self, kind: str, count: int) -> list[int]:
        """Return the photos with the most squared error of a kind, worst first."""
        return [int(place) for place in np.argsort(-self.error[:, list(KINDS).index(kind)], kind="stable")[:count]]


def find_faults(pictures: Sequence[NDArray[np.uint8]], truth: Sequence[Floats]) -> Faults:
    """Look for faults in results, uint8 RGB, beside the true Lab."""
    pixels, error, hues = [], [], []
    for picture, true in zip(pictures, truth, strict=True):
        lab = rgb_to_lab(picture.astype(np.float32) / np.float32(255))
        kind, squared = kinds(lab, true).ravel(), ((lab - true)[..., 1:] ** 2).sum(axis=-1).ravel()
        pixels.append(np.bincount(kind, minlength=len(KINDS)) / kind.size)
        error.append(np.bincount(kind, squared, minlength=len(KINDS)) / kind.size)
        hues.append(_of_hues(lab, true))
    return Faults(np.array(pixels), np.array(error), np.array(hues))


def _of_hues(lab: Floats, true: Floats) -> Floats:
    """Return what :class:`Faults` keeps of one photo's hues, (hues, 4)."""
    sector, own = hue_sector(true).ravel() + 1, hue_sector(lab).ravel() + 1
    chroma = _chroma(true).ravel()
    along = (lab[..., 1:] * true[..., 1:]).sum(axis=-1).ravel() / np.maximum(chroma, 1e-6)
    columns = (np.ones_like(chroma), chroma, along, sector == own)
    sums = [np.bincount(sector, column, minlength=len(HUES) + 1)[1:] for column in columns]
    return np.asarray(np.stack(sums, axis=-1) / sector.size)


def _chroma(lab: Floats) -> Floats:
    return np.asarray(np.hypot(lab[..., 1], lab[..., 2]))


def _hue(lab: Floats) -> Floats:
    return np.asarray(np.degrees(np.arctan2(lab[..., 2], lab[..., 1])) % 360)
