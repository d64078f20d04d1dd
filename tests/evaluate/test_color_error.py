"""The area under the curve of correct pixels, against sweeps of the threshold and hand-made distributions."""

import numpy as np
import pytest

from photochrom.color.bins import AB_BINS, distances
from photochrom.evaluate.color_error import cells, closeness, nearest_bins, rarity


def lab(seed: int, height: int = 12, width: int = 16) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.uniform((0, -60, -60), (100, 60, 60), (height, width, 3)).astype(np.float32)


def test_the_area_is_that_of_a_fine_sweep_of_thresholds() -> None:
    prediction, truth = lab(0), lab(1)
    distance = np.linalg.norm(prediction[..., 1:] - truth[..., 1:], axis=-1)
    swept = [np.mean(distance <= threshold) for threshold in np.arange(0, 150, 0.05)]
    assert closeness(prediction, truth).mean() == pytest.approx(np.mean(swept), abs=1e-3)


def test_only_chroma_counts_and_beyond_150_nothing_does() -> None:
    truth = lab(1)
    assert (closeness(truth * np.float32([0.5, 1, 1]), truth) == 1).all()
    assert (closeness(truth + np.float32([0, 150, 150]), truth) == 0).all()


def test_every_color_has_its_nearest_bin() -> None:
    table, truth = nearest_bins(), np.rint(lab(2))
    np.testing.assert_array_equal(table[cells(truth)], distances(truth[..., 1:], AB_BINS).argmin(axis=-1))
    assert table.shape == (256, 256)


def test_rare_colors_weigh_more_by_the_ratio_of_their_frequencies() -> None:
    photo = np.zeros((10, 10, 3), np.float32)
    photo[0, :, 1] = 60  # a tenth of all pixels is red, far from the gray rest
    weights = rarity([photo])[cells(photo)]
    assert weights[5, 5] == pytest.approx(1)
    assert weights[0, 0] == pytest.approx(9, rel=0.1)
    assert np.isfinite(rarity([photo])).all()


def test_gray_is_nearly_as_close_as_the_truth_until_it_is_rebalanced() -> None:
    truth = np.zeros((10, 10, 3), np.float32)
    truth[0, :, 1] = 75
    near, weight = closeness(np.zeros_like(truth), truth), rarity([truth])[cells(truth)]
    assert near.mean() == pytest.approx(0.95)
    assert (near * weight).sum() / weight.sum() == pytest.approx(0.75, abs=0.02)
