"""A colored version of a photo is laid onto the photo by itself, and only its colors are taken."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from photochrom import Photo, SaveOptions, transplant
from photochrom.alignment import align, sampled, within
from photochrom.cli import main
from photochrom.color.lab import gray, rgb_to_lab
from photochrom.color.windows import joint_bilateral, window_mean
from photochrom.errors import OptionError
from photochrom.many import Wanted
from photochrom.options import Look
from photochrom.photo.provenance import COMPOSITE, SOURCE_TYPE

EXAMPLES = Path(__file__).parents[1] / "examples"


def scene(height: int = 240, width: int = 320, seed: int = 3) -> NDArray[np.uint8]:
    """Give a made-up color photo: boxes of many sizes and colors, a little blurred, uint8 (H, W, 3)."""
    random = np.random.default_rng(seed)
    picture = np.full((height, width, 3), 120.0)
    for _ in range(70):
        top, left = random.integers(0, height - 8), random.integers(0, width - 8)
        down, across = random.integers(8, 70, 2)
        picture[top : top + down, left : left + across] = random.uniform(10, 245, 3)
    return window_mean(picture, 1).round().astype(np.uint8)


def lightness(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    return rgb_to_lab(rgb / 255.0)[..., 0].astype(np.float32)


def as_gray(rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the neutral photo of the same L, uint8 (H, W)."""
    return np.rint(gray(rgb_to_lab(rgb / 255.0)[..., 0]) * 255).astype(np.uint8)


def ab_error(result: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    return float(
        np.linalg.norm(rgb_to_lab(result / 255.0)[..., 1:] - rgb_to_lab(truth / 255.0)[..., 1:], axis=-1).mean()
    )


def test_a_picture_lies_on_itself() -> None:
    light = lightness(scene())
    found = align(light, light)
    np.testing.assert_allclose(found.matrix, np.eye(2, 3), atol=1e-4)
    assert found.confidence > 0.999
    assert found.overlap == 1


@pytest.mark.parametrize("shift", [(14, 0), (0, -11), (-17, 9)], ids=str)
def test_a_shift_is_found_within_half_a_pixel(shift: tuple[int, int]) -> None:
    light = lightness(scene(300, 400))
    across, down = shift
    first, second = light[20:260, 20:340], light[20 + down : 260 + down, 20 + across : 340 + across]
    places = align(first, second).places(320, 240) * 320
    expected = np.stack(np.meshgrid(np.arange(320) + 0.5 - across, np.arange(240) + 0.5 - down), axis=-1)
    assert abs(places - expected).max() < 0.5


@pytest.mark.parametrize("scale", [0.4, 0.75, 1.3])
def test_scale_crop_and_gamma_are_found_within_half_a_pixel(scale: float) -> None:
    rgb = scene()
    size = round(290 * scale), round(220 * scale)
    second = Image.fromarray(rgb).resize(size, Image.Resampling.BICUBIC, box=(12, 8, 302, 228))
    other = ((np.asarray(second) / 255.0) ** 1.4 * 255).astype(np.uint8)
    places = align(lightness(rgb), lightness(other)).places(320, 240) * size[0]
    expected = np.stack(
        np.meshgrid((np.arange(320) + 0.5 - 12) * size[0] / 290, (np.arange(240) + 0.5 - 8) * size[1] / 220), axis=-1
    )
    shown = ((expected >= 0) & (expected <= size)).all(axis=-1)
    assert abs(places - expected)[shown].max() < 0.5


def test_a_turn_of_two_degrees_is_found() -> None:
    rgb = scene()
    turned = Image.fromarray(rgb).rotate(2, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255))
    linear = align(lightness(rgb), lightness(np.asarray(turned))).matrix[:, :2]
    assert np.degrees(np.arctan2(linear[0, 1], linear[0, 0])) == pytest.approx(2, abs=0.1)


def test_a_picture_stretched_to_a_square_is_found() -> None:
    rgb = scene()
    square = np.asarray(Image.fromarray(rgb).resize((256, 256), Image.Resampling.LANCZOS))
    places = align(lightness(rgb), lightness(square)).places(320, 240)
    np.testing.assert_allclose(
        places[[0, -1], [0, -1]], [[0.5 / 320, 0.5 / 240], [319.5 / 320, 239.5 / 240]], atol=0.003
    )


def test_a_flat_picture_fits_nothing() -> None:
    assert align(np.full((60, 80), 50, np.float32), lightness(scene())).confidence < 0.1
    assert align(lightness(scene()), np.full((1, 1), 50, np.float32)).confidence < 0.1


def test_the_colors_come_from_the_other_and_the_lightness_from_the_photo() -> None:
    rgb = scene()
    other = np.rint((rgb / 255.0) ** 1.2 * 255).astype(np.uint8)[6:, 10:]
    photo = as_gray(rgb)
    result = transplant(Photo.from_array(photo), Photo.from_array(other)).to_array()
    assert ab_error(result, rgb) < 0.45 * ab_error(np.repeat(photo[..., None], 3, axis=-1), rgb)
    unaligned = Photo.from_array(photo).with_chroma([rgb_to_lab(other / 255.0)[..., 1:]]).to_array()
    assert ab_error(result, rgb) < 0.7 * ab_error(unaligned, rgb)
    assert abs(lightness(result) - lightness(np.repeat(photo[..., None], 3, axis=-1))).mean() < 0.3


def test_the_result_is_the_same_each_time() -> None:
    photo, other = Photo.from_array(as_gray(scene())), Photo.from_array(scene()[4:, 7:])
    np.testing.assert_array_equal(transplant(photo, other).to_array(), transplant(photo, other).to_array())


def test_another_photo_is_refused_with_the_way_out() -> None:
    with pytest.raises(OptionError, match=r"same photo.*use --reference"):
        transplant(Photo.from_array(as_gray(scene())), Photo.from_array(scene(seed=4)))
    with pytest.raises(OptionError, match=r"horses\.jpg does not seem to show the same photo"):
        transplant(Photo.open(EXAMPLES / "great-wall.jpg"), Photo.open(EXAMPLES / "horses.jpg"))


def test_a_version_without_color_is_refused() -> None:
    photo = Photo.from_array(as_gray(scene()))
    with pytest.raises(OptionError, match="has no color"):
        transplant(photo, photo)


def test_the_note_in_the_file_does_not_name_a_model() -> None:
    data = transplant(Photo.from_array(as_gray(scene())), Photo.from_array(scene())).encode(SaveOptions(format="jpeg"))
    assert COMPOSITE.encode() + b"<" in data
    assert SOURCE_TYPE.encode() not in data
    assert b"colors of another version" in data


def test_an_edge_of_color_moves_to_the_edge_of_lightness() -> None:
    light = np.where(np.arange(40) < 20, 20, 80).astype(np.float32) * np.ones((40, 1), np.float32)
    shifted = np.where(np.arange(40) < 22, -30, 30).astype(np.float32)[None, :, None] * np.ones((40, 1, 2), np.float32)
    truth = np.where(np.arange(40) < 20, -30, 30)[None, :, None]
    result = joint_bilateral(shifted, light, 2)
    assert abs(result - truth).mean() < 0.85 * abs(shifted - truth).mean()
    np.testing.assert_allclose(joint_bilateral(np.full_like(shifted, 7), light, 3), 7, atol=1e-4)


def test_beyond_the_border_lies_the_nearest_color() -> None:
    picture = np.array([[[1.0], [2.0]], [[3.0], [4.0]]], np.float32)
    places = np.array([[-9.0, -9.0], [0.5, 0.5], [9.0, 0.25], [0.25, 0.25]])
    np.testing.assert_allclose(sampled(picture, places)[..., 0], [1, 2.5, 2, 1])
    np.testing.assert_array_equal(within(picture.shape, places), [False, True, False, True])


def test_transplant_needs_one_photo_and_no_model() -> None:
    with pytest.raises(OptionError, match="leave out --temperature, --reference"):
        Look(temperature=0.5, reference=Path("a.jpg"), transplant=Path("b.jpg")).check()
    with pytest.raises(OptionError, match="leave out --effort"):
        Look(effort="best", transplant=Path("b.jpg")).check()
    with pytest.raises(OptionError, match="leave out --looks, --guess-map"):
        Look(transplant=Path("b.jpg")).check(1, Wanted(looks=4, guess_map=True))
    with pytest.raises(OptionError, match="3 photos were given with --transplant"):
        Look(transplant=Path("b.jpg")).check(3)
    Look(transplant=Path("b.jpg")).check(1, Wanted())


def test_the_command_line_transplants(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(as_gray(scene())).save(tmp_path / "a.png")
    Image.fromarray(scene()[4:, 6:]).save(tmp_path / "b.png")
    with pytest.raises(SystemExit) as end:
        main(["colorize", str(tmp_path / "a.png"), "--transplant", str(tmp_path / "b.png")])
    assert (end.value.code, capsys.readouterr().out) == (0, f"{tmp_path / 'a-color.png'}\n")
    assert Photo.open(tmp_path / "a-color.png").is_colored
