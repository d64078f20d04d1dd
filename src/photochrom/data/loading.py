"""Feeds training: every batch is a pure function of the seed and the step, whoever makes it and whenever.

Shapes: B photos in a batch, 3 or 1 channels, size x size pixels; all uint8.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from PIL import AvifImagePlugin
from torch.utils.data import DataLoader, Dataset, Sampler

from photochrom.data.augment import age, centered, clean_gray, paired
from photochrom.data.catalog import Entry, decode
from photochrom.data.order import Order, ReadAhead
from photochrom.errors import DataError, OptionError, RunError

UInt8Array = npt.NDArray[np.uint8]

PREFETCH = 4
TRIES = 32
DRAFT_MARGIN = 2
PHOTO_STREAM = 1
LANES = 16
"""Photos of object stores that are asked for at the same time where few are wanted."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """Which batches to make, and how.

    `batch` is the number of photos in one step over all processes together; process `rank` of `world` gets
    its own `batch / world` of them. The batches of the steps `first_step` to `first_step + steps - 1` are
    made, `size` pixels square, by `workers` processes, or by the caller's own where `workers` is 0.

    Raises OptionError where a value is out of range.
    """

    size: int
    batch: int
    seed: int
    first_step: int
    steps: int
    rank: int = 0
    world: int = 1
    workers: int = 0
    aged: bool = True

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name in ("size", "batch", "seed", "first_step", "steps", "rank", "world", "workers"):
            bound = 1 if name in ("size", "batch", "world") else 0
            if getattr(self, name) < bound:
                raise OptionError(f"{name} is {getattr(self, name)}; expected {bound} or more.")
        if self.rank >= self.world:
            raise OptionError(f"rank is {self.rank}; expected less than {self.world}, the world.")
        if self.batch % self.world:
            raise OptionError(f"batch {self.batch} cannot be shared by {self.world} processes; choose a multiple.")

    def positions(self, step: int) -> range:
        """Return the running numbers of the photos that this process makes for `step`."""
        share = self.batch // self.world
        first = step * self.batch + self.rank * share
        return range(first, first + share)


class Samples(Dataset[tuple[UInt8Array, UInt8Array]]):
    """The endless row of training pairs: item p depends on the entries, the size, the seed and p alone.

    Epoch p // len(entries) has its own random order (:class:`Order`) in which every photo occurs once. An item is the
    photo, uint8 (3, size, size), and its gray, aged or clean, uint8 (1, size, size). A photo that cannot be decoded is
    logged once as a warning and replaced by the next one in that order; a store that cannot be read is an error.
    """

    def __init__(self, entries: Sequence[Entry], size: int, seed: int, aged: bool = True) -> None:
        """Raise DataError where there are no entries."""
        self.order = Order(entries, seed)
        self.ahead = ReadAhead(self.order)
        self.entries = entries
        self.size = size
        self.seed = seed
        self.aged = aged
        self._reported: set[str] = set()

    def __len__(self) -> int:
        """Return the number of photos in one epoch; positions go on beyond it."""
        return len(self.entries)

    def __getitem__(self, position: int) -> tuple[UInt8Array, UInt8Array]:
        """Make the pair at a running number >= 0; raises DataError where 32 photos in a row are broken."""
        rgb = self._photo(position)
        rng = np.random.default_rng((self.seed, PHOTO_STREAM, position))
        view = paired(rgb, self.size, rng)
        return view.transpose(2, 0, 1), (age(view, rng) if self.aged else clean_gray(view))[None]

    def _photo(self, position: int) -> UInt8Array:
        count = len(self.entries)
        epoch, place = divmod(position, count)
        self.ahead.note(epoch, place)
        order = self.order.epoch(epoch).order
        for step in range(TRIES):
            entry = self.entries[int(order[(place + step) % count])]
            try:
                return decode(entry, DRAFT_MARGIN * self.size)
            except DataError as error:
                self._report(entry, error)
        raise DataError(f"{TRIES} photos in a row cannot be decoded; clean the photos first.")

    def _report(self, entry: Entry, error: DataError) -> None:
        if entry.key not in self._reported:
            self._reported.add(entry.key)
            _log.warning("skipped a broken photo: %s", error)


class _Steps(Sampler[list[int]]):
    """The positions of each step, made when they are asked for."""

    def __init__(self, plan: LoadPlan) -> None:
        self.plan = plan

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self.plan.first_step, self.plan.first_step + self.plan.steps):
            yield list(self.plan.positions(step))

    def __len__(self) -> int:
        return self.plan.steps


def batches(entries: Sequence[Entry], plan: LoadPlan) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Yield one (photos (B, 3, size, size), aged (B, 1, size, size)) pair of uint8 tensors for each step.

    B is `plan.batch / plan.world`. Neither the number of workers nor the first step changes what a step's
    batch holds, and no global random state is used. Raises DataError where there are no photos, OptionError where
    there is too little room for those of object stores, and RunError where a store cannot be read.
    """
    samples = Samples(entries, plan.size, plan.seed, plan.aged)
    samples.order.require_room(PREFETCH * max(1, plan.workers) * plan.batch)
    loader = DataLoader(
        samples,
        batch_sampler=_Steps(plan),
        num_workers=plan.workers,
        collate_fn=_stack,
        worker_init_fn=_one_thread if plan.workers else None,
        prefetch_factor=PREFETCH if plan.workers else None,
        generator=torch.Generator().manual_seed(plan.seed),
    )
    return _with_plain_errors(loader)


def _with_plain_errors(
    loader: Iterable[tuple[torch.Tensor, torch.Tensor]],
) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Pass the batches on; of a worker's error keep the message, not the worker's traceback within it."""
    try:
        yield from loader
    except (DataError, RunError) as error:
        kind = DataError if isinstance(error, DataError) else RunError
        raise kind(str(error).strip().rpartition(f"{kind.__name__}: ")[2]) from None


def fixed_samples(entries: Sequence[Entry], size: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return up to `count` photos spread evenly over the entries: their center squares, and clean grays.

    The pair is (N, 3, size, size) and (N, 1, size, size), uint8, always the same; broken photos are left
    out. Raises DataError where none can be decoded, and RunError where a store cannot be read.
    """
    numbers = np.unique(np.linspace(0, len(entries) - 1, min(count, len(entries))).round().astype(int))
    chosen = [entries[number] for number in numbers.tolist()]
    with ThreadPoolExecutor(LANES if any(entry.shard is not None for entry in chosen) else 1) as pool:
        views = [view for view in pool.map(lambda entry: _view(entry, size), chosen) if view is not None]
    if not views:
        raise DataError(f"None of {len(chosen)} photos can be decoded; expected at least one good photo.")
    return _stack([(view.transpose(2, 0, 1), clean_gray(view)[None]) for view in views])


def _view(entry: Entry, size: int) -> UInt8Array | None:
    """Return a photo's center square; None where it is broken."""
    try:
        return centered(decode(entry, alone=True), size)
    except DataError as error:
        _log.warning("skipped a broken photo: %s", error)
        return None


def _stack(pairs: Sequence[tuple[UInt8Array, UInt8Array]]) -> tuple[torch.Tensor, torch.Tensor]:
    photos, aged = zip(*pairs, strict=True)
    return torch.from_numpy(np.stack(photos)), torch.from_numpy(np.stack(aged))


def _one_thread(_worker: int) -> None:
    """Keep a worker process from using the cores that training needs."""
    torch.set_num_threads(1)
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
