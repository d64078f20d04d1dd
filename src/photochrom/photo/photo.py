"""Photo: open any file, take its lightness, give it chroma, save it whole."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.color import lab
from photochrom.errors import OptionError
from photochrom.photo import recompose
from photochrom.photo.color_management import managed
from photochrom.photo.engine import Image
from photochrom.photo.formats import by_suffix
from photochrom.photo.reading import Header, Origin, array_origin, open_origin, reading
from photochrom.photo.saving import SaveOptions, at_depth, resolve
from photochrom.photo.target import refuse_unusable, write_atomically
from photochrom.photo.writing import Job, check, color_and_alpha, to_bytes, to_file

MAX_PIXELS = 500_000_000
PROXY_SIDE = 1024
"""A page is read once into a proxy with this longer side; lightness up to half of it comes from there."""
TINT_SIDE = 256
COLORED_TINT = 3.0
"""Mean chroma C*ab above which a photo counts as colored; gray scans with JPEG noise stay below 1."""


@dataclass(frozen=True, eq=False)
class Page:
    """One picture of a photo, upright. Nothing is read before it is asked for."""

    origin: Origin
    header: Header
    chroma: NDArray[np.float32] | None = None

    @property
    def width(self) -> int:
        """Pixels across, upright."""
        return self.header.width

    @property
    def height(self) -> int:
        """Pixels down, upright."""
        return self.header.height

    def lightness(self, width: int, height: int) -> NDArray[np.float32]:
        """Return the page's own L (0..100) at another size, shape (height, width), anti-aliased.

        Pixels are averaged gamma-encoded, as nearly every program does that makes small photos: so the same
        photo gives nearly the same L whatever size it was stored in. Raises PhotoUnreadable if the file turns out to be
        damaged.
        """
        if width < 1 or height < 1:
            raise OptionError(f"lightness at {width}x{height}: expected at least 1x1")
        return np.asarray(np.clip(lab.lightness(self._resized(width, height))[..., 0], 0, 100), dtype=np.float32)

    def lab(self, width: int, height: int) -> NDArray[np.float32]:
        """Return the page's own colors as CIE Lab at another size, shape (height, width, 3); resized as ``lightness``.

        L is 0..100, a and b are in Lab units, 0 for a gray page.
        """
        if width < 1 or height < 1:
            raise OptionError(f"colors at {width}x{height}: expected at least 1x1")
        return np.asarray(lab.rgb_to_lab(self._resized(width, height)), dtype=np.float32)

    @cached_property
    def tint(self) -> float:
        """Mean chroma C*ab of the page, in Lab units; 0 for a gray page."""
        scale = TINT_SIDE / max(self.width, self.height)
        width, height = (max(1, round(side * min(1, scale))) for side in (self.width, self.height))
        ab = lab.rgb_to_lab(self._resized(width, height))[..., 1:]
        return float(np.hypot(ab[..., 0], ab[..., 1]).mean())

    def _resized(self, width: int, height: int) -> NDArray[np.float32]:
        """Return sRGB of shape (height, width, 3), 0..1."""
        with reading(self.origin.name):
            longest = max(width, height)
            image = self._proxy if 2 * longest <= PROXY_SIDE else self._reduced(longest)
            if (image.width, image.height) != (width, height):
                image = image.resize(width / image.width, vscale=height / image.height)
            pixels = np.asarray(image.numpy()).reshape(height, width, -1)
        rgb = pixels.astype(np.float32) / np.float32(255 if pixels.dtype == np.uint8 else 65535)
        return np.broadcast_to(rgb, (height, width, 3))

    def shown(self, side: int | None = None) -> Image:
        """Return the page to look at: 8 bits, gray or sRGB, what is transparent on white; lazy.

        With ``side`` its longer side is that many pixels at most, and it is read no larger than that needs; see
        :func:`reading` for errors.
        """
        longest, shrink = max(self.width, self.height), 1
        while side is not None and shrink < 8 and longest >= 2 * shrink * side:
            shrink *= 2
        color, alpha = managed(self.origin.load(self.header, shrink))
        image = at_depth(color, 8) if self.chroma is None else recompose.with_chroma(color, self.chroma, 8)
        if alpha is not None:
            image = image.bandjoin(at_depth(alpha.extract_band(0), 8)).flatten(background=255)
        scale = 1.0 if side is None else side / max(image.width, image.height)
        return image.resize(scale) if scale < 1 else image

    @cached_property
    def _proxy(self) -> Image:
        image = self._reduced(PROXY_SIDE)
        scale = PROXY_SIDE / max(image.width, image.height)
        return (image.resize(scale) if scale < 1 else image).copy_memory()

    def _reduced(self, side: int) -> Image:
        """Return the page (sRGB or gray) as small as decoding makes it, its longer side not below ``side``."""
        shrink = 1
        while shrink < 8 and max(self.width, self.height) >= 2 * shrink * side:
            shrink *= 2
        color, _ = managed(self.origin.load(self.header, shrink))
        return color if self.chroma is None else recompose.with_chroma(color, self.chroma, self.header.bits)


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo file or array: cheap to hold, read when asked, never changed.

    ``pages`` has one page for ordinary photos and all pages of a TIFF file. Of animated WebP, GIF and AVIF files the
    first picture is the photo. ``model`` names what made the chroma, for the provenance note in the file.
    """

    origin: Origin
    pages: tuple[Page, ...]
    model: str | None = None

    @classmethod
    def open(cls, source: str | Path | bytes, *, max_pixels: int = MAX_PIXELS) -> "Photo":
        """Open a file, or the bytes of one: JPEG, PNG, TIFF, WebP, AVIF or GIF, told by content.

        Only the header is read. Raises PhotoNotFound, PhotoUnreadable, or PhotoTooLarge when all pages together have
        more than ``max_pixels`` pixels.
        """
        return cls._of(open_origin(source, max_pixels))

    @classmethod
    def from_array(cls, array: NDArray[Any]) -> "Photo":
        """Wrap an array (H, W) or (H, W, 1 to 4) of uint8, uint16 or floats 0..1: sRGB or gray, alpha last."""
        return cls._of(array_origin(array))

    @classmethod
    def _of(cls, origin: Origin) -> "Photo":
        return cls(origin, tuple(Page(origin, header) for header in origin.headers))

    @property
    def width(self) -> int:
        """Pixels across the first page, upright."""
        return self.pages[0].width

    @property
    def height(self) -> int:
        """Pixels down the first page, upright."""
        return self.pages[0].height

    @property
    def format(self) -> str:
        """The file format: "jpeg", "png", "tiff", "webp", "avif" or "gif"; "png" for arrays."""
        return self.origin.format

    @property
    def bits(self) -> int:
        """Bits of a channel: 8, 16, or 32 for floats."""
        return self.pages[0].header.bits

    @property
    def has_alpha(self) -> bool:
        """Whether the first page has transparency."""
        return self.pages[0].header.alpha

    @property
    def tint(self) -> float:
        """Mean chroma C*ab of the first page, in Lab units: 0 is gray, a sepia print is about 10 to 25."""
        return self.pages[0].tint

    @property
    def is_colored(self) -> bool:
        """Whether the photo has color already (mean C*ab above 3): a sepia, tinted or color photo."""
        return self.tint > COLORED_TINT

    def followed(self, follow: Callable[[Image], Image]) -> "Photo":
        """Return the photo; ``follow`` gets every image of its pixels, lazy, when one is asked for, and returns it."""
        origin = replace(self.origin, follow=follow)
        return replace(self, origin=origin, pages=tuple(replace(page, origin=origin) for page in self.pages))

    def describe(self) -> dict[str, Any]:
        """Return what ``photochrom info`` prints: plain values by name."""
        return {
            "format": self.format,
            "width": self.width,
            "height": self.height,
            "pages": len(self.pages),
            "bits": self.bits,
            "channels": {1: "gray", 3: "RGB", 4: "CMYK"}[self.pages[0].header.colors],
            "alpha": self.has_alpha,
            "tint": round(self.tint, 2),
            "colored": self.is_colored,
        }

    def with_chroma(self, chroma: Sequence[NDArray[np.float32]], *, model: str | None = None) -> "Photo":
        """Return this photo with its own L and the given chroma: one array (h, w, 2) a page, in Lab units, any size.

        Chroma is enlarged bicubically and lowered where sRGB cannot show it at that L. Lazy: pixels are computed when
        the result is saved. ``model`` is the name of what made the chroma.
        """
        if len(chroma) != len(self.pages):
            raise OptionError(f"{len(chroma)} chroma arrays for {len(self.pages)} pages; give one for each page")
        pages = tuple(replace(page, chroma=_checked(ab)) for page, ab in zip(self.pages, chroma, strict=True))
        return replace(self, pages=pages, model=model)

    def save(self, target: str | Path, *, options: SaveOptions = SaveOptions()) -> Path:  # noqa: B008
        """Write the photo to ``target``, whole or not at all, and return its path.

        Kept are depth, size, alpha, EXIF, XMP, IPTC and resolution. The format is that of ``options``, else the one
        that the target's ending names, else the photo's own. Raises OutputExists, OutputUnwritable, PhotoUnreadable
        when the photo turns out to be damaged, OptionError when the format cannot hold it.
        """
        path = Path(target)
        named = by_suffix(path.suffix)
        if options.format is None and named is not None:
            options = replace(options, format=named.name)
        job = self._job(options)
        refuse_unusable(path, options.overwrite)
        return write_atomically(path, options.overwrite, lambda temporary: to_file(job, temporary))

    def encode(self, options: SaveOptions = SaveOptions()) -> bytes:  # noqa: B008
        """Return the bytes of the file that ``save`` would write; raises as it does."""
        return to_bytes(self._job(options))

    def to_array(self) -> NDArray[Any]:
        """Return the first page as one array (H, W, 3), or 4 with alpha: uint8, uint16, or float32 0..1; sRGB.

        The one call that holds all pixels at once.
        """
        page = self.pages[0]
        with reading(self.origin.name):
            color, alpha, _ = color_and_alpha(self.origin, (page.header, page.chroma), self.bits)
            return np.asarray((color if alpha is None else color.bandjoin(alpha)).numpy())

    def _job(self, options: SaveOptions) -> Job:
        parts = tuple((page.header, page.chroma) for page in self.pages)
        job = Job(self.origin, parts, resolve(options, self.format), options, self.model)
        check(job)
        return job


def _checked(ab: NDArray[Any]) -> NDArray[np.float32]:
    chroma = np.asarray(ab, dtype=np.float32)
    if chroma.ndim != 3 or chroma.shape[2] != 2 or 0 in chroma.shape:
        raise OptionError(f"chroma of shape {chroma.shape}: expected (height, width, 2)")
    if not np.isfinite(chroma).all():
        raise OptionError("chroma with values that are not numbers: expected Lab units, about -128 to 128")
    return chroma
