"""A photo's own lightness and somebody's chroma become a color photo, in linear light and strip by strip.

Let Y be the luminance (0..1) of a pixel, f its cube-root scale (CIE 15:2004, eq. 8.3), and a, b the chroma:

    X - Y = F(f + a/500) - F(f)        Z - Y = F(f - b/200) - F(f)        F = inverse of f

    color = gray + D,   gray = (Y, Y, Y),   D = x_column (X - Y) + z_column (Z - Y)

D carries no luminance (its mean, weighted as Y is, is zero), whatever happens to it: Y stays exact although F is
read from a table, and D can be scaled by any factor s. Gamut mapping is that factor: D is shortened until color lies
inside the cube (``photochrom.color.resample.fit_gamut`` is the same in NumPy). a = b = 0 gives D = 0 exactly.

Everything runs on single-band float images: libvips joins and splits bands slowly. libvips also computes a shared
intermediate image once for every use, hence ``_shared``.
"""

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from photochrom.color import lab
from photochrom.photo.engine import Image, Interpolate, from_array, table

_STEPS = 65535
_UNIT = 32768.0
_BELOW = 0.5
"""The cube-root scale has 32768 steps to one, from -1/2 to 3/2: chroma can be stronger than any real color."""
_SMOOTH = 8
"""Chroma enlarged more than this many times is enlarged bicubically so far and linearly from there."""


class _Tables(NamedTuple):
    """Look-up images, indexed by the level (Y in 65535 steps) or, for ``expand``, by the cube-root scale."""

    light: Image
    compress: Image
    reference: Image
    expand: Image
    room_above: Image
    room_below: Image
    encode: Image


@cache
def _tables() -> _Tables:
    levels = np.arange(_STEPS + 1) / _STEPS
    lightness = lab.linear_to_lab(np.stack([levels] * 3, axis=-1))[:, 0]
    compress = _single(((lightness + 16) / 116 + _BELOW) * _UNIT + 0.5)
    scale = np.arange(_STEPS + 1) / _UNIT - _BELOW
    expand = _single(lab.decode_srgb(lab.gray(116 * scale - 16)) * _STEPS)
    tiny = 1 / _STEPS
    return _Tables(
        light=table(_single(levels * _STEPS + 0.5)),
        compress=table(compress),
        reference=table(expand[compress.astype(np.int64)]),
        expand=table(expand),
        room_above=table(_single(tiny / np.maximum(1 - levels, tiny))),
        room_below=table(_single(-tiny / np.maximum(levels, tiny))),
        encode=table(np.rint(lab.encode_srgb(levels) * 255).astype(np.uint8)),
    )


def with_chroma(image: Image, ab: NDArray[np.float32], bits: int) -> Image:
    """Give ``image`` (sRGB or gray, 8 or 16 bits) the chroma ``ab`` (h, w, 2), Lab units, of any size.

    The result has three bands: gamma-encoded sRGB of 8 or 16 bits as ``bits`` says (more than 8: 16).
    """
    light = _luminance(image)
    level = _shared(light.cast("ushort"))
    differences = _differences(level, ab)
    excess = _shared(_excess(level, differences))
    if bits > 8:
        light = _shared(light)
        channels = [light + difference / excess for difference in differences]
        linear = channels[0].bandjoin(channels[1:]).linear(1 / _STEPS, -0.5 / _STEPS)
        return linear.copy(interpretation="scrgb").scRGB2sRGB(depth=16)
    light = level.maplut(_tables().light)
    encode = _tables().encode
    encoded = [(light + difference / excess).cast("ushort").maplut(encode) for difference in differences]
    return encoded[0].bandjoin(encoded[1:]).copy(interpretation="srgb")


def _luminance(image: Image) -> Image:
    """Return Y in steps plus 1/2, one float band: cut to whole numbers, it is the level."""
    count = 256 if image.format == "uchar" else 65536
    linear = lab.decode_srgb(np.arange(count) / (count - 1)) * _STEPS + 0.5
    if image.bands == 1:
        return image.maplut(table(_single(linear)))
    weighted = linear[:, None] * np.asarray(lab.LUMINANCE) * 3  # bandmean divides by three again
    return image.maplut(table(_single(weighted))).bandmean()


def _differences(level: Image, ab: NDArray[np.float32]) -> list[Image]:
    """Return D in steps, one image a channel."""
    tables = _tables()
    compressed, reference = level.maplut(tables.compress), level.maplut(tables.reference)
    shifts = (
        enlarge(ab[..., band] * (_UNIT / scale), level.width, level.height) for band, scale in ((0, 500), (1, -200))
    )
    x, z = (_shared((compressed + shift).cast("ushort").maplut(tables.expand) - reference) for shift in shifts)
    alone = 100 / 116  # f runs from 16/116 (X = 0) to 1 (X = 1)
    x_column = lab.lab_to_linear(np.array([0, 500 * alone, 0]))
    z_column = lab.lab_to_linear(np.array([0, 0, -200 * alone]))
    return [x.linear(float(by_x), 0) + z.linear(float(by_z), 0) for by_x, by_z in zip(x_column, z_column, strict=True)]


def _excess(level: Image, differences: list[Image]) -> Image:
    """Return how many times D is too long for the cube, at least 1."""
    first, *others = differences
    above = first.bandrank(others, index=2) * level.maplut(_tables().room_above)
    below = first.bandrank(others, index=0) * level.maplut(_tables().room_below)
    return above.maxpair(below).clamp(min=1, max=1e9)


def _single(values: NDArray[Any]) -> NDArray[np.float32]:
    return values.astype(np.float32)


def enlarge(plane: NDArray[np.float32], width: int, height: int) -> Image:
    """Return ``plane`` (h, w) bicubically enlarged, pixel centers aligned, edges replicated.

    What is enlarged more than 32 times is so smooth that every second pixel is enough: neighbors share it, and are
    off by a sixty-fourth of the step between two chroma cells at most.
    """
    small = from_array(_single(plane)).copy(interpretation="multiband")
    factor = min(width / small.width, height / small.height)
    if factor <= _SMOOTH:
        return _interpolated(small, width, height, "bicubic")
    middle = _interpolated(small, small.width * _SMOOTH, small.height * _SMOOTH, "bicubic")
    if middle.width * middle.height <= 1 << 22:
        middle = middle.copy_memory()
    if factor <= 4 * _SMOOTH:
        return _interpolated(middle, width, height, "bilinear")
    half = _interpolated(middle, (width + 1) // 2, (height + 1) // 2, "bilinear")
    return half.zoom(2, 2).crop(0, 0, width, height)


def _interpolated(image: Image, width: int, height: int, kind: str) -> Image:
    across, down = width / image.width, height / image.height
    return image.affine(
        [across, 0, 0, down],
        interpolate=Interpolate.new(kind),
        oarea=[0, 0, width, height],
        odx=(across - 1) / 2,
        ody=(down - 1) / 2,
        extend="copy",
        premultiplied=True,
    )


def _shared(image: Image) -> Image:
    """Keep the few tiles being worked on, so that several uses of ``image`` compute it once."""
    return image.tilecache(tile_width=128, tile_height=128, max_tiles=16, threaded=True, access="sequential")
