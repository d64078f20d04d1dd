"""The order in which an epoch sees the photos: a pure function of the seed, the epoch and the list of photos.

Photos on disks come in any order. Photos in object stores come shard by shard: the shards are shuffled, some of them
make a window, and the photos of a window are shuffled; so that shards are fetched one window ahead, and may make room
for others afterwards.
"""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from photochrom.data.catalog import Entry
from photochrom.data.shelf import GIGABYTE, RemoteShard
from photochrom.errors import DataError, OptionError, RunError

ORDER_STREAM = 0
WINDOW = 16_384
"""Photos that are shuffled together, at least, where they come shard by shard."""
BLOCK = 1000
"""Photos on a disk that stand for a shard where some are in an object store."""

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Window:
    """Photos that are shuffled together, from place ``first`` of the epoch's order on, and the groups they are of."""

    first: int
    groups: IntArray


@dataclass(frozen=True, slots=True)
class Epoch:
    """``order[place]`` is the number of the photo at a place of the epoch; every number occurs once."""

    order: IntArray
    windows: tuple[Window, ...]

    def window_at(self, place: int) -> int:
        """Return the number of the window that a place is in."""
        return bisect_right(self.windows, place, key=lambda window: window.first) - 1


class Order:
    """The endless row of photos of a list: epoch after epoch, each in its own random order."""

    def __init__(self, entries: Sequence[Entry], seed: int) -> None:
        """Group the photos by shard; raises DataError where there are none."""
        if not entries:
            raise DataError("No photos to train on; check the source and the manifest's accepted photos.")
        self.count, self.seed = len(entries), seed
        self.shards: list[RemoteShard | None] = []
        """The shard of each group; None for photos on a disk."""
        self.groups = self._grouped(entries) if any(entry.shard is not None for entry in entries) else None
        self.in_window = max(1, -(-WINDOW * len(self.shards) // self.count))
        self.epoch = lru_cache(maxsize=2)(self._epoch)

    def __getstate__(self) -> dict[str, object]:  # noqa: D105
        return {name: value for name, value in self.__dict__.items() if name != "epoch"}

    def __setstate__(self, state: dict[str, object]) -> None:  # noqa: D105
        self.__dict__.update(state)
        self.epoch = lru_cache(maxsize=2)(self._epoch)

    def require_room(self, ahead: int) -> None:
        """Raise OptionError where a shelf is too small for the shards that ``ahead`` photos are of, and one window.

        The largest shards are counted: windows differ from epoch to epoch.
        """
        shards = [shard for shard in self.shards if shard is not None]
        windows = 2 + -(-ahead // WINDOW)
        for shelf in {shard.shelf for shard in shards}:
            sizes = sorted((shard.stored.size for shard in shards if shard.shelf == shelf), reverse=True)
            needed = sum(sizes[: windows * self.in_window])
            if needed > shelf.limit:
                raise OptionError(
                    f"--cache-gb is {shelf.limit / GIGABYTE:g}; shards that are read at once have "
                    f"{needed / GIGABYTE:.3g} GB: give that, or fewer --workers"
                )

    def _grouped(self, entries: Sequence[Entry]) -> list[IntArray]:
        """Return the numbers of the photos of each shard, and of each block of photos that are on a disk."""
        members: dict[Path | int, list[int]] = {}
        local = 0
        for number, entry in enumerate(entries):
            members.setdefault(local // BLOCK if entry.shard is None else entry.path, []).append(number)
            local += entry.shard is None
        self.shards = [entries[numbers[0]].shard for numbers in members.values()]
        return [np.array(numbers) for numbers in members.values()]

    def _epoch(self, epoch: int) -> Epoch:
        rng = np.random.default_rng((self.seed, ORDER_STREAM, epoch))
        if self.groups is None:
            return Epoch(rng.permutation(self.count), ())
        turns = rng.permutation(len(self.groups))
        parts, windows, first = [], [], 0
        for start in range(0, len(turns), self.in_window):
            groups = turns[start : start + self.in_window]
            parts.append(rng.permutation(np.concatenate([self.groups[group] for group in groups])))
            windows.append(Window(first, groups))
            first += len(parts[-1])
        return Epoch(np.concatenate(parts), tuple(windows))


class ReadAhead:
    """Fetches the shards of the window that is read, then those of the next, beside the reading."""

    def __init__(self, order: Order) -> None:
        self._order = order
        self._at: tuple[int, int] | None = None

    def note(self, epoch: int, place: int) -> None:
        """Begin to fetch when a window is entered."""
        known = self._order.epoch(epoch)
        if not known.windows:
            return
        at = (epoch, known.window_at(place))
        if self._at is None or at > self._at:
            self._at = at
            threading.Thread(target=self._fetch, args=at, daemon=True).start()

    def _fetch(self, epoch: int, window: int) -> None:
        windows = self._order.epoch(epoch).windows
        following = windows[window + 1] if window + 1 < len(windows) else self._order.epoch(epoch + 1).windows[0]
        with suppress(RunError):  # who needs the shard will try again and tell
            for groups in (windows[window].groups, following.groups):
                for group in np.roll(groups, -os.getpid()):  # each process begins with another one
                    shard = self._order.shards[group]
                    if self._at != (epoch, window):
                        return
                    if shard is not None:
                        shard.fetch(wait=False)
