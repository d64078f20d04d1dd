"""The commands that only answer: models and alternatives; ``cli`` loads them when they are typed."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from photochrom.errors import OptionError
from photochrom.terminal import say


def models(*, as_json: Annotated[bool, Parameter(name="--json")] = False) -> None:
    """List the shipped models with their cards.

    Args:
        as_json: Print the whole cards as JSON.
    """
    from photochrom.colorizer import Colorizer
    from photochrom.weights import shipped

    cards = {name: Colorizer(path).card for name, path in shipped().items()}
    if as_json:
        say(json.dumps({name: asdict(card) for name, card in cards.items()}, indent=1, ensure_ascii=False))
        return
    for name, card in cards.items():
        say(f"{name}  {shipped()[name].stat().st_size / 1e6:.1f} MB  {card.license}\n  {card.description}")
        say(f"  trained: {card.training}\n  decoded: {asdict(card.decode)}")
        for origin in card.origins:
            say("  from: " + ", ".join(origin.values()))


def alternatives(
    photo: Path, /, *, at: str, model: str = "default", as_json: Annotated[bool, Parameter(name="--json")] = False
) -> None:
    """List the likely colors of the thing at a point of a photo, most probable first, each with the hint to choose it.

    Args:
        photo: A photo file.
        at: The point, as X,Y in pixels of the upright photo, counted from its top left corner.
        model: A shipped model's name (see photochrom models) or the path of a model file.
        as_json: Print them as one JSON list instead.
    """
    from photochrom.colorizer import Colorizer
    from photochrom.photo import Photo

    x, y = _point(at)
    found = Colorizer(model).alternatives(Photo.open(photo), x, y)
    if as_json:
        say(json.dumps([asdict(alternative) for alternative in found]))
        return
    for one in found:
        a, b = one.ab
        say(f"{one.color}  {one.probability:4.0%}  a {a:4.0f}  b {b:4.0f}  --hint {one.hint}")


def _point(text: str) -> tuple[float, float]:
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise OptionError(f"--at got {text!r}; expected X,Y in pixels, such as 120,80") from None
    return x, y
