"""Finds photos in folders, files and WebDataset tar shards, here or in object stores; reads them in any order."""

from __future__ import annotations

import glob
import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import numpy.typing as npt
from braceexpand import braceexpand
from PIL import Image, ImageCms, ImageOps

from photochrom.data.shelf import RemoteShard, Shelf, list_shards
from photochrom.data.stores import find_shards
from photochrom.data.tars import TAR_SUFFIX, Member, list_members
from photochrom.errors import DataError
from photochrom.urls import is_url

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".webp", ".avif", ".tif", ".tiff"})
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "TIFF")
WHOLE_FILE = -1
ORIENTATION_TAG = 0x0112
DEEP_GRAY_MODES = frozenset({"I;16", "I;16L", "I;16B", "I;16N", "I", "F"})

UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Entry:
    """One photo and where its bytes lie.

    `key` is unique within a list of entries and does not depend on where the folder or shard lies on this
    computer. `offset` is the first byte inside a tar shard, or -1 when the photo is the whole file `path`;
    `size` is in bytes. `shard` is None but for photos in object stores: their `path` is there once they are read.
    """

    key: str
    path: Path
    offset: int
    size: int
    shard: RemoteShard | None = None

    @property
    def source(self) -> str:
        """The file or the URL that the photo is in."""
        return str(self.path) if self.shard is None else self.shard.stored.url


def list_entries(sources: Sequence[str], shelf: Shelf | None = None) -> list[Entry]:
    """List every photo in `sources`, sorted by key, whatever the order of the sources.

    A source is a folder (searched recursively), a photo, a tar shard, a glob (`photos/*.tar`), a brace
    pattern (`train-{000..004}.tar`), or a URL of shards in an object store, which are fetched to `shelf`, by default
    in this user's cache folder, when they are read. Keys are the path below the folder, the file's name, or
    `shard/member`; a second photo of the same key gets `#2` appended. A photo reached twice is listed once.
    Files that are no photos are passed over.

    Raises DataError where a source does not exist, holds no photo, or is a tar file that cannot be read, and RunError
    where a store cannot be read.
    """
    found: dict[tuple[Path, int], Entry] = {}
    for source in sources:
        places = _expand(source)
        entries = [entry for path in places if isinstance(path, Path) for entry in _entries_at(path)]
        entries += _remote_entries([url for url in places if isinstance(url, str)], shelf or Shelf())
        if not entries:
            raise DataError(f"{source}: no photos found; expected JPEG, PNG, WebP, AVIF or TIFF files, or tar shards.")
        for entry in entries:
            found.setdefault((entry.path, entry.offset), entry)
    if not found:
        raise DataError("No source of photos given; name a folder, a photo or a tar shard.")
    return _with_unique_keys(sorted(found.values(), key=_rank))


def list_mark(entries: Iterable[Entry]) -> str:
    """Return a word that is the same for the same photos in the same order, wherever they lie."""
    digest = hashlib.sha256()
    for entry in entries:
        remote = "" if entry.shard is None else "remote"
        digest.update(f"{entry.key}\0{entry.size}\0{remote}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def read_bytes(entry: Entry, alone: bool = False) -> bytes:
    """Read the encoded photo. Safe in forked and spawned processes and in threads.

    Of a store its whole shard is fetched, so that its neighbors are there as well, unless it is wanted `alone`.
    Raises DataError where the file is gone, unreadable or shorter than it was when listed, and RunError where a store
    cannot be read.
    """
    if entry.shard is not None:
        read = entry.shard.read_alone if alone else entry.shard.read
        return _whole(entry, read(entry.offset, entry.size))
    try:
        if entry.offset == WHOLE_FILE:
            return entry.path.read_bytes()
        shard = _shard_file(entry.path)  # held while it is read: in threads the cache may let go of it
        data = os.pread(shard.fileno(), entry.size, entry.offset)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{entry.path}: cannot be read ({reason}); check the file and its rights.") from error
    return _whole(entry, data)


def decode(entry: Entry, least: int = 0, alone: bool = False) -> UInt8Array:
    """Decode a photo to a uint8 array (H, W, 3), gamma-encoded sRGB, upright as its EXIF orientation says.

    An embedded ICC profile is converted to sRGB. With `least` > 0 a large JPEG may be decoded at a half,
    quarter or eighth of its size, which is several times faster, never with a side below `least` pixels. `alone` is
    as for `read_bytes`.

    Raises DataError where the bytes cannot be read or are no complete photo, and RunError where a store cannot be read.
    """
    data = read_bytes(entry, alone)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            if least > 0 and image.format == "JPEG":
                image.draft(None, (least, least))
            return np.asarray(_upright_srgb(image), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as error:
        raise DataError(f"{entry.key}: cannot be decoded ({error}); expected a complete photo, replace it.") from error


def _whole(entry: Entry, data: bytes) -> bytes:
    if len(data) != entry.size:
        raise DataError(f"{entry.source}: ends inside photo {entry.key}; copy or download the shard again.")
    return data


def _rank(entry: Entry) -> tuple[str, str, Path, int]:
    """Return what entries are sorted by; the place of a shard on this computer is none of it."""
    return entry.key, "" if entry.shard is None else entry.shard.stored.url, entry.path, entry.offset


def _expand(source: str) -> list[Path | str]:
    """Expand braces and globs of one source into existing paths, sorted; of URLs braces only."""
    if not is_url(source) and os.path.exists(source):
        return [Path(source)]
    try:
        patterns = list(braceexpand(source))
    except ValueError as error:  # UnbalancedBracesError, which the package's stubs leave out
        raise DataError(f"{source}: the braces do not match; write for example {{000..004}}.tar.") from error
    if is_url(source):
        return list(patterns)
    paths: list[Path | str] = []
    for pattern in patterns:
        matches = [pattern] if os.path.exists(pattern) else sorted(glob.glob(pattern, recursive=True))
        if not matches:
            raise DataError(f"{pattern}: no such file or folder; check the path given for the photos.")
        paths.extend(Path(match) for match in matches)
    return paths


def _entries_at(path: Path) -> Iterator[Entry]:
    """Yield the photos of one existing path: a folder, a shard or a photo."""
    try:
        if path.is_dir():
            for child in sorted(child for child in path.rglob("*") if child.is_file()):
                if child.suffix.lower() == TAR_SUFFIX:
                    yield from _shard_entries(child, child.relative_to(path).with_suffix("").as_posix())
                elif child.suffix.lower() in PHOTO_SUFFIXES:
                    yield _file_entry(child, child.relative_to(path).as_posix())
        elif path.suffix.lower() in PHOTO_SUFFIXES:
            yield _file_entry(path, path.name)
        elif path.suffix.lower() == TAR_SUFFIX:
            yield from _shard_entries(path, path.stem)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"{path}: cannot be read ({reason}); check the path and its rights.") from error


def _file_entry(path: Path, key: str) -> Entry:
    return Entry(key, path.absolute(), WHOLE_FILE, path.stat().st_size)


def _shard_entries(path: Path, name: str) -> Iterator[Entry]:
    """Yield the photos inside an uncompressed tar file; other members are passed over."""
    path = path.absolute()
    with open(path, "rb") as file:
        yield from _photos_of(list_members(file, path.stat().st_size, str(path)), Entry(name, path, 0, 0))


def _remote_entries(urls: Sequence[str], shelf: Shelf) -> Iterator[Entry]:
    """Yield the photos inside the shards at URLs."""
    for shard, members in list_shards(find_shards(urls), shelf) if urls else ():
        yield from _photos_of(members, Entry(shard.stored.name, shard.path, 0, 0, shard))


def _photos_of(members: Iterable[Member], shard: Entry) -> Iterator[Entry]:
    """Yield the entries of those members of a shard that are photos."""
    for name, offset, size in members:
        if os.path.splitext(name)[1].lower() in PHOTO_SUFFIXES:
            yield Entry(f"{shard.key}/{name}", shard.path, offset, size, shard.shard)


def _with_unique_keys(entries: Iterable[Entry]) -> list[Entry]:
    """Append #2, #3 ... to the keys that occurred before; `entries` are sorted by key."""
    seen: dict[str, int] = {}
    unique: list[Entry] = []
    for entry in entries:
        count = seen[entry.key] = seen.get(entry.key, 0) + 1
        unique.append(entry if count == 1 else replace(entry, key=f"{entry.key}#{count}"))
    return unique


@lru_cache(maxsize=256)
def _shard_file(path: Path) -> BinaryIO:
    """Keep one open file a shard; `os.pread` never moves its position, so forks and threads may share it."""
    return cast(BinaryIO, open(path, "rb", buffering=0))


def _upright_srgb(image: Image.Image) -> Image.Image:
    """Convert an opened photo to mode RGB in sRGB, turned as its EXIF orientation says."""
    profile = image.info.get("icc_profile")
    if image.getexif().get(ORIENTATION_TAG, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode in DEEP_GRAY_MODES:
        return _eight_bits(image).convert("RGB")
    if profile and image.mode in ("RGB", "CMYK"):
        transform = _to_srgb(profile, image.mode)
        if transform is not None:
            return ImageCms.applyTransform(image, transform) or image
    if image.mode in ("P", "PA") and "transparency" in image.info:
        image = image.convert("RGBA")
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """Bring 16-bit, 32-bit and float gray to 8 bits; Pillow alone would clip them to white."""
    values = np.asarray(image, dtype=np.float64)
    top = 65535.0 if image.mode.startswith("I") else max(1.0, float(values.max(initial=0.0)))
    return Image.fromarray((values.clip(0.0, top) * (255.0 / top) + 0.5).astype(np.uint8))


@lru_cache(maxsize=64)
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Build the transform from an embedded ICC profile to sRGB; None where it is sRGB or cannot be used."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return None
        return ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None
