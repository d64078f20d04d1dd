"""The work on one photo: read, color, write; what went wrong is reported, never raised."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import TypeVar

from photochrom.archive.entry import NOT_A_PHOTO, Standing
from photochrom.archive.faults import is_passing, retry
from photochrom.archive.memory import MEGABYTE, megabytes_for
from photochrom.archive.names import suffix_of
from photochrom.archive.order import Order
from photochrom.archive.places import Source, Target
from photochrom.archive.previews import make_preview
from photochrom.archive.remote import options_for
from photochrom.archive.tasks import Report, Task
from photochrom.errors import PhotochromError
from photochrom.photo import Photo, SaveOptions, use_threads
from photochrom.photo.formats import FORMATS, HEADER_BYTES, sniff, written_as
from photochrom.photo.photo import MAX_PIXELS
from photochrom.urls import said

T = TypeVar("T")

Room = Callable[[int, bool], AbstractContextManager[None]]
"""Waits until there are so many MB for a photo, to be held as bytes or (True) to be worked on."""


@dataclass(frozen=True)
class Job:
    """What every worker needs to know; goes between processes.

    ``threads`` are those of the network and of libvips in each worker, ``lanes`` the photos that a worker has in hand
    at once: while one is being computed, others come and go. ``retries`` is how often a passing fault is tried again.
    """

    source: Source
    target: Target
    order: Order
    threads: int = 1
    lanes: int = 2
    retries: int = 4
    max_pixels: int = MAX_PIXELS


@dataclass(slots=True)
class Tally:
    """What is known of a photo while it is being worked on."""

    retries: int = 0
    content: str | None = None
    writing: bool = False

    def count(self) -> None:
        """Count another try."""
        self.retries += 1


def free_room(megabytes: int, working: bool) -> AbstractContextManager[None]:
    """Give room to everything."""
    return nullcontext()


class Workshop:
    """A worker's tools: the model is loaded once. Any number of threads may share one."""

    def __init__(self, job: Job) -> None:
        """Load the model; raises ModelError, or PhotoError for a reference that cannot be read."""
        use_threads(job.threads)  # those of libvips would stand in the way of other workers: each has a core
        self._job, self._painter = job, job.order.painter(job.threads)

    def process(self, task: Task, room: Room = free_room) -> Report:
        """Make the result of a photo and say what became of it."""
        start, tally = time.perf_counter(), Tally()
        try:
            report = self._process(task, tally, room)
        except PhotochromError as error:
            report = self._failed(task, tally, error)
        except MemoryError:
            text = f"{task.source}: the memory does not suffice; allow fewer --jobs"
            report = Report("failed", "MemoryError", text)
        except Exception as error:  # of file systems, of which each has its own; or a fault of ours, which ends no run
            report = self._failed(task, tally, error)
        seconds = time.perf_counter() - start
        return replace(
            report, seconds=round(seconds, 3), retries=tally.retries, content=report.content or tally.content
        )

    def _process(self, task: Task, tally: Tally, room: Room) -> Report:
        if not suffix_of(task.source.partition("#")[0]) and not self._is_photo(task, tally):
            return Report("skipped", NOT_A_PHOTO, f"{task.source}: not a photo this program knows")
        held = task.size // MEGABYTE + 1 if self._job.source.is_remote or len(task.where) > 1 else 0
        with room(held, False) if held else nullcontext():
            return self._with_content(task, tally, room)

    def _with_content(self, task: Task, tally: Tally, room: Room) -> Report:
        content, tally.content = self._again(lambda: self._job.source.fetch(task.where), tally)
        if tally.content == task.expected:
            return Report("done", "Unchanged")
        photo = Photo.open(content, max_pixels=self._job.max_pixels)
        options = self._options(task, photo)
        with room(megabytes_for(photo, content, options.format, self._job.target.is_remote), True):
            return self._colored(task, tally, photo, options)

    def _colored(self, task: Task, tally: Tally, photo: Photo, options: SaveOptions) -> Report:
        tint = photo.tint if photo.is_colored else None
        result = self._painter.colored(photo)
        preview = make_preview(photo, result) if task.preview else None
        stands = self._write(result, task, tally, options)
        return Report(
            "done", width=photo.width, height=photo.height, tint=tint, standing=stands, preview=preview
        )  # fmt: skip

    def _write(self, result: Photo, task: Task, tally: Tally, options: SaveOptions) -> Standing:
        """Write the result; a further try may replace what an earlier one left."""
        write = self._job.target.writer(result, task.target, options)

        def once() -> Standing:
            try:
                return write(options.overwrite or tally.writing)
            except PhotochromError:
                raise
            except Exception:
                tally.writing = True
                raise

        return self._again(once, tally)

    def _options(self, task: Task, photo: Photo) -> SaveOptions:
        """Return how the result is written: as its name says; the quality is for formats that have one."""
        options = options_for(task.target, SaveOptions(self._job.order.format, None, task.replaces))
        name = options.format or written_as(photo.format).name
        quality = self._job.order.quality if FORMATS[name].quality else None
        return SaveOptions(name, quality, task.replaces)

    def _is_photo(self, task: Task, tally: Tally) -> bool:
        start = self._again(lambda: self._job.source.start(task.where, HEADER_BYTES), tally)
        return sniff(start) is not None

    def _again(self, do: Callable[[], T], tally: Tally) -> T:
        return retry(do, self._job.retries, tally.count)

    def _failed(self, task: Task, tally: Tally, error: Exception) -> Report:
        ours = isinstance(error, PhotochromError)
        text = (
            " ".join(str(error).split()) if ours else f"{task.source}: {said(error)}; tried {tally.retries + 1} times"
        )
        return Report(
            "failed", type(error).__name__, text.replace("the given bytes", task.source),
            passing=not ours and is_passing(error), touched=tally.writing,
        )  # fmt: skip
