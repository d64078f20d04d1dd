"""Pixel measures against answers known in closed form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import color, metrics

from photochrom.color.colorfulness import colorfulness
from photochrom.color.lab import gray, lab_to_rgb, rgb_to_lab
from photochrom.color.resample import fit_gamut
from photochrom.errors import DataError, OptionError
from photochrom.evaluate import pixel


def photo(seed: int = 0, height: int = 24, width: int = 32) -> np.ndarray:
    """Soft blotches of color."""
    rng = np.random.default_rng(seed)
    small = rng.uniform(0.2, 0.8, (height // 8, width // 8, 3))
    return np.kron(small, np.ones((8, 8, 1))) + rng.normal(0, 0.01, (height, width, 3))


def flat(lightness: float) -> np.ndarray:
    level = gray(np.array(lightness))
    return np.full((16, 16, 3), level)


def labs(count: int = 4) -> list[np.ndarray]:
    return [rgb_to_lab(photo(seed).clip(0, 1)).astype(np.float32) for seed in range(count)]


def test_an_even_error_has_its_known_mse_and_psnr() -> None:
    truth = np.full((12, 12, 3), 0.5)
    assert pixel.mse(truth + 0.1, truth) == pytest.approx(0.01)
    assert pixel.psnr(truth + 0.1, truth) == pytest.approx(20.0)


def test_equal_photos_are_perfect() -> None:
    for measure in (pixel.mse, pixel.ciede2000, pixel.colorfulness_difference):
        assert measure(photo(), photo()) == 0
    assert pixel.psnr(photo(), photo()) == float("inf")
    assert pixel.ssim(photo(), photo()) == pytest.approx(1)


def test_psnr_agrees_with_scikit_image() -> None:
    expected = metrics.peak_signal_noise_ratio(photo(0), photo(1), data_range=1.0)
    assert pixel.psnr(photo(1), photo(0)) == pytest.approx(expected)


def test_ssim_of_flat_photos_is_the_luminance_term() -> None:
    first, second = np.full((16, 16, 3), 0.3), np.full((16, 16, 3), 0.6)
    c1 = 0.01**2
    expected = (2 * 0.3 * 0.6 + c1) / (0.3**2 + 0.6**2 + c1)
    assert pixel.ssim(first, second) == pytest.approx(expected, abs=1e-6)


def test_ssim_falls_with_noise() -> None:
    noise = np.random.default_rng(5).normal(0, 1, photo().shape)
    values = [pixel.ssim(photo() + share * noise, photo()) for share in (0, 0.02, 0.1, 0.3)]
    assert values == sorted(values, reverse=True)


def test_ciede2000_of_grays_follows_its_lightness_term() -> None:
    middle = (55.0 - 50.0) ** 2
    expected = 10 / (1 + 0.015 * middle / np.sqrt(20 + middle))
    assert pixel.ciede2000(flat(60), flat(50)) == pytest.approx(expected, abs=1e-6)


def test_colorfulness_difference_says_which_way() -> None:
    dull = np.repeat(photo().mean(axis=-1, keepdims=True), 3, axis=-1)
    assert pixel.colorfulness_difference(dull, photo()) == pytest.approx(-colorfulness(photo()))


def test_photos_of_different_sizes_are_refused() -> None:
    with pytest.raises(DataError, match="cannot be compared"):
        pixel.mse(photo(), photo(0, 32, 32))
    with pytest.raises(DataError, match="cannot be compared"):
        pixel.ciede2000(photo()[..., 0], photo()[..., 0])
    with pytest.raises(DataError, match="too small for SSIM"):
        pixel.ssim(photo()[:8], photo()[:8])


@given(st.floats(0, 4))
@settings(max_examples=30, deadline=None)
def test_scaling_multiplies_chroma_and_keeps_lightness(factor: float) -> None:
    lab = labs(1)[0]
    scaled = pixel.scale_chroma(lab, factor)
    assert scaled.dtype == lab.dtype
    np.testing.assert_array_equal(scaled[..., 0], lab[..., 0])
    np.testing.assert_allclose(scaled[..., 1:], lab[..., 1:] * factor, rtol=1e-5, atol=1e-6)


def test_displayed_photos_have_eight_bits_and_keep_their_lightness() -> None:
    lab = labs(1)[0] * np.array([1, 4, 4], dtype=np.float32)
    rgb = pixel.displayed(lab)
    np.testing.assert_allclose(rgb * 255, np.rint(rgb * 255), atol=1e-4)
    assert np.abs(rgb_to_lab(rgb)[..., 0] - lab[..., 0]).mean() < 0.3


def test_without_chroma_a_displayed_photo_is_gray_and_colorless() -> None:
    rgb = pixel.displayed(pixel.scale_chroma(labs(1)[0], 0))
    assert (rgb == rgb[..., :1]).all()
    assert pixel.mean_colorfulness(labs(), 0) == 0


def test_matching_finds_the_factor_that_was_applied() -> None:
    target = pixel.mean_colorfulness(labs(), 0.6)
    assert pixel.match_colorfulness(labs(), target, tolerance=1e-3) == pytest.approx(0.6, abs=0.01)


@pytest.mark.parametrize("share", [0.15, 0.3, 1.0, 1.5])
def test_matching_reaches_its_target(share: float) -> None:
    target = share * pixel.mean_colorfulness(labs())
    factor = pixel.match_colorfulness(labs(), target)
    assert pixel.mean_colorfulness(labs(), factor) == pytest.approx(target, abs=0.02)


def test_no_colorfulness_asked_means_no_chroma() -> None:
    assert pixel.match_colorfulness(labs(), 0) == 0


def test_more_colorfulness_than_srgb_holds_is_refused() -> None:
    with pytest.raises(DataError, match=r"not 500\.0"):
        pixel.match_colorfulness(labs(2), 500)


def test_gray_photos_cannot_be_made_colorful() -> None:
    with pytest.raises(DataError, match=r"reach a mean colorfulness of 0\.0"):
        pixel.match_colorfulness([rgb_to_lab(flat(50))], 10)


def test_impossible_targets_are_refused() -> None:
    with pytest.raises(OptionError, match="finite number"):
        pixel.match_colorfulness(labs(1), float("nan"))
    with pytest.raises(DataError, match="no photos"):
        pixel.match_colorfulness([], 10)


def test_ciede2000_agrees_with_scikit_image() -> None:
    first, second = photo(0).clip(0, 1), photo(1).clip(0, 1)
    expected = color.deltaE_ciede2000(rgb_to_lab(first), rgb_to_lab(second)).mean()
    assert pixel.ciede2000(first, second) == pytest.approx(expected)


def test_displayed_photos_take_the_way_of_the_product_into_the_gamut() -> None:
    lab = labs(1)[0] * np.array([1, 4, 4], dtype=np.float32)
    expected = np.rint(np.clip(lab_to_rgb(fit_gamut(lab)), 0, 1) * 255)
    np.testing.assert_allclose(pixel.displayed(lab) * 255, expected, atol=1.01)
    assert (np.abs(pixel.displayed(lab) * 255 - expected) > 0.5).mean() < 0.001
