"""What is to be made of every photo: the same settings that the page of ``photochrom serve`` and ``colorize`` know."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from photochrom.colorizer import Colorizer, Settings
from photochrom.consensus import EFFORTS
from photochrom.errors import ModelError, OptionError, PhotoNotFound
from photochrom.looks import FEWEST, MOST, look_names
from photochrom.many import format_asked
from photochrom.options import FAST, Look
from photochrom.photo import Photo
from photochrom.reference import Reference
from photochrom.weights import shipped

_NUMBER: Final = (int, float)
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "model": (str, type(None)), "temperature": (*_NUMBER, type(None)), "saturation": _NUMBER, "warmth": _NUMBER,
    "effort": (str,), "reference": (str, type(None)), "look": (str,), "seed": (int,), "format": (str, type(None)),
    "quality": (int, type(None)),
}  # fmt: skip
_SAID: Final = {str: "a text", int: "a whole number", float: "a number", type(None): "null"}
_OF_ONE_PHOTO: Final = {"hints": [], "colors": "model"}
"""What the page has for a single photo: allowed where it says nothing."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made of every photo; fields as in :class:`photochrom.Settings` and :class:`photochrom.SaveOptions`.

    ``reference`` is the path of a color photo, ``look`` one of the names of :func:`photochrom.looks.look_names`.
    Raises OptionError for values outside their range.
    """

    model: str = "default"
    temperature: float | None = None
    saturation: float = 1.0
    warmth: float = 0.0
    effort: str = "normal"
    reference: str | None = None
    look: str = "natural"
    seed: int = 0
    format: str | None = None
    quality: int | None = None

    def __post_init__(self) -> None:
        """Check everything that can be checked without a photo."""
        if self.effort not in (FAST, *EFFORTS):
            raise OptionError(f"the effort is {self.effort!r}; expected {', '.join((FAST, *EFFORTS))}")
        if self.effort == FAST and self.model != Look.model:
            raise OptionError(
                f"the effort fast means the small model, but the model {self.model} was given; choose one"
            )
        self.settings()
        if self.look not in look_names(MOST):
            raise OptionError(f"the look is {self.look!r}; expected one of: {', '.join(look_names(MOST))}")
        if self.seed < 0:
            raise OptionError(f"the seed is {self.seed}; expected 0 or more")
        if self.quality is not None and not 1 <= self.quality <= 100:
            raise OptionError(f"the quality is {self.quality}; expected 1 to 100")
        object.__setattr__(self, "format", format_asked(None, self.format))

    @classmethod
    def read(cls, path: Path, given: dict[str, Any]) -> "Order":
        """Return what a JSON file says, with what was ``given`` besides; raises OptionError for anything unknown."""
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise OptionError(f"{path} cannot be read as JSON ({error}); give a file of settings") from error
        if not isinstance(values, dict):
            raise OptionError(f'{path} holds no JSON object; expected one such as {{"saturation": 1.2}}')
        for key, value in values.items():
            _check(path, key, value)
        values = {key: value for key, value in values.items() if key in _KINDS and (key, value) != ("model", None)}
        return cls(**(values | given))

    def settings(self, reference: Reference | None = None) -> Settings:
        """Return the library's settings."""
        return Settings(self.temperature, self.saturation, None, self.warmth, reference, self._effort)

    def painter(self, threads: int) -> "Painter":
        """Return what gives photos these colors, loaded; raises ModelError or PhotoError where it cannot be."""
        colorizer = Colorizer(self._model, threads=threads)
        if self.reference is None:
            return Painter(colorizer, self, self.settings())
        palette = colorizer.reference(Photo.open(self.reference), self._effort)
        return Painter(colorizer, self, self.settings(palette))

    def fingerprint(self) -> str:
        """Return what tells results of other settings, another model or another reference apart, 32 letters.

        Raises ModelError or PhotoNotFound where the file of one is not there.
        """
        values = asdict(self) | {"model": _digest(shipped().get(self._model, Path(self._model)), ModelError)}
        if self.reference is not None:
            values["reference"] = _digest(Path(self.reference), PhotoNotFound)
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]

    @property
    def _model(self) -> str:
        return "small" if self.effort == FAST else self.model

    @property
    def _effort(self) -> str:
        """The effort as a setting of a model."""
        return "normal" if self.effort == FAST else self.effort


@dataclass(frozen=True, slots=True)
class Painter:
    """A loaded model with an order."""

    colorizer: Colorizer
    order: Order
    settings: Settings

    def colored(self, photo: Photo) -> Photo:
        """Return the photo as it is ordered."""
        if self.order.look == "natural":
            return self.colorizer.colorize(photo, self.settings)
        count = max(FEWEST, look_names(MOST).index(self.order.look) + 1)
        return dict(self.colorizer.looks(photo, count, self.order.seed, self.settings))[self.order.look]


def _check(path: Path, key: str, value: Any) -> None:
    """Raise OptionError for an unknown key or a value of another kind than expected."""
    if key in _OF_ONE_PHOTO:
        if value != _OF_ONE_PHOTO[key]:
            raise OptionError(f"{path}: {key!r} is for one photo; leave it out, or name a reference for all")
        return
    if key not in _KINDS:
        raise OptionError(f"{path}: there is no setting {key!r}; expected some of: {', '.join(_KINDS)}")
    if not isinstance(value, _KINDS[key]) or isinstance(value, bool):
        kinds = " or ".join(dict.fromkeys(_SAID[kind] for kind in _KINDS[key]))
        raise OptionError(f"{path}: {key!r} is {json.dumps(value)}; expected {kinds}")


def _digest(path: Path, error: type[Exception]) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as reason:
        raise error(f"{path}: cannot be read ({reason.strerror}); check the name") from reason
