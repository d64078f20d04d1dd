"""What the gallery computes itself: orders of photos, made photos that are no true color, precision and recall."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from photochrom.color.lab import lightness
from photochrom.data.cleaning import judge
from photochrom.evaluate.candidate import Scored
from photochrom.studies.false_color import KINDS
from photochrom.studies.gallery import Results, first, square, taken_for_real
from photochrom.studies.rejections import precision, share


def results(**values: list[float]) -> Results:
    """Make results of which only the values photo by photo are known; gray is 10 away from every truth."""
    columns = {name: np.array(column) for name, column in values.items() if name != "real"}
    gray = {"ciede2000": np.full(len(values["ciede2000"]), 10.0)}
    scored, left_gray = (cast(Scored, SimpleNamespace(values=found)) for found in (columns, gray))
    return Results(scored, left_gray, np.array(values.get("real", [])))


def scene() -> np.ndarray[Any, Any]:
    """Make a photo-like picture of four colored things in changing light."""
    rows, columns = np.mgrid[0:192, 0:192]
    colors = np.array([[200, 60, 50], [60, 150, 70], [70, 90, 200], [220, 190, 60]], dtype=np.float64)
    thing = colors[(rows // 96) * 2 + columns // 96]
    light = 0.55 + 0.4 * np.sin(rows / 9.0)[..., None] * np.cos(columns / 13.0)[..., None]
    return np.asarray(np.clip(thing * light, 0, 255).astype(np.uint8))


def test_the_first_of_an_order_are_the_highest_finite_ones() -> None:
    assert first(np.array([1.0, 5.0, -np.inf, 3.0]), 2) == [1, 3]
    assert first(np.array([1.0, -np.inf]), 5) == [0]


def test_gain_is_how_much_nearer_than_gray_a_result_is() -> None:
    assert results(ciede2000=[4.0, 10.0, 13.0]).gain.tolist() == [6.0, 0.0, -3.0]


def test_only_photos_far_from_the_truth_can_be_confusing() -> None:
    found = results(ciede2000=[1.0, 2.0, 9.0, 8.0], real=[0.9, 0.8, 0.1, 0.3])
    assert first(found.confusing, 4) == [3, 2]


def test_bleeding_needs_color_to_be_seen() -> None:
    found = results(
        ciede2000=[1.0, 1.0, 1.0],
        _loose=[2.0, 0.02, 1.0], _chroma=[4.0, 0.04, 4.0], _true_loose=[1.0, 1.0, 0.0], _true_chroma=[4.0, 4.0, 4.0],
    )  # fmt: skip
    assert found.bleeding[0] == pytest.approx(2.0)
    assert np.isneginf(found.bleeding[1:]).all()


def test_what_looks_real_has_a_high_probability() -> None:
    random = np.random.default_rng(0)
    real = random.normal(0, 1, (60, 4))
    results = random.normal(0, 1, (60, 4)) + np.where(np.arange(60) % 2, 6.0, 0.0)[:, None]
    found = taken_for_real(real, results)
    assert ((found >= 0) & (found <= 1)).all()
    assert found[::2].mean() > found[1::2].mean() + 0.2


@pytest.mark.parametrize("name", KINDS)
def test_a_made_photo_keeps_its_lightness_and_loses_its_colors(name: str) -> None:
    photo = scene()
    made = KINDS[name].make(photo, np.random.default_rng(0))
    assert made.shape == photo.shape
    assert made.dtype == np.uint8
    order = [np.argsort(np.argsort(lightness(rgb / 255)[..., 0].ravel())) for rgb in (photo, made)]
    assert np.corrcoef(order[0], order[1])[0, 1] > 0.97
    assert np.abs(made.astype(int) - photo).mean() > 5
    assert np.array_equal(made, KINDS[name].make(photo, np.random.default_rng(0)))


@pytest.mark.parametrize("name", ["gray", "near-gray", "cyanotype", "duotone"])
def test_photos_of_one_tint_are_found_for_the_right_reason(name: str) -> None:
    assert judge(scene()).reason is None
    assert judge(KINDS[name].make(scene(), np.random.default_rng(1))).reason == KINDS[name].reason


def test_precision_counts_false_alarms_among_equally_many_photos() -> None:
    all_found, none = np.ones(20), np.zeros(20)
    assert precision(all_found, none) == "100% (100%..100%)"
    assert precision(all_found, all_found) == "50% (50%..50%)"
    assert precision(none, none) == "nothing rejected"
    assert share(np.array([1.0, 1, 1, 0])).startswith("75%")


@pytest.mark.parametrize("shape", [(30, 40), (40, 30, 1), (30, 40, 2), (30, 40, 3), (30, 40, 4)])
def test_any_photo_becomes_a_square_of_rgb(shape: tuple[int, ...]) -> None:
    for pixels in (np.full(shape, 255, np.uint8), np.full(shape, 65535, np.uint16)):
        tile = square(pixels)
        assert tile.shape == (256, 256, 3)
        assert np.allclose(tile, 1)
