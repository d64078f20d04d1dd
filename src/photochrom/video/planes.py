"""Between a film's planes and Lab: the luma plane stays, code by code, and only Cb and Cr are made.

ITU-R BT.601, BT.709 and BT.2020 say the same with other weights: of gamma-encoded R', G', B' in 0..1

    Y' = kr R' + (1 - kr - kb) G' + kb B',   Cb = (B' - Y') / 2 (1 - kb),   Cr = (R' - Y') / 2 (1 - kr)

A gray film has Y' alone. The network sees L of the gray (Y', Y', Y'); of the color that it means, (L, a, b), only the
differences from its own luma are taken and put on the film's Y'. Where that leaves the cube of colors, Cb and Cr are
shortened by one factor: hue and Y' stay. R', G', B' are taken as sRGB, as players show them.

Shapes: H x W pixels of the luma plane, h x w of the chroma planes.
"""

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import lab_to_rgb, lightness

Floats = NDArray[np.float32]
Codes = NDArray[Any]
"""8 bits: uint8; more: uint16."""

WEIGHTS: Final = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.470 B/G
    6: (0.299, 0.114),  # SMPTE 170M, BT.601
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020
    10: (0.2627, 0.0593),
}
"""kr and kb by the number of the matrix (ITU-T H.273, table 4)."""

UNSPECIFIED: Final = 2
HIGH_DEFINITION: Final = 576
"""A film without a matrix tag that has more rows, or is as wide as HD, is shown as BT.709, any other as BT.601."""


@dataclass(frozen=True, slots=True)
class Coding:
    """What the codes of planes mean: bits (8 to 16), all codes or the studio range, and the number of the matrix."""

    bits: int
    is_full: bool
    matrix: int

    @property
    def black(self) -> int:
        """The code of Y' = 0."""
        return 0 if self.is_full else 16 << (self.bits - 8)

    @property
    def white(self) -> int:
        """The code of Y' = 1."""
        return (1 << self.bits) - 1 if self.is_full else 235 << (self.bits - 8)

    @property
    def chroma_span(self) -> int:
        """How many codes lie between Cb = -1/2 and 1/2."""
        return (1 << self.bits) - 1 if self.is_full else 224 << (self.bits - 8)

    @property
    def neutral(self) -> int:
        """The code of Cb = 0."""
        return 1 << (self.bits - 1)


def likely_matrix(matrix: int, width: int, height: int) -> int:
    """Return the number of the matrix, or for a film that does not tell, or has none of ours, the one players take."""
    if matrix in WEIGHTS:
        return matrix
    return 1 if height > HIGH_DEFINITION or width >= 1280 else 6


def levels(codes: Codes, coding: Coding) -> Floats:
    """Return Y' in 0..1, (h, w), of luma codes (h, w); codes beyond black and white count as those."""
    span = np.float32(coding.white - coding.black)
    found: Floats = np.clip((codes.astype(np.float32) - np.float32(coding.black)) / span, 0, 1)
    return found


def smaller(codes: Codes, width: int, height: int, interlaced: bool = False) -> Codes:
    """Return luma codes (H, W) at another size, (height, width): the mean of each area.

    ``interlaced`` halves the rows of each field by itself, as the chroma of an interlaced film lies.
    """
    if codes.shape == (height, width):
        return codes
    if interlaced and codes.shape[0] > height and height % 2 == 0 and codes.shape[0] % 2 == 0:
        found = np.empty((height, width), codes.dtype)
        for field in (0, 1):
            found[field::2] = cv2.resize(codes[field::2], (width, height // 2), interpolation=cv2.INTER_AREA)
        return found
    shrinks = codes.shape[0] >= height and codes.shape[1] >= width
    return cv2.resize(codes, (width, height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def lightness_of(level: Floats) -> Floats:
    """Return L in 0..100, (h, w), of gray levels Y' in 0..1, (h, w)."""
    found: Floats = lightness(level[..., None].repeat(3, axis=-1))[..., 0]
    return found


def chroma_differences(ab: Floats, level: Floats, matrix: int) -> tuple[Floats, Floats]:
    """Return Cb and Cr, -0.5..0.5, (h, w) each, for ab (h, w, 2) in Lab units on Y' (h, w) in 0..1.

    Every (Y', Cb, Cr) is a color of the cube; ab = 0 gives zeros.
    """
    kr, kb = WEIGHTS[matrix]
    rgb = lab_to_rgb(np.concatenate([lightness_of(level)[..., None], ab], axis=-1))
    red, green, blue = (rgb[..., channel] for channel in range(3))
    luma = np.float32(kr) * red + np.float32(1 - kr - kb) * green + np.float32(kb) * blue
    red, green, blue = red - luma, green - luma, blue - luma
    top = np.maximum(np.maximum(np.maximum(red, green), blue), np.float32(1e-6))
    bottom = np.maximum(-np.minimum(np.minimum(red, green), blue), np.float32(1e-6))
    share = np.minimum(np.float32(1), np.minimum((1 - level) / top, level / bottom))
    share[(ab[..., 0] == 0) & (ab[..., 1] == 0)] = 0
    return share * blue / np.float32(2 * (1 - kb)), share * red / np.float32(2 * (1 - kr))


def chroma_codes(ab: Floats, luma: Codes, coding: Coding, wanted: Coding | None = None) -> tuple[Codes, Codes]:
    """Return the codes of Cb and Cr, (h, w), for ab (h, w, 2) in Lab units on luma codes (h, w).

    ``wanted`` is their coding, where it is not that of luma.
    """
    found, wanted = chroma_differences(ab, levels(luma, coding), coding.matrix), wanted or coding
    kind, most = np.uint8 if wanted.bits == 8 else np.uint16, (1 << wanted.bits) - 1
    cb, cr = (np.rint(plane * wanted.chroma_span + wanted.neutral).clip(0, most).astype(kind) for plane in found)
    return cb, cr


def in_coding(luma: Codes, coding: Coding, wanted: Coding) -> Codes:
    """Return luma codes in another coding of the same matrix: of the same range, they only get another depth."""
    if coding.is_full == wanted.is_full:
        return at_depth(luma, coding.bits, wanted.bits)
    table = levels(np.arange(1 << coding.bits), coding) * np.float32(wanted.white - wanted.black) + wanted.black
    found: Codes = np.rint(table).astype(np.uint8 if wanted.bits == 8 else np.uint16)[luma]
    return found


def at_depth(codes: Codes, bits: int, wanted: int) -> Codes:
    """Return codes with another number of bits: equal bits are left alone, others shifted, fewer rounded."""
    if wanted == bits:
        return codes
    if wanted > bits:
        return codes.astype(np.uint16) << (wanted - bits)
    drop = bits - wanted
    rounded = np.minimum((codes.astype(np.uint32) + (1 << (drop - 1))) >> drop, (1 << wanted) - 1)
    found: Codes = rounded.astype(np.uint8 if wanted == 8 else np.uint16)
    return found


def rgb_of(luma: Codes, cb: Floats, cr: Floats, coding: Coding) -> Floats:
    """Return R', G', B' in 0..1, (H, W, 3), of luma codes (H, W) and Cb, Cr in -0.5..0.5, (H, W) each."""
    kr, kb = WEIGHTS[coding.matrix]
    level = levels(luma, coding)
    red, blue = level + 2 * (1 - kr) * cr, level + 2 * (1 - kb) * cb
    green = (level - kr * red - kb * blue) / (1 - kr - kb)
    return np.asarray(np.clip(np.stack([red, green, blue], axis=-1), 0, 1), np.float32)
