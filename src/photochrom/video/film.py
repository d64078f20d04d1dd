"""The main job for films: shots are found, frames colored and encoded a segment at a time, and all is put together.

    film -> Clip -> frames -> shots                                        (first pass)
                           -> FilmColors -> Encoder -> segments on disk    (second pass, goes on after interruptions)
                                                        -> write_film -> film, with its sound

Memory holds the frames between two key frames, whatever the film's length.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np

from photochrom.answer import OWN, Settings
from photochrom.colorizer import Colorizer
from photochrom.errors import OptionError, OutputExists, OutputUnwritable, PhotochromError
from photochrom.hints import Hints
from photochrom.photo.photo import COLORED_TINT
from photochrom.photo.target import make_folder
from photochrom.video.clip import Clip
from photochrom.video.coders import Coder
from photochrom.video.coloring import Colored, FilmColors, painted, painted_rgb, tint_of
from photochrom.video.container import files_of, numbered, numbers_of
from photochrom.video.planes import levels
from photochrom.video.script import Script
from photochrom.video.segments import Record, Workshop, read_records
from photochrom.video.shots import ShotFinder, Shots
from photochrom.video.span import Span
from photochrom.video.steady import Key, Steadiness
from photochrom.video.stills import check_pattern, check_row, check_strip, pattern_of, save_picture, write_strip
from photochrom.video.writing import Encoder, check_target, write_film

SEGMENT: Final = 240
"""A segment ends at the first key frame after so many frames."""

TINT_EVERY: Final = 12
"""Every so many frames it is measured how much color the film has already."""

LOOKING: Final = 0.1
"""Share of the work that finding shots counts as, for the bar."""

Tell = Callable[[float, str], None]
"""Is told what share of the work is done, 0..1, and what is being done."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted of a film: which part, how it is written, how steady, with what hints and whether to replace.

    ``rate`` is how many numbered pictures are shown a second; a film has its own.
    """

    span: Span = field(default_factory=Span)
    coder: Coder = field(default_factory=Coder)
    steadiness: Steadiness = field(default_factory=Steadiness)
    script: Path | None = None
    strip: Path | None = None
    overwrite: bool = False
    rate: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Filmed:
    """What became of a film: where it is, of how many frames and shots, how often the network was asked, and notes.

    Notes say in a line each what was damaged or had to be left out.
    """

    target: Path
    frames: int
    shots: int
    asked: int
    notes: tuple[str, ...]


def colorize_film(
    source: str | Path,
    target: str | Path,
    colorizer: Colorizer | None = None,
    settings: Settings = OWN,
    plan: Plan = Plan(),
    tell: Tell = lambda share, note: None,
) -> Filmed:
    """Color a film: its luma, sound, subtitles, time stamps and notes stay, and its colors are steady.

    ``target`` is a film of any ending FFmpeg writes, a folder, or a pattern such as ``folder/%06d.png``. What was
    finished before an interruption is found again when the same is asked once more. Raises PhotoNotFound and
    PhotoUnreadable for what is no film, OutputExists and OutputUnwritable, OptionError for what the target cannot hold,
    HintError for a script that does not fit.
    """
    clip, target = Clip.open(source, plan.span, plan.rate), Path(target)
    script = Script.read(plan.script, clip) if plan.script is not None else None
    pattern = pattern_of(target)
    if plan.strip is not None:
        check_strip(plan.strip, plan.overwrite)
    _check_folder(target, pattern)
    with Workshop(pattern or target) as workshop:
        if pattern is not None:
            check_pattern(pattern, clip.path, plan.overwrite or workshop.is_begun)
        else:
            _check_file(target, clip, plan)
        colorizer = colorizer or Colorizer()
        workshop.take_up(_job(clip, colorizer, settings, plan, script))
        made = _made(workshop, clip, (colorizer, settings, script), plan, (target, pattern, tell))
        workshop.clear()
    if plan.strip is not None:
        write_strip(clip, made.target, plan.strip, plan.overwrite)
    return made


def _made(
    workshop: Workshop,
    clip: Clip,
    painter: tuple[Colorizer, Settings, Script | None],
    plan: Plan,
    way: tuple[Path, Path | None, Tell],
) -> Filmed:
    """Do the work, from where it was interrupted on."""
    (colorizer, settings, script), (target, pattern, tell) = painter, way
    shots, damaged = _shots(workshop, clip, tell)
    try:
        if pattern is not None:
            check_row(pattern, shots.frames)
            _check_parts(workshop, pattern)
        hints = script.hints(clip, shots) if script is not None else None
    except PhotochromError:
        if not workshop.done:  # nothing is lost
            workshop.clear()
        raise
    colors = FilmColors(clip, shots, colorizer, settings, plan.steadiness, hints)
    _color_all(workshop, colors, clip, shots, (plan.coder, *way))
    notes = [f"{damaged} damaged packets of pictures were left out"] if damaged else []
    notes += _notes(clip, shots, plan, hints, pattern, target)
    if pattern is None:
        notes += write_film(target, clip, plan.coder, workshop.done, colorizer.card.name)
    return Filmed(pattern or target, shots.frames, len(shots.cuts) + 1, colors.asked, tuple(notes))


def _check_parts(workshop: Workshop, pattern: Path) -> None:
    """Begin anew where pictures that were finished before an interruption are gone."""
    done = sum(1 for path in workshop.done for _ in read_records(path, heads_only=True))
    if not set(range(1, done + 1)) <= set(numbers_of(pattern)):
        workshop.forget_parts()


def _notes(
    clip: Clip, shots: Shots, plan: Plan, hints: Mapping[int, Hints] | None, pattern: Path | None, target: Path
) -> list[str]:
    """Return what somebody might not have thought of, a line each."""
    found = [] if pattern is not None else plan.coder.notes(clip, target)
    if shots.tint > COLORED_TINT:
        found.append(f"the film has color already (mean chroma {shots.tint:.0f}); it was taken as gray")
    if hints is not None and not hints:
        found.append(f"no hints of {plan.script} are for {'this film' if clip.span.is_whole else 'the wanted part'}")
    if pattern is not None and clip.aspect != 1:
        found.append(f"pixels of the film are not square, {clip.aspect} as wide as high; the pictures have them so")
    return found


def find_shots(clip: Clip, tell: Tell = lambda share, note: None) -> tuple[Shots, int]:
    """Look through a film; returns its shots, and how many packets cannot be decoded."""
    finder, times, tints, end = ShotFinder(), [], [], 0
    frames = clip.frames()
    for frame in frames:
        picture = levels(frame.plane()[:: _stride(clip), :: _stride(clip)], clip.coding)
        finder.show((picture * 255).astype("uint8"))
        times.append(frame.time)
        end = frame.time + frame.duration
        if frame.number % TINT_EVERY == 0:
            tints.append(tint_of(frame, clip))
        tell(min(1, frame.number / max(1, clip.expected)), "finding shots")
    shots = finder.end()
    shots.times = [times[number] for number in (0, *shots.cuts)] if times else []
    shots.mended, shots.end = frames.mended, end
    shots.tint = float(np.mean(tints)) if tints else 0.0
    if not times:
        raise OptionError(f"{clip.path} has no frame between the wanted start and end; give other times")
    return shots, frames.damaged


def _stride(clip: Clip) -> int:
    """Return which pixels are enough to find shots: every n-th, so that 320 columns are left."""
    return max(1, clip.width // 320)


def _check_folder(target: Path, pattern: Path | None) -> None:
    """Make the folder of pictures; raises OutputUnwritable where there is none for a film."""
    if pattern is not None:
        make_folder(pattern.parent)
    elif not target.parent.is_dir():
        raise OutputUnwritable(f"there is no folder {target.parent}; make it first")


def _check_file(target: Path, clip: Clip, plan: Plan) -> None:
    if target.exists() and clip.path.exists() and target.samefile(clip.path):
        raise OutputUnwritable(f"{target} is the film itself; give another name")
    if target.exists() and not plan.overwrite:
        raise OutputExists(f"{target} exists; give another name, or --overwrite")
    check_target(target, clip, plan.coder)


def _job(clip: Clip, colorizer: Colorizer, settings: Settings, plan: Plan, script: Script | None) -> dict[str, Any]:
    """Return what must be the same for a run to go on where another was interrupted."""
    files = [(path.name, path.stat()) for path in files_of(clip.path)]
    reference = settings.reference
    wanted = {
        "film": [str(clip.path.resolve()), *((name, file.st_size, file.st_mtime_ns) for name, file in files)],
        "model": colorizer.card.to_json(),
        "settings": [settings.temperature, settings.saturation, settings.warmth, settings.effort],
        "reference": "" if reference is None else repr(asdict(reference)),
        "span": [asdict(plan.span), str(plan.rate)],
        "coder": asdict(plan.coder),
        "steadiness": asdict(plan.steadiness),
        "script": "" if script is None else script.fingerprint,
    }
    return {"version": 3, **{name: sha256(repr(value).encode()).hexdigest()[:16] for name, value in wanted.items()}}


def _shots(workshop: Workshop, clip: Clip, tell: Tell) -> tuple[Shots, int]:
    """Return the film's shots and its damaged packets, found now or in an interrupted run."""
    if "shots" not in workshop.notes:
        try:
            shots, damaged = find_shots(clip, lambda share, note: tell(LOOKING * share, note))
        except BaseException:  # there is nothing yet to go on with
            workshop.clear()
            raise
        workshop.notes |= {"shots": asdict(shots), "damaged": damaged}
        workshop.save_notes()
    return Shots(**workshop.notes["shots"]), int(workshop.notes["damaged"])


def _color_all(
    workshop: Workshop, colors: FilmColors, clip: Clip, shots: Shots, way: tuple[Coder, Path, Path | None, Tell]
) -> None:
    """Color and encode what is left to do, a segment at a time."""
    coder, target, pattern, tell = way
    times = [record.time for path in workshop.done for record in read_records(path, heads_only=True)]
    done, after = len(times), max(times) if times and not shots.mended else None
    colored = colors.of(iter(clip.frames(done, after)), Key.of(workshop.state()))
    for part in _segments(colored):
        with workshop.begin() as segment:
            encoder = Encoder(clip, coder, target, segment.add) if pattern is None else None
            key = None
            for one in part:
                if encoder is not None:
                    picture = painted(one.frame, one.ab, clip, encoder.format, encoder.is_full)
                    encoder.add(picture, one.frame.number, one.frame.duration)
                elif pattern is not None:
                    segment.add(_saved(one, clip, pattern))
                key, done = one.key, done + 1
                tell(LOOKING + (1 - LOOKING) * min(1, done / max(1, shots.frames)), f"frame {done} of {shots.frames}")
            if encoder is not None:
                encoder.end()
            segment.finish({} if key is None else key.arrays())


def _saved(one: Colored, clip: Clip, pattern: Path) -> Record:
    """Write a frame as a numbered file; returns a record without bytes."""
    rgb = painted_rgb(one.frame, one.ab, clip)
    save_picture(numbered(pattern, one.frame.number + 1), rgb, clip.coding.bits)
    return Record(one.frame.time, one.frame.duration, True, b"")


def _segments(colored: Iterator[Colored]) -> Iterator[Iterator[Colored]]:
    """Divide frames into segments; each must be used up before the next."""
    first = next(colored, None)
    while first is not None:
        yield _one_segment(first, colored)
        first = next(colored, None)


def _one_segment(first: Colored, rest: Iterator[Colored]) -> Iterator[Colored]:
    count, one = 1, first
    yield one
    while not (count >= SEGMENT and one.key is not None):
        following = next(rest, None)
        if following is None:
            return
        count, one = count + 1, following
        yield one
