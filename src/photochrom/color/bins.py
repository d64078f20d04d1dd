"""Colors as classes: the ab grid of Zhang et al. 2016 and the arithmetic on it.

R. Zhang, P. Isola, A. Efros, "Colorful Image Colorization", ECCV 2016. The 313 bins are the cells of a grid of step 10
in ab that hold colors of sRGB; they are published data, kept here as 20 unbroken rows.

Arrays may be NumPy arrays or torch tensors; distributions carry the bins on the axis that is named.
"""

import numpy as np

from photochrom.color.arrays import Array, namespace

STEP = 10
"""Distance between neighboring bins, in Lab units."""

_ROWS = {
    -90: (50, 90), -80: (20, 90), -70: (0, 90), -60: (-20, 90), -50: (-30, 100),
    -40: (-40, 100), -30: (-50, 100), -20: (-50, 100), -10: (-60, 100), 0: (-70, 100),
    10: (-80, 90), 20: (-80, 90), 30: (-90, 90), 40: (-100, 90), 50: (-100, 80),
    60: (-110, 80), 70: (-110, 80), 80: (-110, 70), 90: (-110, 70), 100: (-90, 0),
}  # fmt: skip

AB_BINS: np.ndarray = np.array(
    [(a, b) for a, (low, high) in _ROWS.items() for b in range(low, high + 1, STEP)], dtype=np.float32
)
"""The 313 published bin centers, shape (313, 2): a and b in Lab units."""


def distances(ab: Array, bins: Array) -> Array:
    """Return squared distances, shape (..., Q), from colors (..., 2) to bin centers (Q, 2), in Lab units squared."""
    a = ab[..., 0:1] - bins[:, 0]
    b = ab[..., 1:2] - bins[:, 1]
    return a * a + b * b


def soft_encode(ab: Array, bins: Array, neighbors: int = 5, sigma: float = 5.0) -> tuple[Array, Array]:
    """Spread each color over its nearest bins with Gaussian weights (Zhang et al. 2016, section 2.2).

    ``ab`` is (..., 2) in Lab units, ``bins`` (Q, 2). Returns bin indices and weights, both (..., neighbors), nearest
    first; the weights sum to one: w_k = exp(-d_k^2 / 2 sigma^2) / sum.
    """
    xp = namespace(ab)
    squared = distances(ab, bins)
    if hasattr(squared, "topk"):  # torch selects a few of many faster than it sorts them
        nearest, index = squared.topk(neighbors, dim=-1, largest=False)
    else:
        index = xp.argsort(squared, axis=-1, stable=True)[..., :neighbors]
        nearest = xp.take_along_axis(squared, index, axis=-1)
    weight = xp.exp((nearest[..., 0:1] - nearest) / (2 * sigma * sigma))
    return index, weight / xp.sum(weight, axis=-1, keepdims=True)


def nearest_bin(ab: Array, bins: Array) -> Array:
    """Return the index of the nearest bin, shape (...), for colors of shape (..., 2)."""
    return namespace(ab).argmin(distances(ab, bins), axis=-1)


def smooth_prior(counts: np.ndarray, bins: np.ndarray = AB_BINS, sigma: float = 5.0) -> np.ndarray:
    """Smooth a histogram over bins with a Gaussian in ab and normalize it (Zhang et al. 2016, section 2.2).

    ``counts`` is (Q,); returns (Q,) float64 that sums to one.
    """
    prior = counts / counts.sum()
    kernel = np.exp(-distances(bins, bins) / (2 * sigma * sigma))
    smoothed = (kernel / kernel.sum(axis=0, keepdims=True)) @ prior
    return np.asarray(smoothed / smoothed.sum(), dtype=np.float64)


def class_weights(prior: np.ndarray, mix: float = 0.5) -> np.ndarray:
    """Return the rebalancing weight of each bin (Zhang et al. 2016, eq. 4), shape (Q,) float64.

    w is proportional to ((1 - mix) p + mix / Q)^-1 and scaled so that the expected weight, sum(p w), is one.
    ``prior`` is the smoothed distribution p; ``mix`` (their lambda, 0..1) blends it with the uniform one.
    """
    weight = 1 / ((1 - mix) * prior + mix / prior.size)
    return np.asarray(weight / (prior * weight).sum(), dtype=np.float64)


def softmax(logits: Array, axis: int) -> Array:
    """Return probabilities along ``axis``, computed without overflow."""
    xp = namespace(logits)
    powers = xp.exp(logits - xp.max(logits, axis=axis, keepdims=True))
    return powers / xp.sum(powers, axis=axis, keepdims=True)


def expected_color(probabilities: Array, bins: Array, axis: int) -> Array:
    """Return the mean color: the axis of Q probabilities becomes an axis of 2, a and b in Lab units."""
    xp = namespace(probabilities)
    moved = xp.moveaxis(probabilities, axis, -1)
    return xp.moveaxis(moved @ bins, -1, axis)


def annealed_mean(logits: Array, bins: Array, temperature: float, axis: int) -> Array:
    """Return the annealed mean (Zhang et al. 2016, eq. 5), between the mean (T = 1) and the mode (T = 0).

    f_T(z) = exp(log z / T) / sum exp(log z / T), then the expected color. ``logits`` hold Q scores on ``axis``, which
    becomes 2 in the result.
    """
    if temperature <= 0:
        xp = namespace(logits)
        return xp.moveaxis(bins[xp.argmax(logits, axis=axis)], -1, axis)
    return expected_color(softmax(logits / temperature, axis), bins, axis)


def entropy(logits: Array, axis: int) -> Array:
    """Return the entropy of the distribution in nats, 0..log Q; ``axis`` disappears."""
    xp = namespace(logits)
    shifted = logits - xp.max(logits, axis=axis, keepdims=True)
    powers = xp.exp(shifted)
    total = xp.sum(powers, axis=axis)
    return xp.log(total) - xp.sum(powers * shifted, axis=axis) / total
