"""TIFF directories as plain values: what libvips leaves behind when it reads and writes TIFF, carried over by hand.

EXIF is the same structure, so that one reader and one writer serve both. Values are held little-endian.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_SWAPPED = {3: 2, 4: 4, 5: 4, 8: 2, 9: 4, 10: 4, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}

SUBFILE, COMPRESSION, STRIP_OFFSETS, TILE_WIDTH, TILE_LENGTH, TILE_OFFSETS = 254, 259, 273, 322, 323, 324
EXIF, GPS, IPTC = 34665, 34853, 33723
CARRIED = (269, 271, 272, 285, 305, 306, 315, 316, 33432, IPTC, EXIF, GPS)
"""DocumentName, Make, Model, PageName, Software, DateTime, Artist, HostComputer, Copyright, IPTC, EXIF, GPS."""

RESOLUTION = (282, 283, 296)
"""XResolution, YResolution and their unit: libvips would round them."""

_LARGEST = 1 << 26
_MOST_ENTRIES = 4096


@dataclass(frozen=True, slots=True)
class Value:
    """The value of one tag: its TIFF type, how many, the bytes; or the entries of a sub-directory."""

    kind: int
    count: int
    data: bytes = b""
    entries: "Entries | None" = None

    def number(self) -> int:
        """Return the first number of a whole-number value, 0 if there is none."""
        size = SIZES.get(self.kind, 0)
        return int.from_bytes(self.data[:size], "little")


Entries = dict[int, Value]


class Layout:
    """Byte order and field sizes of a TIFF file, from its header at ``base``."""

    def __init__(self, file: BinaryIO, base: int = 0) -> None:
        """Read the header; raises ValueError when it is none."""
        file.seek(base)
        header = file.read(16)
        self.order = {b"II": "<", b"MM": ">"}.get(header[:2], "")
        if not self.order or len(header) < 8:
            raise ValueError("not a TIFF header")
        self.big = struct.unpack(self.order + "H", header[2:4])[0] == 43
        self.base = base
        self.pointer = "Q" if self.big else "I"
        self.pointer_size = 8 if self.big else 4
        self.count = "Q" if self.big else "H"
        self.first_at = base + (8 if self.big else 4)

    def read_number(self, file: BinaryIO, at: int, code: str) -> int:
        """Return one number stored at an absolute position."""
        file.seek(at)
        form = self.order + code
        return int(struct.unpack(form, file.read(struct.calcsize(form)))[0])

    def write_number(self, file: BinaryIO, at: int, code: str, number: int) -> None:
        """Store one number at an absolute position."""
        file.seek(at)
        file.write(struct.pack(self.order + code, number))


def read_directories(file: BinaryIO, most: int, wanted: tuple[int, ...]) -> list[Entries]:
    """Return the wanted tags of every directory of the file's main chain, at most ``most``.

    A damaged chain ends early; raises ValueError when there is no TIFF header.
    """
    layout = Layout(file)
    found: list[Entries] = []
    seen: set[int] = set()
    try:
        at = layout.read_number(file, layout.first_at, layout.pointer)
        while at and at not in seen and len(found) < most:
            seen.add(at)
            entries, after = read_directory(file, layout, at, wanted)
            found.append(entries)
            at = layout.read_number(file, after, layout.pointer)
    except struct.error:
        pass
    return found


def read_directory(
    file: BinaryIO, layout: Layout, offset: int, wanted: tuple[int, ...] | None, deep: bool = True
) -> tuple[Entries, int]:
    """Return the entries of one directory (None: all) and where its link to the next one lies."""
    start = layout.base + offset
    count = layout.read_number(file, start, layout.count)
    if count > _MOST_ENTRIES:
        raise struct.error("too many entries")
    entry_size, inline = (20, 8) if layout.big else (12, 4)
    file.seek(start + struct.calcsize(layout.count))
    table = file.read(count * entry_size)
    entries: Entries = {}
    for at in range(0, count * entry_size, entry_size):
        tag, kind = struct.unpack_from(layout.order + "HH", table, at)
        number = struct.unpack_from(layout.order + layout.pointer, table, at + 4)[0]
        field = table[at + entry_size - inline : at + entry_size]
        if wanted is not None and tag not in wanted:
            continue
        value = _value(file, layout, kind, number, field)
        if value is not None and tag in (EXIF, GPS) and deep:
            value = _sub_directory(file, layout, value)
        if value is not None:
            entries[tag] = value
    return entries, start + struct.calcsize(layout.count) + count * entry_size


def _value(file: BinaryIO, layout: Layout, kind: int, count: int, field: bytes) -> Value | None:
    size = SIZES.get(kind, 0) * count
    if size == 0 or size > _LARGEST:
        return None
    data = field[:size]
    if size > len(field):
        file.seek(layout.base + struct.unpack(layout.order + layout.pointer, field)[0])
        data = file.read(size)
    if len(data) < size:
        return None
    return Value(kind, count, data if layout.order == "<" else swapped(data, kind))


def _sub_directory(file: BinaryIO, layout: Layout, link: Value) -> Value | None:
    try:
        entries, _ = read_directory(file, layout, link.number(), None, deep=False)
    except (struct.error, OverflowError):
        return None
    return Value(13, 1, entries=entries) if entries else None


def swapped(data: bytes, kind: int) -> bytes:
    """Return the bytes of a value in the other byte order."""
    unit = _SWAPPED.get(kind, 1)
    if unit == 1:
        return data
    return b"".join(data[at : at + unit][::-1] for at in range(0, len(data), unit))


def write_directory(file: BinaryIO, layout: Layout, entries: Entries) -> int:
    """Append a directory with its values to the file; return its offset from the layout's base."""
    fields: list[tuple[int, int, int, bytes]] = []
    for tag, value in sorted(entries.items()):
        kind, data = value.kind, value.data
        if value.entries is not None:
            kind = 18 if layout.big else 4
            data = write_directory(file, layout, value.entries).to_bytes(layout.pointer_size, "little")
        data = data if layout.order == "<" else swapped(data, kind)
        if len(data) > layout.pointer_size:
            data = struct.pack(layout.order + layout.pointer, _append(file, data) - layout.base)
        fields.append((tag, kind, value.count, data.ljust(layout.pointer_size, b"\0")))
    packed = struct.pack(layout.order + layout.count, len(fields))
    for tag, kind, count, data in fields:
        packed += struct.pack(layout.order + "HH" + layout.pointer, tag, kind, count) + data
    return _append(file, packed + b"\0" * layout.pointer_size) - layout.base


def _append(file: BinaryIO, data: bytes) -> int:
    end = file.seek(0, 2)
    file.write(b"\0" * (-end % 8))
    file.write(data)
    return end + -end % 8
