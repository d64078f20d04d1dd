"""The commands for films; ``cli`` loads them when they are typed."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Console

from photochrom.errors import OptionError
from photochrom.progress import progress_bar

if TYPE_CHECKING:
    from photochrom.answer import Settings
    from photochrom.colorizer import Colorizer
    from photochrom.video.coders import Coder
    from photochrom.video.span import Span
    from photochrom.video.steady import Steadiness


@Parameter(name="*")
@dataclass(frozen=True)
class Look:
    """What the colors are to be."""

    model: str = "default"
    "A shipped model's name (see photochrom models) or the path of a model file; small is the quickest."
    temperature: float | None = None
    "From 0 (vivid, the likeliest color) to 1 (careful, the mean color); the model's own if not given."
    saturation: float = 1.0
    "Factor on chroma: 0 is gray, 1 the model's own, 4 the most."
    warmth: float = 0.0
    "The mood, from -1 (cold) through 0 (the model's own) to 1 (warm)."
    effort: str = "normal"
    "normal: one look at each key frame; best: the consensus of six."
    reference: Path | None = None
    "A photo in color: the model's colors are moved toward its palette."
    hints: Path | None = None
    "A JSON file of hints for each shot; photochrom shots makes one to fill in."
    keys: int = 8
    "Ask the model at every so many frames; colors follow the things in between."
    memory: float = 3.0
    "How many key frames colors are averaged over, where things stay in sight; 0 averages none."

    def settings(self) -> "Settings":
        """Return what the colorizer takes; raises OptionError for values outside their ranges."""
        from photochrom.answer import Settings

        return Settings(self.temperature, self.saturation, warmth=self.warmth, effort=self.effort)

    def steadiness(self) -> "Steadiness":
        """Return how steady colors are; raises OptionError for values outside their ranges."""
        from photochrom.video.steady import Steadiness

        return Steadiness(self.keys, self.memory)

    def painter(self) -> "tuple[Colorizer, Settings]":
        """Return the colorizer, loaded, and its settings."""
        from dataclasses import replace

        from photochrom.colorizer import Colorizer
        from photochrom.photo import Photo

        settings, colorizer = self.settings(), Colorizer(self.model)
        if self.reference is None:
            return colorizer, settings
        return colorizer, replace(settings, reference=colorizer.reference(Photo.open(self.reference), self.effort))


@Parameter(name="*")
@dataclass(frozen=True)
class Part:
    """Which part of the film is wanted."""

    start: str | None = None
    "Begin here: seconds or [HH:]MM:SS."
    end: str | None = None
    "End here: seconds or [HH:]MM:SS."
    preview: float | None = None
    "Only so many seconds."

    def span(self) -> "Span":
        """Return the part; raises OptionError for one that is empty."""
        from photochrom.video.span import Span

        if self.preview is not None and self.preview <= 0:
            raise OptionError(f"--preview is {self.preview:g} seconds; expected more than 0")
        return Span.parse(self.start, self.end, self.preview)


@Parameter(name="*")
@dataclass(frozen=True)
class Writing:
    """How the film is written."""

    codec: str | None = None
    "h264, h265, av1, vp9, mpeg4, mpeg2, prores or ffv1 (lossless); if not given, the ending decides: mostly h264."
    quality: float | None = None
    "The codec's constant quality, lower is better; 17 for h264 if not given."
    preset: str | None = None
    "How much time the encoder takes, in its own words: fast, medium, slow for h264 and h265."
    strip: Path | None = None
    "Write a picture of every tenth frame, before and after, to look at."
    overwrite: bool = False
    "Replace a result that exists."

    def coder(self) -> "Coder":
        """Return the encoder's settings; raises OptionError for values outside their ranges."""
        from photochrom.video.coders import Coder

        return Coder(self.codec, self.quality, self.preset)


def video(
    film: Path,
    result: Path,
    /,
    *,
    look: Look = Look(),
    part: Part = Part(),
    writing: Writing = Writing(),
) -> None:
    """Color a film: steady colors, its own luma, sound, subtitles and time stamps; goes on after an interruption.

    Args:
        film: A video file, or a pattern of numbered pictures.
        result: The film to write (its ending says the container), a folder for pictures, or a pattern such as %06d.png.
    """
    try:
        from photochrom.video.film import Plan, colorize_film

        plan = Plan(part.span(), writing.coder(), look.steadiness(), look.hints, writing.strip, writing.overwrite)
        colorizer, settings = look.painter()
        with _bar("coloring") as tell:
            made = colorize_film(film, result, colorizer, settings, plan, tell)
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    Console().out(str(made.target), highlight=False)
    _note(f"{made.frames} frames in {made.shots} shots; the model was asked {made.asked} times")
    for note in made.notes:
        _note(f"photochrom: {note}")


def shots(
    film: Path,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    part: Part = Part(),
) -> None:
    """Write the first frame of each shot of a film, and a JSON file to put hints into.

    Args:
        film: A video file.
        output: Folder for the pictures and shots.json.
    """
    try:
        from photochrom.video.clip import Clip
        from photochrom.video.film import find_shots
        from photochrom.video.stills import write_first_frames

        clip = Clip.open(film, part.span())
        with _bar("finding shots") as tell:
            found, _ = find_shots(clip, tell)
        Console().out(str(write_first_frames(clip, found, output)), highlight=False)
    except ModuleNotFoundError as error:
        raise _missing(error) from error


def _missing(error: ModuleNotFoundError) -> OptionError:
    return OptionError(f"{error.name} is not installed; this needs pip install 'photochrom[video]'")


def _bar(title: str) -> AbstractContextManager[Callable[..., None]]:
    return progress_bar(title, Console(stderr=True).is_terminal, Console().is_terminal)


def _note(text: str) -> None:
    Console(stderr=True).out(text, highlight=False)
