"""What is to be made of every photo: the same settings that the page of ``photochrom serve`` and ``colorize`` know."""

import hashlib
import json
import os
import time
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from photochrom.colorizer import Colorizer, Settings
from photochrom.errors import ModelError, OptionError, PhotoNotFound
from photochrom.jsonfile import read_object
from photochrom.looks import FEWEST, MOST, look_names
from photochrom.many import format_asked
from photochrom.options import resolve
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
_SETTLED: Final = 2 * 10**9
"""Nanoseconds after which a further change of a file shows in its time, on any file system."""


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be made of every photo; fields as in :class:`photochrom.Settings` and :class:`photochrom.SaveOptions`.

    ``reference`` is the path of a color photo, ``look`` one of the names of :func:`photochrom.looks.look_names`. The
    ``effort`` "fast" becomes what it stands for: the small model at "normal". Raises OptionError for values outside
    their range.
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
        """Check everything that can be checked without a photo, and settle what an effort stands for."""
        model, effort = resolve(self.model, self.effort)
        object.__setattr__(self, "model", model)
        object.__setattr__(self, "effort", effort)
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
        values = read_object(path, OptionError, '{"saturation": 1.2}')
        for key, value in values.items():
            _check(path, key, value)
        values = {key: value for key, value in values.items() if key in _KINDS and (key, value) != ("model", None)}
        return cls(**(values | given))

    def settings(self, reference: Reference | None = None) -> Settings:
        """Return the library's settings."""
        return Settings(self.temperature, self.saturation, None, self.warmth, reference, self.effort)

    def painter(self, threads: int) -> "Painter":
        """Return what gives photos these colors, loaded; raises ModelError or PhotoError where it cannot be."""
        colorizer = Colorizer(self.model, threads=threads)
        if self.reference is None:
            return Painter(colorizer, self, self.settings())
        palette = colorizer.reference(Photo.open(self.reference), self.effort)
        return Painter(colorizer, self, self.settings(palette))

    def fingerprint(self) -> str:
        """Return what tells results of other settings, another model or another reference apart, 32 letters.

        Raises ModelError or PhotoNotFound where the file of one is not there.
        """
        values = asdict(self) | {"model": _digest(shipped().get(self.model, Path(self.model)), ModelError)}
        if self.reference is not None:
            values["reference"] = _digest(Path(self.reference), PhotoNotFound)
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:32]


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
    """Return the SHA-256 of a file, read once as long as its size and time are the same."""
    try:
        found, whole = path.stat(), os.path.abspath(path)
        if time.time_ns() - found.st_mtime_ns < _SETTLED:
            return _digest_of.__wrapped__(whole, found.st_size, found.st_mtime_ns)
        return _digest_of(whole, found.st_size, found.st_mtime_ns)
    except OSError as reason:
        raise error(f"{path}: cannot be read ({reason.strerror}); check the name") from reason


@lru_cache(maxsize=16)
def _digest_of(path: str, size: int, time_ns: int) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
