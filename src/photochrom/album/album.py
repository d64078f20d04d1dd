"""An album: looked at once, photo by photo, and then colorized, photo by photo, with what the photos share.

photos ──► look_at ──► members ──► make_plan ──► parts ──► colorize_files ──► files
           one run each            pairs, scenes,          each photo opened again
                                   traces, things
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from photochrom.album.member import Member, look_at
from photochrom.album.sharing import Part, Plan, Rules, make_plan
from photochrom.album.things import Thing
from photochrom.answer import OWN
from photochrom.colorizer import Colorizer, Settings
from photochrom.errors import HintError, ModelError, OptionError, PhotochromError
from photochrom.many import Outcome, ReadAhead, Wanted, colorize_files
from photochrom.photo import Page, Photo, SaveOptions
from photochrom.photo.formats import by_suffix


class Painter(Colorizer):
    """A loaded model that colorizes one photo of an album: its pages are members, in order."""

    def __init__(self, own: Colorizer, pages: Sequence[tuple[Member, Part]]) -> None:
        """Share the loaded model ``own``."""
        vars(self).update(vars(own))
        self._pages = pages

    def colorize(self, photo: Photo, settings: Settings = OWN) -> Photo:
        """Return the photo with its own lightness and the album's colors."""
        pages = zip(photo.pages, self._pages, strict=True)
        return photo.with_chroma([self._colors(page, *own, settings) for page, own in pages], model=self.card.name)

    def _colors(self, page: Page, member: Member, part: Part, settings: Settings) -> NDArray[np.float32]:
        """Return the colors of a page, (h, w, 2) in Lab units; a model that takes no hints only settles them."""
        hinted = replace(settings, hints=part.hints(member))
        answer = self.answer(page, hinted if self.takes_hints else settings)
        return part.moved(answer.ab(hinted), member)


@dataclass(frozen=True, eq=False)
class Album:
    """An album that was looked at: its plan, its members by photo, and the photos that could not be read."""

    plan: Plan
    numbers: dict[Path, list[int]]
    failed: dict[Path, Outcome]

    def colorize(
        self,
        colorizer: Colorizer,
        pairs: Sequence[tuple[Path, Path]],
        settings: Callable[[int, int], Settings],
        options: SaveOptions,
        ahead: ReadAhead,
    ) -> Iterator[Outcome]:
        """Write each photo of ``pairs`` (source, target) and say what became of it; errors are not raised."""
        for source, target in pairs:
            if source in self.failed:
                yield self.failed[source]
                continue
            pages = [(self.plan.members[number], self.plan.parts[number]) for number in self.numbers[source]]
            yield from colorize_files(Painter(colorizer, pages), [(source, target)], settings, options, ahead, Wanted())


def photos_in(folder: Path) -> list[Path]:
    """Return the files of a folder whose endings are those of photos, by name; raises OptionError where none are."""
    if not folder.is_dir():
        raise OptionError(f"{folder} is no folder; give the folder of the album's photos")
    found = sorted(path for path in folder.iterdir() if path.is_file() and by_suffix(path.suffix) is not None)
    if not found:
        raise OptionError(f"there are no photos in {folder}; expected files such as a.jpg, b.tif or c.png")
    return found


def look_through(
    colorizer: Colorizer,
    sources: Sequence[Path],
    things: Sequence[Thing] = (),
    rules: Rules = Rules(),  # noqa: B008 - immutable
    settings: Settings = OWN,
    look: tuple[ReadAhead, Callable[..., None]] | None = None,
) -> Album:
    """Look at every photo once and plan what they share; a photo that cannot be read is left out.

    ``rules`` and ``settings`` are those of :func:`photochrom.album.sharing.make_plan`; ``look`` opens photos, and hears
    how far it has come, 0..1, with a note once it compares. Raises HintError for a thing on no photo of the album or
    outside of its photo, ModelError for a model without features.
    """
    ahead, progress = look or (ReadAhead(500_000_000), lambda share, note="": None)
    shown = _by_photo(things, sources)
    members: list[Member] = []
    numbers: dict[Path, list[int]] = {}
    failed: dict[Path, Outcome] = {}
    for done, source in enumerate(sources, 1):
        start = time.perf_counter()
        try:
            pages = _look_at_photo(colorizer, ahead.open(source), source, shown.get(source, []))
        except (HintError, ModelError):
            raise
        except PhotochromError as error:
            failed[source] = Outcome(source, error=error, seconds=time.perf_counter() - start)
            continue
        numbers[source] = list(range(len(members), len(members) + len(pages)))
        members += pages
        progress(done / len(sources))
    told = [(thing, numbers[path][0]) for path, named in shown.items() if path not in failed for thing in named]
    plan = make_plan(members, told, rules, settings, lambda share: progress(share, "comparing"))
    return Album(plan, numbers, failed)


def _by_photo(things: Sequence[Thing], sources: Sequence[Path]) -> dict[Path, list[Thing]]:
    found: dict[Path, list[Thing]] = {}
    for thing in things:
        named = [path for path in sources if path.name == Path(thing.photo).name]
        if not named:
            raise HintError(
                f"the thing {thing.name!r} is on {thing.photo}, which is no photo of the album; see its names"
            )
        found.setdefault(named[0], []).append(thing)
    return found


def _look_at_photo(colorizer: Colorizer, photo: Photo, source: Path, things: Sequence[Thing]) -> list[Member]:
    """Return the members that a photo's pages are; things are shown on the first."""
    for thing in things:
        if not (0 <= thing.x <= photo.width and 0 <= thing.y <= photo.height):
            where, size = f"({thing.x:g}, {thing.y:g})", f"{photo.width} x {photo.height}"
            raise HintError(f"the thing {thing.name!r} lies at {where}, outside its photo of {size} pixels")
    points = {thing.name: (thing.x, thing.y) for thing in things}
    return [
        look_at(colorizer, page, (source, number), {} if number else points) for number, page in enumerate(photo.pages)
    ]
