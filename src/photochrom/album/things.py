"""Things with a name and a color that holds in the whole album: shown once, found wherever they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.album.member import Member
from photochrom.errors import HintError
from photochrom.hints import Rgb, parse_color
from photochrom.jsonfile import read_object

VERSION: Final = 1
EXAMPLE: Final = (
    '{"photochrom_things": 1, "things": [{"name": "coat", "color": "#4a5568", "photo": "a.jpg", "x": 12, "y": 8}]}'
)

FOUND: Final = 0.7
STRANGE: Final = 0.85
"""Likeness from which on a cell may be the thing: in photos of the scene that shows it, and in all others."""

SHADE: Final = 35.0
"""Difference of L, from the darkest or lightest cell of the thing, up to which it may."""

FEWEST: Final = 2
"""A thing is found where so many cells are it; one alone is chance."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A ``name``, the color ``rgb`` (sRGB, 0..1) it has everywhere, and where it is to be seen.

    ``photo`` is a file's name in the album; ``x`` and ``y`` are pixels of its first page, upright.
    """

    name: str
    rgb: Rgb
    photo: str
    x: float
    y: float

    @classmethod
    def parse(cls, text: str) -> "Thing":
        """Read the command line's NAME=#RRGGBB@PHOTO:X,Y; raises HintError for any other text."""
        name, _, rest = text.partition("=")
        color, _, place = rest.partition("@")
        photo, _, point = place.rpartition(":")
        try:
            x, y = (float(part) for part in point.split(","))
        except ValueError:
            x = y = float("nan")
        if not (name and photo and np.isfinite([x, y]).all()):
            raise HintError(
                f"the thing is {text!r}; expected NAME=#RRGGBB@PHOTO:X,Y, such as coat=#4a5568@a.jpg:120,80"
            )
        return cls(name, parse_color(color), photo, x, y)


@dataclass(frozen=True, eq=False)
class Find:
    """Where a thing was found: cells ``cells`` (k,) of the member of this number, and how alike they are, 0..1."""

    member: int
    cells: NDArray[np.intp]
    score: float


def read_things(texts: Sequence[str], file: Path | None) -> list[Thing]:
    """Return the things of command line texts, or of a JSON file.

    The file holds ``{"photochrom_things": 1, "things": [{"name": ..., "color": "#rrggbb", "photo": ..., "x": ...,
    "y": ...}]}``. Raises HintError where it cannot be read, and for two things of one name.
    """
    things = [Thing.parse(text) for text in texts]
    if file is not None:
        stored = read_object(file, HintError, EXAMPLE)
        if stored.get("photochrom_things") != VERSION:
            raise HintError(f"{file} has the version {stored.get('photochrom_things')!r}; expected such as {EXAMPLE}")
        try:
            things += [_thing(entry) for entry in stored["things"]]
        except (ValueError, TypeError, KeyError) as error:
            raise HintError(f"{file} cannot be read as things ({error!r}); expected such as {EXAMPLE}") from error
    names = [thing.name for thing in things]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise HintError(f"two things are named {twice[0]!r}; give each one color")
    return things


def _thing(entry: dict[str, Any]) -> Thing:
    x, y = float(entry["x"]), float(entry["y"])
    return Thing(str(entry["name"]), parse_color(entry["color"]), str(entry["photo"]), x, y)


def find(
    name: str, shown: int, members: Sequence[Member], scene: Sequence[int] = (), strange: float = STRANGE
) -> list[Find]:
    """Return where a thing is that member ``shown`` has under this name; itself first, with score 1.

    A cell is the thing where it is as alike to one of the thing's cells as :data:`FOUND` says for members of ``scene``,
    or ``strange`` for others, and less to everything else on the photo that shows the thing.
    """
    query, own = members[shown].descriptors, members[shown].things[name]
    light = members[shown].lightness[own]
    finds = [Find(shown, own, 1.0)]
    for number, member in enumerate(members):
        likeness = member.descriptors @ query.T
        best, nearest = likeness.max(axis=1), likeness.argmax(axis=1)
        shade = np.maximum(light.min() - member.lightness, member.lightness - light.max())
        enough = FOUND if number in scene else strange
        cells = np.flatnonzero((best >= enough) & np.isin(nearest, own) & (shade <= SHADE))
        if number != shown and len(cells) >= FEWEST:
            finds.append(Find(number, cells, float(np.sort(best[cells])[-3:].mean())))
    return finds
