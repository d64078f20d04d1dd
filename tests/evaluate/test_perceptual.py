"""The Frechet distance against Gaussians whose distance is known, with networks that are no networks."""

import numpy as np
import pytest
import torch

from photochrom.errors import DataError
from photochrom.evaluate.perceptual import extract_features, frechet_distance


def sample(mean: np.ndarray, covariance: np.ndarray, count: int = 64, seed: int = 0) -> np.ndarray:
    """Features whose mean and covariance are exactly the given ones."""
    noise = np.random.default_rng(seed).normal(size=(count, len(mean)))
    noise -= noise.mean(axis=0)
    whitened, _ = np.linalg.qr(noise)
    return whitened * np.sqrt(count - 1) @ np.linalg.cholesky(covariance).T + mean


def by_eigenvalues(first: np.ndarray, second: np.ndarray) -> float:
    """The textbook way: eigenvalues of the product of the covariances."""
    one, two = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    roots = np.sqrt(np.linalg.eigvals(one @ two).astype(complex)).real.sum()
    gap = first.mean(axis=0) - second.mean(axis=0)
    return float(gap @ gap + np.trace(one) + np.trace(two) - 2 * roots)


def mean_color(rgb_B3HW: torch.Tensor) -> torch.Tensor:
    return rgb_B3HW.mean(dim=(2, 3))


def test_independent_gaussians_have_their_known_distance() -> None:
    spread_one, spread_two = np.array([1.0, 4.0, 9.0]), np.array([4.0, 1.0, 0.25])
    mean_one, mean_two = np.array([0.0, 1.0, 2.0]), np.array([3.0, 1.0, -2.0])
    first, second = sample(mean_one, np.diag(spread_one)), sample(mean_two, np.diag(spread_two), seed=1)
    expected = ((mean_one - mean_two) ** 2).sum() + ((np.sqrt(spread_one) - np.sqrt(spread_two)) ** 2).sum()
    assert frechet_distance(first, second) == pytest.approx(expected)


def test_dependent_gaussians_have_their_known_distance() -> None:
    turn = np.linalg.qr(np.random.default_rng(3).normal(size=(4, 4)))[0]
    spread_one, spread_two = np.array([1.0, 2.0, 3.0, 4.0]), np.array([4.0, 9.0, 1.0, 0.01])
    first = sample(np.zeros(4), turn @ np.diag(spread_one) @ turn.T)
    second = sample(np.zeros(4), turn @ np.diag(spread_two) @ turn.T, seed=1)
    expected = ((np.sqrt(spread_one) - np.sqrt(spread_two)) ** 2).sum()
    assert frechet_distance(first, second) == pytest.approx(expected)


def test_a_set_has_no_distance_from_itself_or_its_shuffle() -> None:
    features = np.random.default_rng(0).random((50, 8))
    assert frechet_distance(features, features) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(features, features[::-1]) == pytest.approx(0, abs=1e-9)


def test_a_shift_costs_its_square() -> None:
    features = np.random.default_rng(0).random((50, 8))
    assert frechet_distance(features, features + 0.5) == pytest.approx(8 * 0.25)


@pytest.mark.parametrize(("count", "other", "size"), [(200, 150, 6), (20, 200, 30), (20, 25, 30)])
def test_it_agrees_with_the_eigenvalues_and_both_ways(count: int, other: int, size: int) -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(count, size)), rng.normal(1, 2, size=(other, size))
    distance = frechet_distance(first, second)
    assert distance == pytest.approx(by_eigenvalues(first, second), rel=1e-5)
    assert distance == pytest.approx(frechet_distance(second, first))


def test_features_that_cannot_be_compared_are_refused() -> None:
    good = np.random.default_rng(0).random((5, 3))
    with pytest.raises(DataError, match="3 and 2 dimensions"):
        frechet_distance(good, good[:, :2])
    with pytest.raises(DataError, match="no covariance"):
        frechet_distance(good[:1], good)
    with pytest.raises(DataError, match="not finite"):
        frechet_distance(good, good * np.nan)


def test_features_come_in_the_order_of_the_photos() -> None:
    rng = np.random.default_rng(0)
    photos = [rng.random((height, 8, 3)) for height in (8, 8, 8, 4, 8, 4, 4)]
    features = extract_features(iter(photos), mean_color, batch=2)
    assert features.dtype == np.float64
    np.testing.assert_allclose(features, [photo.mean(axis=(0, 1)) for photo in photos], atol=1e-6)


def test_batches_hold_neighbors_of_one_size() -> None:
    seen = []

    def watch(rgb_B3HW: torch.Tensor) -> torch.Tensor:
        seen.append(tuple(rgb_B3HW.shape))
        assert rgb_B3HW.dtype == torch.float32
        return mean_color(rgb_B3HW)

    extract_features([np.zeros((size, 6, 3)) for size in (4, 4, 4, 5)], watch, batch=2)
    assert seen == [(2, 3, 4, 6), (1, 3, 4, 6), (1, 3, 5, 6)]


def test_photos_that_are_none_are_refused() -> None:
    with pytest.raises(DataError, match="no photos"):
        extract_features([], mean_color)
    with pytest.raises(DataError, match="expected RGB"):
        extract_features([np.zeros((4, 4))], mean_color)


def test_gray_photos_are_farther_from_the_truth_than_dull_ones() -> None:
    rng = np.random.default_rng(0)
    truth = [rng.random((4, 4, 3)) * rng.random(3) for _ in range(40)]
    distances = []
    for share in (0.0, 0.5, 1.0):
        shown = [share * photo + (1 - share) * photo.mean(axis=-1, keepdims=True) for photo in truth]
        one, two = extract_features(truth, mean_color), extract_features(shown, mean_color)
        distances.append(frechet_distance(one, two))
    assert distances == sorted(distances, reverse=True)
