"""Sources and targets that fsspec reaches: s3://, gs://, az://, sftp://, memory:// and many more."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar, cast

from photochrom.archive.entry import STATE_FOLDER, Entry, Standing, Trouble
from photochrom.archive.faults import retry, said
from photochrom.archive.members import Members, is_archive, list_members
from photochrom.archive.names import is_sidecar
from photochrom.errors import OptionError, OutputExists, OutputUnwritable
from photochrom.photo import Photo, SaveOptions
from photochrom.photo.formats import by_suffix

T = TypeVar("T")

_WHOLE: Final = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "r2", "memory"}
"""Stores in which an object appears whole or not at all; elsewhere a result is uploaded beside and renamed."""

_STAMPS: Final = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "last_modified", "mtime", "created")
_PATIENCE: Final = {"s3": {"config_kwargs": {"connect_timeout": 10, "read_timeout": 60}}}
"""What is given to file systems that would wait long for a server that hangs, unless the user gives something."""


@dataclass
class Store:
    """A file system of fsspec and a place in it; goes between processes, each connects by itself."""

    url: str
    options: dict[str, Any] = field(default_factory=dict)
    retries: int = 4

    @property
    def identity(self) -> str:
        """The URL, without a password."""
        return without_password(self.url).rstrip("/")

    @property
    def scheme(self) -> str:
        """What stands before ://."""
        return self.url.partition("://")[0].rpartition("::")[2].lower()

    @property
    def system(self) -> Any:
        """The file system: of fsspec's own cache, one for each thread."""
        return self._reach()[0]

    @property
    def root(self) -> str:
        """The place in the file system."""
        return str(self._reach()[1]).rstrip("/")

    def path(self, key: str) -> str:
        """Return the path of a key below the place."""
        return f"{self.root}/{key}" if self.root else key

    def key(self, path: str) -> str:
        """Return the key of a path below the place."""
        return path.lstrip("/")[len(self.root.lstrip("/")) :].lstrip("/")

    def files(self, below: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give (key, what is known) of all files below a path, folder by folder, sorted; raises what fsspec raises."""
        found = self.again(lambda: self.system.ls(below, detail=True))
        for info in sorted(found, key=lambda info: str(info["name"])):
            name = str(info["name"]).rstrip("/")
            if name.strip("/") == below.strip("/"):
                continue  # the mark of an empty folder
            if info.get("type") == "directory":
                yield from self.files(name)
            else:
                yield self.key(name), info

    def again(self, do: Callable[[], T]) -> T:
        """Return what ``do`` does; faults that pass are waited for."""
        return retry(do, self.retries)

    def _reach(self) -> tuple[Any, str]:
        try:
            core: Any = import_module("fsspec.core")
            options = {"use_listings_cache": False} | _PATIENCE.get(self.scheme, {}) | self.options
            system, path = core.url_to_fs(self.url, **options)
        except ImportError as error:
            missing = getattr(error, "name", None) or said(error)
            raise OptionError(f"{self.identity}: needs {missing}; pip install 'photochrom[batch]' brings it") from error
        except (ValueError, TypeError) as error:
            raise OptionError(f"{self.identity}: {said(error)}; expected a URL such as s3://bucket/folder") from error
        if self.scheme in _WHOLE and self.scheme != "memory" and not str(path).strip("/"):
            raise OptionError(f"{self.identity}: names no bucket; expected a URL such as s3://bucket/folder")
        return system, path


@dataclass
class RemoteSource:
    """All files below a URL, those that fit a URL with a pattern, or the members of an archive."""

    store: Store
    without: str | None = None
    is_remote: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        """Nothing is open yet."""
        self._members = Members(self._open)

    def __getstate__(self) -> dict[str, Any]:  # noqa: D105
        return {key: value for key, value in self.__dict__.items() if key != "_members"}

    def __setstate__(self, state: dict[str, Any]) -> None:  # noqa: D105
        self.__dict__.update(state)
        self._members = Members(self._open)

    @property
    def identity(self) -> str:
        """The URL, without a password."""
        return self.store.identity

    @property
    def folder(self) -> str:
        """The URL of the folder that keys begin in."""
        url = self.identity
        return fixed_part(url) if has_pattern(url) else url.rpartition("/")[0] if is_archive(url) else url

    def entries(self) -> Iterator[Entry | Trouble]:
        """Give everything, folder by folder."""
        try:
            if is_archive(self.store.root):
                name = self.store.root.rpartition("/")[2]
                with self.store.again(lambda: self._open(name)) as file:
                    yield from list_members(name, file, "")
                return
            for key, info in self._found():
                inside = self.without is not None and f"{key}/".startswith(self.without)
                if not inside and STATE_FOLDER not in key.split("/") and not is_sidecar(key):
                    yield Entry(key, (key,), int(info.get("size") or 0), stamp_of(info))
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

    def _found(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Give (key, what is known) of each file; keys of a pattern begin where it does."""
        if not has_pattern(self.store.root):
            yield from self.store.files(self.store.root)
            return
        base = fixed_part(self.store.root)
        found = self.store.again(lambda: self.store.system.glob(self.store.root, detail=True))
        for path, info in sorted(found.items()):
            if info.get("type") != "directory":
                yield path[len(base) :].lstrip("/"), info

    def _path(self, key: str) -> str:
        root = self.store.root
        if is_archive(root):
            return root
        return f"{fixed_part(root)}/{key}" if has_pattern(root) else self.store.path(key)

    def _open(self, path: str) -> BinaryIO:
        return cast(BinaryIO, self.store.system.open(self._path(path), "rb"))


@dataclass
class RemoteTarget:
    """A folder of results at a URL."""

    store: Store
    is_remote: bool = field(default=True, init=False)

    @property
    def identity(self) -> str:
        """The URL, without a password."""
        return self.store.identity

    def standing(self) -> Iterator[Standing]:
        """Give every file that stands there, without those of the ledger."""
        try:
            for key, info in self.store.files(self.store.root):
                if STATE_FOLDER not in key.split("/"):
                    yield Standing(key, int(info.get("size") or 0), stamp_of(info))
        except FileNotFoundError:
            return

    def writer(self, photo: Photo, name: str, options: SaveOptions) -> Callable[[bool], Standing]:
        """Return what uploads a result; its bytes are computed now."""
        content = photo.encode(options)
        return lambda overwrite: self.upload(content, name, overwrite)

    def upload(self, content: bytes, name: str, overwrite: bool) -> Standing:
        """Write bytes whole or not at all."""
        path, system = self.store.path(name), self.store.system
        if not overwrite and system.exists(path):
            raise OutputExists(f"{name}: exists already; choose another target or allow overwriting")
        if self.store.scheme in _WHOLE:
            system.pipe_file(path, content)
        else:
            part = f"{path.rpartition('/')[0]}/.{os.urandom(6).hex()}.part"
            system.makedirs(path.rpartition("/")[0], exist_ok=True)
            try:
                system.pipe_file(part, content)
                system.mv(part, path)
            finally:
                if system.exists(part):
                    system.rm_file(part)
        info = system.info(path)
        if int(info.get("size") or 0) != len(content):
            raise OutputUnwritable(f"{name}: arrived with {info.get('size')} bytes of {len(content)}; try again")
        return Standing(name, len(content), stamp_of(info))

    def kept(self, name: str) -> bytes | None:
        """Return a file of the state folder; None where there is none."""
        try:
            path = self.store.path(f"{STATE_FOLDER}/{name}")
            return cast(bytes, self.store.again(lambda: self.store.system.cat_file(path)))
        except FileNotFoundError:
            return None

    def keep(self, name: str, content: Path) -> str:
        """Put a file of the report into the state folder and return where it is."""
        self.store.again(lambda: self.upload(content.read_bytes(), f"{STATE_FOLDER}/{name}", True))
        return f"{self.identity}/{STATE_FOLDER}/{name}"


def options_for(name: str, options: SaveOptions) -> SaveOptions:
    """Return the options with the format that a name asks for: what :meth:`Photo.save` does with a path."""
    named = by_suffix(os.path.splitext(name)[1])
    return options if options.format or named is None else SaveOptions(named.name, options.quality, options.overwrite)


def is_url(name: str) -> bool:
    """Tell whether a name is a URL."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.:-]*://", name) is not None


def without_password(url: str) -> str:
    """Return a URL as it may be shown."""
    return re.sub(r"(://[^/@:]+):[^/@]*@", r"\1@", url)


def has_pattern(path: str) -> bool:
    """Tell whether a path holds a pattern."""
    return any(sign in path for sign in "*?[")


def fixed_part(path: str) -> str:
    """Return the folder of a path before its first pattern."""
    parts = path.split("/")
    return "/".join(parts[: next(number for number, part in enumerate(parts) if has_pattern(part))])


def stamp_of(info: dict[str, Any]) -> str:
    """Return what tells a changed file, of what a file system knows of it."""
    return next((str(info[name]) for name in _STAMPS if info.get(name) is not None), "")
