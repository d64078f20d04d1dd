"""ZIP and TAR files as they are written: whole files one after another, stored, in an order that names decide.

The state folder comes first, so that it is found at once; then all results by name. Times are even seconds, in UTC,
which ZIP and TAR can both hold: a file that was taken out again has the size and the time that it had.
"""

import calendar
import os
import tarfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, cast

from photochrom.archive.entry import STATE_FOLDER
from photochrom.archive.members import BROKEN
from photochrom.archive.places import is_text
from photochrom.errors import DataError
from photochrom.urls import said

FIRST_SECOND, LAST_SECOND = 315532800, 4354819198
"""What a ZIP can hold, since 1970: the beginning of 1980, the end of 2107."""
CHUNK: Final = 1 << 20
_TEXT: Final[Any] = {"encoding": "utf-8", "errors": "surrogateescape"}


@dataclass(frozen=True, slots=True)
class Packed:
    """A file in an archive, or on its way into one; ``place`` is where the archive has it."""

    name: str
    size: int
    seconds: int
    place: int = 0

    @property
    def is_state(self) -> bool:
        """Whether it is the ledger or of the report."""
        return self.name.startswith(STATE_FOLDER + "/")


class Archive(Protocol):
    """An open archive, to be read or to be written."""

    def members(self) -> Iterator[Packed]:
        """Give all files."""

    def open(self, member: Packed) -> BinaryIO:
        """Return what reads a file; it may be read no further than its size."""

    def add(self, member: Packed, content: BinaryIO) -> None:
        """Add a file."""

    def close(self) -> None:
        """Write what is left to be written, and close it."""


class _Zip:
    def __init__(self, path: Path, mode: Any) -> None:
        self._zip = zipfile.ZipFile(path, mode)

    def members(self) -> Iterator[Packed]:
        for number, info in enumerate(self._zip.infolist()):
            year, month, day, *clock = info.date_time
            if not info.is_dir():
                seconds = calendar.timegm((year, max(1, month), max(1, day), *clock))
                yield Packed(info.filename, info.file_size, seconds, number)

    def open(self, member: Packed) -> BinaryIO:
        return cast(BinaryIO, self._zip.open(self._zip.infolist()[member.place]))

    def add(self, member: Packed, content: BinaryIO) -> None:
        info = zipfile.ZipInfo(member.name, time.gmtime(member.seconds)[:6])
        info.file_size, info.create_system, info.external_attr = member.size, 3, 0o100644 << 16
        with self._zip.open(info, "w") as file:
            _copy(content, file, member)

    def close(self) -> None:
        self._zip.close()


class _Tar:
    def __init__(self, path: Path, mode: Any) -> None:
        self._tar = cast(Any, tarfile).open(path, f"{mode}:", format=tarfile.PAX_FORMAT, **_TEXT)

    def members(self) -> Iterator[Packed]:
        for info in self._tar:
            if info.isreg():
                yield Packed(info.name, info.size, int(info.mtime), info.offset_data)
            self._forget()

    def open(self, member: Packed) -> BinaryIO:
        file = cast(BinaryIO, self._tar.fileobj)
        file.seek(member.place)
        return file

    def add(self, member: Packed, content: BinaryIO) -> None:
        info = tarfile.TarInfo(member.name)
        info.size, info.mtime, info.mode = member.size, member.seconds, 0o644
        self._tar.addfile(info, content)
        self._forget()

    def close(self) -> None:
        self._tar.close()

    def _forget(self) -> None:
        cast(Any, self._tar).members = []  # it would keep them all


KINDS: Final[dict[str, Callable[[Path, str], Archive]]] = {".zip": _Zip, ".tar": _Tar}
"""What reads and writes an archive, by the ending of its name."""


def packed_in(path: Path) -> Iterator[Packed]:
    """Give the files of an archive; raises DataError where it is damaged."""
    with _opened(path) as archive:
        yield from archive.members()


def unpack(path: Path, name: str, into: Path) -> bool:
    """Write a file of an archive to a path; returns whether it is there. Raises DataError where it is damaged."""
    with _opened(path) as archive:
        for member in archive.members():
            if member.name == name:
                with into.open("wb") as file:
                    _copy(archive.open(member), file, member)
                return True
    return False


def merge(
    old: Path, new: Path, fresh: tuple[Mapping[str, Packed], str], told: Callable[[int], None] = lambda count: None
) -> None:
    """Write an archive of what ``old`` has, if it is there, and ``fresh`` files of a folder, which come first.

    ``told`` hears how many files are in it. Raises DataError where the old one is damaged.
    """
    files, folder = fresh
    with ExitStack() as stack:
        kept: dict[str, Packed] = {}
        if old.exists():
            before = stack.enter_context(_opened(old))
            kept = {one.name: one for one in before.members() if one.name not in files}
        archive = stack.enter_context(closing(KINDS[old.suffix.lower()](new, "w")))
        for count, one in enumerate(sorted([*kept.values(), *files.values()], key=_order), start=1):
            if one.name in kept:
                archive.add(one, before.open(one))
            else:
                with open(os.path.join(folder, one.name), "rb") as file:
                    archive.add(one, file)
            told(count)


def even_seconds(time_ns: int) -> int:
    """Return a time that any archive can hold, since 1970, for one in nanoseconds."""
    return min(LAST_SECOND, max(FIRST_SECOND, time_ns // (2 * 10**9) * 2))


def is_packable(path: Path, name: str) -> bool:
    """Tell whether an archive can hold a file of this name: a ZIP knows Unicode only."""
    return path.suffix.lower() != ".zip" or is_text(name)


@contextmanager
def _opened(path: Path) -> Iterator[Archive]:
    """Open an archive to be read; raises DataError where it cannot be, or is damaged."""
    try:
        archive = KINDS[path.suffix.lower()](path, "r")
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({said(error)}); check its rights") from error
    except BROKEN as error:
        raise _damaged(path, error) from error
    try:
        with closing(archive):
            yield archive
    except BROKEN as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> DataError:
    text = f"{path}: damaged or cut short ({said(error)}), expected an archive that photochrom batch made"
    return DataError(f"{text}; move it away, or get another copy")


def _copy(content: BinaryIO, into: Any, member: Packed) -> None:
    """Copy a file of a known size."""
    left = member.size
    while left > 0 and (chunk := content.read(min(CHUNK, left))):
        into.write(chunk)
        left -= len(chunk)
    if left:
        raise EOFError(f"{member.name} ends too early")


def _order(member: Packed) -> tuple[bool, str]:
    return not member.is_state, member.name
