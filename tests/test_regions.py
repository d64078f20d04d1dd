"""Regions of an answer and their likely colors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.answer import Answer
from photochrom.card import Decode
from photochrom.chroma import Bins
from photochrom.color.bins import AB_BINS, distances
from photochrom.color.difference import ciede2000
from photochrom.regions import APART, find_regions, hex_of, likely_colors, shown, smoothed

COLORS = AB_BINS[::3]


def spread_around(*parts: tuple[float, float, float]) -> np.ndarray:
    """Give a distribution over COLORS: (a, b, weight) each with a Gaussian of 6 Lab units."""
    mass = sum(weight * np.exp(-distances(np.array([a, b]), COLORS) / 72) for a, b, weight in parts)
    return np.asarray(mass / np.sum(mass))


def halves() -> Answer:
    """Give the answer for a page whose left half is red or green, and whose right half is blue for certain."""
    raw = np.empty((len(COLORS), 24, 32), np.float32)
    raw[:, :, :16] = np.log(spread_around((60, 40, 0.7), (-40, 40, 0.3)) + 1e-9)[:, None, None]
    raw[:, :, 16:] = np.log(spread_around((10, -60, 1.0)) + 1e-9)[:, None, None]
    bins = Bins(COLORS, np.zeros(len(COLORS), np.float32))
    return Answer(raw, bins, Decode(), np.full((96, 128), 50, np.float32), 128, 96, "made up")


def test_two_things_are_two_regions() -> None:
    regions = find_regions(halves())
    assert regions.membership.shape == (2, 24, 32)
    np.testing.assert_allclose(regions.membership.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(regions.distribution.sum(axis=1), 1, atol=1e-4)
    np.testing.assert_allclose(regions.share, 0.5, atol=0.05)
    hard = regions.membership.argmax(axis=0)
    assert len(np.unique(hard[:, :15])) == len(np.unique(hard[:, 17:])) == 1


def test_a_page_of_one_thing_is_one_region() -> None:
    answer = halves()
    answer.raw[:, :, 16:] = answer.raw[:, :, :16]
    assert len(find_regions(answer).share) == 1


def test_likely_colors_are_the_modes_most_probable_first() -> None:
    first, second = likely_colors(spread_around((60, 40, 0.7), (-40, 40, 0.3)), COLORS, 50.0)[:2]
    np.testing.assert_allclose(first.ab, [60, 40], atol=6)
    np.testing.assert_allclose(second.ab, [-40, 40], atol=6)
    assert first.probability == pytest.approx(0.7, abs=0.15)
    assert second.probability == pytest.approx(0.3, abs=0.1)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(5, 95), st.floats(0.02, 4))
def test_likely_colors_are_distinct_and_sum_to_one_at_most(seed: int, lightness: float, concentration: float) -> None:
    mass = np.random.default_rng(seed).gamma(concentration, size=len(COLORS)) + 1e-12
    modes = likely_colors(mass / mass.sum(), COLORS, lightness)
    chances = [mode.probability for mode in modes]
    assert 1 <= len(modes) <= 6
    assert chances == sorted(chances, reverse=True)
    assert 0 < sum(chances) <= 1 + 1e-9
    lab = shown(np.array([mode.ab for mode in modes]), lightness)
    apart = ciede2000(lab[:, None], lab[None])[np.triu_indices(len(modes), 1)]
    assert (apart > APART / 4).all()  # peaks lie APART; means of what they gathered may come a little nearer


def test_a_certain_answer_has_one_likely_color() -> None:
    assert len(likely_colors(np.eye(len(COLORS))[40], COLORS, 50.0)) == 1


def test_a_color_is_written_at_its_lightness_and_inside_srgb() -> None:
    assert hex_of((0.0, 0.0), 100.0) == "#ffffff"
    assert hex_of((0.0, 0.0), 0.0) == "#000000"
    assert hex_of((80.09, 67.20), 53.24) in {"#ff0000", "#fe0000", "#ff0100", "#ff0001"}
    assert len(hex_of((100.0, 100.0), 30.0)) == 7


def test_smoothing_keeps_a_flat_map_and_the_mean_of_an_inner_dot() -> None:
    np.testing.assert_allclose(smoothed(np.full((2, 5, 7), 3, np.float32), 2), 3, rtol=1e-6)
    dot = np.zeros((1, 9, 9), np.float32)
    dot[0, 4, 4] = 9
    soft = smoothed(dot, 1)
    np.testing.assert_allclose(soft[0, 3:6, 3:6], 1, atol=1e-6)
    assert soft.sum() == pytest.approx(9, rel=1e-5)
