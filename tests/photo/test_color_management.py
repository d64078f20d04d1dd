"""Embedded profiles are obeyed, and broken ones do no harm."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image as Pillow
from PIL import ImageCms

from photochrom.photo import Photo, SaveOptions


def srgb_of(array: Any, icc: bytes) -> Any:
    """Convert with Pillow's own color management: the oracle."""
    image = Pillow.fromarray(array)
    source = ImageCms.ImageCmsProfile(BytesIO(icc))
    return np.asarray(ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB"))


def own_lightness(photo: Photo) -> Any:
    return photo.pages[0].lightness(photo.width, photo.height)


@pytest.mark.parametrize("name", ["adobe.jpg", "adobe.png", "adobe.tif", "p3.jpg", "p3.png"])
def test_wide_color_is_converted_to_srgb(name: str, make: Any) -> None:
    icc = make.adobe_rgb() if "adobe" in name else make.built_in_profile("p3")
    color = make.color()
    options = {"quality": 97, "subsampling": 0} if "jpg" in name else {}
    path = make.pillow(name, color, icc_profile=icc, **options)
    expected = make.lightness(srgb_of(color, icc))
    assert np.abs(expected - make.lightness(color)).mean() > 0.1  # ignoring the profile would show
    assert np.abs(own_lightness(Photo.open(path)) - expected).mean() < 0.3


def test_sixteen_bit_color_is_converted_too(make: Any) -> None:
    path = make.vips("adobe16.tif", make.color(16), "rgb16", icc=make.adobe_rgb())
    expected = make.lightness(srgb_of(make.color(8), make.adobe_rgb()))
    assert np.abs(own_lightness(Photo.open(path)) - expected).mean() < 0.3


@pytest.mark.parametrize("name", ["gamma.png", "gamma.tif", "gamma.jpg"])
@pytest.mark.parametrize("gamma", [1.0, 1.8])
def test_the_gamma_of_a_gray_profile_counts(name: str, gamma: float, make: Any) -> None:
    path = make.pillow(name, make.gray(), icc_profile=make.profile(gamma))
    luminance = (make.gray() / 255) ** gamma
    expected = 116 * np.cbrt(luminance) - 16
    assert np.abs(own_lightness(Photo.open(path)) - expected)[luminance > 0.01].mean() < 0.6


def test_a_sixteen_bit_gray_profile_counts(make: Any) -> None:
    path = make.vips("gamma16.tif", make.gray(16), "grey16", icc=make.profile(1.8))
    expected = 116 * np.cbrt((make.gray(16) / 65535) ** 1.8) - 16
    assert np.abs(own_lightness(Photo.open(path)) - expected).mean() < 0.1


def test_a_gray_photo_tagged_with_an_rgb_profile_is_read_through_it(make: Any) -> None:
    path = make.pillow("tagged.tif", make.gray(), icc_profile=make.adobe_rgb())
    expected = 116 * np.cbrt((make.gray() / 255) ** 2.2) - 16
    assert np.abs(own_lightness(Photo.open(path)) - expected).mean() < 0.3


def test_a_cmyk_profile_is_used(make: Any) -> None:
    cmyk = np.asarray(Pillow.fromarray(make.color()).convert("CMYK"))
    icc = make.built_in_profile("cmyk")
    path = make.vips("cmyk.tif", cmyk, "cmyk", icc=icc)
    image = Pillow.frombytes("CMYK", (128, 96), cmyk.tobytes())
    source = ImageCms.ImageCmsProfile(BytesIO(icc))
    rgb = ImageCms.profileToProfile(
        image,
        source,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert np.abs(own_lightness(Photo.open(path)) - make.lightness(np.asarray(rgb))).mean() < 1


BROKEN = [b"not a profile", b"\0" * 128, b"\xff" * 3000]


@pytest.mark.parametrize("broken", BROKEN, ids=["text", "zeros", "ones"])
@pytest.mark.parametrize("space", ["srgb", "b-w", "cmyk"])
def test_a_broken_profile_is_ignored(space: str, broken: bytes, make: Any) -> None:
    array = {
        "srgb": make.color(),
        "b-w": make.gray(),
        "cmyk": np.asarray(Pillow.fromarray(make.color()).convert("CMYK")),
    }[space]
    with_profile = Photo.open(make.vips("broken.tif", array, space, icc=broken))
    without = Photo.open(make.vips("plain.tif", array, space))
    assert np.array_equal(with_profile.to_array(), without.to_array())


def test_a_profile_for_other_channels_is_ignored(make: Any) -> None:
    photo = Photo.open(make.vips("odd.tif", make.color(), "srgb", icc=make.built_in_profile("cmyk")))
    assert np.array_equal(photo.to_array(), make.color())
    photo = Photo.open(make.vips("odder.tif", make.color(), "srgb", icc=make.profile(1.8)))
    assert np.array_equal(photo.to_array(), make.color())


def test_a_profile_that_means_srgb_changes_no_value_and_stays(make: Any) -> None:
    icc = make.built_in_profile("srgb")
    photo = Photo.open(make.pillow("srgb.png", make.color(), icc_profile=icc))
    assert np.array_equal(photo.to_array(), make.color())
    assert Pillow.open(BytesIO(photo.encode())).info["icc_profile"] == icc


@pytest.mark.parametrize(("space", "bits"), [("lab", 32), ("labs", 16)])
def test_lab_tiff_is_read(space: str, bits: int, make: Any) -> None:
    image = pyvips.Image.new_from_array(make.color()).copy(interpretation="srgb")
    image.colourspace(space).tiffsave(str(make.folder / "lab.tif"))
    photo = Photo.open(make.folder / "lab.tif")
    assert photo.bits == bits
    assert np.abs(own_lightness(photo) - make.lightness(make.color())).mean() < 0.05
    saved = Photo.open(photo.with_chroma([make.gentle()]).encode(SaveOptions()))
    assert (saved.bits, saved.describe()["channels"]) == (bits, "RGB")
