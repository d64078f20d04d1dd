"""Sources and targets at URLs."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from photochrom.archive.entry import STATE_FOLDER, Entry, Standing, Trouble
from photochrom.archive.faults import is_passing
from photochrom.archive.members import Members, is_archive, list_members, without_ending
from photochrom.archive.names import is_sidecar
from photochrom.archive.places import Unpacked
from photochrom.archive.store import WHOLE, Store, fixed_part, has_pattern
from photochrom.errors import OutputExists, OutputUnwritable, PhotochromError
from photochrom.photo import Photo, SaveOptions
from photochrom.photo.formats import by_suffix
from photochrom.photo.target import part_start
from photochrom.urls import said, stamp_of


@dataclass
class RemoteSource:
    """All files below a URL, those that fit a URL with a pattern, one photo, or the members of an archive.

    Archives that fit a pattern are looked into, each as a folder of its name.
    """

    store: Store
    without: str | None = None
    is_remote: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        """Nothing is open yet."""
        self._members = Members(self._open)

    @property
    def identity(self) -> str:
        """The URL, without a password."""
        return self.store.identity

    @property
    def folder(self) -> str:
        """The URL of the folder that keys begin in."""
        url = self.identity
        return url.rpartition("/")[0] if _is_one_archive(url) else self._base(url)

    def entries(self) -> Iterator[Entry | Trouble]:
        """Give everything, folder by folder; raises OptionError for what can be no source."""
        try:
            if _is_one_archive(self.store.root):
                yield from self._archive(self.store.root.rpartition("/")[2], "")
                return
            for key, info in self._found():
                inside = self.without is not None and f"{key}/".startswith(self.without)
                if inside or STATE_FOLDER in key.split("/") or is_sidecar(key):
                    continue
                if has_pattern(self.store.root) and is_archive(key):
                    yield from self._archive(key, without_ending(key) + "/")
                else:
                    yield Entry(key, (key,), int(info.get("size") or 0), stamp_of(info))
        except PhotochromError:
            raise
        except Exception as error:  # each file system has its own
            text = f"{self.identity}: cannot be listed ({said(error)}); check the address and the rights"
            yield Trouble(".", "FolderUnreadable", text)

    def fetch(self, where: tuple[str, ...]) -> tuple[Path | bytes, str]:
        """Return a photo's bytes and their SHA-256; raises what the file system raises."""
        content = self._members.read(where) if len(where) > 1 else self.store.system.cat_file(self._path(where[0]))
        return content, hashlib.sha256(content).hexdigest()

    def start(self, where: tuple[str, ...], size: int) -> bytes:
        """Return the first bytes of a file; raises what the file system raises."""
        if len(where) > 1:
            return self._members.read(where)[:size]
        return cast(bytes, self.store.system.cat_file(self._path(where[0]), start=0, end=size))

    def _archive(self, name: str, prefix: str) -> Iterator[Entry | Trouble]:
        with self.store.again(lambda: self._open(name)) as file:
            yield from list_members(name, file, prefix)

    def _found(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give (key, what is known) of each file."""
        root, system, found = self.store.root, self.store.system, dict[str, dict[str, Any]]()
        base = self._base(root)
        if base == root:
            yield from self.store.files(root)
        elif has_pattern(root):
            found = self.store.again(lambda: system.glob(root, detail=True))
        else:
            found[root] = self.store.again(lambda: system.info(root))
        for path, info in sorted(found.items()):
            if info.get("type") != "directory":
                yield path[len(base) :].lstrip("/"), info

    def _path(self, key: str) -> str:
        root = self.store.root
        if _is_one_archive(root):
            return root
        return f"{base}/{key}" if (base := self._base(root)) else key

    def _base(self, path: str) -> str:
        """Return the folder that keys begin in: of a pattern its fixed part, of a photo where it lies."""
        if has_pattern(path):
            return fixed_part(path)
        is_photo = by_suffix(os.path.splitext(path)[1]) is not None and not self.store.url.endswith("/")
        return path.rpartition("/")[0] if is_photo else path

    def _open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, self.store.system.open(self._path(path), "rb"))


@dataclass
class RemoteTarget(Unpacked):
    """A folder of results at a URL."""

    store: Store
    is_remote: bool = field(default=True, init=False)
    is_archive: bool = field(default=False, init=False)

    @property
    def identity(self) -> str:
        """The URL, without a password."""
        return self.store.identity

    def standing(self) -> Iterator[Standing]:
        """Give every file that stands there, without those of the ledger; raises OutputUnwritable."""
        with suppress(FileNotFoundError), self._reached():
            for key, info in self.store.files(self.store.root):
                if STATE_FOLDER not in key.split("/"):
                    yield Standing(key, int(info.get("size") or 0), stamp_of(info))

    def writer(self, photo: Photo, name: str, options: SaveOptions) -> Callable[[bool], Standing]:
        """Return what uploads a result; its bytes are computed now."""
        content = photo.encode(options)
        return lambda overwrite: self.upload(content, name, overwrite)

    def upload(self, content: bytes, name: str, overwrite: bool) -> Standing:
        """Write bytes whole or not at all."""
        path, system = self.store.path(name), self.store.system
        if not overwrite and system.exists(path):
            raise OutputExists(f"{name}: exists already; choose another target or allow overwriting")
        try:
            self._put(path, content)
        except Exception as error:  # each file system has its own
            if is_passing(error):
                raise
            text = f"{name}: cannot be written ({said(error)}); check that {self.identity} is there, and the rights"
            raise OutputUnwritable(text) from error
        info = system.info(path)
        if int(info.get("size") or 0) != len(content):
            raise OutputUnwritable(f"{name}: arrived with {info.get('size')} bytes of {len(content)}; try again")
        return Standing(name, len(content), stamp_of(info))

    def tidy(self, names: list[str]) -> None:
        """Remove what killed processes left beside results that they had begun, where objects are not whole at once."""
        if self.store.scheme in WHOLE:
            return
        begun: dict[str, list[str]] = {}
        for name in names:
            folder, _, last = self.store.path(name).rpartition("/")
            begun.setdefault(folder, []).append(part_start(last))
        for folder, starts in begun.items():
            with suppress(Exception):  # each file system has its own; what is left is no harm
                for path in self.store.system.ls(folder, detail=False):
                    last = str(path).rpartition("/")[2]
                    if last.endswith(".part") and last.startswith(tuple(starts)):
                        self.store.system.rm_file(path)

    def keep(self, name: str, content: Path) -> None:
        """Put a file of the report into the state folder, whole or not at all."""
        with self._reached():
            self.store.again(lambda: self.upload(content.read_bytes(), f"{STATE_FOLDER}/{name}", True))

    def place(self, name: str) -> str:
        """Return the URL of a file of the report."""
        return f"{self.identity}/{STATE_FOLDER}/{name}"

    def restore(self, name: str, into: Path) -> bool:
        """Write to a path what an earlier run kept under a name; returns whether there is any."""
        with suppress(FileNotFoundError), self._reached():
            path = self.store.path(f"{STATE_FOLDER}/{name}")
            into.write_bytes(self.store.again(lambda: self.store.system.cat_file(path)))
            return True
        return False

    def _put(self, path: str, content: bytes) -> None:
        """Put bytes in a place at once, beside it at first where the file system does not do so by itself."""
        system = self.store.system
        if self.store.scheme in WHOLE:
            system.pipe_file(path, content)
            return
        folder, _, last = path.rpartition("/")
        part = f"{folder}/{part_start(last)}{os.urandom(6).hex()}.part"
        system.makedirs(folder, exist_ok=True)
        try:
            system.pipe_file(part, content)
            system.mv(part, path)
        finally:
            if system.exists(part):
                system.rm_file(part)

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Say in one line what keeps a file system, of which each has its own errors, from doing what it is to do."""
        try:
            yield
        except (PhotochromError, FileNotFoundError):
            raise
        except Exception as error:
            text = f"{self.identity}: cannot be reached or written ({said(error)}); check the address and the rights"
            raise OutputUnwritable(text) from error


def _is_one_archive(path: str) -> bool:
    return is_archive(path) and not has_pattern(path)


def options_for(name: str, options: SaveOptions) -> SaveOptions:
    """Return the options with the format that a name asks for: what :meth:`Photo.save` does with a path."""
    named = by_suffix(os.path.splitext(name)[1])
    return options if options.format or named is None else SaveOptions(named.name, options.quality, options.overwrite)
