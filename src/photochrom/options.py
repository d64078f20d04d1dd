"""What the command line may say of colors and of results: checked here, before anything is loaded or decoded."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from cyclopts import Parameter

from photochrom.errors import OptionError

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer, Settings
    from photochrom.many import Wanted
    from photochrom.photo import SaveOptions
    from photochrom.transplanter import Transplanter

STREAM: Final = "-"
"""Stands for standard input or standard output where a file name is expected."""

SMALL: Final = "small"
"""The model for which "fast" stands."""

FAST: Final = "fast"
"""The effort that is no setting of a model but the small model."""


def resolve(model: str, effort: str) -> tuple[str, str]:
    """Return the model that is meant, and the effort as a setting of it: "fast" is the small model at "normal".

    Raises OptionError for an effort that there is not, and for fast with another model.
    """
    from photochrom.consensus import EFFORTS

    if effort not in (FAST, *EFFORTS):
        raise OptionError(f"the effort is {effort!r}; expected {', '.join((FAST, *EFFORTS))}")
    if effort != FAST:
        return model, effort
    if model not in (Look.model, SMALL):
        raise OptionError(f"the effort fast means the small model, but the model {model} was given; choose one")
    return SMALL, "normal"


@Parameter(name="*")
@dataclass(frozen=True)
class Look:
    """What the colors are to be."""

    model: str = "default"
    "A shipped model's name (see photochrom models) or the path of a model file."
    temperature: float | None = None
    "From 0 (vivid, the likeliest color) to 1 (careful, the mean color); the model's own if not given."
    saturation: float = 1.0
    "Factor on chroma: 0 is gray, 1 the model's own, 4 the most."
    warmth: float = 0.0
    "The scene's mood, from -1 (cold) through 0 (the model's own) to 1 (warm); what is neutral stays neutral."
    effort: str = "normal"
    "fast: the small model; normal: one look at the photo; best: the consensus of six, about eight times the work."
    hint: tuple[str, ...] = ()
    "A color for a place, as X,Y=#RRGGBB or X,Y,RADIUS=#RRGGBB in pixels; may be repeated."
    hints: Path | None = None
    "A JSON file of hints, or a transparent PNG of the photo's size with colors painted on."
    reference: Path | None = None
    "Another photo, in color: the model's colors are moved toward its palette."
    transplant: Path | None = None
    "A colored version of this very photo, of any size: its colors are taken, no model is used."

    def check(self, photos: int = 1, wanted: "Wanted | None" = None) -> None:
        """Raise OptionError or HintError for values that fit no photo at all, or not so many photos."""
        from photochrom.colorizer import Settings
        from photochrom.hints import Hint

        _, effort = resolve(self.model, self.effort)
        if self.hint and self.hints:
            raise OptionError("both --hint and --hints were given; put all hints into the file or none")
        Settings(self.temperature, self.saturation, warmth=self.warmth, effort=effort)
        for text in self.hint:
            Hint.parse(text)
        if self.transplant is not None:
            self._check_transplant(photos, wanted)

    def _check_transplant(self, photos: int, wanted: "Wanted | None") -> None:
        """Raise OptionError for several photos, and for options that are for models."""
        plain = Look()
        names = ("model", "temperature", "saturation", "warmth", "effort", "hint", "hints", "reference")
        given = ["--" + name for name in names if getattr(self, name) != getattr(plain, name)]
        if wanted is not None:
            given += ["--looks"] * (wanted.looks is not None) + ["--guess-map"] * wanted.guess_map
        if given:
            raise OptionError(f"--transplant takes colors as they are and uses no model; leave out {', '.join(given)}")
        if photos > 1:
            raise OptionError(f"{photos} photos were given with --transplant, which is a version of one; give that one")

    def painter(self) -> "tuple[Colorizer | Transplanter, Callable[[int, int], Settings]]":
        """Return what gives photos their colors, loaded, and what gives the settings for a photo of some size."""
        from photochrom.colorizer import Colorizer
        from photochrom.photo import Photo
        from photochrom.transplanter import Transplanter

        if self.transplant is not None:
            return Transplanter(Photo.open(self.transplant)), self.settings
        model, effort = resolve(self.model, self.effort)
        colorizer = Colorizer(model)
        if self.reference is None:
            return colorizer, self.settings
        palette = colorizer.reference(Photo.open(self.reference), effort)
        return colorizer, lambda width, height: replace(self.settings(width, height), reference=palette)

    def settings(self, width: int, height: int) -> "Settings":
        """Return the settings for a photo of this size."""
        from photochrom.colorizer import Settings
        from photochrom.hints import Hints
        from photochrom.photo import Photo

        found = Hints.parse(self.hint, (width, height)) if self.hint else None
        if self.hints is not None and self.hints.suffix.lower() == ".png":
            found = Hints.from_overlay(Photo.open(self.hints).to_array(), (width, height))
        elif self.hints is not None:
            found = Hints.from_json(self.hints)
        _, effort = resolve(self.model, self.effort)
        return Settings(self.temperature, self.saturation, found, self.warmth, effort=effort)


@Parameter(name="*")
@dataclass(frozen=True)
class Output:
    """How results are written."""

    output: Annotated[str | None, Parameter(name=["--output", "-o"], allow_leading_hyphen=True)] = None
    "File (its ending says the format), folder, or - for standard output; NAME-color.EXT beside the photo if not given."
    format: str | None = None
    "jpeg, png, tiff, webp or avif; if not given, the ending of --output decides, then the photo's own format."
    quality: int | None = None
    "1 to 100, for lossy formats."
    overwrite: bool = False
    "Replace results that exist."
    max_pixels: int = 500_000_000
    "Refuse photos with more pixels than this, before decoding them."
    looks: int | None = None
    "Write 2 to 8 different versions, NAME-natural.EXT, NAME-conservative.EXT and on, instead of one."
    seed: int = 0
    "For --looks: another number draws other versions."
    guess_map: bool = False
    "Write NAME-guess.png, too: a heat map, bright where the model is guessing."

    def options(self) -> "SaveOptions":
        """Return how to save; raises OptionError for values that fit no photo at all."""
        from photochrom.many import format_asked
        from photochrom.photo import SaveOptions

        if self.quality is not None and not 1 <= self.quality <= 100:
            raise OptionError(f"the quality is {self.quality}; expected 1 to 100")
        if self.max_pixels < 1:
            raise OptionError(f"--max-pixels is {self.max_pixels}; expected 1 or more")
        if self.output is not None and self.output.startswith("-") and self.output != STREAM:
            raise OptionError(f"-o got {self.output}, expected a name; write ./{self.output} for a file of that name")
        output = None if self.output == STREAM else self.output
        return SaveOptions(format_asked(output, self.format), self.quality, self.overwrite)

    def wanted(self) -> "Wanted":
        """Return which files are written of each photo; raises OptionError for a number of looks that cannot be."""
        from photochrom.looks import look_names
        from photochrom.many import Wanted

        if self.looks is not None:
            look_names(self.looks)
        return Wanted(self.looks, self.guess_map, self.seed)

    def is_stream(self, photos: list[str], as_json: bool) -> bool:
        """Tell whether standard input or output is used; raises OptionError where that cannot be.

        Also for names that begin with a hyphen: those are misspelled options, and guessing costs the user a file.
        """
        for name in photos:
            if name.startswith("-") and name != STREAM:
                raise OptionError(f"there is no option {name}; see --help, or write ./{name} for a photo of that name")
        if STREAM not in (*photos, self.output):
            return False
        if len(photos) > 1:
            raise OptionError(f"{len(photos)} photos were given with -, which holds one; give one photo at a time")
        if self.looks is not None or self.guess_map:
            asked = "--guess-map" if self.looks is None else "--looks"
            raise OptionError(
                f"{asked} writes further files and was given with -, which holds one; give names of files"
            )
        if as_json:
            raise OptionError("--json was given with -, which gives the picture itself; leave one of them out")
        return True
