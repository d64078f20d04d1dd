"""Every kind of file opens upright, with the right facts and the right lightness."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image as Pillow

from photochrom.photo import Photo


def own_lightness(photo: Photo) -> Any:
    return photo.pages[0].lightness(photo.width, photo.height)


def assert_reads(photo: Photo, expected: Any, tolerance: float = 0.6) -> None:
    found = own_lightness(photo)
    assert found.dtype == np.float32
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < tolerance


KINDS = {
    "gray.png": (8, "gray", False),
    "gray16.png": (16, "gray", False),
    "color.png": (8, "RGB", False),
    "color16.png": (16, "RGB", False),
    "gray_alpha.png": (8, "gray", True),
    "color_alpha16.png": (16, "RGB", True),
    "color.tif": (8, "RGB", False),
    "gray16.tif": (16, "gray", False),
    "color16.tif": (16, "RGB", False),
    "float_gray.tif": (32, "gray", False),
    "float_color.tif": (32, "RGB", False),
    "gray.jpg": (8, "gray", False),
    "color.jpg": (8, "RGB", False),
    "color.webp": (8, "RGB", False),
    "color.avif": (8, "RGB", False),
}


def written(make: Any, name: str) -> tuple[Path, Any]:
    """Write the file of this name; return it and its picture."""
    bits = 16 if "16" in name else 8
    array = make.color(bits) if "color" in name else make.gray(bits)
    space = {8: ("b-w", "srgb"), 16: ("grey16", "rgb16")}[bits]["color" in name]
    if "float" in name:
        picture = (array / 255).astype(np.float32)
        return make.tiff(picture, name, photometric="rgb" if "color" in name else "minisblack"), array
    stored = np.dstack([array, make.alpha(bits)]) if "alpha" in name else array
    options = {"webp": {"lossless": True}, "avif": {"Q": 95, "effort": 1}, "jpg": {"Q": 97}}.get(name.split(".")[1], {})
    return make.vips(name, stored, space, **options), array


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_of_file_is_read_with_its_facts_and_its_lightness(name: str, make: Any) -> None:
    path, array = written(make, name)
    photo = Photo.open(path)
    bits, channels, alpha = KINDS[name]
    assert (photo.width, photo.height, photo.bits, photo.has_alpha) == (128, 96, bits, alpha)
    assert photo.describe()["channels"] == channels
    assert_reads(photo, make.lightness(array))


@pytest.mark.parametrize("name", ["gray.png", "color16.tif", "color.jpg", "color.webp"])
def test_bytes_are_read_like_the_file(name: str, make: Any) -> None:
    path, _ = written(make, name)
    assert np.array_equal(own_lightness(Photo.open(path.read_bytes())), own_lightness(Photo.open(path)))


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_gray_png_of_few_bits_is_read(depth: int, make: Any) -> None:
    levels = (make.gray() >> (8 - depth)) * (255 // (2**depth - 1))
    path = make.vips("few.png", levels.astype(np.uint8), "b-w", bitdepth=depth)
    photo = Photo.open(path)
    assert photo.bits == 8
    assert_reads(photo, make.lightness(levels.astype(np.uint8)))


@pytest.mark.parametrize("name", ["one.png", "one.tif"])
def test_black_and_white_scans_of_one_bit_are_read(name: str, make: Any) -> None:
    path = make.pillow(name, make.gray(), "1")
    expected = np.asarray(Pillow.open(path).convert("L"))
    assert_reads(Photo.open(path), make.lightness(expected))


def test_palette_png_is_read(make: Any) -> None:
    path = make.pillow("palette.png", make.color(), "P")
    assert_reads(Photo.open(path), make.lightness(np.asarray(Pillow.open(path).convert("RGB"))))


def test_tiff_where_white_is_zero_is_read(make: Any) -> None:
    path = make.tiff(255 - make.gray(), photometric="miniswhite")
    assert_reads(Photo.open(path), make.lightness(make.gray()))


def test_the_first_picture_of_a_gif_is_read(make: Any) -> None:
    frames = [Pillow.fromarray(make.gray()), Pillow.fromarray(255 - make.gray())]
    frames[0].save(make.folder / "moving.gif", save_all=True, append_images=frames[1:])
    photo = Photo.open(make.folder / "moving.gif")
    assert (photo.format, len(photo.pages)) == ("gif", 1)
    assert_reads(photo, make.lightness(make.gray()))


def test_the_first_picture_of_an_animated_webp_is_read(make: Any) -> None:
    frames = [Pillow.fromarray(make.color()), Pillow.fromarray(255 - make.color())]
    frames[0].save(make.folder / "moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    photo = Photo.open(make.folder / "moving.webp")
    assert (len(photo.pages), photo.height) == (1, 96)
    assert_reads(photo, make.lightness(make.color()))


def test_cmyk_jpeg_is_read(make: Any) -> None:
    path = make.jpeg(make.color(), mode="CMYK")
    photo = Photo.open(path)
    assert photo.describe()["channels"] == "CMYK"
    found = own_lightness(photo)
    expected = make.lightness(make.color())
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.97


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "tif"])
def test_all_eight_orientations_come_upright(kind: str, orientation: int, make: Any) -> None:
    gray = make.gray()
    back = {1: 0, 2: 0, 3: 2, 4: 0, 5: 0, 6: 1, 7: 0, 8: 3}[orientation]
    stored = np.rot90(gray, back)
    stored = {2: gray[:, ::-1], 4: gray[::-1], 5: gray.T, 7: gray[::-1, ::-1].T}.get(orientation, stored)
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    if kind == "jpg":
        path = make.jpeg(np.ascontiguousarray(stored), exif=exif)
    else:
        path = make.tiff(np.ascontiguousarray(stored), extratags=[(274, "H", 1, orientation, True)])
    photo = Photo.open(path)
    assert (photo.width, photo.height) == (128, 96)
    assert_reads(photo, make.lightness(gray))


def test_arrays_of_all_kinds_become_photos(make: Any) -> None:
    gray, color = make.gray(), make.color(16)
    for array, bits in ((gray, 8), (gray[..., None], 8), (color, 16), ((color / 65535).astype(np.float32), 32)):
        photo = Photo.from_array(array)
        assert (photo.bits, photo.has_alpha) == (bits, False)
        picture = array[..., 0] if array.shape[2:] == (1,) else array
        assert_reads(photo, make.lightness(picture), 0.1)
    assert Photo.from_array(np.dstack([gray, gray])).has_alpha
    assert Photo.from_array(gray > 128).bits == 8


def test_an_array_comes_back_as_it_was(make: Any) -> None:
    for array in (make.color(), make.color(16), np.dstack([make.color(), make.alpha()])):
        assert np.array_equal(Photo.from_array(array).to_array(), array)


@pytest.mark.parametrize("name", ["photo[page=1].png", "photo with spaces & ümlaut.png", "-photo.png", "photo%d.png"])
def test_file_names_are_taken_as_they_are(name: str, make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    make.pillow("plain.png", make.gray()).rename(make.folder / name)
    monkeypatch.chdir(make.folder)
    assert Photo.open(name).width == 128


def test_small_lightness_hardly_depends_on_the_stored_size(make: Any) -> None:
    noise = np.random.default_rng(1).normal(0, 0.04, (1536, 2048))
    large = Pillow.fromarray(np.uint8(np.clip(make.smooth(1536, 2048) + noise, 0, 1) * 255))
    sizes = []
    for width in (256, 512, 1024, 2048):
        path = make.folder / f"{width}.jpg"
        large.resize((width, width * 3 // 4), Pillow.Resampling.LANCZOS).save(path, quality=95)
        sizes.append(Photo.open(path).pages[0].lightness(128, 96))
    for smaller in sizes[:-1]:
        assert np.abs(smaller - sizes[-1]).mean() < 0.35


def test_lightness_of_any_size_is_close_to_an_area_average(make: Any) -> None:
    path = make.pillow("large.png", make.gray(8, 1200, 1600))
    for width, height in ((64, 48), (400, 300), (900, 700), (16, 300)):
        found = Photo.open(path).pages[0].lightness(width, height)
        small = Pillow.open(path).resize((width, height), Pillow.Resampling.BOX)
        assert found.shape == (height, width)
        assert np.abs(found - make.lightness(np.asarray(small))).mean() < 0.6


def test_a_photo_can_be_read_many_times(make: Any) -> None:
    photo = Photo.open(make.jpeg(make.color()))
    assert np.array_equal(own_lightness(photo), own_lightness(photo))
    assert np.array_equal(photo.to_array(), photo.to_array())


def test_gray_photos_are_not_colored_and_sepia_is(make: Any) -> None:
    gray = np.repeat(make.gray()[..., None], 3, axis=2)
    noisy = np.clip(gray + np.random.default_rng(0).normal(0, 2, gray.shape), 0, 255).astype(np.uint8)
    sepia = np.uint8(make.smooth()[..., None] * np.array([255, 235, 205]))
    assert not Photo.open(make.jpeg(make.gray())).is_colored
    assert not Photo.open(make.jpeg(gray)).is_colored
    assert not Photo.from_array(noisy).is_colored
    photo = Photo.from_array(sepia)
    assert photo.is_colored
    assert 8 < photo.tint < 30


def test_describing_a_photo_gives_plain_values(make: Any) -> None:
    described = Photo.open(make.jpeg(make.gray())).describe()
    assert described["format"] == "jpeg"
    assert all(isinstance(value, (str, int, float, bool)) for value in described.values())


def test_pictures_nobody_should_see_of_a_tiff_are_not_pages(make: Any) -> None:
    image = pyvips.Image.new_from_array(make.gray(8, 600, 800))
    image.tiffsave(str(make.folder / "pyramid.tif"), pyramid=True, tile=True)
    assert len(Photo.open(make.folder / "pyramid.tif").pages) == 1
