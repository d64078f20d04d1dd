"""Which photos of a large album are worth comparing: those that may show the same, be it only a coat.

All pairs are looked at, with short descriptors: the :data:`DIMENSIONS` main directions of those of the album (principal
components, Pearson 1901). Two photos promise as much as their matches exceed what lies apart on their own pages (see
:mod:`photochrom.album.recurring`): what is everywhere, such as grass, promises nothing.

Shapes: n cells of a page, C features, D dimensions.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.album.cells import Floats, elsewhere, mutual, unit
from photochrom.album.member import Member

NEIGHBORS: Final = 24
"""With so many others, the most promising, is a photo of a large album compared."""

DIMENSIONS: Final = 64
SAMPLE: Final = 20_000
"""Cells of the album, at most, whose main directions are taken."""


def candidates(members: Sequence[Member], tell: Callable[[float], None]) -> set[tuple[int, int]]:
    """Return the pairs of members, first number below the second, of which one is among the other's best.

    ``tell`` hears how far it has come, 0..1.
    """
    promise = _promises(members, tell)
    best = np.argsort(-promise, axis=1, kind="stable")[:, :NEIGHBORS]
    return {(min(one, other), max(one, other)) for one, row in enumerate(best.tolist()) for other in row}


def _promises(members: Sequence[Member], tell: Callable[[float], None]) -> NDArray[np.float32]:
    """Return what each pair promises, (members, members); -1 for a member and itself."""
    short = _shortened(members)
    own = [elsewhere(rows, member.columns) for rows, member in zip(short, members, strict=True)]
    promise = np.full((len(members), len(members)), -1, np.float32)
    for one in range(len(members)):
        for other in range(one + 1, len(members)):
            here, there, score = mutual(short[one], short[other])
            excess = score - np.maximum(own[one][here], own[other][there])
            promise[one, other] = promise[other, one] = np.maximum(excess, 0).sum()
        tell(1 - (1 - (one + 1) / len(members)) ** 2)
    return promise


def _shortened(members: Sequence[Member]) -> list[Floats]:
    """Return descriptors (n, D) of each member, of length one, around the album's mean."""
    step = -(-sum(len(member.features) for member in members) // SAMPLE)
    sample = np.concatenate([member.descriptors[::step] for member in members])
    mean = sample.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov((sample - mean).T))
    main = directions[:, -DIMENSIONS:].astype(np.float32)
    return [unit((member.descriptors - mean) @ main) for member in members]
