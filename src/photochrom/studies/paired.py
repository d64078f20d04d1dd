"""Two models on the same photos, photo by photo: differences are far surer than the models' own means."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from photochrom.evaluate.candidate import score_candidate
from photochrom.evaluate.intervals import bootstrap_interval
from photochrom.evaluate.truth import Truth, colorized
from photochrom.studies.trial import Trained

SHARE: Final = 0.6
"""Models are compared where their mean colorfulness is this share of the truth's."""


class Difference(NamedTuple):
    """The mean difference of an error over photos, with its 95% bootstrap interval; below 0 the second is better."""

    mean: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """What that says of the second model."""
        if self.low <= 0 <= self.high:
            return "no difference can be shown on these photos"
        return "that is better" if self.high < 0 else "that is worse"

    @property
    def text(self) -> str:
        """The difference with its interval."""
        return f"{self.mean:+.2f} ({self.low:+.2f}..{self.high:+.2f})"


def matched(models: Mapping[str, Trained], truth: Truth, share: float = SHARE) -> dict[str, NDArray[np.float64]]:
    """Return the CIEDE2000 of each photo, by model, with chroma scaled to a share of the truth's colorfulness."""
    unseen = truth.part(range(len(truth.rgb)))  # without eyes, which have looked already
    return {
        name: score_candidate(name, colorized(one.colorizer, unseen), unseen, share).values["ciede2000"]
        for name, one in models.items()
    }


def difference(first: NDArray[np.floating[Any]], second: NDArray[np.floating[Any]]) -> Difference:
    """Return by how much the error of ``second`` is above that of ``first``, photo by photo."""
    low, high = bootstrap_interval(second - first)
    return Difference(float((second - first).mean()), low, high)
