"""What lies in ZIP and TAR files, WebDataset shards among them: listed in one pass, read in any order."""

import bz2
import gzip
import lzma
import tarfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, cast

from photochrom.archive.entry import STATE_FOLDER, Entry, Trouble
from photochrom.archive.names import is_sidecar, safe_key
from photochrom.errors import PhotoUnreadable
from photochrom.urls import said

Open = Callable[[str], BinaryIO]
"""Opens an archive by its path."""

ENDINGS: Final = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_PACKED: Final[dict[str, Any]] = {"": None, "gz": gzip.open, "bz2": bz2.open, "xz": lzma.open}
BROKEN: Final = (
    tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError,
    gzip.BadGzipFile, ValueError,
)  # fmt: skip
"""What the modules that read archives raise where one is damaged."""


def is_archive(name: str) -> bool:
    """Tell whether a name is that of an archive."""
    return name.lower().endswith(ENDINGS)


def without_ending(name: str) -> str:
    """Return the name of an archive without its ending."""
    return next((name[: -len(ending)] for ending in reversed(ENDINGS) if name.lower().endswith(ending)), name)


def list_members(path: str, file: BinaryIO, prefix: str) -> Iterator[Entry | Trouble]:
    """Give the files of an archive in their order; keys begin with ``prefix``, a second of one name ends in "#2".

    Raises OSError where the archive cannot be read; one that is damaged gives a Trouble at that place.
    """
    seen: dict[str, int] = {}
    members = _zip_members(path, file) if path.lower().endswith(".zip") else _tar_members(path, file)
    try:
        for entry in members:
            key = safe_key(entry.key)
            if is_sidecar(entry.key) or (key is not None and STATE_FOLDER in key.split("/")):
                continue
            if key is None:
                text = f"{path}: holds {entry.key!r}, a name that leads out of the target; unpack it by hand"
                yield Trouble(prefix + entry.key, "UnsafeName", text)
                continue
            count = seen[key] = seen.get(key, 0) + 1
            yield Entry(prefix + (key if count == 1 else f"{key}#{count}"), entry.where, entry.size, entry.stamp)
    except BROKEN as error:
        text = f"{path}: damaged or cut short ({said(error)}), expected a whole archive; get another copy"
        yield Trouble(prefix.rstrip("/") or path, "ArchiveUnreadable", text)


class Members:
    """Reads members of archives; keeps each archive open. Any number of threads may share one."""

    def __init__(self, open_file: Open) -> None:
        self._open, self._lock = open_file, threading.Lock()
        self._zips: dict[str, tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]] = {}
        self._tars: dict[str, BinaryIO] = {}

    def __getstate__(self) -> Open:
        """Give what opens archives: another process opens them anew."""
        return self._open

    def __setstate__(self, state: Open) -> None:  # noqa: D105
        self.__init__(state)  # type: ignore[misc]

    def read(self, where: tuple[str, ...]) -> bytes:
        """Return a member's bytes; raises PhotoUnreadable where the archive is damaged, OSError where it is gone."""
        path, kind, *place = where
        try:
            return self._from_zip(path, int(place[0])) if kind == "zip" else self._from_tar(path, kind, place)
        except BROKEN as error:
            raise PhotoUnreadable(f"{path}: this member cannot be read ({said(error)}); unpack it by hand") from error

    def forget(self, path: str) -> None:
        """Close an archive: the next read opens it anew."""
        with self._lock:
            for kept in (self._zips.pop(path, (None,))[0], self._tars.pop(path, None)):
                if kept is not None:
                    kept.close()

    def _from_zip(self, path: str, number: int) -> bytes:
        with self._lock:
            if path not in self._zips:
                archive = zipfile.ZipFile(self._open(path))
                self._zips[path] = archive, archive.infolist()
            archive, members = self._zips[path]
        return archive.read(members[number])

    def _from_tar(self, path: str, kind: str, place: list[str]) -> bytes:
        offset, size = map(int, place)
        with self._lock:
            if path not in self._tars:
                file, unpack = self._open(path), _PACKED[kind.partition(".")[2]]
                self._tars[path] = file if unpack is None else unpack(file)
            self._tars[path].seek(offset)
            content = self._tars[path].read(size)
        if len(content) < size:
            raise EOFError("the archive ends inside it")
        return content


def _zip_members(path: str, file: BinaryIO) -> Iterator[Entry]:
    with zipfile.ZipFile(file) as archive:
        for number, info in enumerate(archive.infolist()):
            if not info.is_dir():
                stamp = f"{info.CRC:08x} {info.date_time}"
                yield Entry(info.filename, (path, "zip", str(number)), info.file_size, stamp)


def _tar_members(path: str, file: BinaryIO) -> Iterator[Entry]:
    start = file.read(6)
    file.seek(0)
    packing = {b"\x1f\x8b": "gz", b"BZ": "bz2", b"\xfd7": "xz"}.get(start[:2], "")
    with tarfile.open(fileobj=file if not packing else cast(BinaryIO, _PACKED[packing](file)), mode="r:") as archive:
        for info in archive:
            if info.isreg() and not info.sparse:
                place = (str(info.offset_data), str(info.size))
                yield Entry(info.name, (path, f"tar.{packing}".rstrip("."), *place), info.size, f"{info.mtime} {place}")
            cast(Any, archive).members = []  # it would keep them all
