"""Many photos: where each result goes, and a bad one that does not stop the others."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from photochrom.colorizer import Colorizer, Settings, ending_for
from photochrom.errors import OptionError, PhotochromError
from photochrom.looks import look_names
from photochrom.photo import Photo, SaveOptions
from photochrom.photo.formats import FORMATS, HEADER_BYTES, by_suffix, sniff
from photochrom.photo.target import make_folder, refuse_unusable
from photochrom.transplanter import Transplanter


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one photo: ``target`` when it was written, ``error`` when it was not.

    ``more`` are the other files written for it: further looks, the guess map.
    ``tint`` is the mean chroma of the input when it was colored already and has been neutralized first, else None.
    """

    source: Path
    target: Path | None = None
    error: PhotochromError | None = None
    seconds: float = 0.0
    width: int = 0
    height: int = 0
    tint: float | None = None
    more: tuple[Path, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain = {
            key: str(value) if isinstance(value, Path | Exception) else value for key, value in asdict(self).items()
        }
        return plain | {"seconds": round(self.seconds, 3), "more": [str(path) for path in self.more]}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is written of each photo: so many ``looks``, drawn by ``seed``, or one result (None); a ``guess_map``."""

    looks: int | None = None
    guess_map: bool = False
    seed: int = 0

    def files(self, source: Path, target: Path) -> list[Path]:
        """Return every file that is written where the result's name is ``target``: results first."""
        results = [target]
        if self.looks is not None:
            results = [target.with_name(f"{source.stem}-{name}{target.suffix}") for name in look_names(self.looks)]
        return results + ([target.with_name(f"{source.stem}-guess.png")] if self.guess_map else [])


class ReadAhead:
    """Opens photos of at most ``max_pixels``; one may be begun ahead, in a thread, while something else is done."""

    def __init__(self, max_pixels: int) -> None:
        """Nothing is opened yet."""
        self._max_pixels = max_pixels
        self._begun: dict[Path, Future[Photo]] = {}

    def begin(self, source: Path) -> None:
        """Open a photo ahead and read it small; nothing is raised here."""
        pool = ThreadPoolExecutor(1, "photochrom-read-ahead")
        self._begun[source] = pool.submit(self._read, source)
        pool.shutdown(wait=False)

    def open(self, source: Path) -> Photo:
        """Return a photo, ready where it was begun; raises as :meth:`photochrom.Photo.open` does."""
        begun = self._begun.pop(source, None)
        return Photo.open(source, max_pixels=self._max_pixels) if begun is None else begun.result()

    def _read(self, source: Path) -> Photo:
        photo = Photo.open(source, max_pixels=self._max_pixels)
        with suppress(PhotochromError):  # it comes again when its colors are asked for in turn
            photo.tint  # noqa: B018 - the photo keeps what it read
        return photo


def format_asked(output: str | None, format: str | None) -> str | None:
    """Return the format ("jpeg") that ``format``, or the ending of ``output``, asks for; None where neither does.

    Raises OptionError for a format that is not written here, and where the two contradict each other.
    """
    writable = [known for known in FORMATS.values() if known.save]
    asked = None if format is None else by_suffix("." + format.lower().lstrip("."))
    if format is not None and asked is None:
        names = ", ".join(known.name for known in writable)
        raise OptionError(f"the format is {format!r}; expected one of: {names}")
    if output is None or _is_folder(output):
        return None if asked is None else asked.name
    ending = Path(output).suffix
    named = by_suffix(ending)
    if asked is None and named is None:
        endings = ", ".join(known.suffixes[0] for known in writable)
        raise OptionError(f"{output} ends in {ending}, which is not written here; expected one of: {endings}")
    if asked is not None and named is not None and asked != named:
        raise OptionError(f"the format is {asked.name}, but {output} ends as {named.name} does; leave one of them out")
    return (asked or named or writable[0]).name


def plan_targets(
    sources: Sequence[Path], output: str | None, format: str | None = None, wanted: Wanted = Wanted()
) -> list[tuple[Path, Path]]:
    """Return (source, target) for each photo.

    Without ``output`` a result goes beside its photo as ``NAME-color.EXT``. A name with the ending of a format is one
    file; a name without, an existing folder, or one with a trailing slash is a folder, made if need be, and gets files
    of the photos' names. ``format`` ("png") says the ending; None keeps the photo's own. Where several files of a photo
    are ``wanted``, their names are :meth:`Wanted.files`. Raises OptionError when several would go to one file, or a
    result would replace another of the photos.
    """
    folder = Path(output) if output is not None and _is_folder(output) else None
    if folder is None and output is not None and len(sources) > 1:
        raise OptionError(f"{len(sources)} photos do not fit into the one file {output}; give a folder")
    if folder is None and output is not None and wanted.looks is not None:
        raise OptionError(f"{wanted.looks} looks do not fit into the one file {output}; give a folder")
    pairs = []
    for source in sources:
        ending = _ending(source, format)
        if output is None:
            target = source.with_name(f"{source.stem}-color{ending}")
        else:
            target = Path(output) if folder is None else folder / f"{source.stem}{ending}"
        pairs.append((source, target))
    _refuse_collisions([(source, file) for source, target in pairs for file in wanted.files(source, target)])
    if folder is not None:
        make_folder(folder)
    return pairs


def colorize_files(
    colorizer: Colorizer | Transplanter,
    pairs: Sequence[tuple[Path, Path]],
    settings: Callable[[int, int], Settings],
    options: SaveOptions,
    ahead: ReadAhead,
    wanted: Wanted = Wanted(),
) -> Iterator[Outcome]:
    """Colorize each source, opened by ``ahead``, into its target and say what became of it; errors are not raised.

    ``settings`` is asked for each photo with its width and height, because hints are given in pixels.
    """
    for source, target in pairs:
        start = time.perf_counter()
        try:
            photo = ahead.open(source)
            files = wanted.files(source, target)
            for file in files:
                refuse_unusable(file, options.overwrite)
            tint = photo.tint if photo.is_colored else None
            _write(colorizer, photo, settings(photo.width, photo.height), options, (wanted, files))
        except PhotochromError as error:
            yield Outcome(source, error=error, seconds=time.perf_counter() - start)
            continue
        seconds = time.perf_counter() - start
        yield Outcome(source, files[0], None, seconds, photo.width, photo.height, tint, tuple(files[1:]))


def _write(
    colorizer: Colorizer | Transplanter,
    photo: Photo,
    settings: Settings,
    options: SaveOptions,
    plan: tuple[Wanted, list[Path]],
) -> None:
    """Write all files that are wanted of a photo."""
    wanted, files = plan
    if isinstance(colorizer, Transplanter) or wanted.looks is None:
        results = [colorizer.colorize(photo, settings)]
    else:
        results = [look for _, look in colorizer.looks(photo, wanted.looks, wanted.seed, settings)]
    for result, file in zip(results, files, strict=False):
        result.save(file, options=options)
    if wanted.guess_map and isinstance(colorizer, Colorizer):
        colorizer.guess_map(photo, settings).save(files[-1], overwrite=options.overwrite)


def _is_folder(output: str) -> bool:
    path = Path(output)
    return path.is_dir() or output.endswith(("/", os.sep)) or not path.suffix


def _refuse_collisions(pairs: Sequence[tuple[Path, Path]]) -> None:
    """Raise OptionError where two results have one name, or a result has the name of another photo."""
    photos = {os.path.realpath(source): source for source, _ in pairs}
    seen: dict[str, Path] = {}
    for source, target in pairs:
        place = os.path.realpath(target)
        if place in seen:
            raise OptionError(
                f"{seen[place]} and {source} would both be written to {target}; colorize them into two folders"
            )
        if photos.get(place, source) != source:
            raise OptionError(f"the result of {source} would replace the photo {target}; choose a folder with -o")
        seen[place] = source


def _ending(source: Path, format: str | None) -> str:
    """Return the ending of a result: that of the format asked for, else the one the photo's content has."""
    if format is not None:
        return FORMATS[format].suffixes[0]
    try:
        with source.open("rb") as file:
            found = sniff(file.read(HEADER_BYTES))
    except (OSError, ValueError):
        found = None
    return ending_for(source, found) if found in FORMATS else source.suffix
