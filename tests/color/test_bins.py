"""The ab grid and the arithmetic of Zhang et al. 2016."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from photochrom.color import bins
from photochrom.color.lab import rgb_to_lab

Q = len(bins.AB_BINS)
logits = hnp.arrays(np.float64, (Q, 2), elements=st.floats(-20, 20))


def colors(count: int = 400) -> np.ndarray:
    return rgb_to_lab(np.random.default_rng(0).random((count, 3)))[:, 1:]


def test_there_are_313_different_bins_on_a_grid_of_ten() -> None:
    assert bins.AB_BINS.shape == (313, 2)
    assert bins.AB_BINS.dtype == np.float32
    assert len(np.unique(bins.AB_BINS, axis=0)) == 313
    assert (bins.AB_BINS % bins.STEP == 0).all()
    assert (bins.AB_BINS.min(axis=0), bins.AB_BINS.max(axis=0)) == (
        pytest.approx([-90, -110]),
        pytest.approx([100, 100]),
    )


def test_every_color_of_srgb_lies_near_a_bin() -> None:
    ab = colors()
    away = np.abs(ab - bins.AB_BINS[bins.nearest_bin(ab, bins.AB_BINS)]).max(axis=1)
    assert np.percentile(away, 95) <= bins.STEP / 2 + 1e-3
    assert away.max() < bins.STEP


def test_soft_weights_sum_to_one_over_the_five_nearest() -> None:
    ab = colors()
    index, weight = bins.soft_encode(ab, bins.AB_BINS)
    assert index.shape == weight.shape == (len(ab), 5)
    np.testing.assert_allclose(weight.sum(axis=-1), 1, atol=1e-12)
    assert (weight > 0).all()
    assert (np.diff(weight, axis=-1) <= 0).all()
    squared = bins.distances(ab, bins.AB_BINS)
    np.testing.assert_allclose(np.take_along_axis(squared, index, axis=-1), np.sort(squared, axis=-1)[:, :5], atol=1e-9)


def test_soft_weights_follow_the_gaussian() -> None:
    ab = np.array([[3.0, 1.0]])
    index, weight = bins.soft_encode(ab, bins.AB_BINS, neighbors=3, sigma=5.0)
    gaussian = np.exp(-((ab[:, None] - bins.AB_BINS[index]) ** 2).sum(-1) / 50)
    np.testing.assert_allclose(weight, gaussian / gaussian.sum(), atol=1e-12)
    np.testing.assert_array_equal(bins.AB_BINS[index[0, 0]], [0, 0])


def test_soft_codes_decode_near_the_color() -> None:
    ab = colors()
    index, weight = bins.soft_encode(ab, bins.AB_BINS)
    decoded = (weight[..., None] * bins.AB_BINS[index]).sum(axis=1)
    away = np.linalg.norm(decoded - ab, axis=1)
    assert away.mean() < 2
    assert away.max() < bins.STEP


def test_numpy_and_torch_agree() -> None:
    ab = colors().astype(np.float32)
    index, weight = bins.soft_encode(ab, bins.AB_BINS)
    index_torch, weight_torch = bins.soft_encode(torch.from_numpy(ab), torch.from_numpy(bins.AB_BINS))
    np.testing.assert_allclose(weight_torch.numpy(), weight, atol=1e-5)
    np.testing.assert_array_equal(index_torch.numpy()[:, 0], index[:, 0])
    scores = np.random.default_rng(1).normal(size=(2, Q, 3)).astype(np.float32)
    for temperature in (0.0, 0.38, 1.0):
        ours = bins.annealed_mean(scores, bins.AB_BINS, temperature, axis=1)
        other = bins.annealed_mean(torch.from_numpy(scores), torch.from_numpy(bins.AB_BINS), temperature, axis=1)
        np.testing.assert_allclose(other.numpy(), ours, atol=1e-3)
    np.testing.assert_allclose(
        bins.entropy(torch.from_numpy(scores), axis=1).numpy(), bins.entropy(scores, axis=1), atol=1e-4
    )


def test_class_weights_are_those_of_equation_four() -> None:
    prior = np.array([0.7, 0.2, 0.1, 0.0])
    weight = bins.class_weights(prior, mix=0.5)
    expected = 1 / (0.5 * prior + 0.5 / 4)
    np.testing.assert_allclose(weight / weight[0], expected / expected[0])
    assert (prior * weight).sum() == pytest.approx(1)
    assert (np.diff(weight) > 0).all()


def test_a_mix_of_one_weighs_all_bins_alike() -> None:
    np.testing.assert_allclose(bins.class_weights(np.array([0.9, 0.1, 0.0]), mix=1.0), 1)


def test_smoothing_keeps_the_sum_and_spreads_to_the_neighbors() -> None:
    counts = np.zeros(Q)
    center = int(bins.nearest_bin(np.array([0.0, 0.0]), bins.AB_BINS))
    counts[center] = 1000
    prior = bins.smooth_prior(counts)
    assert prior.sum() == pytest.approx(1)
    assert prior.argmax() == center
    near = int(bins.nearest_bin(np.array([10.0, 0.0]), bins.AB_BINS))
    assert prior[near] / prior[center] == pytest.approx(np.exp(-100 / 50), rel=1e-6)


@given(logits)
@settings(max_examples=25, deadline=None)
def test_at_temperature_one_the_annealed_mean_is_the_mean(scores: np.ndarray) -> None:
    powers = np.exp(scores - scores.max(axis=0))
    mean = (powers / powers.sum(axis=0)).T @ bins.AB_BINS
    np.testing.assert_allclose(bins.annealed_mean(scores, bins.AB_BINS, 1.0, axis=0), mean.T, atol=1e-6)


def test_a_falling_temperature_leads_to_the_mode() -> None:
    scores = np.random.default_rng(2).normal(size=(50, Q))
    mode = bins.AB_BINS[scores.argmax(axis=1)]
    np.testing.assert_array_equal(bins.annealed_mean(scores, bins.AB_BINS, 0.0, axis=1), mode)
    away = [
        np.linalg.norm(bins.annealed_mean(scores, bins.AB_BINS, t, axis=1) - mode, axis=1).mean()
        for t in (1.0, 0.38, 0.1, 0.01)
    ]
    assert away == sorted(away, reverse=True)
    assert away[-1] < 5


@given(logits)
@settings(max_examples=25, deadline=None)
def test_entropy_lies_between_zero_and_its_bound(scores: np.ndarray) -> None:
    entropy = bins.entropy(scores, axis=0)
    assert entropy.shape == (2,)
    assert (entropy >= -1e-9).all()
    assert (entropy <= np.log(Q) + 1e-9).all()


def test_entropy_reaches_both_bounds() -> None:
    assert bins.entropy(np.zeros(Q), axis=0) == pytest.approx(np.log(Q))
    certain = np.zeros(Q)
    certain[7] = 1000
    assert bins.entropy(certain, axis=0) == pytest.approx(0)


def test_softmax_does_not_overflow() -> None:
    probabilities = bins.softmax(np.array([1e4, 0.0, -1e4]), axis=0)
    np.testing.assert_allclose(probabilities, [1, 0, 0])
