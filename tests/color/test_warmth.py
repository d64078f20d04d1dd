"""Warmth: what it measures, and that the control keeps neutral things neutral and colors believable."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from photochrom.color.lab import rgb_to_lab
from photochrom.color.warmth import STRENGTH, WARM_HUE, warmed, warmth_of

COLORS = hnp.arrays(np.float64, (5, 2), elements=st.floats(-110, 110))
WARMTHS = st.floats(-1, 1)


def lab_of(red: int, green: int, blue: int) -> np.ndarray:
    return rgb_to_lab(np.array([red, green, blue]) / 255.0)


def test_orange_is_warm_blue_is_cold_and_gray_is_neither() -> None:
    orange, bulb, sky, gray = (
        float(warmth_of(lab_of(*rgb)[1:])) for rgb in ((255, 165, 0), (255, 180, 107), (135, 206, 235), (90, 90, 90))
    )
    assert orange > bulb > 30
    assert sky < -20
    assert gray == pytest.approx(0, abs=1e-3)


@given(WARMTHS)
def test_gray_stays_gray(warmth: float) -> None:
    assert not warmed(np.zeros((3, 4, 2)), warmth).any()


@given(COLORS)
def test_warmth_zero_changes_nothing(ab: np.ndarray) -> None:
    np.testing.assert_array_equal(warmed(ab, 0.0), ab)


@given(COLORS, WARMTHS, WARMTHS)
def test_more_warmth_never_gives_less_b(ab: np.ndarray, one: float, other: float) -> None:
    colder, warmer = (warmed(ab, warmth) for warmth in sorted((one, other)))
    assert (warmer[..., 1] >= colder[..., 1]).all()
    assert warmer[..., 1].mean() >= colder[..., 1].mean()


@given(COLORS, WARMTHS)
def test_no_color_moves_farther_than_the_strength_or_than_itself(ab: np.ndarray, warmth: float) -> None:
    moved = np.hypot(*np.moveaxis(warmed(ab, warmth) - ab, -1, 0))
    assert (moved <= STRENGTH * abs(warmth) + 1e-9).all()
    assert (moved <= np.hypot(ab[..., 0], ab[..., 1]) + 1e-9).all()


@given(COLORS, COLORS, WARMTHS)
def test_colors_along_the_axis_keep_their_order_and_their_side(ab: np.ndarray, more: np.ndarray, warmth: float) -> None:
    axis = np.array([np.cos(np.radians(WARM_HUE)), np.sin(np.radians(WARM_HUE))])
    before = np.sort(np.concatenate([ab[:, 0], more[:, 0]]))
    after = warmth_of(warmed(before[:, None] * axis, warmth))
    assert (np.diff(after) >= -1e-9).all()
    assert (after * before >= -1e-9).all()


def test_strong_colors_move_more_than_weak_ones() -> None:
    moved = warmth_of(warmed(np.array([[1.0, 0.0], [12.0, 0.0], [80.0, 0.0]]), 1.0)) - warmth_of(
        np.array([[1.0, 0.0], [12.0, 0.0], [80.0, 0.0]])
    )
    np.testing.assert_allclose(moved, [12 / 13, 6.0, 12 * 80 / 92])


@pytest.mark.parametrize("warmth", [-1.0, 1.0])
@pytest.mark.parametrize("skin", [(241, 194, 167), (198, 134, 103), (92, 56, 42)])
def test_skin_stays_skin(skin: tuple[int, int, int], warmth: float) -> None:
    before = lab_of(*skin)[1:]
    after = warmed(before, warmth)
    hues = [np.degrees(np.arctan2(b, a)) for a, b in (before, after)]
    assert abs(hues[1] - hues[0]) < 12
    assert 0.5 < np.hypot(*after) / np.hypot(*before) < 1.6


@given(COLORS, WARMTHS)
@settings(max_examples=30, deadline=None)
def test_arrays_and_tensors_agree(ab: np.ndarray, warmth: float) -> None:
    columns = np.moveaxis(ab, -1, 0)
    tensor = warmed(torch.from_numpy(columns.copy()), warmth, axis=0)
    np.testing.assert_allclose(tensor.numpy(), np.moveaxis(warmed(ab, warmth), -1, 0), rtol=1e-12, atol=1e-12)


def test_the_type_of_the_numbers_stays() -> None:
    assert warmed(np.ones((2, 3, 2), np.float32), 0.5).dtype == np.float32
