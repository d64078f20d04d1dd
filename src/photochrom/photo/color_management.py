"""From whatever the file holds to gamma-encoded sRGB or gray, alpha set aside."""

from typing import NamedTuple

import numpy as np

from photochrom.photo.engine import GValue, Image, VipsError, from_array, table

PROFILE = "icc-profile-data"
_GRAYS = ("b-w", "grey16")
_COLORS = {"b-w": 1, "grey16": 1, "srgb": 3, "rgb16": 3, "rgb": 3, "scrgb": 3, "cmyk": 4, "lab": 3, "labs": 3}
_PIXELS = ("uchar", "ushort", "float", "double")


class Managed(NamedTuple):
    """``color``: sRGB or gray, 8 or 16 bits, one or three bands; ``alpha``: the other bands as they were, or None."""

    color: Image
    alpha: Image | None


def color_bands(image: Image) -> int:
    """Return how many of an image's bands are color (1, 3 or 4); what follows is alpha."""
    named = _COLORS.get(image.interpretation, 0)
    if named == 0 or named > image.bands:
        named = 1 if image.bands < 3 else 3
    return named


def is_supported(image: Image) -> bool:
    """Tell whether pixels of this kind can be a photo's: whole numbers of 8 or 16 bits, or floats."""
    lab_coded = image.format == "short" and image.interpretation == "labs"
    return bool((image.format in _PIXELS or lab_coded) and image.bands <= 8)


def managed(image: Image) -> Managed:
    """Separate alpha and convert the color to sRGB through the embedded profile.

    Float pixels are read as gamma-encoded 0..1 and worked on in 16 bits. A profile that is broken or meant for other
    channels is ignored: gray and RGB then count as sRGB, CMYK as the coated-paper profile built into libvips.
    """
    count = color_bands(image)
    alpha = None if image.bands == count else image.extract_band(count, n=image.bands - count)
    color = image if alpha is None else image.extract_band(0, n=count)
    if color.format in ("float", "double") and color.interpretation not in ("lab", "labs"):
        space = "grey16" if count == 1 else "rgb16"
        color = color.linear(65535, 0.5).cast("ushort").copy(interpretation=space)
    if count == 1:
        return Managed(_gray(color), alpha)
    if count == 4:
        return Managed(_from_cmyk(color), alpha)
    if color.interpretation in ("lab", "labs"):
        return Managed(color.colourspace("rgb16"), alpha)
    return Managed(_from_rgb(color), alpha)


def has_srgb_profile(image: Image) -> bool:
    """Tell whether the embedded profile is for RGB and means sRGB, so that it can stay."""
    if PROFILE not in image.get_fields():
        return False
    patches = _patches(image)
    try:
        return _same(patches, patches.icc_transform("srgb", embedded=True, intent="relative", depth=8))
    except VipsError:
        return False


def _gray(gray: Image) -> Image:
    """Apply a gray profile (or an RGB profile on a gray file) through a table."""
    count = 256 if gray.format == "uchar" else 65536
    space = "b-w" if count == 256 else "grey16"
    gray = gray.copy(interpretation=space)
    if PROFILE not in gray.get_fields():
        return gray
    copies = {b"GRAY": 1, b"RGB ": 3}.get(bytes(gray.get(PROFILE))[16:20], 0)
    if copies == 0:
        return gray
    ramp = from_array(np.arange(count).astype(np.uint8 if count == 256 else np.uint16)[None])
    if copies == 3:
        ramp, space = ramp.bandjoin([ramp, ramp]), "srgb" if count == 256 else "rgb16"
    tagged = _tagged(ramp.copy(interpretation=space), gray)
    try:
        curve = tagged.icc_transform("srgb", embedded=True, intent="relative", depth=16).extract_band(1).numpy()
    except VipsError:
        return gray
    return gray.maplut(table(curve.reshape(-1))).copy(interpretation="grey16")


def _from_rgb(color: Image) -> Image:
    color = color.copy(interpretation="srgb" if color.format == "uchar" else "rgb16")
    if PROFILE not in color.get_fields() or has_srgb_profile(color):
        return color
    try:
        _patches(color).icc_transform("srgb", embedded=True, intent="relative", depth=16).avg()
        return color.icc_transform("srgb", embedded=True, intent="relative", depth=16)
    except VipsError:
        return color


def _from_cmyk(color: Image) -> Image:
    color = color.copy(interpretation="cmyk")
    return color.icc_transform(
        "srgb", embedded=True, input_profile="cmyk", intent="relative", black_point_compensation=True, depth=16
    )


def _patches(image: Image) -> Image:
    """Return 125 colors spread over the RGB cube, 8 bits, tagged with the profile of ``image``."""
    steps = np.linspace(0, 255, 5).astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    return _tagged(from_array(grid).copy(interpretation="srgb"), image)


def _tagged(image: Image, profiled: Image) -> Image:
    image = image.copy()
    image.set_type(GValue.blob_type, PROFILE, profiled.get(PROFILE))
    return image


def _same(one: Image, other: Image) -> bool:
    return other.bands == 3 and float((one.cast("float") - other).abs().max()) <= 1.5
