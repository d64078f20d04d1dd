"""A photo's own lightness and somebody's chroma become a color photo, in linear light and strip by strip.

Let Y be the luminance (0..1) of a pixel, f its cube-root scale (CIE 15:2004, eq. 8.3), and a, b the chroma:

    X - Y = F(f + a/500) - F(f)        Z - Y = F(f - b/200) - F(f)        F = inverse of f

    color = gray + D,   gray = (Y, Y, Y),   D = x_column (X - Y) + z_column (Z - Y)

D carries no luminance (its mean, weighted as Y is, is zero), whatever happens to it: Y stays exact although F is
read from a table, and D can be scaled by any factor s. Gamut mapping is that factor: D is shortened until color lies
inside the cube (``photochrom.color.resample.fit_gamut`` is the same in NumPy). a = b = 0 gives D = 0 exactly.

Everything runs on single-band images and with few kinds of operations, because libvips is slow at others: it joins
and splits bands slowly, enlarges by interpolation slowly, and compares two images slower than it ranks three. It also
computes an intermediate image once for every use of it, hence ``_shared``.
"""

import math
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from photochrom.color import lab
from photochrom.color.resample import upsample_chroma
from photochrom.photo.engine import Image, Interpolate, from_array, table

_STEPS = 65535
_UNIT = 21845
"""Whole numbers to one of the cube-root scale; with chroma, which adds -1 to 1, it still fits into 16 bits."""
_ENLARGED = 8
"""Chroma enlarged more than this many times is small enough to be enlarged at once, not strip by strip."""
_SMOOTH = 32
"""Chroma enlarged more than this many times is so smooth that neighboring pixels may share it."""
_PLACES = 1 << 22
"""No more places than these get chroma of their own, to bound memory."""


class _Tables(NamedTuple):
    """Look-up images: ``compress`` turns Y in steps into the cube-root scale, ``level`` turns that back.

    ``expand`` does the same for what chroma was added to, plus one; ``encode`` turns light in steps into sRGB.
    """

    compress: Image
    level: Image
    expand: Image
    encode: Image


@cache
def _tables() -> _Tables:
    levels = np.arange(_STEPS + 1) / _STEPS
    lightness = lab.linear_to_lab(np.stack([levels] * 3, axis=-1))[:, 0]
    scale = np.arange(_STEPS + 1) / _UNIT - 1
    expand = _single(lab.decode_srgb(lab.gray(116 * scale - 16)) * _STEPS)
    return _Tables(
        compress=table(((lightness + 16) / 116 * _UNIT + 0.5).astype(np.uint16)),
        level=table(expand[_UNIT : 2 * _UNIT + 1]),
        expand=table(expand),
        encode=table(np.rint(lab.encode_srgb(levels) * 255).astype(np.uint8)),
    )


def with_chroma(image: Image, ab: NDArray[np.float32], bits: int) -> Image:
    """Give ``image`` (sRGB or gray, 8 or 16 bits) the chroma ``ab`` (h, w, 2), Lab units, of any size.

    The result has three bands: gamma-encoded sRGB of 8 or 16 bits as ``bits`` says (more than 8: 16).
    """
    light = _luminance(image)
    if bits > 8:
        light = _shared(light)
    root = _shared(light.cast("ushort").maplut(_tables().compress))
    level = root.maplut(_tables().level)
    differences = _differences(root, level, ab)
    share = _shared(_share(level, differences))
    if bits > 8:
        channels = [light + difference * share for difference in differences]
        linear = channels[0].bandjoin(channels[1:]).linear(1 / _STEPS, -0.5 / _STEPS)
        return linear.copy(interpretation="scrgb").scRGB2sRGB(depth=16)
    encode = _tables().encode
    encoded = [(level + difference * share).cast("ushort").maplut(encode) for difference in differences]
    return encoded[0].bandjoin(encoded[1:]).copy(interpretation="srgb")


def _luminance(image: Image) -> Image:
    """Return Y in steps plus 1/2, one float band: cut to whole numbers, it is the level."""
    count = 256 if image.format == "uchar" else 65536
    linear = lab.decode_srgb(np.arange(count) / (count - 1)) * _STEPS + 0.5
    if image.bands == 1:
        return image.maplut(table(_single(linear)))
    weighted = linear[:, None] * np.asarray(lab.LUMINANCE) * 3  # bandmean divides by three again
    return image.maplut(table(_single(weighted))).bandmean()


def _differences(root: Image, level: Image, ab: NDArray[np.float32]) -> list[Image]:
    """Return D in steps, one image a channel."""
    x, z = (
        _shared((root + shift).maplut(_tables().expand) - level)
        for shift in (_shift(ab[..., 0] / 500, level), _shift(ab[..., 1] / -200, level))
    )
    alone = 100 / 116  # f runs from 16/116 (X = 0) to 1 (X = 1)
    x_column = lab.lab_to_linear(np.array([0, 500 * alone, 0]))
    z_column = lab.lab_to_linear(np.array([0, 0, -200 * alone]))
    return [x.linear(float(by_x), 0) + z.linear(float(by_z), 0) for by_x, by_z in zip(x_column, z_column, strict=True)]


def _shift(plane: NDArray[Any], level: Image) -> Image:
    """Return what chroma adds on the cube-root scale, plus one, as whole numbers of 16 bits."""
    return enlarge((plane.clip(-1, 1) + 1) * _UNIT + 0.5, level.width, level.height, "ushort")


def _share(level: Image, differences: list[Image]) -> Image:
    """Return how much of D fits into the cube, at most 1; where D is zero any share will do, and libvips gives 0."""
    first, *others = differences
    above = level.linear(-1, _STEPS) / first.bandrank(others, index=2)
    below = level.linear(-1, 0) / first.bandrank(others, index=0)
    one = Image.black(level.width, level.height).cast("float") + 1
    return one.bandrank([above, below], index=0)


def _single(values: NDArray[Any]) -> NDArray[np.float32]:
    return values.astype(np.float32)


def enlarge(plane: NDArray[Any], width: int, height: int, pixels: str = "float") -> Image:
    """Return ``plane`` (h, w) bicubically enlarged, pixel centers aligned, edges replicated, of the type ``pixels``.

    What is enlarged more than 32 times is so smooth that blocks of a few pixels share their mean: they are off by a
    sixty-fourth of the step between two chroma cells at most. So do pixels of photos above 4 megapixels.
    """
    factor = min(width / plane.shape[1], height / plane.shape[0])
    if factor <= _ENLARGED:
        return _interpolated(plane, width, height).cast(pixels)
    block = max(1 + int(factor / _SMOOTH), math.ceil((width * height / _PLACES) ** 0.5))
    down, across = (_weights(count, size, block) for count, size in zip(plane.shape, (height, width), strict=True))
    places = from_array(_single(down @ plane @ across.T)).cast(pixels)
    return places.zoom(block, block).crop(0, 0, width, height)


def _weights(count: int, size: int, block: int) -> NDArray[np.float64]:
    """Return the bicubic weights of ``count`` cells in the mean of each block of ``size`` pixels: (blocks, count)."""
    pixels = upsample_chroma(np.eye(count)[..., None], size, count)[..., 0].astype(np.float64)
    blocks = np.pad(pixels, ((0, -size % block), (0, 0)), mode="edge").reshape(-1, block, count).mean(axis=1)
    return np.asarray(blocks / blocks.sum(axis=1, keepdims=True))


def _interpolated(plane: NDArray[Any], width: int, height: int) -> Image:
    image = from_array(_single(plane)).copy(interpretation="multiband")
    across, down = width / image.width, height / image.height
    return image.affine(
        [across, 0, 0, down],
        interpolate=Interpolate.new("bicubic"),
        oarea=[0, 0, width, height],
        odx=(across - 1) / 2,
        ody=(down - 1) / 2,
        extend="copy",
        premultiplied=True,
    )


def _shared(image: Image) -> Image:
    """Keep the few tiles being worked on, so that several uses of ``image`` compute it once."""
    return image.tilecache(tile_width=128, tile_height=128, max_tiles=16, threaded=True, access="sequential")
