"""The rules that keep photos without true color away from training."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import skimage
import sklearn.datasets
from PIL import Image, ImageFilter

from photochrom.color.lab import lab_to_rgb, rgb_to_lab
from photochrom.data.augment import clean_gray
from photochrom.data.cleaning import RULES, judge

SCENES = (
    *(Path(skimage.__file__).parent / "data" / name for name in ("astronaut.png", "coffee.png", "chelsea.png")),
    Path(skimage.__file__).parent / "data" / "motorcycle_left.png",
    *(Path(sklearn.datasets.__file__).parent / "images" / name for name in ("china.jpg", "flower.jpg")),
)


def crops(path: Path) -> list[np.ndarray]:
    """Three overlapping views of a photo, 192 pixels high."""
    image = Image.open(path).convert("RGB")
    width, height = image.size
    w, h = int(width * 0.75), int(height * 0.75)
    corners = [(0, 0), (width - w, height - h), ((width - w) // 2, (height - h) // 2)]
    return [
        np.asarray(image.resize((192 * w // h, 192), Image.Resampling.BICUBIC, (x, y, x + w, y + h), 3.0))
        for x, y in corners
    ]


@pytest.fixture(scope="module")
def photos() -> list[np.ndarray]:
    return [crop for path in SCENES for crop in crops(path)]


def compressed(rgb: np.ndarray, quality: int = 75) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def from_lab(lightness: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return (lab_to_rgb(np.stack([lightness, a, b], -1)).clip(0, 1) * 255 + 0.5).astype(np.uint8)


def toned(rgb: np.ndarray, hue: float, chroma: float) -> np.ndarray:
    """One hue, strongest in the middle tones."""
    lightness = rgb_to_lab(rgb / 255.0)[..., 0]
    strength = chroma * np.sqrt(4 * (lightness / 100) * (1 - lightness / 100))
    angle = np.radians(hue)
    return from_lab(lightness, strength * np.cos(angle), strength * np.sin(angle))


def gray(rgb: np.ndarray) -> np.ndarray:
    return clean_gray(rgb)[..., None].repeat(3, -1)


def faint(rgb: np.ndarray) -> np.ndarray:
    lab = rgb_to_lab(rgb / 255.0)
    return from_lab(lab[..., 0], 0.08 * lab[..., 1], 0.08 * lab[..., 2])


def sepia(rgb: np.ndarray) -> np.ndarray:
    return toned(rgb, 70.0, 18.0)


def digital_sepia(rgb: np.ndarray) -> np.ndarray:
    """The matrix that many programs use; bright tones are clipped."""
    matrix = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])
    return (rgb @ matrix.T).clip(0, 255).astype(np.uint8)


def cyanotype(rgb: np.ndarray) -> np.ndarray:
    return toned(rgb, 250.0, 28.0)


def duotone(rgb: np.ndarray) -> np.ndarray:
    """Shadows of one color fading into highlights of another."""
    mix = clean_gray(rgb)[..., None] / 255.0
    return (np.array([25, 20, 70]) * (1 - mix) + np.array([255, 232, 185]) * mix).astype(np.uint8)


def selective(rgb: np.ndarray) -> np.ndarray:
    """Gray but for the most colorful sixth of the photo."""
    lab = rgb_to_lab(rgb / 255.0)
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    mask = Image.fromarray(chroma >= np.percentile(chroma, 84)).convert("L").filter(ImageFilter.MedianFilter(9))
    kept = np.asarray(mask) > 0
    return from_lab(lab[..., 0], lab[..., 1] * kept, lab[..., 2] * kept)


def painted(rgb: np.ndarray) -> np.ndarray:
    """Flat washes over the gray photo, in four colors, where the photo has colors like them."""
    soft = Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(8)).quantize(4, Image.Quantize.MEDIANCUT)
    washes = rgb_to_lab(np.asarray(soft.convert("RGB").filter(ImageFilter.BoxBlur(2))) / 255.0)
    return from_lab(rgb_to_lab(rgb / 255.0)[..., 0], 0.7 * washes[..., 1] + 1, 0.7 * washes[..., 2] + 5)


def reasons(photos: list[np.ndarray], change: Callable[[np.ndarray], np.ndarray]) -> list[str | None]:
    return [judge(compressed(change(rgb))).reason for rgb in photos]


def test_color_photos_are_accepted(photos: list[np.ndarray]) -> None:
    assert np.mean([judge(rgb).reason is None for rgb in photos]) >= 0.95


def test_compression_does_not_change_that(photos: list[np.ndarray]) -> None:
    assert np.mean([judge(compressed(rgb, 50)).reason is None for rgb in photos]) >= 0.95


@pytest.mark.parametrize(
    ("change", "expected", "recall"),
    [
        (gray, {"gray"}, 1.0),
        (faint, {"near_gray", "gray"}, 0.95),
        (sepia, {"single_tint"}, 0.95),
        (digital_sepia, {"single_tint"}, 0.8),
        (cyanotype, {"single_tint"}, 0.9),
        (duotone, {"single_tint"}, 0.8),
        (selective, {"hand_colored"}, 0.75),
        (painted, {"hand_colored", "single_tint"}, 0.25),
    ],
)
def test_made_up_color_is_rejected_with_its_reason(
    photos: list[np.ndarray], change: Callable[[np.ndarray], np.ndarray], expected: set[str], recall: float
) -> None:
    found = reasons(photos, change)
    assert np.mean([reason in expected for reason in found]) >= recall, found


def test_paint_over_gray_shows_as_color_that_does_not_follow_the_shading(photos: list[np.ndarray]) -> None:
    for rgb in photos:
        before, after = judge(rgb).measures.flat_edges, judge(compressed(painted(rgb))).measures.flat_edges
        assert after > 0.15 + before


def test_a_tiny_photo_is_rejected_first() -> None:
    assert judge(np.zeros((63, 200, 3), np.uint8)).reason == "tiny"
    assert judge(np.zeros((64, 200, 3), np.uint8)).reason == "gray"


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (2, 2), (64, 64), (64, 3000)])
@pytest.mark.filterwarnings("error")
def test_odd_shapes_and_flat_colors_are_judged_without_warnings(shape: tuple[int, int]) -> None:
    for color in ((0, 0, 0), (255, 255, 255), (200, 30, 40)):
        verdict = judge(np.full((*shape, 3), color, np.uint8))
        assert verdict.reason in {None, *RULES}
        assert np.isfinite([verdict.measures.tint, verdict.measures.curve, verdict.measures.flat_edges]).all()


def test_the_verdict_does_not_depend_on_the_size(photos: list[np.ndarray]) -> None:
    for rgb in photos[::5]:
        large = np.asarray(Image.fromarray(sepia(rgb)).resize((900, 700), Image.Resampling.BICUBIC))
        assert judge(large).reason == judge(sepia(rgb)).reason == "single_tint"
