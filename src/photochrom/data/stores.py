"""Object stores: finds tar shards at any URL that fsspec knows (s3://, gs://, az://, memory://), reads them in parts.

Faults that pass (broken connections, time-outs, a store that throttles) are waited out with growing pauses.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from photochrom.data.tars import TAR_SUFFIX
from photochrom.errors import DataError, RunError
from photochrom.urls import (
    GREETING,
    is_hopeless,
    is_refused,
    reach,
    retry,
    said,
    scheme_of,
    stamp_of,
    status_of,
    without_password,
)

T = TypeVar("T")

LANES = 32
"""Requests to a store at the same time where many small things are asked."""
FURTHER_TRIES = 5
_OPTIONS = {"s3": {"config_kwargs": {"connect_timeout": 10, "read_timeout": 30, "retries": {"max_attempts": 0}}}}


@dataclass(frozen=True, slots=True)
class Stored:
    """A shard in a store: the URL it was asked for by, its path there, size in bytes and what tells a changed one.

    ``name`` is its path below the folder asked for, without suffix, or its own name.
    """

    source: str
    path: str
    name: str
    size: int
    stamp: str

    @property
    def url(self) -> str:
        """The shard's own URL, to be shown: without a password."""
        scheme, _, rest = without_password(self.source).partition("://")
        host, inside = rest.partition("/")[0], self.path.rpartition("://")[2].lstrip("/")
        return f"{scheme}://{inside}" if host and inside.startswith(host) else f"{scheme}://{host}/{inside}"

    def open(self) -> RangedFile:
        """Return the shard as a file; nothing is asked yet."""
        return RangedFile(self)

    def read(self, start: int, end: int) -> bytes:
        """Return the bytes from ``start`` to ``end``; raises RunError where the store does not give them."""

        def part() -> bytes:
            data = cast(bytes, _system(self.source).cat_file(self.path, start=start, end=end))
            if len(data) != end - start:
                raise EOFError(f"{len(data)} bytes came instead of {end - start}")
            return data

        return patiently(part, self.url)

    def asked(self, patience: float = math.inf) -> tuple[int, str]:
        """Return the size and stamp of what stands there now; raises RunError where the store does not say."""
        return _known(patiently(lambda: _system(self.source).info(self.path), self.url, patience))

    def require_unchanged(self) -> None:
        """Raise RunError where another shard stands in this one's place by now."""
        if self.asked() != (self.size, self.stamp):
            raise RunError(f"{self.url}: changed since it was listed; type the command again to list the shards anew")


class RangedFile(io.RawIOBase):
    """A shard as a file that asks the store for each part read; wrap it in a BufferedReader."""

    def __init__(self, shard: Stored) -> None:
        self._shard = shard
        self._place = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move without asking the store."""
        self._place = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._shard.size}[whence]
        return self._place

    def tell(self) -> int:
        """Return the place of the next byte."""
        return self._place

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer with one request, up to the shard's end."""
        end = min(self._place + len(buffer), self._shard.size)
        if end <= self._place:
            return 0
        data = self._shard.read(self._place, end)
        buffer[: len(data)] = data
        self._place = end
        return len(data)


def find_shards(sources: Sequence[str]) -> list[Stored]:
    """Return the tar shards at URLs: of each the shard, those a pattern fits, or all below a folder.

    Raises DataError where there are none and RunError where the store cannot be asked.
    """
    with ThreadPoolExecutor(LANES) as pool:
        found = [shard for shards in pool.map(_shards_at, sources) for shard in shards]
        return list(pool.map(_looked_at, found))


def patiently(do: Callable[[], T], name: str, patience: float = math.inf) -> T:
    """Return what ``do`` does, tried again after faults that may pass, not after so many seconds.

    Raises RunError with ``name`` at the end.
    """
    tries = 1

    def note() -> None:
        nonlocal tries
        tries += 1

    try:
        return retry(
            do, FURTHER_TRIES, lambda error: not (isinstance(error, RunError) or _lasts(error)), note, patience
        )
    except RunError:
        raise
    except Exception as error:  # each file system has its own
        raise RunError(f"{name}: cannot be read ({said(error)}); {_advice(error, tries)}") from error


def _shards_at(source: str) -> list[Stored]:
    """Return the shards of one URL, sorted by path; their sizes and stamps are not known yet."""
    path = _path(source)
    if any(sign in path for sign in "*?["):
        paths = patiently(lambda: _system(source).glob(path), source, GREETING)
    elif path.lower().endswith(TAR_SUFFIX):
        paths = [path]
    else:
        paths = patiently(lambda: _system(source).find(path), source, GREETING)
    below = f"{path.strip('/')}/"
    shards = []
    for place in sorted(place for place in paths if place.lower().endswith(TAR_SUFFIX)):
        inside = place.strip("/")
        name = inside.removeprefix(below) if inside.startswith(below) else inside.rpartition("/")[2]
        shards.append(Stored(source, place, name[: -len(TAR_SUFFIX)], 0, ""))
    if not shards:
        raise DataError(f"{source}: no tar shards found; at a URL, photos are read from shards (NAME.tar) only.")
    return shards


def _looked_at(shard: Stored) -> Stored:
    """Return a shard with its size and stamp: asked one by one, as lists and questions are answered differently."""
    size, stamp = shard.asked(GREETING)
    return replace(shard, size=size, stamp=stamp)


def _known(info: dict[str, Any]) -> tuple[int, str]:
    """Return a shard's size and stamp, of what a file system knows of it."""
    return int(info.get("size") or 0), stamp_of(info)


def _system(source: str) -> Any:
    """Return the file system of a URL: from fsspec's own cache, one for each process and thread."""
    return _reach(source)[0]


def _path(source: str) -> str:
    return _reach(source)[1]


def _reach(source: str) -> tuple[Any, str]:
    scheme = scheme_of(source)
    return reach(source, _OPTIONS.get(scheme, {}), f"{scheme}://", RunError, "s3://bucket/train-*.tar")


def _lasts(error: Exception) -> bool:
    lasting = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
    return isinstance(error, lasting) or is_hopeless(error)


def _advice(error: Exception, tries: int) -> str:
    if isinstance(error, FileNotFoundError) or status_of(error) == 404:
        return "check the bucket and the names"
    if is_refused(error):
        return "check the credentials and rights"
    return f"tried {tries} times; check the address and the connection"
