"""What is measured on the training photos before a run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from photochrom.chroma import Bins, Regression, Rgb
from photochrom.color.lab import rgb_to_lab
from photochrom.data.catalog import Entry, list_entries
from photochrom.prior import fit_chroma, measure_log_weights
from photochrom.recipes import find_recipe

TINY = find_recipe("default_tiny")


@pytest.fixture(scope="module")
def entries(photo_folder: Path) -> list[Entry]:
    return list_entries([str(photo_folder)])


def test_rare_colors_weigh_more_and_weights_average_one_over_the_photos(entries: list[Entry]) -> None:
    log_weights = measure_log_weights(entries, 0.5)
    assert log_weights.shape == (313,)
    assert log_weights.dtype == np.float32
    assert np.isfinite(log_weights).all()
    assert np.ptp(log_weights) > 0.5
    np.testing.assert_allclose(measure_log_weights(entries, 1.0), 0, atol=1e-5)


def test_the_published_bins_get_the_measured_weights_rounded_as_cards_round(entries: list[Entry]) -> None:
    chroma = fit_chroma(TINY, entries)
    assert isinstance(chroma, Bins)
    np.testing.assert_allclose(chroma.log_weights, measure_log_weights(entries, TINY.mix), atol=1e-6)
    assert chroma.to_card() == fit_chroma(TINY, entries).to_card()


def test_a_palette_of_rgb_knows_its_ab(entries: list[Entry]) -> None:
    chroma = fit_chroma(replace(TINY, chroma={"kind": "palette", "colors": 6, "space": "rgb"}), entries)
    assert isinstance(chroma, Bins)
    assert chroma.rgb is not None
    assert chroma.rgb.shape == (6, 3)
    np.testing.assert_allclose(chroma.colors, rgb_to_lab(chroma.rgb)[:, 1:], atol=1e-4)


def test_a_palette_of_ab_has_no_rgb(entries: list[Entry]) -> None:
    chroma = fit_chroma(replace(TINY, chroma={"kind": "palette", "colors": 6, "space": "ab"}), entries)
    assert isinstance(chroma, Bins)
    assert chroma.rgb is None
    assert chroma.colors.shape == (6, 2)


@pytest.mark.parametrize(("kind", "expected"), [("regression", Regression), ("rgb", Rgb)])
def test_one_color_a_place_needs_nothing_of_the_photos(kind: str, expected: type, entries: list[Entry]) -> None:
    assert isinstance(fit_chroma(replace(TINY, chroma={"kind": kind}), entries), expected)
