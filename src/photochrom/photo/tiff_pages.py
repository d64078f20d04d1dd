"""Pages of any size become one TIFF file, and each page gets back the tags that libvips does not write."""

import struct
from io import BytesIO
from typing import BinaryIO

from photochrom.photo.tiff_tags import (
    CARRIED,
    RESOLUTION,
    SIZES,
    STRIP_OFFSETS,
    TILE_OFFSETS,
    Entries,
    Layout,
    Value,
    read_directories,
    read_directory,
    write_directory,
)

_EXIF_START = b"Exif\0\0"
_EMPTY_TIFF = b"II*\0\0\0\0\0"


def complete(file: BinaryIO, tags: Entries) -> None:
    """Add ``tags`` to the only page of a TIFF file just written."""
    layout = Layout(file)
    _rewrite(file, layout, layout.first_at, 0, tags)


def append_page(file: BinaryIO, part: BinaryIO, tags: Entries) -> None:
    """Append the only page of the TIFF file ``part``, with ``tags``, to a TIFF file of the same layout."""
    layout = Layout(file)
    link = layout.first_at
    at = layout.read_number(file, link, layout.pointer)
    while at:
        _, link = read_directory(file, layout, at, ())
        at = layout.read_number(file, link, layout.pointer)
    end = file.seek(0, 2)
    file.write(b"\0" * (-end % 16))
    start = file.tell()
    part.seek(0)
    while block := part.read(1 << 20):
        file.write(block)
    _rewrite(file, layout, link, start, tags)


def _rewrite(file: BinaryIO, layout: Layout, link: int, start: int, tags: Entries) -> None:
    """Write the directory of the TIFF file embedded at ``start`` anew, offsets corrected, and link to it."""
    inner = Layout(file, start)
    at = inner.read_number(file, inner.first_at, inner.pointer)
    entries, _ = read_directory(file, inner, at, None, deep=False)
    for tag in (STRIP_OFFSETS, TILE_OFFSETS):
        if tag in entries and start:
            entries[tag] = _moved(entries[tag], start, layout)
    exact = {tag: tags[tag] for tag in RESOLUTION if tag in tags}
    offset = write_directory(file, layout, {**tags, **entries, **exact})
    layout.write_number(file, link, layout.pointer, offset)


def _moved(offsets: Value, by: int, layout: Layout) -> Value:
    size = SIZES[offsets.kind]
    numbers = (int.from_bytes(offsets.data[at : at + size], "little") for at in range(0, len(offsets.data), size))
    width, kind = (8, 16) if layout.big else (4, 4)
    return Value(kind, offsets.count, b"".join((number + by).to_bytes(width, "little") for number in numbers))


def tags_from_exif(exif: bytes) -> Entries:
    """Return the tags to carry from an EXIF block, none if it cannot be read."""
    try:
        found = read_directories(BytesIO(exif.removeprefix(_EXIF_START)), 1, CARRIED)
    except ValueError:
        return {}
    return found[0] if found else {}


def without_preview(exif: bytes) -> bytes:
    """Return an EXIF block whose second directory, the small preview picture, is not linked any more."""
    file = BytesIO(exif.removeprefix(_EXIF_START))
    try:
        layout = Layout(file)
        first = layout.read_number(file, layout.first_at, layout.pointer)
        _, link = read_directory(file, layout, first, ())
        layout.read_number(file, link, layout.pointer)
    except (ValueError, struct.error):
        return exif
    layout.write_number(file, link, layout.pointer, 0)
    return _EXIF_START + file.getvalue()


def exif_from_tags(tags: Entries) -> bytes:
    """Return an EXIF block with ``tags``."""
    file = BytesIO(_EMPTY_TIFF)
    layout = Layout(file)
    layout.write_number(file, layout.first_at, layout.pointer, write_directory(file, layout, tags))
    return _EXIF_START + file.getvalue()
