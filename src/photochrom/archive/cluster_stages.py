"""The work on one photo in three stages, each for another kind of machine.

    look     read, decode, take the small L          any core     Ready ──► Looked
    color    the network                             holds the model        ──► Colored
    finish   recompose, encode, write                any core               ──► the report

No stage has a way of its own to do anything: each is the whole :class:`photochrom.archive.work.Workshop` with a source
and a painter that know what was done elsewhere. So results are those of the local engine, bit for bit.

A photo is never pixels between two stages: what goes on is L and then chroma, both at the network's size, and the file
as it came: a path where there is one, else its bytes, so that a store is asked once. Files too large to be carried are
fetched again.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from photochrom.archive.entry import Entry, Trouble
from photochrom.archive.order import Order, Painter
from photochrom.archive.places import Source
from photochrom.archive.tasks import Report, Task
from photochrom.archive.work import Job, Workshop
from photochrom.card import Card
from photochrom.colorizer import Colorizer, Settings
from photochrom.errors import PhotochromError, PhotoUnreadable
from photochrom.photo import Page, Photo

CARRIED: Final = 32 << 20
"""A file of more bytes than this does not travel from stage to stage but is fetched again."""

Floats = NDArray[np.float32]
Views = dict[tuple[int, int], Floats]
"""L (height, width), 0..100, of a page by (width, height)."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A photo that nothing was done to."""

    task: Task


@dataclass(frozen=True, slots=True)
class Alone:
    """A photo to be done alone: it takes more ``megabytes`` than there are for each, or the network fails on it (0)."""

    task: Task
    megabytes: int


@dataclass(frozen=True, slots=True)
class Looked:
    """A photo that was read: ``content`` is its file, None where that is fetched again; a header and views a page."""

    task: Task
    content: Path | bytes | None
    digest: str
    pages: tuple[tuple[Any, Views], ...]
    seconds: float = 0.0
    retries: int = 0


@dataclass(frozen=True, slots=True)
class Colored:
    """A photo whose chroma, (h, w, 2) in Lab units a page, is known; ``model`` is what gave it."""

    looked: Looked
    chroma: tuple[Floats, ...]
    model: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A photo that nothing is left to do about."""

    task: Task
    report: Report


Parcel = Ready | Alone | Looked | Colored | Ended
"""A photo on its way."""


class Seen(BaseException):
    """Ends a look when all is seen; no Exception, so that nothing takes it for a failure."""

    def __init__(self, pages: tuple[tuple[Any, Views], ...] = ()) -> None:
        super().__init__()
        self.pages = pages


class TooLarge(BaseException):
    """Ends a look at a photo for which there is no room; no Exception either."""

    def __init__(self, megabytes: int) -> None:
        super().__init__()
        self.megabytes = megabytes


class Looker:
    """The first stage. Any number of threads may share one; it holds no model, only the ``card`` of one."""

    def __init__(self, job: Job, card: Card, room: int) -> None:
        """``room`` is how many MB a photo may take here."""
        order = job.order
        eye = _Eye(_Eyes(card), order, Settings(effort=order.effort))
        self._job, self._room = replace(job, order=_given(order, eye)), room

    def look(self, ready: Ready) -> Parcel:
        """Read a photo."""
        kept, start = _Kept(self._job.source), time.perf_counter()
        try:
            report = Workshop(replace(self._job, source=cast(Source, kept))).process(ready.task, self._enter)
        except TooLarge as large:
            return Alone(ready.task, large.megabytes)
        except Seen as seen:
            content = None if isinstance(kept.content, bytes) and len(kept.content) > CARRIED else kept.content
            took = time.perf_counter() - start
            return Looked(ready.task, content, kept.digest, seen.pages, took, max(0, kept.tries - 1))
        return Ended(ready.task, report)

    @contextmanager
    def _enter(self, megabytes: int, working: bool) -> Iterator[None]:
        if megabytes > self._room:
            raise TooLarge(megabytes)
        yield


class Colorist:
    """The second stage; holds the model."""

    def __init__(self, job: Job) -> None:
        """Load the model; raises ModelError, or PhotoError for a reference that cannot be read."""
        self._painter = job.order.painter(job.threads)

    def color(self, looked: Looked) -> Parcel:
        """Ask the network, for one photo at a time: in a batch its sums may be rounded in another order."""
        start = time.perf_counter()
        pages = tuple(_Remembered(cast(Any, None), header, None, views) for header, views in looked.pages)
        try:
            result = self._painter.colored(Photo(cast(Any, None), pages))
        except PhotochromError:
            return Alone(looked.task, 0)
        chroma = tuple(cast(Floats, page.chroma) for page in result.pages)
        seconds = looked.seconds + time.perf_counter() - start
        return Colored(replace(looked, pages=(), seconds=seconds), chroma, result.model)


class Finisher:
    """The last stage. Any number of threads may share one."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def finish(self, colored: Colored) -> Parcel:
        """Write the result."""
        looked, order = colored.looked, self._job.order
        replay = _Replay(cast(Colorizer, None), order, Settings(), colored)
        source = _Kept(self._job.source, looked.content, looked.digest)
        job = replace(self._job, order=_given(order, replay), source=cast(Source, source))
        report = Workshop(job).process(looked.task)
        seconds, retries = round(report.seconds + looked.seconds, 3), report.retries + looked.retries
        return Ended(looked.task, replace(report, seconds=seconds, retries=retries))


@dataclass(frozen=True, slots=True)
class _Given(Order):
    """An order with its painter made already."""

    made: Painter | None = None

    def painter(self, threads: int) -> Painter:
        """Return the painter, whatever the threads."""
        return cast(Painter, self.made)


def _given(order: Order, painter: Painter) -> Order:
    return _Given(**{one.name: getattr(order, one.name) for one in fields(Order)}, made=painter)


class _Eyes(Colorizer):
    """A model of which only the card is known: sees what it would see, and stops there."""

    def __init__(self, card: Card) -> None:
        self.card, self.takes_hints = card, False

    def raw(self, lightness: Floats, hints: Floats) -> Floats:
        raise Seen


@dataclass(frozen=True, slots=True)
class _Eye(Painter):
    """Sees every page and stops there."""

    def colored(self, photo: Photo) -> Photo:
        seen = []
        for page in photo.pages:
            watched = _Watched(page.origin, page.header, page.chroma, page)
            try:
                self.colorizer.answer(watched, self.settings)
            except Seen:
                seen.append((page.header, watched.views))
        raise Seen(tuple(seen))


@dataclass(frozen=True, slots=True)
class _Replay(Painter):
    """Gives a photo the chroma that it got elsewhere."""

    known: Colored | None = None

    def colored(self, photo: Photo) -> Photo:
        known = cast(Colored, self.known)
        return photo.with_chroma(known.chroma, model=known.model)


@dataclass(frozen=True, eq=False)
class _Watched(Page):
    """A page that keeps the L that it is asked for."""

    page: Page | None = None
    views: Views = field(default_factory=dict)

    def lightness(self, width: int, height: int) -> Floats:
        self.views[width, height] = found = cast(Page, self.page).lightness(width, height)
        return found


@dataclass(frozen=True, eq=False)
class _Remembered(Page):
    """A page that is known by its views alone."""

    views: Views = field(default_factory=dict)

    def lightness(self, width: int, height: int) -> Floats:
        return self.views[width, height]


@dataclass
class _Kept:
    """A source that keeps the photo it is asked for, or was given it."""

    source: Source
    content: Path | bytes | None = None
    digest: str = ""
    tries: int = 0

    @property
    def is_remote(self) -> bool:
        """As the source."""
        return self.source.is_remote

    @property
    def identity(self) -> str:
        """As the source."""
        return self.source.identity

    def entries(self) -> Iterator[Entry | Trouble]:
        """Give what the source gives."""
        return self.source.entries()

    def fetch(self, where: tuple[str, ...]) -> tuple[Path | bytes, str]:
        """Return a photo and the SHA-256 of its content; raises PhotoUnreadable where it is another one now."""
        if self.content is not None:
            return self.content, self.digest
        self.tries += 1
        content, digest = self.source.fetch(where)
        if self.digest and digest != self.digest:
            raise PhotoUnreadable(f"{where[0]}: was changed while it was worked on; run the same command again")
        self.content, self.digest = content, digest
        return content, digest

    def start(self, where: tuple[str, ...], size: int) -> bytes:
        """Return the first bytes of a file."""
        return self.content[:size] if isinstance(self.content, bytes) else self.source.start(where, size)
