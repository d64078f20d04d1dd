"""Training views and old-photo simulation."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from photochrom.color.lab import rgb_to_lab
from photochrom.data.augment import CLEAN_CHANCE, age, centered, clean_gray, paired


def scene(seed: int = 0, height: int = 90, width: int = 120) -> np.ndarray:
    """A smooth, colorful picture."""
    noise = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    image = Image.fromarray(noise).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image.filter(ImageFilter.GaussianBlur(2)))


@pytest.mark.parametrize("shape", [(90, 120), (300, 40), (33, 31), (1, 1)])
@pytest.mark.parametrize("size", [32, 129])
def test_a_view_has_the_asked_size_whatever_the_photo(shape: tuple[int, int], size: int) -> None:
    for seed in range(8):
        view = paired(scene(1, 96, 96)[: shape[0], : shape[1]], size, np.random.default_rng(seed))
        assert view.shape == (size, size, 3)
        assert view.dtype == np.uint8


def test_a_view_depends_on_the_random_state_alone() -> None:
    first, again = (paired(scene(), 64, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, paired(scene(), 64, np.random.default_rng(6)))


def test_views_never_change_a_color() -> None:
    flat = np.full((50, 70, 3), (190, 40, 90), np.uint8)
    for seed in range(40):
        assert (paired(flat, 48, np.random.default_rng(seed)) == (190, 40, 90)).all()


def test_turned_views_show_no_empty_corners() -> None:
    bright = np.full((80, 80, 3), 255, np.uint8)
    assert all(paired(bright, 64, np.random.default_rng(seed)).min() == 255 for seed in range(100))


def test_views_show_at_least_half_of_the_photo_and_both_directions() -> None:
    ramp = np.linspace(0, 255, 128).astype(np.uint8)[None, :, None].repeat(128, 0).repeat(3, 2)
    spans, flipped = [], 0
    for seed in range(200):
        row = paired(ramp, 64, np.random.default_rng(seed))[32, :, 0].astype(int)
        spans.append(abs(row[-1] - row[0]) / 255)
        flipped += row[-1] < row[0]
    assert min(spans) > 0.5**0.5 * (3 / 4) - 0.05
    assert 70 < flipped < 130


def test_the_centered_view_is_the_middle_square() -> None:
    rgb = np.zeros((40, 100, 3), np.uint8)
    rgb[:, 30:70] = 200
    assert (centered(rgb, 40) == 200).all()


def test_clean_gray_has_the_same_lightness() -> None:
    rgb = scene()
    gray = clean_gray(rgb)[..., None].repeat(3, -1)
    difference = rgb_to_lab(rgb / 255.0)[..., 0] - rgb_to_lab(gray / 255.0)[..., 0]
    assert np.abs(difference).max() < 0.3


def test_clean_gray_leaves_gray_as_it_is() -> None:
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(clean_gray(ramp[..., None].repeat(3, -1)), ramp)


def test_aging_gives_a_gray_photo_of_the_same_size() -> None:
    rgb = scene()
    for seed in range(60):
        old = age(rgb, np.random.default_rng(seed))
        assert old.shape == rgb.shape[:2]
        assert old.dtype == np.uint8


def test_aging_depends_on_the_random_state_alone() -> None:
    rgb = scene()
    for seed in range(20):
        first, again = (age(rgb, np.random.default_rng(seed)) for _ in range(2))
        assert np.array_equal(first, again)


def test_the_clean_gray_is_used_some_of_the_time() -> None:
    rgb = scene(height=32, width=32)
    clean = clean_gray(rgb)
    share = np.mean([np.array_equal(age(rgb, np.random.default_rng(seed)), clean) for seed in range(600)])
    assert CLEAN_CHANCE - 0.05 < share < CLEAN_CHANCE + 0.08


def test_an_aged_photo_still_shows_the_scene() -> None:
    rgb = scene()
    clean = clean_gray(rgb).astype(float).ravel()
    alike = [np.corrcoef(clean, age(rgb, np.random.default_rng(seed)).ravel())[0, 1] for seed in range(100)]
    assert np.mean(alike) > 0.85
    assert np.mean(np.array(alike) < 0.999) > 0.3


def test_aging_does_not_write_into_the_photo() -> None:
    rgb = scene()
    before = rgb.copy()
    for seed in range(40):
        age(rgb, np.random.default_rng(seed))
        paired(rgb, 32, np.random.default_rng(seed))
    assert np.array_equal(rgb, before)
