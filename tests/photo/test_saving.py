"""Results keep the file's format, depth, size and alpha, and say honestly what they cannot hold."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image as Pillow

from photochrom.errors import OptionError
from photochrom.photo import Photo, SaveOptions


def recolored(make: Any, photo: Photo, **options: Any) -> Photo:
    chroma = [make.gentle() for _ in photo.pages]
    return Photo.open(photo.with_chroma(chroma).encode(SaveOptions(**options)))


KEPT = {
    "gray.jpg": ("gray", "b-w", 8),
    "color.jpg": ("color", "srgb", 8),
    "gray.png": ("gray", "b-w", 8),
    "gray16.png": ("gray", "grey16", 16),
    "color16.png": ("color", "rgb16", 16),
    "gray.tif": ("gray", "b-w", 8),
    "gray16.tif": ("gray", "grey16", 16),
    "color16.tif": ("color", "rgb16", 16),
    "color.webp": ("color", "srgb", 8),
    "color.avif": ("color", "srgb", 8),
}


@pytest.mark.parametrize("name", KEPT)
def test_format_depth_and_size_stay(name: str, make: Any) -> None:
    kind, space, bits = KEPT[name]
    photo = Photo.open(make.vips(name, getattr(make, kind)(bits), space))
    saved = recolored(make, photo)
    assert (saved.format, saved.bits, saved.width, saved.height) == (photo.format, bits, 128, 96)
    assert saved.describe()["channels"] == "RGB"
    assert np.abs(saved.pages[0].lightness(128, 96) - photo.pages[0].lightness(128, 96)).mean() < 0.5


def test_float_tiff_stays_float(make: Any) -> None:
    path = make.tiff(make.smooth().astype(np.float32), compression="zlib")
    data = Photo.open(path).with_chroma([make.gentle()]).encode()
    array = pyvips.Image.new_from_buffer(data, "").numpy()
    assert (array.dtype, array.shape) == (np.float32, (96, 128, 3))
    assert np.abs(make.lightness(array) - make.lightness(make.smooth())).max() < 0.05


@pytest.mark.parametrize("mode", ["1", "P", "L"])
def test_few_color_png_becomes_eight_bit_rgb(mode: str, make: Any) -> None:
    saved = recolored(make, Photo.open(make.pillow("in.png", make.gray(), mode)))
    assert (saved.format, saved.bits, saved.describe()["channels"]) == ("png", 8, "RGB")


@pytest.mark.parametrize("name", ["cmyk.jpg", "cmyk.tif"])
def test_cmyk_becomes_rgb_with_an_srgb_profile(name: str, make: Any) -> None:
    photo = Photo.open(make.pillow(name, make.color(), "CMYK"))
    data = photo.with_chroma([make.gentle()]).encode()
    image = pyvips.Image.new_from_buffer(data, "")
    assert (image.bands, image.interpretation, image.format) == (3, "srgb", "uchar")
    assert bytes(image.get("icc-profile-data"))[16:20] == b"RGB "


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("kind", ["gray", "color"])
def test_alpha_is_untouched_bit_for_bit(kind: str, suffix: str, bits: int, make: Any) -> None:
    space = {("gray", 8): "b-w", ("gray", 16): "grey16", ("color", 8): "srgb", ("color", 16): "rgb16"}[kind, bits]
    stored = np.dstack([getattr(make, kind)(bits), make.alpha(bits)])
    photo = Photo.open(make.vips(f"alpha.{suffix}", stored, space))
    saved = recolored(make, photo)
    assert saved.has_alpha
    assert np.array_equal(saved.to_array()[..., 3], make.alpha(bits))


def test_alpha_of_a_lossless_webp_is_untouched_and_it_stays_lossless(make: Any) -> None:
    stored = np.dstack([make.color(), make.alpha()])
    path = make.pillow("alpha.webp", stored, lossless=True, exact=True)
    result = Photo.open(path).with_chroma([make.gentle()])
    data = result.encode()
    assert b"VP8L" in data[:2000]
    assert np.array_equal(Photo.open(data).to_array(), result.to_array())
    assert b"VP8L" not in result.encode(SaveOptions(quality=80))[:2000]


def test_jpeg_has_no_alpha_and_shows_white_instead(make: Any) -> None:
    clear = np.dstack([make.gray(), np.zeros((96, 128), np.uint8)])
    saved = recolored(make, Photo.from_array(clear), format="jpeg")
    assert saved.to_array().min() >= 254


def test_a_gif_becomes_a_png(make: Any) -> None:
    assert recolored(make, Photo.open(make.pillow("in.gif", make.gray()))).format == "png"


@pytest.mark.parametrize("name", ["jpeg", "jpg", "JPEG", ".jpg", "png", "tiff", "tif", "webp", "avif"])
def test_another_format_can_be_asked_for(name: str, make: Any) -> None:
    expected = {"jpg": "jpeg", "tif": "tiff"}.get(name.lower().lstrip("."), name.lower())
    assert recolored(make, Photo.from_array(make.gray()), format=name).format == expected


def test_sixteen_bits_become_as_many_as_the_format_holds(make: Any) -> None:
    photo = Photo.from_array(make.gray(16))
    bits = {name: recolored(make, photo, format=name).bits for name in ("jpeg", "png", "tiff", "webp")}
    assert bits == {"jpeg": 8, "png": 16, "tiff": 16, "webp": 8}
    floats = Photo.from_array(make.smooth())
    assert recolored(make, floats).bits == 16
    assert recolored(make, floats, format="tiff").bits == 32


def test_ten_bit_avif_stays_ten_bit(make: Any) -> None:
    path = make.vips("ten.avif", make.color(16), "rgb16", bitdepth=10, effort=1)
    data = Photo.open(path).with_chroma([make.gentle()]).encode()
    assert pyvips.Image.new_from_buffer(data, "").get("bits-per-sample") == 10


def test_quality_changes_the_size_of_lossy_files(make: Any) -> None:
    photo = Photo.from_array(make.gray())
    for name in ("jpeg", "webp"):
        low, high = (len(photo.encode(SaveOptions(format=name, quality=quality))) for quality in (30, 95))
        assert low < high
    assert photo.encode(SaveOptions(format="jpeg", quality=95)) == photo.encode(SaveOptions(format="jpeg"))


@pytest.mark.parametrize(("name", "quality"), [("png", 80), ("tiff", 80), ("jpeg", 0), ("jpeg", 101), ("bmp", None)])
def test_settings_that_make_no_sense_are_refused(name: str, quality: int | None, make: Any) -> None:
    with pytest.raises(OptionError, match=r"^\S[^\n]+$"):
        Photo.from_array(make.gray()).encode(SaveOptions(format=name, quality=quality))


def test_jpeg_keeps_full_chroma_resolution(make: Any) -> None:
    data = Photo.from_array(make.gray()).with_chroma([make.strong()]).encode(SaveOptions(format="jpeg"))
    assert pyvips.Image.new_from_buffer(data, "").get("jpeg-chroma-subsample") == "4:4:4"


@pytest.mark.parametrize("compression", ["lzw", "deflate", "packbits", "none"])
def test_tiff_compression_is_kept(compression: str, make: Any) -> None:
    settings = {"compression": compression, "tile": True, "tile_width": 32, "tile_height": 32}
    path = make.vips("in.tif", make.gray(16), "grey16", **settings)
    data = Photo.open(path).with_chroma([make.gentle()]).encode()
    with tifffile.TiffFile(path) as before, tifffile.TiffFile(BytesIO(data)) as after:
        same = {8: (8, 32946), 32946: (8, 32946)}.get(before.pages[0].compression, (before.pages[0].compression,))
        assert after.pages[0].compression in same
        assert (after.pages[0].tilewidth, after.pages[0].is_tiled) == (32, True)


def test_fax_and_jpeg_compression_in_tiff_become_lossless(make: Any) -> None:
    path = make.pillow("fax.tif", make.gray(), "1", compression="group4")
    data = Photo.open(path).with_chroma([make.gentle()]).encode()
    with tifffile.TiffFile(BytesIO(data)) as after:
        assert after.pages[0].compression in (8, 32946)


@pytest.mark.parametrize("format_name", ["jpeg", "png", "tiff", "webp", "avif"])
def test_results_carry_an_srgb_profile(format_name: str, make: Any) -> None:
    data = Photo.from_array(make.gray()).with_chroma([make.gentle()]).encode(SaveOptions(format=format_name))
    profile = bytes(pyvips.Image.new_from_buffer(data, "").get("icc-profile-data"))
    assert profile[16:20] == b"RGB "
    photo = Photo.open(data)
    assert np.array_equal(photo.to_array()[:8, :8], pyvips.Image.new_from_buffer(data, "").numpy()[:8, :8, :3])


def test_a_wide_color_profile_does_not_stay_on_srgb_pixels(make: Any) -> None:
    path = make.pillow("adobe.png", make.color(), icc_profile=make.adobe_rgb())
    data = Photo.open(path).with_chroma([make.gentle()]).encode()
    assert Pillow.open(BytesIO(data)).info["icc_profile"] != make.adobe_rgb()


def test_bytes_and_file_are_the_same(make: Any) -> None:
    for name in ("jpeg", "png", "tiff", "webp"):
        photo = Photo.from_array(make.gray()).with_chroma([make.gentle()])
        options = SaveOptions(format=name)
        path = photo.save(make.folder / name, options=options)
        assert path.read_bytes() == photo.encode(options)


def test_saving_twice_gives_the_same_bytes(make: Any) -> None:
    photo = Photo.open(make.jpeg(make.gray())).with_chroma([make.gentle()])
    assert photo.encode() == photo.encode()


def test_photos_too_long_for_a_format_are_refused(make: Any) -> None:
    photo = Photo.from_array(np.zeros((1, 17_000), np.uint8))
    with pytest.raises(OptionError, match="16383"):
        photo.encode(SaveOptions(format="webp"))


@pytest.mark.parametrize(
    "chroma", [np.zeros((4, 4)), np.zeros((4, 4, 3)), np.zeros((0, 4, 2)), np.full((2, 2, 2), np.nan)]
)
def test_odd_chroma_is_refused(chroma: Any, make: Any) -> None:
    with pytest.raises(OptionError, match="chroma"):
        Photo.from_array(make.gray()).with_chroma([chroma])


def test_a_page_without_chroma_is_refused(make: Any) -> None:
    with pytest.raises(OptionError, match="1 pages"):
        Photo.from_array(make.gray()).with_chroma([])


def test_the_target_s_ending_says_the_format(make: Any) -> None:
    photo = Photo.open(make.jpeg(make.gray())).with_chroma([make.gentle()])
    assert Photo.open(photo.save(make.folder / "named.png")).format == "png"
    assert Photo.open(photo.save(make.folder / "unnamed")).format == "jpeg"
    assert Photo.open(photo.save(make.folder / "told.png", options=SaveOptions(format="webp"))).format == "webp"
