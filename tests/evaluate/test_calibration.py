"""Calibration: what error goes with a doubt, and how well that comes true."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.isotonic import IsotonicRegression

from photochrom import Colorizer
from photochrom.card import Card
from photochrom.data.catalog import list_entries
from photochrom.errors import DataError
from photochrom.evaluate.calibration import calibrate, fit_guess, monotone, rank_correlation, reliability
from photochrom.evaluate.eyes import NONE
from photochrom.evaluate.options import Options
from photochrom.evaluate.truth import load_truth

numbers = st.lists(st.floats(-100, 100), min_size=1, max_size=40)


@settings(max_examples=50, deadline=None)
@given(numbers)
def test_monotone_is_isotonic_regression(values: list[float]) -> None:
    expected = IsotonicRegression().fit_transform(np.arange(len(values)), values)
    np.testing.assert_allclose(monotone(np.array(values)), expected, atol=1e-6)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=2, max_size=50))
def test_rank_correlation_is_spearmans(pairs: list[tuple[int, int]]) -> None:
    one, other = zip(*pairs, strict=True)
    if len(set(one)) == 1 or len(set(other)) == 1:
        assert rank_correlation(one, other) == 0
    else:
        assert rank_correlation(one, other) == pytest.approx(spearmanr(one, other).statistic, abs=1e-9)


def test_the_table_finds_the_error_that_goes_with_a_doubt() -> None:
    random = np.random.default_rng(0)
    doubt = random.uniform(0, 1, (40, 500))
    error = random.gamma(4, (1 + 9 * doubt**2) / 4)
    table = fit_guess(doubt, error)
    assert Card.from_json(Card("a", "b", {"kind": "rgb"}, guess={"scales": 1, **table}).to_json()).guess["scales"] == 1
    middle = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(np.interp(middle, table["doubt"], table["expected"]), 1 + 9 * middle**2, atol=0.5)
    for expected, real in reliability(np.interp(doubt, table["doubt"], table["expected"]), error):
        assert expected == pytest.approx(real, rel=0.1)


def test_deciles_rise_by_expected_error_and_hold_everything_once() -> None:
    expected = np.random.default_rng(1).uniform(0, 20, 1000)
    deciles = reliability(expected, 2 * expected)
    assert len(deciles) == 10
    assert list(deciles) == sorted(deciles)
    assert np.mean([real for _, real in deciles]) == pytest.approx(2 * expected.mean())


def test_one_doubt_everywhere_cannot_be_fitted() -> None:
    with pytest.raises(DataError, match="same everywhere"):
        fit_guess(np.full(100, 0.5), np.arange(100.0))


@pytest.mark.parametrize("scales", [1, 2])
def test_a_model_is_calibrated_on_photos(scales: int, photo_folder: Path, toy_model: Path) -> None:
    truth = load_truth(list_entries([str(photo_folder)]), Options(limit=6), NONE)
    found = calibrate(Colorizer(toy_model, threads=1), truth, scales)
    assert found.guess["scales"] == scales
    assert len(found.deciles) == 10
    assert -1 <= found.correlation <= 1
    assert -1 <= found.photo_correlation <= 1
    with pytest.raises(DataError, match="four or more"):
        calibrate(Colorizer(toy_model), truth.part([0, 1, 2]), scales)
