"""Where a photo comes from: finds out what a file is, counts its pixels, and opens it as often as needed."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import PhotoNotFound, PhotoTooLarge, PhotoUnreadable
from photochrom.photo.color_management import color_bands, is_supported
from photochrom.photo.engine import Image, Source, VipsError, from_array, reason
from photochrom.photo.formats import FORMATS, HEADER_BYTES, is_lossless_webp, sniff
from photochrom.photo.tiff_tags import (
    CARRIED,
    COMPRESSION,
    RESOLUTION,
    SUBFILE,
    TILE_LENGTH,
    TILE_WIDTH,
    Entries,
    read_directories,
)

MAX_PAGES = 2000
_BITS = {"uchar": 8, "ushort": 16, "short": 16}
_SHRINKING = ("jpeg", "webp")
_UPRIGHT_AS_STREAMED = (1, 2)
_TAGS = (*CARRIED, *RESOLUTION, COMPRESSION, SUBFILE, TILE_WIDTH, TILE_LENGTH)
_NOT_A_PAGE = 0b101
"""Bits of NewSubfileType: a smaller copy of another page, a transparency mask."""


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of a page before its pixels are read; sizes are those of the upright page.

    ``number`` is the page's place in the file, ``bits`` 8, 16 or 32 (floats), ``colors`` 1, 3 or 4 (CMYK);
    ``tags`` are what is kept of the page's TIFF directory; ``lossless`` is told of WebP only, ``samples`` (the bits
    stored: 8, 10 or 12) of AVIF only.
    """

    number: int
    width: int
    height: int
    bits: int
    colors: int
    alpha: bool
    orientation: int
    tags: Entries = field(default_factory=dict)
    lossless: bool = False
    samples: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """A file, bytes or an array that pixels can be read from again and again.

    ``name`` is for messages, ``format`` a key of FORMATS (arrays say "png", the format they are saved in). ``follow``
    gets each image that is loaded and returns it, for those who count what is read of it.
    """

    name: str
    format: str
    content: Path | bytes | Image
    headers: tuple[Header, ...] = ()
    follow: Callable[[Image], Image] | None = None

    def load(self, header: Header | None = None, shrink: int = 1) -> Image:
        """Return an upright page as a lazy image that can be read once, from top to bottom; no header: the first.

        ``shrink`` (1, 2, 4, 8) asks for a page about that many times smaller; formats that cannot shrink while they
        decode ignore it.
        """
        image = self._loaded(header, shrink)
        return image if self.follow is None else self.follow(image)

    def _loaded(self, header: Header | None, shrink: int) -> Image:
        if isinstance(self.content, Image):
            return self.content
        orientation = header.orientation if header else 1
        options: dict[str, Any] = {"fail_on": "error", "access": "sequential"}
        if orientation not in _UPRIGHT_AS_STREAMED:
            options["access"] = "random"
        if self.format == "tiff":
            options["page"] = header.number if header else 0
        if shrink > 1 and self.format in _SHRINKING:
            options |= {"shrink": shrink} if self.format == "jpeg" else {"scale": 1 / shrink}
        image = getattr(Image, FORMATS[self.format].load + "_source")(self._source(), **options)
        if orientation > 1:
            image = image.autorot()
        return image.copy(xres=image.yres, yres=image.xres) if orientation > 4 else image

    def start(self, size: int) -> bytes:
        """Return the first bytes of the file."""
        with self.file() as file:
            return file.read(size)

    def file(self) -> BinaryIO:
        """Open the file, or the bytes of one."""
        return BytesIO(self.content) if isinstance(self.content, bytes) else Path(str(self.content)).open("rb")

    def _source(self) -> Any:
        if isinstance(self.content, bytes):
            return Source.new_from_memory(self.content)
        return Source.new_from_file(str(self.content))


def open_origin(source: str | Path | bytes, max_pixels: int) -> Origin:
    """Open a file, or the bytes of one, and read its header; see :meth:`photochrom.photo.Photo.open`."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        content: Path | bytes = bytes(source)
        name, header = "the given bytes", bytes(source[:HEADER_BYTES])
    else:
        content = Path(source)
        name, header = str(source), _first_bytes(content)
    if not header:
        raise PhotoUnreadable(f"{name}: empty (0 bytes), expected a photo; copy or download it again")
    origin = Origin(name, _known_format(name, header), content)
    with reading(name):
        headers = _headers(origin, max_pixels)
    return Origin(name, origin.format, content, headers)


def array_origin(array: NDArray[Any]) -> Origin:
    """Wrap an array; see :meth:`photochrom.photo.Photo.from_array`."""
    pixels = np.asarray(array)
    expected = "expected (H, W) or (H, W, 1 to 4) of uint8, uint16, or floats 0..1"
    if pixels.ndim not in (2, 3) or 0 in pixels.shape or (pixels.ndim == 3 and pixels.shape[2] > 4):
        raise PhotoUnreadable(f"the given array: shape {pixels.shape}, {expected}")
    if pixels.dtype.kind == "f":
        pixels = pixels.astype(np.float32)
    elif pixels.dtype == np.bool_:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if pixels.dtype.name not in ("uint8", "uint16", "float32"):
        raise PhotoUnreadable(f"the given array: values of type {pixels.dtype}, {expected}")
    image = from_array(pixels)
    gray = image.bands < 3
    eight = {True: "b-w", False: "srgb"}[gray]
    sixteen = {True: "grey16", False: "rgb16"}[gray]
    image = image.copy(interpretation=eight if image.format == "uchar" else sixteen)
    return Origin("the given array", "png", image, (_header(image),))


@contextmanager
def reading(name: str) -> Iterator[None]:
    """Turn what libvips says while it reads ``name`` into PhotoUnreadable."""
    try:
        yield
    except VipsError as error:
        raise PhotoUnreadable(
            f"{name}: damaged, cut short or of an odd kind ({reason(error)}), expected a whole photo; get another copy"
        ) from error


def _first_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(HEADER_BYTES)
    except FileNotFoundError as error:
        raise PhotoNotFound(f"{path}: no such file; check the name") from error
    except (IsADirectoryError, NotADirectoryError) as error:
        raise PhotoNotFound(f"{path}: not a file, expected a photo; name the photos in it") from error
    except ValueError as error:
        raise PhotoNotFound(f"{os.fsdecode(path)!r}: not a file name ({error})") from error
    except OSError as error:
        if path.is_dir():
            raise PhotoNotFound(f"{path}: a folder, expected a photo; name the photos in it") from error
        raise PhotoUnreadable(f"{path}: cannot be opened ({error.strerror}); check its permissions") from error


def _known_format(name: str, header: bytes) -> str:
    found = sniff(header)
    if found == "heic":
        raise PhotoUnreadable(f"{name}: HEIC, which cannot be read here; convert it to JPEG, PNG, TIFF or AVIF")
    if found is None:
        known = "JPEG, PNG, TIFF, WebP, AVIF or GIF"
        raise PhotoUnreadable(f"{name}: not a photo this program knows, expected {known}; convert it first")
    return found


def _headers(origin: Origin, max_pixels: int) -> tuple[Header, ...]:
    image = origin.load()
    first = _header(image)
    if origin.format == "webp":
        first = replace(first, lossless=is_lossless_webp(origin.start(1 << 16)))
    if origin.format == "avif":
        first = replace(first, samples=int(image.get("bits-per-sample")))
    headers: list[Header] = []
    pixels = 0
    for number, tags in _tiff_pages(origin) if origin.format == "tiff" else [(0, {})]:
        header = replace(first, number=number, tags=tags)
        if number:
            header = replace(_header(origin.load(header), number), tags=tags)
        pixels += header.width * header.height
        if pixels > max_pixels:
            raise PhotoTooLarge(
                f"{origin.name}: {pixels:,} pixels or more, at most {max_pixels:,} are read; raise the limit if it is"
                " to be trusted"
            )
        headers.append(header)
    return tuple(headers)


def _tiff_pages(origin: Origin) -> list[tuple[int, Entries]]:
    """Return the pages of a TIFF file, without the smaller copies and masks some programs add."""
    with origin.file() as file:
        try:
            directories = read_directories(file, MAX_PAGES + 1, _TAGS)
        except ValueError:
            directories = []
    if len(directories) > MAX_PAGES:
        raise PhotoTooLarge(f"{origin.name}: more than {MAX_PAGES} pages; split the file")
    pages = [
        (number, tags)
        for number, tags in enumerate(directories)
        if number == 0 or not (SUBFILE in tags and tags[SUBFILE].number() & _NOT_A_PAGE)
    ]
    return pages or [(0, {})]


def _header(image: Image, number: int = 0) -> Header:
    if not is_supported(image):
        raise VipsError(f"{image.bands} channels of type {image.format}")
    fields = image.get_fields()
    orientation = int(image.get("orientation")) if "orientation" in fields else 1
    orientation = orientation if 1 <= orientation <= 8 else 1
    width, height = image.width, image.height
    if orientation > 4:
        width, height = height, width
    colors = color_bands(image)
    return Header(number, width, height, _BITS.get(image.format, 32), colors, image.bands > colors, orientation)
