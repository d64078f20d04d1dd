"""The commands for films; ``cli`` loads them when they are typed."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from photochrom import terminal
from photochrom.errors import OptionError
from photochrom.options import resolve

if TYPE_CHECKING:
    from fractions import Fraction

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
    "fast: the small model; normal: one look at each key frame; best: the consensus of six."
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

        _, effort = resolve(self.model, self.effort)
        return Settings(self.temperature, self.saturation, warmth=self.warmth, effort=effort)

    def steadiness(self) -> "Steadiness":
        """Return how steady colors are; raises OptionError for values outside their ranges."""
        from photochrom.video.steady import Steadiness

        return Steadiness(self.keys, self.memory)

    def painter(self) -> "tuple[Colorizer, Settings]":
        """Return the colorizer, loaded, and its settings."""
        from dataclasses import replace

        from photochrom.colorizer import Colorizer
        from photochrom.photo import Photo

        model, effort = resolve(self.model, self.effort)
        settings, colorizer = self.settings(), Colorizer(model)
        if self.reference is None:
            return colorizer, settings
        return colorizer, replace(settings, reference=colorizer.reference(Photo.open(self.reference), effort))


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
    rate: str | None = None
    "How many numbered pictures are shown a second, such as 16 or 24000/1001; 25 if not given."

    def span(self) -> "Span":
        """Return the part; raises OptionError for one that is empty."""
        from photochrom.video.span import Span

        if self.preview is not None and self.preview <= 0:
            raise OptionError(f"--preview is {self.preview:g} seconds; expected more than 0")
        return Span.parse(self.start, self.end, self.preview)

    def frame_rate(self) -> "Fraction | None":
        """Return the rate of numbered pictures; raises OptionError for what is none."""
        from photochrom.video.span import frame_rate

        return None if self.rate is None else frame_rate(self.rate)


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

        look.settings()
        rules = writing.coder(), look.steadiness(), look.hints, writing.strip, writing.overwrite
        plan = Plan(part.span(), *rules, part.frame_rate())
        colorizer, settings = look.painter()
        with terminal.bar("coloring") as tell:
            made = colorize_film(film, result, colorizer, settings, plan, tell)
    except ModuleNotFoundError as error:
        raise _missing(error) from error
    terminal.say(made.target)
    counts = (made.frames, "frame"), (made.shots, "shot"), (made.asked, "time")
    frames, shots, times = (f"{count} {word}{'s' * (count != 1)}" for count, word in counts)
    terminal.note(f"{frames} in {shots}; the model was asked {times}")
    for note in made.notes:
        terminal.note(f"photochrom: {note}")


def shots(
    film: Path,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    part: Part = Part(),
    overwrite: bool = False,
) -> None:
    """Write the first frame of each shot of a film, and a JSON file to put hints into.

    Args:
        film: A video file.
        output: Folder for the pictures and shots.json.
        overwrite: Replace pictures and a shots.json that exist, with the hints in it.
    """
    try:
        from photochrom.video.clip import Clip
        from photochrom.video.film import find_shots
        from photochrom.video.stills import check_folder, write_first_frames

        clip = Clip.open(film, part.span(), part.frame_rate())
        check_folder(output, overwrite)
        with terminal.bar("finding shots") as tell:
            found, _ = find_shots(clip, tell)
        terminal.say(write_first_frames(clip, found, output, overwrite))
    except ModuleNotFoundError as error:
        raise _missing(error) from error


def _missing(error: ModuleNotFoundError) -> OptionError:
    return OptionError(f"{error.name} is not installed; this needs pip install 'photochrom[video]'")
