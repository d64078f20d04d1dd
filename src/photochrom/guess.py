"""Where the model is guessing: a map of its doubt, and of the error that such a doubt means.

Doubt is how spread out the answer is at a place, as the model's card reads it, from 0 (one bin) to 1 (all bins alike):

    doubt = H(p) / log Q,  or with a second run of the network at another scale  (1 - w) H(p) / log Q + w d

with the entropy H of the probabilities p of Q bins and d = min(1, |ab_1 - ab_2| / 30), how much both runs disagree.
What error goes with a doubt was measured on photos that the model was not trained on; the card keeps it as a table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.answer import Answer
from photochrom.color.lab import lab_to_rgb
from photochrom.color.resample import downsample_area, fit_gamut, upsample_chroma
from photochrom.photo import Photo, SaveOptions

SECOND_SCALE: Final = 1.4
"""The scale of the second run of the network, as a factor on the working size."""

DISAGREEMENT: Final = 0.2
"""The weight w of disagreement in doubt."""

FULL_DISAGREEMENT: Final = 30.0
"""The distance of two colors, in Lab units, that counts as full disagreement."""

WORST: Final = 20.0
"""The expected error, in CIEDE2000, at the bright end of the picture's colors."""

LONGEST: Final = 1024
"""The longest side of the picture, in pixels."""

RAMP: Final = ((14.0, 26.0, -48.0), (34.0, 42.0, -34.0), (52.0, 50.0, 0.0), (70.0, 28.0, 42.0), (91.0, -8.0, 76.0))
"""Lab colors from dark blue (sure) by way of purple and orange to yellow (guessing): lightness rises all the way."""


@dataclass(frozen=True, eq=False)
class GuessMap:
    """Doubt of each place, (h, w) in 0..1; ``expected``, (h, w), is the error to expect there in CIEDE2000.

    ``expected`` is None where the model's card has no table for it. ``width`` and ``height`` are the photo's pixels.
    """

    doubt: NDArray[np.float32]
    expected: NDArray[np.float32] | None
    width: int
    height: int

    def picture(self) -> NDArray[np.uint8]:
        """Return the heat map, uint8 sRGB (H, W, 3), of the photo's shape, its longer side at most :data:`LONGEST`.

        Dark blue is 0, bright yellow an expected error of :data:`WORST`, or a doubt of 1 where nothing is expected.
        """
        share = self.doubt if self.expected is None else self.expected / np.float32(WORST)
        scale = min(1.0, LONGEST / max(self.width, self.height))
        width, height = (max(1, round(side * scale)) for side in (self.width, self.height))
        return heat(upsample_chroma(share[..., None], height, width)[..., 0])

    def save(self, target: str | Path, *, overwrite: bool = False) -> Path:
        """Write the picture, in the format that the ending names, and return its path; raises as Photo.save does."""
        return Photo.from_array(self.picture()).save(target, options=SaveOptions(overwrite=overwrite))


def make_guess_map(answer: Answer, again: Answer | None, table: Mapping[str, Any]) -> GuessMap:
    """Return the map from the answer, one at another scale where wanted, and the card's table ({} for none)."""
    doubt = doubt_of(answer, again)
    expected = np.interp(doubt, table["doubt"], table["expected"]).astype(np.float32) if table else None
    return GuessMap(doubt, expected, answer.width, answer.height)


def doubt_of(answer: Answer, again: Answer | None = None) -> NDArray[np.float32]:
    """Return doubt, (h, w) in 0..1; with ``again``, the answer at another scale, it tells of disagreement, too.

    Raises ModelError for a model without bins.
    """
    doubt = answer.bins.doubt(answer.raw, answer.decode.balance, 0)
    if again is not None:
        ab = answer.ab()
        gap = downsample_area(again.ab(), *ab.shape[:2]) - ab
        apart = np.minimum(1, np.hypot(gap[..., 0], gap[..., 1]) / FULL_DISAGREEMENT)
        doubt = (1 - DISAGREEMENT) * doubt + DISAGREEMENT * apart
    return np.asarray(np.clip(doubt, 0, 1), dtype=np.float32)


def heat(share: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Return uint8 sRGB (..., 3) of shares in 0..1: even steps of Lab distance along :data:`RAMP`."""
    colors: NDArray[np.uint8] = _ramp(256)[np.rint(np.clip(share, 0, 1) * 255).astype(np.intp)]
    return colors


def _ramp(steps: int) -> NDArray[np.uint8]:
    corners = np.array(RAMP)
    way = np.concatenate([[0.0], np.cumsum(np.sqrt((np.diff(corners, axis=0) ** 2).sum(axis=1)))])
    places = np.linspace(0, way[-1], steps)
    lab = np.stack([np.interp(places, way, corner) for corner in corners.T], axis=1)
    return np.asarray(np.rint(np.clip(lab_to_rgb(fit_gamut(lab)), 0, 1) * 255), dtype=np.uint8)
