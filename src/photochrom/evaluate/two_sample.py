"""Can a simple classifier tell colorized photos from true ones?

The classifier two-sample test of Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests": logistic
regression on frozen features of both kinds, judged on photos that it was not trained on. An accuracy of 0.5 is chance:
the two cannot be told apart by it; 1 is always.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import DataError
from photochrom.evaluate.intervals import Interval, bootstrap_interval

Floats = NDArray[np.floating[Any]]

FOLDS: Final = 5
_PENALTY: Final = 0.01


def two_sample_accuracy(real: Floats, colorized: Floats, *, seed: int = 0) -> tuple[float, Interval]:
    """Return the cross-validated accuracy 0..1 of telling features (n, d) from features (n, d), and its 95% interval.

    Row i of both is the same photo. A photo's two versions are always in the same fold, so that no photo that is asked
    about was seen in training; the interval is a bootstrap over photos. Raises DataError for other shapes or fewer than
    two photos.
    """
    if real.ndim != 2 or real.shape != colorized.shape or len(real) < 2:
        raise DataError(
            f"features of {real.shape} and {colorized.shape}; expected the same photos, two or more, in both"
        )
    fold_of = np.random.default_rng(seed).permutation(len(real)) % min(FOLDS, len(real))
    right = np.zeros(len(real))
    for fold in np.unique(fold_of):
        asked = fold_of == fold
        right[asked] = _right(real[~asked], colorized[~asked], real[asked], colorized[asked])
    return float(right.mean()), bootstrap_interval(right)


def _right(real: Floats, colorized: Floats, asked_real: Floats, asked_colorized: Floats) -> Floats:
    """Train on the first two; return for each asked photo how many of its two versions are told: 0, 0.5 or 1."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    kinds = np.repeat([0, 1], len(real))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=_PENALTY, max_iter=300))
    model.fit(np.concatenate([real, colorized]), kinds)
    told = (model.predict(asked_real) == 0).astype(np.float64) + (model.predict(asked_colorized) == 1)
    return np.asarray(told / 2)
