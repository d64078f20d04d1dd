"""Keeps shards of object stores, and lists of what is in them, on the local disk: fetched once, within a bound.

    folder/index/MARK-train-000.json   what lies where in the shard; small, kept for good
    folder/MARK-train-000.tar          the shard; the one not read for longest makes room
    folder/MARK-train-000.part         a shard on its way
    folder/locks/                      so that the processes of a computer fetch each shard once

A mark is made of URL, size and stamp: a shard that changed has another.
"""

from __future__ import annotations

import hashlib
import io
import json
import logging
import os
import random
import re
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import filelock
from platformdirs import user_cache_path

from photochrom.data.stores import LANES, Stored
from photochrom.data.tars import TAR_SUFFIX, Member, list_members
from photochrom.errors import OptionError, RunError

GIGABYTE = 10**9
USUAL_LIMIT = 50 * GIGABYTE
PART_SUFFIX = ".part"
PIECE = 16 * 2**20
"""Bytes asked for by one request while a shard is fetched; a broken connection costs no more than one piece."""
HOP = 4096
"""Bytes asked for at each header: also those of the small files that stand beside a photo."""
MANY = 50
"""Shards whose listing takes long enough to be told."""
TURNS = 20

_log = logging.getLogger(__name__)


def usual_folder() -> Path:
    """Return the folder for shards if none is named: in this user's cache folder."""
    return user_cache_path("photochrom", appauthor=False) / "shards"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder on the local disk that holds up to ``limit`` bytes of shards; raises OptionError for none."""

    folder: Path = field(default_factory=usual_folder)
    limit: int = USUAL_LIMIT

    def __post_init__(self) -> None:
        """Check the limit."""
        if self.limit <= 0:
            raise OptionError(f"the room for shards is {self.limit / GIGABYTE:g} GB; expected more than 0")


@dataclass(frozen=True, slots=True)
class RemoteShard:
    """A shard of a store and the shelf it is kept on; goes between processes."""

    stored: Stored
    shelf: Shelf

    @property
    def mark(self) -> str:
        """Its name on the shelf: another one for each version of each shard."""
        identity = f"{self.stored.url} {self.stored.size} {self.stored.stamp}"
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", self.stored.name.rpartition("/")[2])[-60:]
        return f"{hashlib.sha256(identity.encode()).hexdigest()[:16]}-{name}"

    @property
    def path(self) -> Path:
        """Where it lies once it is fetched."""
        return self.shelf.folder / f"{self.mark}{TAR_SUFFIX}"

    def members(self) -> list[Member]:
        """Return what lies where in it: from the shelf's index, which is made of its headers the first time.

        Raises RunError where the store cannot be read and DataError where it is no complete tar file.
        """
        with suppress(OSError, ValueError):
            return self._known()
        with _locked(self.shelf, self.mark):
            return self._indexed()

    @property
    def has_index(self) -> bool:
        """Whether it is known what lies where in it."""
        return self._index_path.exists()

    def index(self) -> None:
        """Make the index if no other process is at it; raises what :meth:`members` raises."""
        with suppress(_Busy), _locked(self.shelf, self.mark, wait=False):
            self._indexed()

    def read(self, offset: int, size: int) -> bytes:
        """Return a part of the shard, which is fetched first if it is not there; raises RunError where it cannot be."""
        for _ in range(TURNS):
            self.fetch()
            with suppress(FileNotFoundError), self.path.open("rb", buffering=0) as file:
                os.utime(file.fileno())
                return os.pread(file.fileno(), size, offset)
        raise RunError(f"{self.shelf.folder}: {self.stored.url} does not stay there; give more room with --cache-gb")

    def read_alone(self, offset: int, size: int) -> bytes:
        """Return a part of the shard by one request, without fetching the rest."""
        with suppress(OSError), self.path.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), size, offset)
        return self.stored.read(offset, offset + size)

    def fetch(self, wait: bool = True) -> None:
        """Put the shard on the shelf where it is not; without ``wait``, not where another process is at it.

        Raises RunError where the store does not give it, it changed, or there is no room.
        """
        if self.path.exists():
            return
        with suppress(_Busy), _locked(self.shelf, self.mark, wait):
            if not self.path.exists():
                self._fetch()

    @property
    def _index_path(self) -> Path:
        return self.shelf.folder / "index" / f"{self.mark}.json"

    def _known(self) -> list[Member]:
        found = json.loads(self._index_path.read_bytes())
        return [(str(name), int(offset), int(size)) for name, offset, size in found]

    def _indexed(self) -> list[Member]:
        """Return the index, made now unless another process has just made it."""
        with suppress(OSError, ValueError):
            return self._known()
        with io.BufferedReader(self.stored.open(), HOP) as file:
            found = list(list_members(file, self.stored.size, self.stored.url))
        self.stored.require_unchanged()
        _write(self._index_path, json.dumps(found).encode())
        return found

    def _fetch(self) -> None:
        part = self.path.with_suffix(PART_SUFFIX)
        try:
            _reserve(self.shelf, part, self.stored.size)
            with part.open("r+b") as file:
                for start in range(0, self.stored.size, PIECE):
                    file.write(self._piece(start, min(start + PIECE, self.stored.size)))
                file.flush()
                os.fsync(file.fileno())  # a shard that is there is whole, whatever happens to the computer
            self.stored.require_unchanged()
            part.replace(self.path)
        except OSError as error:
            text = f"{part}: cannot be written ({error.strerror}); name another folder with --cache, or less --cache-gb"
            raise RunError(text) from error
        finally:
            with suppress(OSError):
                part.unlink(missing_ok=True)

    def _piece(self, start: int, end: int) -> bytes:
        try:
            return self.stored.read(start, end)
        except RunError:
            self.stored.require_unchanged()  # says more, where it is true
            raise


class _Busy(Exception):  # noqa: N818 - reads as the fact it states
    """Another process holds the lock."""


def list_shards(found: Sequence[Stored], shelf: Shelf) -> Iterator[tuple[RemoteShard, list[Member]]]:
    """Yield each shard with what lies where in it; many are asked at the same time, and processes share the work.

    Raises what :meth:`RemoteShard.members` raises.
    """
    shards = [RemoteShard(stored, shelf) for stored in found]
    missing = [shard for shard in shards if not shard.has_index]
    if len(missing) >= MANY:
        _log.warning("listing %d shards for the first time; their index is kept in %s", len(missing), shelf.folder)
    random.Random().shuffle(missing)  # so that each process begins with others
    with ThreadPoolExecutor(LANES) as pool:
        for _ in pool.map(RemoteShard.index, missing):
            pass
        yield from zip(shards, pool.map(RemoteShard.members, shards), strict=True)


def _write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all; raises RunError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.replace(name, path)
    except OSError as error:
        raise RunError(f"{path}: cannot be written ({error.strerror}); name another folder with --cache") from error


@contextmanager
def _locked(shelf: Shelf, name: str, wait: bool = True) -> Iterator[None]:
    """Hold a lock among all processes and threads; the system opens it when a process dies. Raises _Busy, RunError."""
    folder = shelf.folder / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(folder / name, timeout=-1 if wait else 0)
        lock.acquire()
    except filelock.Timeout as error:
        raise _Busy from error
    except OSError as error:
        raise RunError(f"{folder}: cannot be written ({error.strerror}); name another folder with --cache") from error
    try:
        yield
    finally:
        lock.release()


def _reserve(shelf: Shelf, part: Path, size: int) -> None:
    """Make room for a shard and begin its file in full size, so that others count it; raises RunError."""
    with _locked(shelf, "shelf"):
        held = list(_held(shelf))
        room = shelf.limit - size - sum(stat.st_size for path, stat in held if path != part)
        for path, stat in sorted(held, key=lambda known: known[1].st_mtime_ns):
            if room >= 0:
                break
            if path != part and _may_go(shelf, path):
                path.unlink(missing_ok=True)
                room += stat.st_size
        if room < 0:
            raise RunError(
                f"{shelf.folder}: {shelf.limit / GIGABYTE:g} GB are too little for the shards that are read at once; "
                "give more with --cache-gb"
            )
        with part.open("wb") as file:
            file.truncate(size)


def _held(shelf: Shelf) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield the shards and parts on the shelf."""
    for path in shelf.folder.iterdir():
        if path.suffix in (TAR_SUFFIX, PART_SUFFIX):
            with suppress(FileNotFoundError):  # a part that has just become a shard
                yield path, path.stat()


def _may_go(shelf: Shelf, path: Path) -> bool:
    """Tell whether a file of the shelf may be removed: every shard; a part only where nobody is at it any more."""
    if path.suffix == TAR_SUFFIX:
        return True
    with suppress(_Busy), _locked(shelf, path.stem, wait=False):
        return True
    return False
