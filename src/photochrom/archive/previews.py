"""Small pictures: a photo beside its result, and many of them on one sheet."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import lab_to_rgb
from photochrom.photo import Photo, SaveOptions

SIDE: Final = 160
"""The longer side of each picture of a pair."""
GAP: Final = 4
ACROSS: Final = 6
_JPEG: Final = SaveOptions("jpeg", 80)


def make_preview(photo: Photo, result: Photo) -> bytes:
    """Return the JPEG of a photo's first page beside its result, of what was read for the network."""
    page, chroma = photo.pages[0], result.pages[0].chroma
    scale = min(1.0, SIDE / max(page.width, page.height))
    width, height = (max(1, round(scale * side)) for side in (page.width, page.height))
    rgb = lab_to_rgb(page.lab(width, height))
    small = Photo.from_array((np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8))
    colored = small if chroma is None else small.with_chroma([chroma])
    gap = np.full((height, GAP, 3), 255, np.uint8)
    pair = np.concatenate([small.to_array(), gap, colored.to_array()], axis=1)
    return Photo.from_array(pair).encode(_JPEG)


def make_sheet(previews: Sequence[bytes]) -> bytes:
    """Return the JPEG of so many pairs on one sheet, six in a row."""
    pairs = [Photo.open(preview).to_array() for preview in previews]
    width, height = 2 * SIDE + 2 * GAP, SIDE + GAP
    across = min(ACROSS, len(pairs))
    sheet: NDArray[np.uint8] = np.full((-(-len(pairs) // across) * height, across * width, 3), 255, np.uint8)
    for place, pair in enumerate(pairs):
        top, left = place // across * height, place % across * width
        sheet[top : top + pair.shape[0], left : left + pair.shape[1]] = pair
    return Photo.from_array(sheet).encode(_JPEG)
