"""Which photos show the same, and where: regions of one that recur in another, whatever else is around them.

That two cells are each other's nearest proves little: grass is like grass everywhere. It is evidence as far as they are
more alike than anything that lies apart on their own pages is to them (Lowe 2004 asks this of the second nearest),

    e = s - max(own(here), own(there)),   own(c) = the likeness of c to the far cell of its page most like it

and only where neighbors here meet neighbors there (Sivic and Zisserman 2003). Matches that hold together so are a
region; that it is one thing is as certain as that one of them is right (noisy or, Pearl 1988),

    1 - prod (1 - e)

Such a region grows: cells at its border join where they are alike to cells at the border of the other.

Which photos of a large album are compared depends on the album; what is found in two depends on the two alone.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.album.candidates import NEIGHBORS, candidates
from photochrom.album.cells import Floats, Numbers, elsewhere, mutual, steps
from photochrom.album.member import Member

LEAST: Final = 0.3
"""Certainty below which a region is nothing."""

ALIKE: Final = 0.55
"""Likeness from which on cells may show one thing."""

SHADE: Final = 30.0
"""Difference of L up to which they may: a black coat is no white one, but the light may change."""

NEAR: Final = 1
AROUND: Final = 2
"""Cells so near here must have partners so near there: the thing may be of twice the size."""

SUPPORT: Final = 2
"""Neighbors that must agree with a match."""


@dataclass(frozen=True, eq=False)
class Encounter:
    """A region of member ``one`` that member ``other`` shows, too.

    Cells ``here`` (k,) of the one match cells ``there`` (k,) of the other, each at most once; ``score`` (k,) is how
    alike they are, 0..1, ``certainty`` how certain it is, 0..1, that both regions show one thing.
    """

    one: int
    other: int
    here: Numbers
    there: Numbers
    score: Floats
    certainty: float


def compare(members: Sequence[Member], tell: Callable[[float], None] = lambda share: None) -> list[Encounter]:
    """Return what members show in common, two by two, the lower number first; ``tell`` hears how far it is, 0..1."""

    @cache
    def own(number: int) -> Floats:
        return elsewhere(members[number].descriptors, members[number].columns)

    found = []
    pairs = _pairs(members, lambda share: tell(share / 2))
    for number, (one, other) in enumerate(pairs):
        tell((1 + number / len(pairs)) / 2)
        first, second = members[one], members[other]
        vectors = first.descriptors, second.descriptors
        here, there, score = mutual(*vectors)
        excess = score - np.maximum(own(one)[here], own(other)[there])
        shade = np.abs(first.lightness[here] - second.lightness[there])
        kept = (excess > 0) & (score >= ALIKE) & (shade <= SHADE)
        for inside in _regions(first, second, here[kept], there[kept]):
            certainty = 1 - float(np.prod(1 - np.minimum(excess[kept][inside], 1)))
            if certainty >= LEAST:
                region = _grown(first, second, here[kept][inside], there[kept][inside])
                found.append(Encounter(one, other, *region, certainty))
    return found


def _pairs(members: Sequence[Member], tell: Callable[[float], None]) -> list[tuple[int, int]]:
    if len(members) > NEIGHBORS + 1:
        return sorted(candidates(members, tell))
    return list(combinations(range(len(members)), 2))


def _regions(one: Member, other: Member, here: Numbers, there: Numbers) -> Iterator[Numbers]:
    """Yield which of the matches hold together."""
    agree = (steps(one.columns, here, here) <= NEAR) & (steps(other.columns, there, there) <= AROUND)
    held = np.flatnonzero(agree.sum(axis=1) > SUPPORT)  # each agrees with itself
    part = parts(agree[np.ix_(held, held)])
    for number in np.unique(part):
        inside = held[part == number]
        if len(inside) > SUPPORT:
            yield inside


def parts(joined: NDArray[np.bool_]) -> Numbers:
    """Return the part that each of n things is in, (n,): the lowest number to which what is joined (n, n) leads."""
    part = np.arange(len(joined))
    while True:
        lower = np.where(joined, part, len(part)).min(axis=1, initial=len(part))
        if (lower == part).all():
            return part
        part = lower


def _grown(one: Member, other: Member, here: Numbers, there: Numbers) -> tuple[Numbers, Numbers, Floats]:
    """Return a region with what borders on it here and there and is alike, as far as that goes; and how alike it is."""
    shade = np.abs(np.subtract.outer(one.lightness, other.lightness))
    likeness = one.descriptors @ other.descriptors.T
    likeness[(likeness < ALIKE) | (shade > SHADE)] = -1
    rows, columns = (np.arange(count) for count in likeness.shape)
    while True:
        beside = steps(one.columns, rows, here) <= NEAR, steps(other.columns, columns, there) <= NEAR
        support = beside[0].astype(np.float32) @ beside[1].T.astype(np.float32)
        free = np.where(support >= SUPPORT, likeness, -1)
        free[here], free[:, there] = -1, -1
        best = free.argmax(axis=1)
        new = np.flatnonzero((free.max(axis=1) > 0) & (free.argmax(axis=0)[best] == rows))
        if not len(new):
            return here, there, likeness[here, there]
        here, there = np.concatenate([here, new]), np.concatenate([there, best[new]])
