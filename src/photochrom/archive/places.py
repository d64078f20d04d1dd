"""Where photos come from, and where results go: what any source and any target can do, and sources of this computer."""

import glob
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from photochrom.archive.entry import STATE_FOLDER, Entry, Standing, Trouble
from photochrom.archive.members import Members, is_archive, list_members, without_ending
from photochrom.archive.names import is_sidecar
from photochrom.errors import OptionError
from photochrom.photo import Photo, SaveOptions
from photochrom.urls import said


class Source(Protocol):
    """Where photos come from; goes between processes."""

    is_remote: bool

    @property
    def identity(self) -> str:
        """What tells this source from others."""

    def entries(self) -> Iterator[Entry | Trouble]:
        """Give everything, one by one, in an order that stays."""

    def fetch(self, where: tuple[str, ...]) -> tuple[Path | bytes, str]:
        """Return a photo, as the path of a file or its bytes, and the SHA-256 of its content; raises OSError."""

    def start(self, where: tuple[str, ...], size: int) -> bytes:
        """Return the first bytes of a file; raises OSError."""


class Target(Protocol):
    """Where results go; goes between processes. An archive is one file of them in the end."""

    is_remote: bool
    is_archive: bool

    @property
    def identity(self) -> str:
        """What is shown of it."""

    def standing(self) -> Iterator[Standing]:
        """Give every file that stands there, without those of the ledger."""

    def writer(self, photo: Photo, name: str, options: SaveOptions) -> Callable[[bool], Standing]:
        """Return what writes a result, whole or not at all, as often as it is called; told whether to overwrite.

        It raises OutputExists where something stands under that name that it may not replace.
        """

    def tidy(self, names: list[str]) -> None:
        """Remove what killed processes left of results that they had begun."""

    def keep(self, name: str, content: Path) -> None:
        """Put a file of the report into the state folder, whole or not at all."""

    def place(self, name: str) -> str:
        """Return where a file of the report is."""

    def restore(self, name: str, into: Path) -> bool:
        """Write to a path what an earlier run kept under a name; returns whether there is any."""

    @property
    def is_packed(self) -> bool:
        """Whether it is an archive that holds all results; what was told of them may be older."""

    def pack(self, told: Callable[[int], None]) -> None:
        """Make an archive of all results, where the target is one; ``told`` hears how many files are in it."""

    def clear(self) -> None:
        """Remove what was only needed while results were made."""


class Unpacked:
    """What targets have in common whose results stay files of their own."""

    @property
    def is_packed(self) -> bool:
        """Never."""
        return False

    def pack(self, told: Callable[[int], None]) -> None:
        """Do nothing."""

    def clear(self) -> None:
        """Do nothing."""


@dataclass
class LocalSource:
    """Files below ``root``: what ``starts`` name there ("" is root itself), folders with all that is in them.

    Archives that are named themselves are looked into; those found in folders are not. ``without`` are the paths of
    folders and files, those of results, that are passed over. Links are followed, but never around in a circle.
    """

    root: str
    starts: tuple[str, ...] = ("",)
    without: tuple[str, ...] = ()
    identity: str = ""
    is_remote: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Nothing is open yet."""
        self._members = Members(self._open)

    def entries(self) -> Iterator[Entry | Trouble]:
        """Give everything, sorted by name within each folder."""
        for start in self.starts:
            path = os.path.join(self.root, start) if start else self.root
            if start and any(_lies_in(path, other) for other in self.without):
                continue
            if os.path.isdir(path):
                yield from self._walk(start, ())
            elif is_archive(start):
                yield from self._archive(start)
            else:
                yield _file_entry(path, start)

    def fetch(self, where: tuple[str, ...]) -> tuple[Path | bytes, str]:
        """Return the path of a file, or the bytes of a member, and the SHA-256 of its content; raises OSError."""
        if len(where) > 1:
            content = self._members.read(where)
            return content, hashlib.sha256(content).hexdigest()
        path = Path(self.root, where[0])
        if not is_text(where[0]):
            content = path.read_bytes()
            return content, hashlib.sha256(content).hexdigest()
        with path.open("rb") as file:
            return path, hashlib.file_digest(file, "sha256").hexdigest()

    def start(self, where: tuple[str, ...], size: int) -> bytes:
        """Return the first bytes of a file; raises OSError."""
        if len(where) > 1:
            return self._members.read(where)[:size]
        with open(os.path.join(self.root, where[0]), "rb") as file:
            return file.read(size)

    def _open(self, path: str) -> BinaryIO:
        return open(os.path.join(self.root, path), "rb")

    def _archive(self, name: str) -> Iterator[Entry | Trouble]:
        prefix = "" if len(self.starts) == 1 else without_ending(name) + "/"
        try:
            with self._open(name) as file:
                yield from list_members(name, file, prefix)
        except OSError as error:
            yield Trouble(name, "ArchiveUnreadable", f"{name}: cannot be read ({said(error)}); check its rights")

    def _walk(self, below: str, above: tuple[tuple[int, int], ...]) -> Iterator[Entry | Trouble]:
        """Give the files of a folder and its folders; ``above`` are those it lies in, as device and inode."""
        path = os.path.join(self.root, below) if below else self.root
        try:
            found = os.stat(path)
            if (self_id := (found.st_dev, found.st_ino)) in above:
                yield Trouble(below, "LinkLoop", f"{below}: a link back to a folder it lies in", failed=False)
                return
            if any(_same(found, other) for other in self.without):
                return
            with os.scandir(path) as scan:
                children = sorted(scan, key=lambda child: child.name)
        except OSError as error:
            text = f"{below or path}: this folder cannot be read ({said(error)}); check its rights"
            yield Trouble(below or ".", "FolderUnreadable", text)
            return
        for child in children:
            key = f"{below}/{child.name}" if below else child.name
            if child.name == STATE_FOLDER or is_sidecar(child.name):
                continue
            if _is_folder(child):
                yield from self._walk(key, (*above, self_id))
            elif not any(child.name == os.path.basename(one) and _lies_in(child.path, one) for one in self.without):
                yield _file_entry(child, key)


def local_source(name: str, without: tuple[str, ...] = ()) -> LocalSource:
    """Return a folder, a file, an archive or a glob as a source; raises OptionError where there is none."""
    path = os.path.abspath(name)
    if os.path.isdir(path):
        return LocalSource(path, ("",), without, path)
    if os.path.exists(path):
        root, start = os.path.split(path)
        return LocalSource(root, (start,), without, path)
    if not glob.has_magic(name):
        raise OptionError(f"{name}: no such file or folder; give a folder, an archive, a glob or a URL")
    parts = Path(path).parts
    fixed = next(number for number, part in enumerate(parts) if glob.has_magic(part))
    root = str(Path(*parts[:fixed]))
    found = sorted(glob.glob(str(Path(*parts[fixed:])), root_dir=root, recursive=True))
    deep = "**" in parts  # such a pattern names what lies in folders itself
    starts = tuple(start for start in found if not (deep and os.path.isdir(os.path.join(root, start))))
    if not starts:
        raise OptionError(f"{name}: no file fits this pattern; check it")
    return LocalSource(root, starts, without, root)


def _file_entry(file: "os.DirEntry[str] | str", key: str) -> Entry | Trouble:
    try:
        found = os.stat(file) if isinstance(file, str) else file.stat()
    except OSError as error:
        return Trouble(key, "FileUnreadable", f"{key}: cannot be looked at ({said(error)}); a broken link?")
    if not stat.S_ISREG(found.st_mode):
        return Trouble(key, "NotAFile", f"{key}: neither a file nor a folder", failed=False)
    return Entry(key, (key,), found.st_size, str(found.st_mtime_ns))


def _is_folder(child: "os.DirEntry[str]") -> bool:
    try:
        return child.is_dir()
    except OSError:
        return False


def is_text(name: str) -> bool:
    """Tell whether a file name is Unicode; libvips opens no other."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _same(found: os.stat_result, path: str) -> bool:
    with suppress(OSError):
        return os.path.samestat(found, os.stat(path))
    return False


def _lies_in(path: str, folder: str) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))
