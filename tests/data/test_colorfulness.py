"""Colorfulness of Hasler and Suesstrunk in its signed form."""

import numpy as np
import pytest

from photochrom.color.colorfulness import colorfulness


def test_gray_has_no_colorfulness() -> None:
    gray = np.random.default_rng(0).random((8, 8, 1)).repeat(3, -1)
    assert colorfulness(gray) == 0.0


def test_a_flat_color_counts_by_its_mean_alone() -> None:
    flat = np.broadcast_to(np.array([1.0, 0.0, 0.0]), (4, 4, 3))
    assert colorfulness(flat) == pytest.approx(255 * 0.3 * np.hypot(1.0, 0.5))


def test_opposite_colors_are_not_taken_for_the_same() -> None:
    halves = np.zeros((2, 2, 3))
    halves[0, :, 0] = halves[1, :, 1] = 1.0
    assert colorfulness(halves) == pytest.approx(255 * (1.0 + 0.3 * 0.5))


def test_the_order_of_pixels_and_the_float_width_do_not_matter() -> None:
    rgb = np.random.default_rng(1).random((6, 5, 3))
    assert colorfulness(rgb) == pytest.approx(colorfulness(rgb[::-1, ::-1].reshape(-1, 3)))
    assert colorfulness(rgb.astype(np.float32)) == pytest.approx(colorfulness(rgb), rel=1e-5)


def test_half_the_chroma_is_half_as_colorful() -> None:
    rgb = np.random.default_rng(2).random((9, 9, 3))
    gray = rgb.mean(-1, keepdims=True)
    assert colorfulness(gray + 0.5 * (rgb - gray)) == pytest.approx(0.5 * colorfulness(rgb))


def test_an_array_without_three_channels_is_an_error() -> None:
    with pytest.raises(ValueError, match="RGB on the last axis"):
        colorfulness(np.zeros((3, 8, 8)))
