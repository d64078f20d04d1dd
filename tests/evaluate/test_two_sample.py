"""The two-sample test on features whose answer is known."""

import numpy as np
import pytest

from photochrom.errors import DataError
from photochrom.evaluate.two_sample import two_sample_accuracy


def features(count: int = 120, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 10))


def test_sets_of_one_kind_cannot_be_told_apart() -> None:
    accuracy, (low, high) = two_sample_accuracy(features(), features(seed=1))
    assert low <= 0.5 <= high
    assert accuracy == pytest.approx(0.5, abs=0.1)


def test_shifted_features_are_always_told() -> None:
    accuracy, interval = two_sample_accuracy(features(), features(seed=1) + 10)
    assert accuracy == 1
    assert interval == (1, 1)


def test_a_small_shift_is_told_as_often_as_the_best_classifier_can() -> None:
    accuracy, _ = two_sample_accuracy(features(2000), features(2000, seed=1) + 2 / np.sqrt(10))
    assert accuracy == pytest.approx(0.841, abs=0.02)  # a distance of 2 sigma: Phi(1)


def test_a_photo_is_never_asked_about_after_its_other_version_was_learned() -> None:
    # Every photo is far from all others, and both versions of it are equal: memory would help, folds forbid it.
    alone = np.eye(60) * 100
    assert two_sample_accuracy(alone, alone)[0] == pytest.approx(0.5)


def test_features_of_other_photos_are_refused() -> None:
    with pytest.raises(DataError, match="same photos"):
        two_sample_accuracy(features(), features(80))
    with pytest.raises(DataError, match="two or more"):
        two_sample_accuracy(features(1), features(1))
