"""The study pix2pix: what it measures of rare colors, loose color and learning by heart."""

from dataclasses import replace

import numpy as np
import pytest

from photochrom.data.catalog import Entry
from photochrom.evaluate.truth import Truth, load_truth
from photochrom.studies.pix2pix import Group, by_rarity, excess, gray_share, helped, masks, spilling


@pytest.fixture(scope="module")
def truth(photo_folder) -> Truth:  # type: ignore[no-untyped-def]
    paths = sorted(photo_folder.iterdir())[:3]
    return load_truth([Entry(path.name, path, -1, path.stat().st_size) for path in paths])


def test_gray_has_the_error_of_gray(truth: Truth) -> None:
    gray = [lab * np.array([1, 0, 0], np.float32) for lab in truth.lab]
    assert gray_share(gray, truth) == pytest.approx(1)
    assert gray_share(truth.lab, truth) == 0


def test_a_tenth_of_the_pixels_is_rare_and_half_frequent() -> None:
    rare, frequent = masks(np.random.default_rng(0).random((4, 50, 50)))
    assert rare.mean() == pytest.approx(0.1, abs=0.001)
    assert frequent.mean() == pytest.approx(0.5, abs=0.001)
    assert not (rare & frequent).any()


def test_where_all_is_alike_nothing_is_rare() -> None:
    rare, frequent = masks(np.ones((2, 3)))
    assert not rare.any()
    assert frequent.all()


def test_errors_are_told_apart_by_how_rare_the_true_color_is(truth: Truth) -> None:
    lab = np.zeros((10, 10, 3), np.float32)
    lab[0] = 50, 60, 0  # one row of strong red in a gray photo
    rarity = np.ones((256, 256), np.float32)
    rarity[60 + 128, 128] = 90
    made = replace(truth, lab=(lab,), rarity=rarity)
    rare, frequent = by_rarity([lab * np.array([1, 0.25, 1], np.float32)], made)
    assert rare == pytest.approx((0.1, 60, 15, 45))
    assert rare.relative == pytest.approx(0.75)
    assert frequent[:1] + frequent[2:] == pytest.approx((0.9, 0, 0))


def test_loose_color_is_compared_with_the_truth_among_vivid_results() -> None:
    values = {
        "_loose": np.array([5.0, 1.0, 0.1, 0.0]),
        "_chroma": np.array([10.0, 10.0, 0.1, 0.0]),
        "_true_loose": np.array([2.0, 2.0, 0.0, 0.0]),
        "_true_chroma": np.array([10.0, 10.0, 10.0, 0.0]),
    }
    np.testing.assert_allclose(excess(values), [0.3, -0.1, -np.inf, -np.inf])


@pytest.mark.parametrize(
    ("interval", "says"), [((1.2, 1.5), "more than"), ((0.5, 0.9), "less than"), ((0.8, 1.2), "no more")]
)
def test_spill_over_is_told_by_its_interval(interval: tuple[float, float], says: str) -> None:
    assert says in spilling(1.0, interval)
    assert "too little color" in spilling(None, None)


def test_being_better_than_gray_is_told() -> None:
    good, bad = Group(0.1, 10.0, 8.0, 5.0), Group(0.5, 10.0, 8.0, 12.0)
    assert "On both" in helped(good, good)
    assert "On neither" in helped(bad, bad)
    assert "On rare ones" in helped(good, bad)
    assert "On frequent ones" in helped(bad, good)
