"""What encounters make of an album: scenes, traces, and things that recur in several scenes.

share     part of the cells of two photos, of the one that has fewer, that their encounters join
scene     photos joined by average linkage (Sokal and Michener 1958) down to the wanted share
trace     cells of several photos, joined by matches, the most alike first, at most one of each photo
recurring encounters of photos of different scenes, with all others that have a place in common with them
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from photochrom.album.matching import Encounter, parts
from photochrom.album.member import Member

SIMILARITY: Final = 0.25
"""Share from which on two photos are one scene.

Of 166 pairs of crops of one validation photo 96% reach it, of 7,835 other pairs none.
"""

CERTAIN: Final = 0.75
"""Certainty from which on what photos of different scenes show is one thing.

Of 180 pairs of validation photos into which one thing was put 67% reach it, of 14,670 other pairs 22, mostly faces.
"""

Pair = tuple[int, int]
Place = tuple[int, int]
"""The number of a member, and that of one of its cells."""

Trace = list[Place]
"""Places of one thing, at most one of each member."""


@dataclass(frozen=True, eq=False)
class Recurring:
    """A thing on photos of several scenes: the numbers of the ``members`` that show it, and the places they share.

    ``certainty`` is that of the least certain of its encounters.
    """

    members: list[int]
    traces: list[Trace]
    certainty: float


def shares(members: Sequence[Member], met: Sequence[Encounter]) -> dict[Pair, float]:
    """Return how much two members have in common, 0..1, for all that have anything."""
    cells: dict[Pair, set[int]] = {}
    for one in met:
        cells.setdefault((one.one, one.other), set()).update(one.here.tolist())
    return {pair: len(own) / min(len(members[one].features) for one in pair) for pair, own in cells.items()}


def scenes(count: int, share: Mapping[Pair, float], similarity: float = SIMILARITY) -> list[list[int]]:
    """Return the numbers of ``count`` members by scene, each member once; members by themselves are scenes of one.

    The two scenes with the highest mean share of their members' pairs are joined, until none reach ``similarity``.
    """
    mean = np.zeros((count, count))
    for (one, other), value in share.items():
        mean[one, other] = mean[other, one] = value
    np.fill_diagonal(mean, -1)
    groups, sizes = [[number] for number in range(count)], np.ones(count)
    while count > 1:
        first, second = sorted(int(place) for place in np.unravel_index(int(mean.argmax()), mean.shape))
        if mean[first, second] < similarity:
            break
        total = sizes[first] + sizes[second]
        joined = (mean[first] * sizes[first] + mean[second] * sizes[second]) / total
        mean[first], mean[:, first] = joined, joined
        mean[first, first] = -1
        mean[second], mean[:, second] = -1, -1
        groups[first] = sorted(groups[first] + groups[second])
        groups[second], sizes[first] = [], total
    return [group for group in groups if group]


def traces(*ranks: Iterable[Encounter]) -> list[Trace]:
    """Return what encounters join, the cells of each trace in order of the members.

    Matches of an earlier rank are joined first, within a rank the most alike; none is that would join two cells of a
    member.
    """
    part_of: dict[Place, dict[int, int]] = {}
    for rank in ranks:
        rows = [
            (-float(score), (met.one, int(here)), (met.other, int(there)))
            for met in rank
            for score, here, there in zip(met.score, met.here, met.there, strict=True)
        ]
        for _, here, there in sorted(rows):
            own, other = (part_of.setdefault(place, {place[0]: place[1]}) for place in (here, there))
            if own is other or own.keys() & other.keys():
                continue
            own.update(other)
            for place in other.items():
                part_of[place] = own
    unique = {id(part): part for part in part_of.values()}
    return sorted(sorted(part.items()) for part in unique.values() if len(part) > 1)


def gather(met: Sequence[Encounter], shared: Sequence[Trace]) -> list[Recurring]:
    """Return what recurs: encounters that have a place in common are of one thing.

    ``shared`` are the traces over several scenes.
    """
    at: dict[Place, set[int]] = {}
    for number, one in enumerate(met):
        for member, cells in ((one.one, one.here), (one.other, one.there)):
            for cell in cells.tolist():
                at.setdefault((member, cell), set()).add(number)
    joined = np.eye(len(met), dtype=bool)
    for numbers in at.values():
        joined[np.ix_(list(numbers), list(numbers))] = True
    part = parts(joined)
    found = []
    for number in np.unique(part):
        inside = set(np.flatnonzero(part == number).tolist())
        own = [trace for trace in shared if any(at.get(place, set()) & inside for place in trace)]
        members = sorted({member for one in inside for member in (met[one].one, met[one].other)})
        found.append(Recurring(members, own, min(met[one].certainty for one in inside)))
    return found
