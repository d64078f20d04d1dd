"""File systems that fsspec reaches: s3://, gs://, az://, sftp://, memory:// and many more."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Final, TypeVar

from photochrom.archive.faults import retry, said
from photochrom.errors import OptionError

T = TypeVar("T")

WHOLE: Final = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "r2", "memory"}
"""Stores in which an object appears whole or not at all; elsewhere a result is uploaded beside and renamed."""

_STAMPS: Final = ("ETag", "etag", "md5Hash", "content_md5", "LastModified", "last_modified", "mtime", "created")
_QUICK: Final = {"use_listings_cache": False, "config_kwargs": {"connect_timeout": 10, "read_timeout": 60}}
_USUAL: Final[dict[str, dict[str, Any]]] = {
    "s3": _QUICK,
    "s3a": _QUICK,
    "sftp": {"timeout": 10},
    "ssh": {"timeout": 10},
}
"""What file systems are given unless the user says otherwise: listings as they are now, and no long wait for a server
that hangs; all that is not here knows ``use_listings_cache``."""
_BROUGHT: Final = ("fsspec", "s3fs", "aiobotocore", "botocore")
"""Packages that ``photochrom[batch]`` brings."""


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
            options = _USUAL.get(self.scheme, {"use_listings_cache": False}) | self.options
            system, path = core.url_to_fs(self.url, **options)
        except ImportError as error:
            raise OptionError(f"{self.identity}: {_missing(error)}") from error
        except (ValueError, TypeError) as error:
            raise OptionError(f"{self.identity}: {said(error)}; expected a URL such as s3://bucket/folder") from error
        if self.scheme in WHOLE and self.scheme != "memory" and not str(path).strip("/"):
            raise OptionError(f"{self.identity}: names no bucket; expected a URL such as s3://bucket/folder")
        return system, path


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


def _missing(error: ImportError) -> str:
    """Return what to install where fsspec, or what it needs for a scheme, is missing."""
    cause = error.__cause__ if isinstance(error.__cause__, ImportError) else error
    name = (cause.name or error.name or "").partition(".")[0]
    if name in _BROUGHT:
        return f"needs {name}; pip install 'photochrom[batch]' brings it"
    return f"{said(error)}; pip install {name} brings it" if name and name in said(error) else said(error)
