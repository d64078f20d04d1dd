"""Chroma up and down, and back into sRGB."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.color.lab import lab_to_linear, lab_to_rgb, rgb_to_lab
from photochrom.color.resample import downsample_area, fit_gamut, upsample_chroma


def wild_lab(count: int = 5000) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.stack([rng.uniform(0, 100, count), rng.uniform(-128, 128, count), rng.uniform(-128, 128, count)], axis=-1)


def smooth_ab(height: int, width: int) -> np.ndarray:
    y, x = np.mgrid[:height, :width].astype(np.float64)
    y, x = (y + 0.5) / height, (x + 0.5) / width
    return np.stack([40 * np.sin(4 * x) * np.cos(3 * y), 30 * np.cos(5 * x + 2 * y)], axis=-1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_color_fits_into_srgb(dtype: type) -> None:
    fitted = fit_gamut(wild_lab().astype(dtype))
    assert fitted.dtype == dtype
    rgb = lab_to_rgb(fitted)
    assert rgb.min() > -1e-4
    assert rgb.max() < 1 + 1e-4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_fitting_keeps_the_lightness_of_the_pixels_written(dtype: type) -> None:
    lab = wild_lab().astype(dtype)
    fitted = fit_gamut(lab)
    np.testing.assert_array_equal(fitted[:, 0], lab[:, 0])
    shown = np.clip(lab_to_rgb(fitted), 0, 1)
    np.testing.assert_allclose(rgb_to_lab(shown)[:, 0], lab[:, 0], atol=1e-3)


def test_clipping_channels_instead_would_move_the_lightness() -> None:
    lab = wild_lab()
    clipped = rgb_to_lab(np.clip(lab_to_rgb(lab), 0, 1))
    assert np.abs(clipped[:, 0] - lab[:, 0]).mean() > 2


def test_colors_inside_srgb_stay_untouched() -> None:
    lab = rgb_to_lab(np.random.default_rng(1).uniform(0.001, 0.999, (2000, 3)))
    np.testing.assert_array_equal(fit_gamut(lab), lab)


def test_colors_on_the_border_of_srgb_stay() -> None:
    corners = np.array([[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)], dtype=np.float32)
    np.testing.assert_allclose(fit_gamut(rgb_to_lab(corners)), rgb_to_lab(corners), atol=0.01)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_neutral_stays_exactly_neutral(dtype: type) -> None:
    lab = np.zeros((1001, 3), dtype=dtype)
    lab[:, 0] = np.linspace(0, 100, 1001)
    np.testing.assert_array_equal(fit_gamut(lab), lab)


@given(st.floats(0, 100), st.floats(-128, 128), st.floats(-128, 128))
@settings(max_examples=100, deadline=None)
def test_fitting_only_ever_lowers_a_and_b(lightness: float, a: float, b: float) -> None:
    lab = np.array([lightness, a, b])
    fitted = fit_gamut(lab)
    assert (np.abs(fitted[1:]) <= np.abs(lab[1:]) + 1e-6).all()
    assert (fitted[1:] * lab[1:] >= -1e-6).all()


@given(st.floats(1, 99), st.floats(0, 2 * np.pi))
@settings(max_examples=50, deadline=None)
def test_what_is_too_strong_ends_on_the_border_and_no_earlier(lightness: float, hue: float) -> None:
    radius = np.linspace(0, 128, 65)
    lab = np.stack([np.full(65, lightness), radius * np.cos(hue), radius * np.sin(hue)], axis=-1)
    fitted = fit_gamut(lab)
    inside = np.all(fitted == lab, axis=-1)
    linear = lab_to_linear(fitted[~inside])
    reach = np.minimum(linear.min(axis=-1), 1 - linear.max(axis=-1))
    np.testing.assert_allclose(reach, 0, atol=1e-6)


def test_fitting_twice_changes_nothing_more() -> None:
    once = fit_gamut(wild_lab())
    np.testing.assert_allclose(fit_gamut(once), once, atol=1e-3)


def test_lightness_outside_its_range_becomes_black_or_white() -> None:
    np.testing.assert_array_equal(fit_gamut(np.array([[-5.0, 30, 30], [120, 30, -30]])), [[0, 0, 0], [100, 0, 0]])


def test_fitting_agrees_in_torch_and_on_any_axis() -> None:
    lab = wild_lab(500).reshape(5, 100, 3)
    planes = torch.from_numpy(np.moveaxis(lab, -1, 1).copy())
    np.testing.assert_allclose(np.moveaxis(fit_gamut(planes, axis=1).numpy(), 1, -1), fit_gamut(lab), atol=1e-6)


def test_upsampling_to_the_same_size_changes_nothing() -> None:
    ab = smooth_ab(9, 7)
    np.testing.assert_allclose(upsample_chroma(ab, 9, 7), ab, atol=1e-5)


def test_upsampling_keeps_flat_color_up_to_the_edges() -> None:
    ab = np.full((3, 5, 2), (12.5, -40.0))
    larger = upsample_chroma(ab, 33, 41)
    assert larger.shape == (33, 41, 2)
    assert larger.dtype == np.float32
    np.testing.assert_allclose(larger, np.broadcast_to(ab[0, 0], larger.shape), atol=1e-4)


def test_upsampling_is_exact_on_slopes_away_from_the_edges() -> None:
    slope = np.stack(np.broadcast_arrays((np.arange(10) + 0.5)[:, None] / 10, np.zeros(10)), axis=-1)
    larger = upsample_chroma(slope, 40, 10)
    expected = (np.arange(40) + 0.5) / 40
    np.testing.assert_allclose(larger[8:32, 5, 0], expected[8:32], atol=1e-6)


def test_upsampling_is_aligned_at_pixel_centers() -> None:
    ab = smooth_ab(12, 8)
    np.testing.assert_allclose(
        upsample_chroma(ab[::-1, ::-1], 48, 32), upsample_chroma(ab, 48, 32)[::-1, ::-1], atol=1e-4
    )
    np.testing.assert_allclose(upsample_chroma(ab, 36, 24)[1::3, 1::3], ab, atol=1e-4)


def test_upsampling_matches_the_cubic_of_torch_but_for_its_kernel() -> None:
    ab = smooth_ab(6, 5)
    planes = torch.from_numpy(np.moveaxis(ab, -1, 0))[None]
    other = torch.nn.functional.interpolate(planes, (24, 20), mode="bicubic", antialias=False)[0]
    np.testing.assert_allclose(upsample_chroma(ab, 24, 20), np.moveaxis(other.numpy(), 0, -1), atol=3)
    antialiased = torch.nn.functional.interpolate(planes, (24, 20), mode="bicubic", antialias=True)[0]
    inner = (
        slice(8, 16),
        slice(8, 12),
    )  # torch renormalizes at the edges, and uses a = -1/2 when it antialiases
    np.testing.assert_allclose(
        upsample_chroma(ab, 24, 20)[inner], np.moveaxis(antialiased.numpy(), 0, -1)[inner], atol=1e-4
    )


def test_smooth_chroma_survives_down_and_up() -> None:
    ab = smooth_ab(128, 96)
    again = upsample_chroma(downsample_area(ab, 32, 24), 128, 96)
    assert np.abs(again - ab).mean() < 0.2


def test_area_means_of_whole_blocks_are_exact() -> None:
    array = np.random.default_rng(0).random((12, 20, 2))
    blocks = array.reshape(4, 3, 5, 4, 2).mean(axis=(1, 3))
    np.testing.assert_allclose(downsample_area(array, 4, 5), blocks, atol=1e-6)


@given(st.integers(1, 12), st.integers(1, 12), st.integers(1, 12), st.integers(1, 12))
@settings(max_examples=50, deadline=None)
def test_area_means_keep_the_mean_of_the_photo(height: int, width: int, rows: int, columns: int) -> None:
    array = np.random.default_rng(height * width).random((height, width))
    smaller = downsample_area(array, rows, columns)
    assert smaller.shape == (rows, columns)
    assert smaller.mean() == pytest.approx(array.mean(), abs=1e-5)
