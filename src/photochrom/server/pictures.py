"""Pictures to look at: small ones of a whole page, and pieces of it at full size, in its own colors or in new ones.

Every page gets, when it is first looked at, a small copy for previews; when it is first looked at closely, a copy in
tiles, at all sizes from full to small, so that a piece of 100 megapixels is there at once. Results are never read
back: a picture of one is the original with the chosen colors, as the result itself is made.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from photochrom.color.resample import upsample_chroma
from photochrom.errors import OptionError
from photochrom.photo import Image, Page, reading, with_chroma
from photochrom.server.folder import Folder
from photochrom.server.jobs import Job

PictureFormat = Literal["jpeg", "webp", "png"]
SMALL: Final = 1024
"""The longer side of the small copy, and of what a photo is shrunk to while it is decoded."""
LARGEST: Final = 4096
TILE: Final = 512
LARGEST_TILE: Final = 2048
DEEPEST: Final = 10
_COPY: Final[dict[str, Any]] = {"Q": 95, "keep": "none"}
_ENCODERS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "jpeg": ("jpegsave_buffer", {"Q": 88}),
    "webp": ("webpsave_buffer", {"Q": 82, "effort": 2}),
    "png": ("pngsave_buffer", {"compression": 3}),
}


@dataclass(frozen=True, slots=True)
class Box:
    """A piece of a page, in its pixels, shown at 1, 1/2, 1/4 ... of its size."""

    x: int
    y: int
    width: int
    height: int
    scale: float = 1.0

    def level(self) -> int:
        """Return how often the page is halved; raises OptionError for another scale or too large a picture."""
        level = round(-np.log2(self.scale)) if self.scale > 0 else -1
        if not 0 <= level <= DEEPEST or self.scale != 0.5**level:
            raise OptionError(f"the scale is {self.scale:g}; expected 1, 0.5, 0.25 and so on, down to {0.5**DEEPEST:g}")
        if max(self.width, self.height) * self.scale > LARGEST_TILE:
            size = f"{self.width * self.scale:.0f} x {self.height * self.scale:.0f}"
            raise OptionError(f"a piece of {size} pixels was asked for; expected {LARGEST_TILE} at most on a side")
        return level


class Pictures:
    """Makes pictures of the pages of jobs."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._making, self._lock = dict[Path, threading.Lock](), threading.Lock()

    def preview(self, job: Job, page: tuple[int, Page], side: int, ab: NDArray[np.float32] | None) -> Image:
        """Return the whole of a page, its longer side ``side`` pixels at most, in the colors ``ab`` or in its own."""
        number, shown = page
        longest = max(shown.width, shown.height)
        if side <= SMALL:
            image = Image.jpegload(str(self._small(job, number, shown)))
        else:
            level = max(0, int(np.floor(np.log2(longest / min(side, longest)))))
            image = self._level(self._tiled(job, number, shown), level)
        scale = min(side, longest) / max(image.width, image.height)
        if scale < 1:
            image = image.resize(scale)
        return image if ab is None else with_chroma(image, ab, 8)

    def piece(self, job: Job, page: tuple[int, Page], box: Box, ab: NDArray[np.float32] | None) -> Image:
        """Return a piece of a page in the colors ``ab`` or in its own; raises OptionError for one outside of it."""
        number, shown = page
        level = box.level()
        if not (0 <= box.x < shown.width and 0 <= box.y < shown.height and min(box.width, box.height) >= 1):
            size = f"{shown.width} x {shown.height}"
            raise OptionError(f"a piece at ({box.x}, {box.y}) lies outside the photo of {size} pixels; give one inside")
        image = self._level(self._tiled(job, number, shown), level)
        left, top = (
            min(int(start * box.scale), size - 1) for start, size in ((box.x, image.width), (box.y, image.height))
        )
        right = min(image.width, max(left + 1, round((box.x + box.width) * box.scale)))
        bottom = min(image.height, max(top + 1, round((box.y + box.height) * box.scale)))
        piece = image.crop(left, top, right - left, bottom - top)
        if ab is None:
            return piece
        rows, columns = weights(ab.shape[0], image.height)[top:bottom], weights(ab.shape[1], image.width)[left:right]
        chroma = np.stack([rows @ ab[..., channel] @ columns.T for channel in (0, 1)], axis=-1)
        return with_chroma(piece, chroma.astype(np.float32), 8)

    def _small(self, job: Job, number: int, page: Page) -> Path:
        return self._once(job, f"look-{number}.jpg", lambda path: page.shown(SMALL).jpegsave(str(path), **_COPY))

    def _tiled(self, job: Job, number: int, page: Page) -> Path:
        def write(path: Path) -> None:
            tile = min(TILE, -(-max(page.width, page.height) // 16) * 16)
            options = {"tile": True, "tile_width": tile, "tile_height": tile, "pyramid": True, "compression": "jpeg"}
            page.shown().tiffsave(str(path), bigtiff=True, **options, **_COPY)

        return self._once(job, f"look-{number}.tif", write)

    def _once(self, job: Job, name: str, make: Callable[[Path], object]) -> Path:
        """Return a copy, made if it is missing, by one thread only."""
        path = self._folder.file(job.id, name)
        if path.exists():
            return path
        with self._lock:
            lock = self._making.setdefault(path, threading.Lock())
        try:
            with lock, reading(job.name):
                return self._folder.made(job.id, name, make)
        finally:
            with self._lock:
                self._making.pop(path, None)

    def _level(self, path: Path, level: int) -> Image:
        image = Image.tiffload(str(path), access="random")
        last = int(image.get("n-pages")) - 1
        return image if level == 0 else Image.tiffload(str(path), page=min(level, last), access="random")


def encoded(image: Image, format: PictureFormat) -> bytes:
    """Return a picture as the bytes of a file."""
    save, options = _ENCODERS[format]
    return bytes(getattr(image, save)(keep="none", **options))


@lru_cache(maxsize=32)
def weights(cells: int, pixels: int) -> NDArray[np.float32]:
    """Return the weight of each of ``cells`` cells of chroma in each pixel, (pixels, cells), as the results have it."""
    return upsample_chroma(np.eye(cells, dtype=np.float32)[..., None], pixels, cells)[..., 0]
