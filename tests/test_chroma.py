"""Bins as chroma: how scores become color, for NumPy and torch alike."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from photochrom.card import Decode
from photochrom.chroma import PIVOT, Bins, chroma_from_card
from photochrom.color.bins import AB_BINS
from photochrom.errors import ModelError

RANDOM = np.random.default_rng(7)
WEIGHTS = RANDOM.normal(0, 1, 313).astype(np.float32)
SCORES = RANDOM.normal(0, 3, (313, 5, 4)).astype(np.float32)


def test_the_published_bins_are_313_with_equal_weights() -> None:
    bins = Bins.published()
    assert bins.outputs == 313
    np.testing.assert_array_equal(bins.colors, AB_BINS)
    assert not bins.log_weights.any()


@pytest.mark.parametrize("decode", [Decode(), Decode(0.38, 1.0, 1.3), Decode(0.0, 0.5), Decode(0.7, 0.2, 0.5)], ids=str)
@pytest.mark.parametrize("contrast", [1.0, 1.4])
def test_torch_and_numpy_decode_alike(decode: Decode, contrast: float) -> None:
    bins, decode = Bins.published(WEIGHTS), replace(decode, contrast=contrast)
    ab = bins.decode(SCORES, decode, axis=0)
    other = bins.decode(torch.from_numpy(SCORES), decode, axis=0)
    assert ab.shape == (2, 5, 4)
    assert ab.dtype == np.float32
    np.testing.assert_allclose(ab, other.numpy(), atol=2e-3)


def test_the_axis_may_be_any() -> None:
    bins, decode = Bins.published(WEIGHTS), Decode(0.5, 0.3)
    first = bins.decode(SCORES, decode, axis=0)
    last = bins.decode(np.moveaxis(SCORES, 0, -1), decode, axis=-1)
    np.testing.assert_allclose(np.moveaxis(last, -1, 0), first, atol=1e-3)


def test_a_sure_answer_is_its_bin_at_every_temperature() -> None:
    scores = np.full((313, 1, 1), -1e4, np.float32)
    scores[100] = 0
    for temperature in (0.0, 0.3, 1.0):
        ab = Bins.published().decode(scores, Decode(temperature), axis=0)
        np.testing.assert_allclose(ab[:, 0, 0], AB_BINS[100], atol=1e-3)


def test_full_balance_leaves_scores_and_none_takes_the_weights_back() -> None:
    bins = Bins.published(WEIGHTS)
    np.testing.assert_array_equal(bins.balanced(SCORES, 1.0, axis=0), SCORES)
    np.testing.assert_allclose(bins.balanced(SCORES, 0.0, axis=0), SCORES - WEIGHTS[:, None, None], atol=1e-5)


def test_a_network_trained_with_weights_gives_true_frequencies_without_balance() -> None:
    truth = RANDOM.dirichlet(np.ones(313))
    log_weights = np.log(RANDOM.uniform(0.2, 5, 313)).astype(np.float32)
    answer = np.log(truth * np.exp(log_weights)).astype(np.float32)[:, None, None]
    ab = Bins.published(log_weights).decode(answer, Decode(), axis=0)
    np.testing.assert_allclose(ab[:, 0, 0], truth @ AB_BINS, atol=1e-2)


def test_saturation_is_a_factor_on_chroma() -> None:
    bins = Bins.published(WEIGHTS)
    once = bins.decode(SCORES, Decode(0.4), axis=0)
    np.testing.assert_allclose(bins.decode(SCORES, replace(Decode(0.4), saturation=2.0), axis=0), 2 * once, rtol=1e-5)
    assert not bins.decode(SCORES, Decode(0.4, saturation=0.0), axis=0).any()


def test_contrast_makes_the_pale_paler_and_the_vivid_more_vivid() -> None:
    bins = Bins.published()
    sure = np.full((313, 1, 313), -1e4, np.float32)
    sure[np.arange(313), 0, np.arange(313)] = 0
    before, after = (bins.decode(sure, Decode(1.0, contrast=contrast), axis=0)[:, 0].T for contrast in (1.0, 1.5))
    chroma, changed = np.hypot(*before.T), np.hypot(*after.T)
    assert (changed[chroma < PIVOT] <= chroma[chroma < PIVOT]).all()
    assert (changed[chroma > PIVOT] > chroma[chroma > PIVOT]).all()
    np.testing.assert_allclose(changed, chroma * np.sqrt((chroma + 1) / (PIVOT + 1)), rtol=1e-4, atol=1e-4)


def test_the_neighbor_table_holds_the_nearest_bins_of_every_color() -> None:
    table = Bins.published().neighbor_table(3)
    assert table.shape == (256, 256, 3)
    for a, b in [(0, 0), (-128, -128), (127, 127), (23, -41)]:
        distance = ((AB_BINS - [a, b]) ** 2).sum(axis=1)
        np.testing.assert_array_equal(np.sort(distance[table[a + 128, b + 128]]), np.sort(distance)[:3])


def test_a_card_brings_the_bins_back() -> None:
    bins = Bins.published(WEIGHTS)
    back = chroma_from_card(bins.to_card())
    np.testing.assert_array_equal(back.colors, bins.colors)
    np.testing.assert_allclose(back.log_weights, WEIGHTS, atol=1e-6)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"kind": "flow"},
        {"kind": "bins"},
        {"kind": "bins", "colors": "red", "log_weights": [0]},
        {"kind": "bins", "colors": [[0, 0]], "log_weights": [0, 0]},
        {"kind": "bins", "colors": [[0, 0]], "log_weights": 0},
        {"kind": "bins", "colors": [[0, float("nan")]], "log_weights": [0]},
    ],
    ids=str,
)
def test_an_entry_that_cannot_be_used_is_refused_in_one_line(entry: dict[str, object]) -> None:
    with pytest.raises(ModelError) as caught:
        chroma_from_card(entry)
    assert "\n" not in str(caught.value)
