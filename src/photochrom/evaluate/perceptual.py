"""Do the results as a set look like photographs? Frechet distance between the features of a network.

Only with the features of Inception-v3 is this number an FID; with any other network call it a Frechet
distance on that network's features, and state the number of photos and their size: both move it.

Shapes: B photos, 3 RGB, H x W pixels, n photos in all, d features.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from photochrom.errors import DataError

Floats = NDArray[np.floating[Any]]
Features = Callable[[Tensor], Tensor]
"""A network's eye: RGB (B, 3, H, W) float32 in 0..1 to features (B, d)."""


def extract_features(photos: Iterable[Floats], features: Features, *, batch: int = 32) -> NDArray[np.float64]:
    """Return the features (n, d) of RGB photos (H, W, 3) in 0..1, in their order.

    Photos go through at the size they have; neighbors of one size share a batch of up to ``batch``.
    Raises DataError where there are no photos, or one of another shape.
    """
    rows = []
    with torch.inference_mode():
        for group in _groups(photos, batch):
            rgb_B3HW = torch.from_numpy(np.stack(group)).permute(0, 3, 1, 2).contiguous()
            rows.append(features(rgb_B3HW).double().cpu().numpy())
    if not rows:
        raise DataError("there are no photos to take features of; give at least one")
    return np.concatenate(rows)


def frechet_distance(first: Floats, second: Floats) -> float:
    """Return the squared Frechet distance between Gaussians fitted to features (n, d) and (m, d); 0 is best.

    Dowson and Landau 1982, eq. 4, used for images by Heusel et al. 2017, eq. 6:

        |mu1 - mu2|^2 + tr(S1) + tr(S2) - 2 tr((S1 S2)^(1/2))

    with the covariances S = X^T X of the centered features X, divided by the root of n - 1. The trace of
    the root is the sum of the roots of the eigenvalues of S1 S2, which are the squared singular values of
    X1 X2^T: they are taken from there, so that no root of a rounding error below zero is drawn. With n <= d
    the covariances lack rank and the distance is too large, however well the sets agree: compare only
    numbers of the same n.

    Raises DataError for fewer than two photos, different d, or features that are not finite.
    """
    one, two = _checked(first), _checked(second)
    if one.shape[1] != two.shape[1]:
        raise DataError(f"features of {one.shape[1]} and {two.shape[1]} dimensions; take both from one network")
    mean_gap = one.mean(axis=0) - two.mean(axis=0)
    root_one, root_two = _root(one), _root(two)
    cross = np.linalg.svd(root_one @ root_two.T, compute_uv=False).sum()
    spread = np.sum(root_one**2) + np.sum(root_two**2) - 2 * cross
    return max(float(mean_gap @ mean_gap + spread), 0.0)


def _groups(photos: Iterable[Floats], batch: int) -> Iterator[list[NDArray[np.float32]]]:
    """Yield up to ``batch`` neighbors of one shape at a time."""
    group: list[NDArray[np.float32]] = []
    for photo in photos:
        if photo.ndim != 3 or photo.shape[-1] != 3:
            raise DataError(f"a photo of shape {photo.shape} has no features; expected RGB (H, W, 3)")
        if group and (len(group) == batch or group[0].shape != photo.shape):
            yield group
            group = []
        group.append(np.asarray(photo, dtype=np.float32))
    if group:
        yield group


def _checked(features: Floats) -> NDArray[np.float64]:
    if features.ndim != 2 or len(features) < 2:
        raise DataError(f"features of shape {features.shape} have no covariance; give (n, d) with n of 2 or more")
    if not bool(np.isfinite(features).all()):
        raise DataError("some features are not finite numbers; check the photos and the network")
    return np.asarray(features, dtype=np.float64)


def _root(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return X of at most d rows with X^T X the covariance of the features."""
    centered = (features - features.mean(axis=0)) / np.sqrt(len(features) - 1)
    if centered.shape[0] <= centered.shape[1]:
        return np.asarray(centered)
    root: NDArray[np.float64] = np.asarray(np.linalg.qr(centered, mode="r"), dtype=np.float64)
    return root
