"""The palette of another color photo: how the model would color it, and how its colors really are.

Two photos of one palette may show very different shares of sky and grass, so their colors cannot be matched as heaps.
Instead the model colors the reference too, and its errors there say how to move its colors here: what it takes for sky
moves as the sky of the reference does, and a thing that the reference does not show stays as it is.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.resample import downsample_area

SAMPLES: Final = 48
"""The reference is read at this many places along its longer side."""

_ALIKE: Final = np.array([15.0, 8.0, 8.0], np.float32)  # L, a, b that places may differ and still be the same to us
_DOUBT: Final = 0.003  # share of the reference that a thing must fill to be believed half
_HINTED: Final = 12.0  # ab around a hint's color that stays as hinted
_ROWS: Final = 4096


@dataclass(frozen=True, eq=False)
class Reference:
    """A palette, made by :meth:`photochrom.Colorizer.reference`.

    ``said`` (n, 3) is L, a, b of places of the reference as the model colored them, ``true`` (n, 2) their own a, b.
    """

    said: NDArray[np.float32]
    true: NDArray[np.float32]

    @classmethod
    def between(cls, ab: NDArray[np.float32], lab: NDArray[np.float32]) -> "Reference":
        """Compare what a model said, ab (h, w, 2), with the photo itself, Lab (h', w', 3), both in Lab units."""
        scale = min(1.0, SAMPLES / max(ab.shape[:2]))
        size = max(1, round(ab.shape[0] * scale)), max(1, round(ab.shape[1] * scale))
        own, said = downsample_area(lab, *size), downsample_area(ab, *size)
        return cls(np.concatenate([own[..., :1], said], axis=-1).reshape(-1, 3), own[..., 1:].reshape(-1, 2))

    def moved(
        self, ab: NDArray[np.float32], lightness: NDArray[np.float32], kept: NDArray[np.floating] | None = None
    ) -> NDArray[np.float32]:
        """Return a model's chroma ab (h, w, 2) of L (h, w) moved toward the palette; ``kept`` (k, 2) are hinted colors.

        The shift of a color x is the mean of true - said over the reference, weighted by likeness (Nadaraya 1964),

            d = (sum_i k(x, x_i) (true_i - said_i) + t e) / (sum_i k(x, x_i) + t),  k = exp(-|x - x_i|^2 / 2)

        with differences in units of (15, 8, 8) in L, a, b and t = 0.003 n. What the reference does not show gets e: as
        pale as the reference is paler than what was said of it, never more vivid. The shift is then bent: no hue
        turns by more than 45 degrees, and what of it lies along the color's own hue at most doubles the chroma: neutral
        things stay neutral.
        """
        colors = np.concatenate([lightness[..., None], ab], axis=-1).reshape(-1, 3)
        rows = [self._shift(colors[start : start + _ROWS]) for start in range(0, len(colors), _ROWS)]
        shift = np.concatenate(rows).reshape(ab.shape)
        shift = _bent(ab, shift)
        for hinted in () if kept is None else kept:
            far = ((ab - hinted) ** 2).sum(axis=-1, keepdims=True) / _HINTED**2
            shift = shift * (1 - np.exp(-far / 2))
        return np.asarray(ab + shift, dtype=np.float32)

    def _shift(self, colors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the shift (n, 2) of colors (n, 3) before it is bent."""
        here, there = colors / _ALIKE, self.said / _ALIKE
        squared = (here**2).sum(axis=1)[:, None] + (there**2).sum(axis=1) - 2 * here @ there.T
        likeness = np.exp(-0.5 * np.maximum(squared, 0))
        doubt = _DOUBT * len(there)
        true, said = (float(np.linalg.norm(ab, axis=1).mean()) for ab in (self.true, self.said[:, 1:]))
        paler = (min(1.0, true / max(said, 1e-6)) - 1) * colors[:, 1:]
        shift = likeness @ (self.true - self.said[:, 1:]) + doubt * paler
        return np.asarray(shift / (likeness.sum(axis=1, keepdims=True) + doubt), dtype=np.float32)


def _bent(ab: NDArray[np.float32], shift: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the shift with its part along a color's chroma C within -C..C, and its part across within the rest."""
    chroma = np.linalg.norm(ab, axis=-1, keepdims=True)
    direction = ab / np.maximum(chroma, 1e-6)
    along = (shift * direction).sum(axis=-1, keepdims=True)
    across = shift - along * direction
    along = np.where(along < 0, np.maximum(along, -chroma), along * _soft(chroma, along))
    turn = np.linalg.norm(across, axis=-1, keepdims=True)
    return np.asarray(along * direction + across * _soft(chroma + along, turn))


def _soft(limit: NDArray[np.float32], length: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the factor that bends a length to stay below its limit: near 1 far below it."""
    return np.asarray(limit / np.maximum(np.hypot(limit, length), 1e-6))
