"""The card: what a model file says of itself, embedded in its metadata and printed by ``photochrom models``."""

import json
import math
from dataclasses import asdict, dataclass, field, fields
from itertools import pairwise
from typing import Any

from photochrom.errors import ModelError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Decode:
    """How a network's answer becomes color; fitted on validation photos, never on test photos.

    ``temperature`` of the annealed mean (0 the mode, 1 the mean); ``balance`` how much of the training's class
    rebalancing is kept (0 none: true frequencies, 1 all of it); ``saturation`` a factor on chroma;
    ``working_size`` the side, in pixels, of the square whose area the network's input has. ``contrast``, 1 for none,
    makes pale colors of models of bins paler and vivid ones more vivid (see :meth:`photochrom.chroma.Bins.decode`).
    """

    temperature: float = 1.0
    balance: float = 0.0
    saturation: float = 1.0
    working_size: int = 256
    contrast: float = 1.0

    def __post_init__(self) -> None:
        """Raise ModelError for values that cannot be decoded with."""
        values = asdict(self)
        if any(isinstance(value, bool | str) or not math.isfinite(value) for value in values.values()):
            raise ModelError(f"the model's decoding is {values}; expected numbers")
        if not 0 <= self.temperature <= 1 or self.saturation < 0 or not 16 <= self.working_size <= 4096:
            raise ModelError(
                f"the model's decoding is {values}; expected a temperature of 0 to 1, a saturation of 0 or more and a "
                "working size of 16 to 4096"
            )
        if not 0 < self.contrast <= 4:
            raise ModelError(f"the model's decoding is {values}; expected a contrast of more than 0, up to 4")


@dataclass(frozen=True, slots=True)
class Card:
    """A model's name, what it is made of, how to read its answers, how it was trained and how well it does.

    ``chroma`` is what :func:`photochrom.chroma.chroma_from_card` reads; both sides of the network's input are multiples
    of ``multiple`` pixels; ``recipe``, ``training`` and ``metrics`` are plain JSON values; ``origins`` name every
    ingredient with its terms. ``guess``, where it is not empty, tells what error a doubt means: "doubt" rises, 0..1;
    "expected" is the mean CIEDE2000 at each and never falls; "scales" is in how many runs of the network it was
    measured, 1 or 2 (see :mod:`photochrom.guess`).
    """

    name: str
    description: str
    chroma: dict[str, Any]
    decode: Decode = field(default_factory=Decode)
    multiple: int = 16
    license: str = "Apache-2.0"
    recipe: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, Any] = field(default_factory=dict)
    origins: tuple[dict[str, str], ...] = ()
    guess: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    def to_json(self) -> str:
        """Return the card as one JSON object."""
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Card":
        """Read a card; raises ModelError when it is not one or of a later format."""
        try:
            values = json.loads(text)
            if values.get("format", 0) > FORMAT:
                raise ModelError(
                    f"this model's card has format {values['format']}, expected {FORMAT} at most; update photochrom"
                )
            known = {name.name for name in fields(cls)}
            values = {key: value for key, value in values.items() if key in known}
            values["decode"] = Decode(**values.get("decode", {}))
            values["origins"] = tuple(values.get("origins", ()))
            card = cls(**values)
            if not isinstance(card.name, str) or not isinstance(card.chroma, dict):
                raise TypeError("a name and a chroma are needed")
            if not isinstance(card.multiple, int) or not 1 <= card.multiple <= 1024:
                raise ValueError(f"the multiple is {card.multiple}, expected 1 to 1024")
            _check_guess(card.guess)
            return card
        except (TypeError, ValueError, AttributeError) as error:
            raise ModelError(f"the model's card cannot be read ({error}); export the model again") from error


def _check_guess(guess: dict[str, Any]) -> None:
    """Raise ValueError unless there is no table, or one of two numbers or more that rise together."""
    if not guess:
        return
    doubt, expected = ([float(value) for value in guess.get(key, ())] for key in ("doubt", "expected"))
    steps = list(zip(pairwise(doubt), pairwise(expected), strict=True)) if len(doubt) == len(expected) else []
    rises = all(low < high and less <= more for (low, high), (less, more) in steps)
    if not steps or not rises or not all(map(math.isfinite, doubt + expected)):
        raise ValueError("the table of guesses does not rise")
