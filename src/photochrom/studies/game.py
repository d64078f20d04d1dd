"""The losses of a game of painter and critic: their names, what they are where nobody wins, and where they go."""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

CRITIC_LOSSES: Final = ("D fake", "D real", "D")
PAINTER_LOSSES: Final = ("G GAN", "G L1", "G")
LOSSES: Final = (*CRITIC_LOSSES, *PAINTER_LOSSES)
"""The usual names of the six losses, as :class:`photochrom.objectives.Adversarial` logs them."""

GUESSING: Final = math.log(2)
"""The loss of a critic that can only guess, and of a painter before it: -log(1/2)."""

BLOCKS: Final = 10
T_QUANTILE: Final = 2.306
"""Student's t at 97.5% for a line through :data:`BLOCKS` points."""

ROUNDING: Final = 1e-9


class Trend(NamedTuple):
    """By how much a quantity changed over the second half of a run, with the half width of the 95% interval."""

    change: float
    error: float

    @property
    def word(self) -> str:
        """What the quantity does, as a verb."""
        if not math.isfinite(self.error):
            return "took too few steps to tell"
        if abs(self.change) <= self.error + ROUNDING:
            return "stays level"
        return "falls" if self.change < 0 else "rises"

    @property
    def text(self) -> str:
        """The change with its interval, "" where there is none."""
        return f"{self.change:+.3g} ± {self.error:.2g}" if math.isfinite(self.error) else ""


def trend(values: Sequence[float]) -> Trend:
    """Return where ``values``, one a step, go in their second half: the least-squares line through means of 10 blocks.

    Steps jump about because each sees other photos; means of blocks are nearly independent of each other, so the
    error of their line is an honest one. Fewer than 10 values in the half give an error of infinity.
    """
    half = np.asarray(values[len(values) // 2 :], dtype=np.float64)
    if len(half) < BLOCKS:
        return Trend(math.nan, math.inf)
    means = np.array([block.mean() for block in np.array_split(half, BLOCKS)])
    along = (np.arange(BLOCKS) + 0.5) / BLOCKS - 0.5
    spread = float((along**2).sum())
    slope = float((along * means).sum()) / spread
    left = means - means.mean() - slope * along
    error = math.sqrt(float((left**2).sum()) / (BLOCKS - 2) / spread)
    return Trend(slope, T_QUANTILE * error)


def means_of_parts(values: Sequence[float], parts: int) -> list[float | None]:
    """Return the means of ``parts`` consecutive parts of nearly equal length; None for a part without values."""
    found = np.array_split(np.asarray(values, dtype=np.float64), parts)
    return [float(part.mean()) if part.size else None for part in found]
