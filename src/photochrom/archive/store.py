"""File systems that fsspec reaches: s3://, gs://, az://, sftp://, memory:// and many more."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from photochrom.archive.faults import retry
from photochrom.errors import OptionError
from photochrom.urls import GREETING, reach, scheme_of, without_password

T = TypeVar("T")

WHOLE: Final = {"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "oci", "oss", "r2", "memory"}
"""Stores in which an object appears whole or not at all; elsewhere a result is uploaded beside and renamed."""

_QUICK: Final = {"config_kwargs": {"connect_timeout": 10, "read_timeout": 60}}
_USUAL: Final = {"s3": _QUICK, "s3a": _QUICK}
"""What file systems are given unless the user says otherwise: no long wait for a server that hangs."""


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
        return scheme_of(self.url)

    @property
    def system(self) -> Any:
        """The file system: of fsspec's own cache, one for each thread."""
        return self._reach()[0]

    @property
    def root(self) -> str:
        """The place in the file system."""
        return self._reach()[1].rstrip("/")

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
        """Return what ``do`` does, which concerns the run and no photo; faults that pass are waited for, a minute."""
        return retry(do, self.retries, patience=GREETING)

    def _reach(self) -> tuple[Any, str]:
        options = {**_USUAL.get(self.scheme, {}), **self.options}
        system, path = reach(self.url, options, self.identity, OptionError, "s3://bucket/folder")
        if self.scheme in WHOLE and self.scheme != "memory" and not path.strip("/"):
            raise OptionError(f"{self.identity}: names no bucket; expected a URL such as s3://bucket/folder")
        return system, path


def has_pattern(path: str) -> bool:
    """Tell whether a path holds a pattern."""
    return any(sign in path for sign in "*?[")


def fixed_part(path: str) -> str:
    """Return the folder of a path before its first pattern."""
    parts = path.split("/")
    return "/".join(parts[: next(number for number, part in enumerate(parts) if has_pattern(part))])
