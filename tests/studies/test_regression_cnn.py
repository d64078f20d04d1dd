"""The study regression_cnn: the made-up pair is a pair, and what is said of it follows from the numbers."""

from pathlib import Path

import numpy as np
import pytest

from photochrom.chroma import Bins
from photochrom.color.bins import AB_BINS
from photochrom.color.lab import rgb_to_lab
from photochrom.data.augment import clean_gray, paired
from photochrom.data.catalog import decode
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Library
from photochrom.studies.made_up_pair import (
    COLORS,
    PAIR,
    PAIR_BINS,
    PAIR_REGRESSION,
    Answered,
    draw_disc,
    middle,
    nearest,
    peaks,
    prepare,
)
from photochrom.studies.regression_cnn import arrived

ORANGE, GREEN = (draw_disc(color) for color in COLORS.values())


def test_the_pair_is_equal_in_gray_and_differs_in_color() -> None:
    assert np.array_equal(clean_gray(ORANGE), clean_gray(GREEN))
    assert not np.array_equal(ORANGE, GREEN)
    first, second = (rgb_to_lab(np.array(color) / 255) for color in COLORS.values())
    assert abs(first[0] - second[0]) < 0.001
    assert np.linalg.norm(first[1:] - second[1:]) > 50


def test_no_view_of_the_pair_gives_the_color_away() -> None:
    for seed in range(20):
        views = [clean_gray(paired(photo, 64, np.random.default_rng(seed))) for photo in (ORANGE, GREEN)]
        difference = np.abs(views[0].astype(int) - views[1])
        assert difference.max() <= 2
        assert (difference > 0).mean() < 0.05


def test_preparing_adds_the_pair_to_the_library(photo_folder: Path, tmp_path: Path) -> None:
    laboratory = Laboratory(Library(photo_folder), tmp_path / "runs", minutes=1)
    for _ in range(2):
        prepare(laboratory)
        entries = laboratory.library.select(PAIR)
        photos = [decode(entry) for entry in entries]
        assert [entry.key for entry in entries] == ["light_green.png", "orange.png"]
        assert np.array_equal(photos[0], GREEN)
        assert np.array_equal(photos[1], ORANGE)


def test_the_pair_is_what_small_networks_train_on() -> None:
    for trial in (PAIR_REGRESSION, PAIR_BINS):
        assert trial.photos == PAIR


def test_the_middle_is_the_mean_of_the_middle_quarter() -> None:
    values = np.zeros((2, 16, 16))
    values[0, 6:10, 6:10] = 5
    values[1] = 3
    assert middle(values).tolist() == [5, 3]


def answered(ab: np.ndarray, *peaked: int) -> Answered:
    probabilities = np.zeros(Bins.published().outputs)
    probabilities[list(peaked)] = 1 / len(peaked)
    return Answered(ab, probabilities, {"orange": AB_BINS[250], "light green": AB_BINS[80]})


def test_the_mean_lies_between_both_colors() -> None:
    halfway = (AB_BINS[250] + AB_BINS[80]) / 2
    distances = answered(halfway, 250).distances()
    assert distances["their mean"] == 0
    assert distances["orange"] == pytest.approx(distances["light green"])


def test_two_peaks_are_told_from_one_and_none() -> None:
    here = np.zeros(2)
    assert peaks(answered(here, 250, 80).near()).startswith("The bins keep two peaks")
    assert "one peak, near orange" in peaks(answered(here, 250).near())
    halfway = (AB_BINS[250] + AB_BINS[80]) / 2
    between = int(np.linalg.norm(AB_BINS - halfway, axis=1).argmin())
    assert "no peak at either color" in peaks(answered(here, between).near())
    assert "no peak at either color" in peaks(answered(here, *range(313)).near())


def test_an_answer_far_from_everything_is_no_answer() -> None:
    assert nearest({"their mean": 3.0, "orange": 30.0, "light green": 30.0}) == (
        "3.0 away from their mean, which is the nearest"
    )
    assert "did not learn" in nearest({"their mean": 90.0, "orange": 80.0, "light green": 99.0})


def test_a_true_answer_arrives_whole() -> None:
    true = np.array([[3.0, 4.0], [30.0, 40.0]])
    assert [one.along for one in arrived(true, true)] == pytest.approx([5, 50])
    assert [one.share for one in arrived(true, true)] == [0.5, 0.5]


def test_the_opposite_hue_arrives_as_a_negative_length() -> None:
    (found,) = arrived(np.array([[-6.0, -8.0]]), np.array([[6.0, 8.0]]))
    assert found.answered == pytest.approx(10)
    assert found.along == pytest.approx(-10)


def test_a_right_angle_has_chroma_but_arrives_nowhere() -> None:
    (found,) = arrived(np.array([[-8.0, 6.0]]), np.array([[6.0, 8.0]]))
    assert (found.answered, found.along) == pytest.approx((10, 0))
