"""Cells and what they look like: unit vectors, of which a product is a likeness.

Shapes: n cells of one page, m of another, C features.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

FAR: Final = 3
"""Cells farther apart than this, on one page, are taken for different things."""

Floats = NDArray[np.float32]
Numbers = NDArray[np.intp]


def unit(rows: Floats) -> Floats:
    """Return rows (n, C) at length one."""
    length = np.sqrt(np.einsum("nc,nc->n", rows, rows))
    return np.asarray(rows / np.maximum(length, 1e-6)[:, None], dtype=np.float32)


def mutual(one: Floats, other: Floats) -> tuple[Numbers, Numbers, Floats]:
    """Return which cells (n, C) and (m, C) are each other's nearest, here and there, and how alike they are."""
    likeness = one @ other.T
    there, back = likeness.argmax(axis=1), likeness.argmax(axis=0)
    here = np.flatnonzero(back[there] == np.arange(len(there)))
    return here, there[here], likeness[here, there[here]]


def steps(columns: int, here: Numbers, there: Numbers) -> Numbers:
    """Return how far cells (n,) and (m,) of a page of so many columns are apart, (n, m), in steps to any of 8 sides."""
    down, across = (
        np.abs(np.subtract.outer(one, other))
        for one, other in zip(divmod(here, columns), divmod(there, columns), strict=True)
    )
    return np.maximum(down, across)


def elsewhere(vectors: Floats, columns: int) -> Floats:
    """Return how alike each cell (n,) is to the far cell of its own page that is most like it; 1 where none is far."""
    cells = np.arange(len(vectors))
    far = steps(columns, cells, cells) > FAR
    likest = np.where(far, vectors @ vectors.T, np.float32(-1)).max(axis=1)
    return np.where(far.any(axis=1), likest, np.float32(1))
