"""Objects, as far as an answer tells them apart: places of similar color, doubt and lightness, and their likely colors.

Shapes: Q bins, h x w places (n = h w), k regions, d features.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.answer import Answer
from photochrom.color.bins import distances, expected_color
from photochrom.color.difference import ciede2000
from photochrom.color.lab import lab_to_rgb
from photochrom.color.resample import fit_gamut

Floats = NDArray[np.floating[Any]]

MOST: Final = 16
"""Regions a page is parted into at first; alike ones are joined then."""

ALIKE: Final = 0.15
"""Hellinger distance, 0..1, of two mean distributions below which two regions count as one object."""

ROUNDS: Final = 12
AB_UNIT, LIGHTNESS_UNIT, DISTRIBUTION_UNIT, POSITION_UNIT = 12.0, 18.0, 0.25, 0.5
"""What counts as one step of difference: in Lab units, L, Hellinger distance, and shares of the longer side."""

DIMENSIONS: Final = 6
RADIUS: Final = 11.0
"""CIEDE2000 around a likely color within which other colors are the same one to the eye of a user."""

APART: Final = 8.0
LEAST: Final = 0.02
"""Likely colors lie at least the first apart, in CIEDE2000, and each has at least the second as probability."""

SIGMA: Final = 11.0
FARTHEST: Final = 7.0
"""Width in Lab units of the g of :func:`tilt_toward`, and the most that -log g may be."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One of the colors that a thing may have: ``ab`` in Lab units, how probable it is, 0..1."""

    ab: tuple[float, float]
    probability: float


@dataclass(frozen=True, eq=False)
class Regions:
    """Regions with soft borders: ``membership`` (k, h, w) sums to one over k; ``distribution`` (k, Q) to one over Q.

    ``lightness`` (k,) is the mean L, ``share`` (k,) the part of the page, 0..1.
    """

    membership: NDArray[np.float32]
    distribution: NDArray[np.float32]
    lightness: NDArray[np.float32]
    share: NDArray[np.float32]


def find_regions(answer: Answer) -> Regions:
    """Part a page into at most :data:`MOST` regions, always alike for the same answer.

    k-means on mean color, lightness, the distribution's main directions (of its square roots, so that Euclidean
    distance is Hellinger's) and position; soft borders by distance, smoothed; regions of like distribution are one.
    Raises ModelError for a model without bins.
    """
    p_Qhw = answer.probabilities()
    shape = p_Qhw.shape[1:]
    p_nQ = p_Qhw.reshape(len(p_Qhw), -1).T
    features = _features(answer, p_nQ)
    centers = _k_means(features, min(MOST, len(features)))
    soft_kn = _membership(features, centers, shape)
    return _joined(soft_kn, p_nQ, answer.small_lightness.ravel(), shape)


def likely_colors(distribution: Floats, colors: Floats, lightness: float, most: int = 6) -> list[Mode]:
    """Return the distinct colors of a distribution (Q,) over ``colors`` (Q, 2), most probable first.

    A mode is the mass within :data:`RADIUS` CIEDE2000, as seen at ``lightness``, of the color that gathers the most;
    then the next of what is left. At least one is returned; probabilities sum to at most one.
    """
    kept = distribution > 1e-4 * distribution.max()
    mass, ab = distribution[kept].astype(np.float64), colors[kept].astype(np.float64)
    lab = shown(ab, lightness)
    apart = ciede2000(lab[:, None], lab[None])
    near, left = apart < RADIUS, mass.copy()
    soft = np.exp(-((apart / RADIUS) ** 2) * 2)
    found: list[Mode] = []
    places: list[int] = []
    for _ in range(4 * most):
        peak = int(np.argmax(soft @ left))
        own = np.where(near[peak], left, 0)
        if len(found) == most or own.sum() < (LEAST if found else 0) or not own.any():
            break
        left -= own
        if not found or apart[peak, places].min() >= APART:
            places.append(peak)
            found.append(Mode(_mean(own, ab), float(own.sum())))
    return sorted(found, key=lambda mode: -mode.probability)


def tilt_toward(answer: Answer, membership: NDArray[np.float32], targets: Floats) -> Answer:
    """Return the answer tilted toward a color, ``targets`` (k, 2), within each of k regions, (k, h, w) in 0..1:

        p'(q | x) ~ p(q | x) product over regions r of g_r(q) ^ m_r(x),   g_r(q) = exp(-|q - c_r|^2 / 2 sigma^2)

    with the region's color c_r and membership m_r. What the model thinks impossible at a place stays improbable there.
    """
    squared_kQ = distances(targets, answer.bins.colors)
    log_kQ = -np.minimum(squared_kQ / (2 * SIGMA**2), FARTHEST)
    factor = np.tensordot(log_kQ.astype(np.float32), membership, axes=(0, 0))
    return answer.tilted(np.asarray(factor, dtype=np.float32))


def shown(ab: Floats, lightness: Floats | float) -> NDArray[np.float64]:
    """Return Lab (..., 3) of colors (..., 2) at a lightness, inside sRGB."""
    level = np.broadcast_to(np.asarray(lightness, np.float64), ab.shape[:-1])[..., None]
    return np.asarray(fit_gamut(np.concatenate([level, ab.astype(np.float64)], axis=-1)))


def hex_of(ab: tuple[float, float], lightness: float) -> str:
    """Return "#rrggbb" of a color at a lightness."""
    rgb = np.clip(lab_to_rgb(shown(np.array(ab), lightness)), 0, 1)
    return "#" + "".join(f"{round(float(level) * 255):02x}" for level in rgb)


def smoothed(maps: NDArray[np.float32], radius: int) -> NDArray[np.float32]:
    """Return maps (..., h, w) averaged over squares of 2 ``radius`` + 1 places; edges are repeated."""
    for axis in (-2, -1):
        edge = [(0, 0)] * maps.ndim
        edge[axis] = (radius + 1, radius)
        total = np.cumsum(np.pad(maps, edge, mode="edge"), axis=axis, dtype=np.float64)
        size = maps.shape[axis]
        high, low = np.arange(2 * radius + 1, 2 * radius + 1 + size), np.arange(size)
        maps = ((total.take(high, axis) - total.take(low, axis)) / (2 * radius + 1)).astype(np.float32)
    return maps


def _mean(mass: Floats, ab: Floats) -> tuple[float, float]:
    a, b = mass @ ab / mass.sum()
    return float(a), float(b)


def _features(answer: Answer, p_nQ: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (n, d): differences of one are a clear difference each."""
    height, width = answer.raw.shape[1:]
    mean_n2 = expected_color(p_nQ, answer.bins.colors, 1)
    root = np.sqrt(p_nQ)
    root = root - root.mean(axis=0)
    _, directions = np.linalg.eigh(root.T @ root)
    main = root @ directions[:, -DIMENSIONS:]
    down, across = np.mgrid[:height, :width] / max(height, width)
    place = np.stack([across.ravel(), down.ravel()], axis=1)
    parts = [mean_n2 / AB_UNIT, answer.small_lightness.reshape(-1, 1) / LIGHTNESS_UNIT]
    parts += [main / DISTRIBUTION_UNIT, place / POSITION_UNIT]
    return np.asarray(np.concatenate(parts, axis=1), dtype=np.float32)


def _squared(features: Floats, centers: Floats) -> NDArray[np.float32]:
    """Return squared distances (n, k)."""
    both = (features**2).sum(axis=1)[:, None] + (centers**2).sum(axis=1)
    return np.asarray(np.maximum(both - 2 * features @ centers.T, 0), dtype=np.float32)


def _k_means(features: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return centers (k, d), k at most ``count`` (Arthur and Vassilvitskii 2007, "k-means++", for the start)."""
    random = np.random.default_rng(0)
    centers = features[[random.integers(len(features))]]
    while len(centers) < count:
        nearest = _squared(features, centers).min(axis=1).astype(np.float64)
        if nearest.sum() < 1e-6:
            break
        centers = np.concatenate([centers, features[[random.choice(len(features), p=nearest / nearest.sum())]]])
    for _ in range(ROUNDS):
        own = _squared(features, centers).argmin(axis=1)
        used = np.unique(own)
        centers = np.stack([features[own == number].mean(axis=0) for number in used])
    return centers


def _membership(features: Floats, centers: Floats, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return soft membership (k, n): by distance, then smoothed over the page."""
    squared = _squared(features, centers)
    soft_nk = np.exp((squared.min(axis=1, keepdims=True) - squared) * 2)
    soft = smoothed(soft_nk.T.reshape(-1, *shape), max(1, round(max(shape) / 48)))
    return np.asarray((soft / soft.sum(axis=0)).reshape(len(centers), -1), dtype=np.float32)


def _joined(
    soft_kn: NDArray[np.float32], p_nQ: NDArray[np.float32], lightness_n: Floats, shape: tuple[int, ...]
) -> Regions:
    """Join the two regions of the most similar distributions until none are :data:`ALIKE`."""
    soft = soft_kn
    while True:
        share = soft.sum(axis=1)
        distribution = soft @ p_nQ / share[:, None]
        root = np.sqrt(distribution)
        distance = np.sqrt(np.maximum(1 - root @ root.T, 0)) + 2 * np.eye(len(root))
        first, second = np.unravel_index(int(distance.argmin()), distance.shape)
        if len(soft) == 1 or distance[first, second] >= ALIKE:
            break
        joined = soft[first] + soft[second]
        soft = np.concatenate([np.delete(soft, [first, second], axis=0), joined[None]])
    found = (soft.reshape(-1, *shape), distribution, soft @ lightness_n / share, share / share.sum())
    return Regions(*(values.astype(np.float32) for values in found))
