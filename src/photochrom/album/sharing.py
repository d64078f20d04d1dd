"""One color for what several photos share, given to each of them as hints; and one mood for their rest.

A trace (see :mod:`photochrom.album.scenes`) gets the color of its members' common answer: the scores r_m of its M
places, averaged as the network gave them, mean the geometric mean of the distributions,

    p(q) ~ prod_m p_m(q)^(1/M)

so that who is sure decides, and a place that could be anything has no say: no mean of plausible colors, which is gray.
A member's hint is its own color there plus the difference of the common answer to its own, both decoded alike: what is
smaller than a cell, such as a face in the grass, keeps its difference from what is around it.

What a photo shares with its scene also tells how its light was misread: d = mean over those traces of (their color -
its own). The rest of it moves by a part of that,

    ab + s d C / (C + 12),  C = |ab|,  s = MOOD (1 - shared)

with gray staying gray, and least where colors are shared already.

Shapes: h x w places of an answer, n cells.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.album.matching import compare
from photochrom.album.member import Member
from photochrom.album.scenes import CERTAIN, SIMILARITY, Recurring, Trace, gather, scenes, shares, traces
from photochrom.album.things import STRANGE, Find, Thing, find
from photochrom.answer import OWN, Settings
from photochrom.color.lab import rgb_to_lab
from photochrom.color.resample import upsample_chroma
from photochrom.color.warmth import STRENGTH
from photochrom.hints import Hint, Hints, parse_color
from photochrom.regions import hex_of

MOOD: Final = 0.5
"""How much of what a photo's shared places moved the rest follows."""

RADIUS: Final = 0.25
"""Radius of a hint, in cells."""

Floats = NDArray[np.float32]
Color = tuple[float, float]


@dataclass(frozen=True, eq=False)
class Part:
    """What the album says of one member: colors (Lab units) by cell, and how the rest moves.

    ``named`` are cells of things with a name; their colors are fixed.
    """

    colors: dict[int, Color] = field(default_factory=dict)
    named: dict[int, Thing] = field(default_factory=dict)
    drift: Color = (0.0, 0.0)

    def hints(self, member: Member) -> Hints | None:
        """Return the hints for the member's page; None where it shares nothing."""
        size = (member.answer.width, member.answer.height)
        radius = RADIUS * max(size[0] / member.columns, size[1] / member.rows)
        light, own, items = member.lightness, member.answer.ab().reshape(-1, 2), []
        for cell, ab in sorted(self.colors.items()):
            a, b = (member.color_at(cell) + np.array(ab) - own[cell]).tolist()
            thing = self.named.get(cell)
            rgb = parse_color(hex_of((a, b), float(light[cell]))) if thing is None else thing.rgb
            items.append(Hint((member.center(cell),), rgb, radius))
        return Hints(*size, tuple(items)) if items else None

    def moved(self, ab: Floats, member: Member) -> Floats:
        """Return a page's colors (h, w, 2), Lab units, with the mood of its scene."""
        if self.drift == (0.0, 0.0):
            return ab
        shared = np.zeros((member.rows, member.columns, 1), np.float32)
        shared.reshape(-1)[list(self.colors)] = 1
        rest = 1 - np.clip(upsample_chroma(shared, *ab.shape[:2]), 0, 1)
        chroma = np.linalg.norm(ab, axis=-1, keepdims=True)
        return np.asarray(ab + MOOD * rest * chroma / (chroma + STRENGTH) * np.array(self.drift), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Rules:
    """From when on something is the same, 0..1.

    ``similarity`` is how much photos of one scene have in common, ``found`` how alike a place on a photo of another
    scene is to a named thing, ``recurring`` how certain it is that a thing on photos of two scenes is one.
    """

    similarity: float = SIMILARITY
    found: float = STRANGE
    recurring: float = CERTAIN


@dataclass(frozen=True, eq=False)
class Plan:
    """What photos of an album share: scenes, traces and things name members by number; there is a part for each."""

    members: Sequence[Member]
    rules: Rules
    scenes: list[list[int]]
    share: Mapping[tuple[int, int], float]
    traces: list[Trace]
    recurring: list[Recurring]
    things: list[tuple[Thing, list[Find]]]
    parts: list[Part]

    @property
    def groups(self) -> list[list[int]]:
        """Scenes of several members."""
        return [scene for scene in self.scenes if len(scene) > 1]

    @property
    def bytes(self) -> int:
        """How much memory is kept of all members."""
        return sum(member.bytes for member in self.members)

    def within(self, scene: Sequence[int]) -> list[Trace]:
        """Return the places that only photos of this scene share."""
        inside = set(scene)
        return [trace for trace in self.traces if all(number in inside for number, _ in trace)]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values for JSON; places are pixels of the upright pages."""
        return {
            "photochrom_album": 1,
            "rules": asdict(self.rules),
            "kept_bytes": self.bytes,
            "members": [self._member(number) for number in range(len(self.members))],
            "shares": [{"members": pair, "share": round(value, 3)} for pair, value in self.share.items()],
            "groups": [{"members": scene, "traces": self._traces(self.within(scene))} for scene in self.groups],
            "recurring": [
                {"members": one.members, "certainty": round(one.certainty, 3), "traces": self._traces(one.traces)}
                for one in self.recurring
            ],
            "things": [{**asdict(thing), "found": [self._find(one) for one in found]} for thing, found in self.things],
        }

    def _traces(self, shared: Sequence[Trace]) -> list[dict[str, Any]]:
        return [{"color": self._color(*trace[0]), "places": [self._place(*one) for one in trace]} for trace in shared]

    def _color(self, number: int, cell: int) -> str:
        return hex_of(self.parts[number].colors[cell], float(self.members[number].lightness[cell]))

    def _member(self, number: int) -> dict[str, Any]:
        member, part = self.members[number], self.parts[number]
        hints = part.hints(member)
        told = None if hints is None else json.loads(hints.to_json())
        return {"photo": str(member.source), "page": member.page, "hints": told, "drift": part.drift}

    def _place(self, number: int, cell: int) -> dict[str, Any]:
        x, y = self.members[number].center(cell)
        return {"member": number, "x": round(x, 1), "y": round(y, 1)}

    def _find(self, found: Find) -> dict[str, Any]:
        places = [self._place(found.member, int(cell)) for cell in found.cells]
        return {"member": found.member, "score": round(found.score, 3), "places": places}


def make_plan(
    members: Sequence[Member],
    things: Sequence[tuple[Thing, int]] = (),
    rules: Rules = Rules(),
    settings: Settings = OWN,
    tell: Callable[[float], None] = lambda share: None,
) -> Plan:
    """Return what the members share; ``things`` come with the number of the member that shows each.

    Of ``settings`` the temperature counts: it decides the colors. ``tell`` hears how far it has come, 0..1.
    """
    met = compare(members, tell)
    share = shares(members, met)
    grouped = scenes(len(members), share, rules.similarity)
    scene_of = {number: scene for scene, numbers in enumerate(grouped) for number in numbers}
    within = [one for one in met if scene_of[one.one] == scene_of[one.other]]
    across = [one for one in met if scene_of[one.one] != scene_of[one.other] and rules.recurring <= one.certainty]
    across = across if rules.recurring < 1 else []
    shared = traces(within, across)
    parts = _parts(members, scene_of, shared, settings)
    found = []
    for thing, shown in things:
        scene = next(one for one in grouped if shown in one)
        finds = _along(find(thing.name, shown, members, scene, rules.found), shared)
        found.append((thing, finds))
        _, a, b = (float(value) for value in rgb_to_lab(np.array(thing.rgb)))
        for one in finds:
            for cell in one.cells.tolist():
                parts[one.member].colors[cell] = (a, b)
                parts[one.member].named[cell] = thing
    wide = [trace for trace in shared if len({scene_of[number] for number, _ in trace}) > 1]
    return Plan(members, rules, grouped, share, shared, gather(across, wide), found, parts)


def _parts(
    members: Sequence[Member], scene_of: Mapping[int, int], shared: Sequence[Trace], settings: Settings
) -> list[Part]:
    """Return each member's part of the traces; what it shares with its own scene moves the rest of it."""
    parts = [Part() for _ in members]
    mood: list[list[int]] = [[] for _ in members]
    for trace, ab in zip(shared, _decided(members, shared, settings), strict=True):
        seen = [scene_of[number] for number, _ in trace]
        for number, cell in trace:
            parts[number].colors[cell] = ab
            if seen.count(scene_of[number]) > 1:
                mood[number].append(cell)
    return [
        replace(part, drift=_drift(part, member, cells))
        for part, member, cells in zip(parts, members, mood, strict=True)
    ]


def _decided(members: Sequence[Member], shared: Sequence[Trace], settings: Settings) -> Iterator[Color]:
    """Yield the color of each trace, Lab units."""
    plain = Settings(settings.temperature)
    for trace in shared:
        number, _ = trace[0]
        scores = [members[one].answer.raw.reshape(len(members[one].answer.raw), -1)[:, cell] for one, cell in trace]
        mean = np.mean(scores, axis=0, dtype=np.float32).reshape(-1, 1, 1)
        a, b = replace(members[number].answer, raw=mean).ab(plain)[0, 0].tolist()
        yield a, b


def _drift(part: Part, member: Member, cells: Sequence[int]) -> Color:
    """Return how these cells, which the member shares with its scene, move at the mean, in Lab units."""
    if not cells:
        return 0.0, 0.0
    own = member.answer.ab().reshape(-1, 2)
    a, b = np.mean([np.array(part.colors[cell]) - own[cell] for cell in cells], axis=0).tolist()
    return a, b


def _along(finds: list[Find], shared: Sequence[Trace]) -> list[Find]:
    """Return finds with the places that share a trace with most of a thing's: the same thing in photos of its scene."""
    places = {(one.member, cell) for one in finds for cell in one.cells.tolist()}
    more: dict[int, set[int]] = {}
    for trace in shared:
        inside = [place in places for place in trace]
        if any(inside) and 2 * sum(inside) >= len(trace):
            for number, cell in trace:
                more.setdefault(number, set()).add(cell)
    known = {one.member: one for one in finds}
    result = [
        replace(one, cells=np.union1d(one.cells, list(more.get(one.member, set()))).astype(np.intp)) for one in finds
    ]
    return result + [
        Find(number, np.array(sorted(cells), np.intp), 0.0)
        for number, cells in sorted(more.items())
        if number not in known
    ]
