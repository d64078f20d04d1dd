"""Color hints: what the user says about a photo's colors, as points and strokes.

Positions are pixels of the upright photo (EXIF orientation applied): (0, 0) is its top left corner, (width,
height) its bottom right one, (0.5, 0.5) the middle of the first pixel. The JSON form carries the photo's
size, so that hints made for another photo, or for another size of it, are noticed.
"""

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.lab import rgb_to_lab
from photochrom.errors import HintError

VERSION: Final = 1
OVERLAY_CELLS: Final = 512
"""An overlay is read in at most this many cells along its long side; networks see no finer."""

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_DEFAULT_RADIUS: Final = 0.01  # of the photo's long side
_OPAQUE: Final = 128

Rgb = tuple[float, float, float]
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Hint:
    """One color on one point, or along a stroke through several points.

    ``points`` are (x, y) in pixels of the photo; ``rgb`` is gamma-encoded sRGB in 0..1, kept to the nearest
    of 256 levels; ``radius`` is in pixels of the photo, None means a hundredth of the photo's long side.
    Only the color's chroma counts: the lightness stays that of the photo. Raises HintError for anything
    else.
    """

    points: tuple[Point, ...]
    rgb: Rgb
    radius: float | None = None

    def __post_init__(self) -> None:
        """Check the values; round the color."""
        points = tuple(_point(point) for point in self.points)
        if not points:
            raise HintError("a hint has no points; give at least one (x, y)")
        if len(self.rgb) != 3 or not all(_is_number(level) and 0 <= level <= 1 for level in self.rgb):
            raise HintError(f"a hint's color is {self.rgb!r}; expected red, green and blue, each 0..1")
        if self.radius is not None and not (_is_number(self.radius) and self.radius > 0):
            raise HintError(f"a hint's radius is {self.radius!r}; expected a number of pixels above 0")
        red, green, blue = (round(level * 255) / 255 for level in self.rgb)
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "rgb", (red, green, blue))
        object.__setattr__(self, "radius", None if self.radius is None else float(self.radius))

    @property
    def color(self) -> str:
        """The color as "#rrggbb"."""
        return "#" + "".join(f"{round(level * 255):02x}" for level in self.rgb)

    @classmethod
    def parse(cls, text: str) -> "Hint":
        """Read the command line's "X,Y=#RRGGBB", or "X,Y,RADIUS=#RRGGBB", all in pixels of the photo.

        Raises HintError for any other text.
        """
        place, _, color = text.partition("=")
        try:
            numbers = [float(part) for part in place.split(",")]
        except ValueError:
            numbers = []
        if len(numbers) not in (2, 3):
            raise HintError(f"the hint {text!r} has no place; expected X,Y=#RRGGBB, such as 120,80=#3a6ea5")
        radius = numbers[2] if len(numbers) == 3 else None
        try:
            return cls(((numbers[0], numbers[1]),), parse_color(color.strip()), radius)
        except HintError as error:
            raise HintError(f"the hint {text!r}: {error}") from None


@dataclass(frozen=True, slots=True)
class Hints:
    """All hints for a photo of ``photo_width`` x ``photo_height`` pixels; where they overlap, later ones win.

    Raises HintError where a point lies outside the photo.
    """

    photo_width: int
    photo_height: int
    items: tuple[Hint, ...] = ()

    def __post_init__(self) -> None:
        """Check that every point lies on the photo."""
        for size in (self.photo_width, self.photo_height):
            if not isinstance(size, int) or isinstance(size, bool) or size < 1:
                raise HintError(f"the hints' photo size holds {size!r}; expected a number of pixels, 1 or more")
        object.__setattr__(self, "items", tuple(self.items))
        for number, hint in enumerate(self.items, start=1):
            for x, y in hint.points:
                if not (0 <= x <= self.photo_width and 0 <= y <= self.photo_height):
                    raise HintError(f"hint {number} lies at ({x:g}, {y:g}), outside the photo of {self._size}")

    def __len__(self) -> int:
        """Return the number of hints."""
        return len(self.items)

    @property
    def colors(self) -> NDArray[np.float32]:
        """The hints' a and b in Lab units, each color once: float32 (k, 2)."""
        unique = sorted({hint.rgb for hint in self.items})
        return np.asarray(rgb_to_lab(np.array(unique, dtype=np.float32).reshape(-1, 3))[:, 1:])

    @property
    def _size(self) -> str:
        return f"{self.photo_width} x {self.photo_height} pixels"

    def require_size(self, width: int, height: int) -> None:
        """Raise HintError, naming both sizes, unless the hints are for a photo of ``width`` x ``height``."""
        if (width, height) != (self.photo_width, self.photo_height):
            raise HintError(
                f"the hints are for a photo of {self._size}, this one has {width} x {height} pixels; "
                "make the hints on this photo, upright and at its full size"
            )

    @classmethod
    def parse(cls, texts: Iterable[str], photo_size: tuple[int, int]) -> "Hints":
        """Read command line hints, see :meth:`Hint.parse`, for a photo of ``photo_size`` (width, height)."""
        return cls(*photo_size, tuple(Hint.parse(text) for text in texts))

    @classmethod
    def from_json(cls, source: Path | str) -> "Hints":
        """Read hints from a file, or from JSON text, which is known by its opening brace.

        Raises HintError where the file is missing or the text is not what :meth:`to_json` writes.
        """
        where, text = _read(source)
        try:
            stored = json.loads(text)
        except ValueError as error:
            raise HintError(f"{where} is not JSON ({error}); give what Hints.to_json wrote") from None
        if not isinstance(stored, dict) or "photochrom_hints" not in stored:
            raise HintError(f"{where} holds no hints; expected an object with the key 'photochrom_hints'")
        if stored["photochrom_hints"] != VERSION:
            raise HintError(f"{where} is of version {stored['photochrom_hints']!r}; expected {VERSION}")
        try:
            photo = stored["photo"]
            items = tuple(_hint_from(entry) for entry in stored["hints"])
            return cls(photo["width"], photo["height"], items)
        except KeyError as error:
            raise HintError(f"{where} misses the key {error}; give what Hints.to_json wrote") from None
        except (TypeError, ValueError, AttributeError):
            raise HintError(f"{where} has another shape than expected; give what Hints.to_json wrote") from None
        except HintError as error:
            raise HintError(f"{where}: {error}") from None

    def to_json(self) -> str:
        """Return the hints as JSON text that :meth:`from_json` reads back unchanged."""
        hints = []
        for hint in self.items:
            entry: dict[str, Any] = {"points": [list(point) for point in hint.points], "color": hint.color}
            hints.append(entry if hint.radius is None else {**entry, "radius": hint.radius})
        photo = {"width": self.photo_width, "height": self.photo_height}
        return json.dumps({"photochrom_hints": VERSION, "photo": photo, "hints": hints})

    @classmethod
    def from_overlay(cls, overlay: NDArray[np.uint8], photo_size: tuple[int, int]) -> "Hints":
        """Read what the user painted on a transparent layer of the photo's size.

        ``overlay`` is uint8 RGBA (height, width, 4); pixels of alpha 128 and above are hints. Areas become
        rows of short strokes, read in at most 512 cells along the long side, each cell with the mean color
        of its hints. Raises HintError where the layer's size is not ``photo_size`` (width, height), or it
        is no RGBA.
        """
        if overlay.ndim != 3 or overlay.shape[2] != 4 or overlay.dtype != np.uint8:
            raise HintError(
                f"the hint layer has shape {overlay.shape} and type {overlay.dtype}; "
                "expected 8-bit RGBA, a PNG with transparency"
            )
        height, width = overlay.shape[:2]
        if (width, height) != tuple(photo_size):
            raise HintError(
                f"the hint layer has {width} x {height} pixels, the photo {photo_size[0]} x {photo_size[1]}; "
                "paint on a layer of the photo's size"
            )
        return cls(width, height, tuple(_strokes_of(overlay)))

    def field(self, width: int, height: int) -> NDArray[np.float32]:
        """Paint the hints at the network's size; return float32 (3, height, width).

        Plane 0 is the mask, 0 or 1; planes 1 and 2 are a and b in Lab units, 0 where the mask is. Every
        hint covers at least one pixel, and a stroke leaves no gap, however thin it is.
        """
        field = np.zeros((3, height, width), dtype=np.float32)
        step = np.array([self.photo_width / width, self.photo_height / height])
        default = _DEFAULT_RADIUS * max(self.photo_width, self.photo_height)
        for hint in self.items:
            points = np.array(hint.points, dtype=np.float64)
            ab = rgb_to_lab(np.array(hint.rgb, dtype=np.float64))[1:]
            radius = max(hint.radius or default, float(step.max()) / 2)
            (left, top), covered = _cover(points, radius, step, (width, height))
            bottom, right = top + covered.shape[0], left + covered.shape[1]
            field[:, top:bottom, left:right][:, covered] = np.array([1.0, *ab], dtype=np.float32)[:, None]
        return field


def parse_color(text: str) -> Rgb:
    """Read "#rrggbb" as RGB 0..1; raise HintError for any other text."""
    if not isinstance(text, str) or not _COLOR.fullmatch(text):
        raise HintError(f"the color is {text!r}; expected #RRGGBB, such as #3a6ea5")
    red, green, blue = (int(text[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _point(point: Sequence[float]) -> Point:
    if len(point) != 2 or not all(_is_number(value) for value in point):
        raise HintError(f"a hint's point is {point!r}; expected two finite numbers, x and y")
    return float(point[0]), float(point[1])


def _read(source: Path | str) -> tuple[str, str]:
    """Return how to name the source in an error, and its text."""
    if isinstance(source, str) and source.lstrip().startswith("{"):
        return "the hint text", source
    try:
        return f"the hint file {source}", Path(source).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise HintError(f"the hint file {source} cannot be read ({reason}); give a JSON file") from None


def _hint_from(entry: dict[str, Any]) -> Hint:
    return Hint(tuple(entry["points"]), parse_color(entry["color"]), entry.get("radius"))


def _strokes_of(overlay: NDArray[np.uint8]) -> Iterable[Hint]:
    """Yield one level stroke for each run of equal cells."""
    height, width = overlay.shape[:2]
    cell = -(-max(height, width) // OVERLAY_CELLS)
    rows, columns = -(-height // cell), -(-width // cell)
    padded = np.zeros((rows * cell, columns * cell, 4), dtype=np.uint8)
    padded[:height, :width] = overlay
    cells = padded.reshape(rows, cell, columns, cell, 4)
    opaque = cells[..., 3] >= _OPAQUE
    count = opaque.sum(axis=(1, 3))
    total = (cells[..., :3] * opaque[..., None]).sum(axis=(1, 3), dtype=np.int64)
    mean = np.rint(total / np.maximum(count, 1)[..., None]).astype(np.int64)
    code = np.where(count > 0, mean @ np.array([1 << 16, 1 << 8, 1]), -1)
    for row in np.flatnonzero((code >= 0).any(axis=1)):
        borders = np.flatnonzero(np.diff(code[row], prepend=-2, append=-2))
        for start, end in pairwise(borders):
            if code[row, start] < 0:
                continue
            y = min((row + 0.5) * cell, height)
            left, right = min((start + 0.5) * cell, width), min((end - 0.5) * cell, width)
            rgb = tuple(float(level) / 255 for level in mean[row, start])
            points = ((left, y),) if left == right else ((left, y), (right, y))
            yield Hint(points, (rgb[0], rgb[1], rgb[2]), cell / 2)


def _cover(
    points: NDArray[np.float64], radius: float, step: NDArray[np.float64], size: tuple[int, int]
) -> tuple[tuple[int, int], NDArray[np.bool_]]:
    """Return the corner (column, row) of a box of network pixels and which of them the stroke covers.

    ``step`` is the size of a network pixel in photo pixels, ``size`` the network's (width, height).
    """
    last = np.array(size) - 1
    own = np.clip(np.floor(points / step).astype(np.intp), 0, last)  # the pixels that hold the points themselves
    low = np.minimum(np.floor((points.min(axis=0) - radius) / step).astype(np.intp).clip(0, last), own.min(axis=0))
    high = np.maximum(np.floor((points.max(axis=0) + radius) / step).astype(np.intp).clip(0, last), own.max(axis=0))
    x = (np.arange(low[0], high[0] + 1) + 0.5) * step[0]
    y = ((np.arange(low[1], high[1] + 1) + 0.5) * step[1])[:, None]
    covered = np.zeros((len(y), len(x)), dtype=np.bool_)
    ends = points if len(points) > 1 else np.repeat(points, 2, axis=0)
    limit = radius * (1 + 1e-9)
    for (x0, y0), (x1, y1) in pairwise(ends):
        dx, dy = x1 - x0, y1 - y0
        length = dx * dx + dy * dy
        along = np.clip(((x - x0) * dx + (y - y0) * dy) / length, 0, 1) if length else 0.0
        covered |= (x - x0 - along * dx) ** 2 + (y - y0 - along * dy) ** 2 <= limit * limit
    covered[own[:, 1] - low[1], own[:, 0] - low[0]] = True
    return (int(low[0]), int(low[1])), covered
