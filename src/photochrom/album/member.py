"""What is kept of one page of an album: small fields only, so that thousands of photos fit into memory.

Shapes: C features, Q outputs of the network, r x c cells of its deepest map (n = r c), h x w places of its answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.album.cells import Floats, unit
from photochrom.alternatives import region_at
from photochrom.answer import Answer
from photochrom.color.resample import downsample_area
from photochrom.colorizer import Colorizer
from photochrom.consensus import resized
from photochrom.photo import Page

FINE: Final = 1.3
"""Features are looked at in so many times the working size: smaller things have cells of their own."""

COVERED: Final = 0.5
"""The share of a cell that a thing must cover for the cell to be the thing's."""

Point = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Member:
    """One page of a photo, as the network saw it.

    ``answer`` is what it said, on the coarse grid of cells, (Q, r, c) float16; ``features`` (n, C) uint8 are the square
    roots of what its encoder saw, to a scale; ``ab`` (h, w, 2) float16 the colors of the page by itself, in Lab units.
    ``things`` are the cells of each named thing that was shown on this page.
    """

    source: Path
    page: int
    answer: Answer
    features: NDArray[np.uint8]
    ab: NDArray[np.float16]
    things: Mapping[str, NDArray[np.intp]]

    @property
    def rows(self) -> int:
        """Cells down."""
        return int(self.answer.raw.shape[1])

    @property
    def columns(self) -> int:
        """Cells across."""
        return int(self.answer.raw.shape[2])

    @property
    def lightness(self) -> Floats:
        """L (n,), 0..100, of the cells."""
        return self.answer.lightness.astype(np.float32).ravel()

    @property
    def descriptors(self) -> Floats:
        """What tells cells apart, (n, C): unit vectors, so that a product is a likeness in 0..1.

        The likeness of two cells is that of Bhattacharyya 1943, sum_c sqrt(p_c q_c), of their features p and q taken as
        distributions: square roots keep one strong feature from deciding alone.
        """
        return unit(self.features.astype(np.float32))

    @property
    def bytes(self) -> int:
        """How much memory this takes."""
        kept = (self.answer.raw, self.answer.lightness, self.features, self.ab)
        return sum(values.nbytes for values in kept)

    def center(self, cell: int) -> Point:
        """Return the middle of a cell, in pixels of the page."""
        row, column = divmod(int(cell), self.columns)
        return (column + 0.5) * self.answer.width / self.columns, (row + 0.5) * self.answer.height / self.rows

    def color_at(self, cell: int) -> Floats:
        """Return the page's own color, (2,) in Lab units, in the middle of a cell: the mean of four places."""
        height, width = self.ab.shape[:2]
        row, column = divmod(int(cell), self.columns)
        down, across = round((row + 0.5) * height / self.rows), round((column + 0.5) * width / self.columns)
        places = self.ab[max(0, down - 1) : down + 1, max(0, across - 1) : across + 1]
        return np.asarray(places.astype(np.float32).mean(axis=(0, 1)))

    def cell(self, x: float, y: float) -> int:
        """Return the cell at a place of the page, in pixels."""
        row = min(int(y / self.answer.height * self.rows), self.rows - 1)
        return row * self.columns + min(int(x / self.answer.width * self.columns), self.columns - 1)


def look_at(
    colorizer: Colorizer, page: Page, name: tuple[Path, int], points: Mapping[str, Point] | None = None
) -> Member:
    """Run the network on a page and return what is kept of it.

    ``name`` is the photo's path and the page's number from 0; ``points`` are places, in pixels of the page, at which
    things with names are. Raises ModelError for a model without features and OptionError for a point outside the page.
    """
    answer, seen_Crc = colorizer.answer(page), colorizer.features(page, FINE)
    _, rows, columns = seen_Crc.shape
    root_nC = np.sqrt(np.maximum(seen_Crc, 0)).reshape(len(seen_Crc), -1).T
    scale = 255 / max(float(root_nC.max()), 1e-6)
    coarse = replace(
        answer,
        raw=resized(answer.raw, rows, columns).astype(np.float16),
        lightness=downsample_area(answer.lightness, rows, columns).astype(np.float16),
    )
    member = Member(*name, coarse, np.rint(root_nC * scale).astype(np.uint8), answer.ab().astype(np.float16), {})
    return replace(member, things={key: _cells(answer, member, point) for key, point in (points or {}).items()})


def _cells(answer: Answer, member: Member, point: Point) -> NDArray[np.intp]:
    """Return the cells of the thing at a point, (k,): those that it covers, and the point's own."""
    region = region_at(answer, *point).astype(np.float32)
    covered = np.flatnonzero(downsample_area(region, member.rows, member.columns).ravel() >= COVERED)
    return np.union1d(covered, [member.cell(*point)]).astype(np.intp)
