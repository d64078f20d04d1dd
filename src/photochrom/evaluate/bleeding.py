"""Does color run over the edges of things?

A color edge belongs where the lightness has an edge. Both photos are averaged over 2 x 2 pixels; G is the squared
gradient of a and b, E the places where the gradient of L exceeds :data:`EDGE` and everything within :data:`REACH` of
them. The loose share of a set of photos is

    s = sum of G outside E / sum of G

and bleeding is s of the prediction over s of the truth: 1 is like real photos, more is color that changes where nothing
else does. Multiplying all chroma by a factor changes neither, so that timid colors gain nothing; even color has none.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

EDGE: Final = 5.0
"""The gradient of L, in Lab units a step of 2 pixels, above which a place is an edge."""

REACH: Final = 2
"""How many steps of 2 pixels around an edge belong to it: chroma at a quarter of the size cannot be sharper."""


def loose_gradients(lab: Floats, edges: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the mean chroma gradient energy outside ``edges`` and the mean of all, of a Lab photo (H, W, 3).

    ``edges`` is what :func:`lightness_edges` gives for the truth.
    """
    half = _halved(lab)
    energy = _energy(half[..., 1]) + _energy(half[..., 2])
    return float(np.mean(np.where(edges, 0, energy))), float(np.mean(energy))


def lightness_edges(lab: Floats) -> NDArray[np.bool_]:
    """Return where a Lab photo (H, W, 3) has edges of lightness, widened by :data:`REACH`: (H // 2, W // 2)."""
    edges = _energy(_halved(lab)[..., 0]) > EDGE**2
    for axis in (0, 1):
        near = np.pad(edges, [(REACH, REACH) if axis == side else (0, 0) for side in (0, 1)])
        length = edges.shape[axis]
        edges = np.any([near.take(range(start, start + length), axis) for start in range(2 * REACH + 1)], axis=0)
    return edges


def _halved(lab: Floats) -> Floats:
    height, width = lab.shape[0] // 2, lab.shape[1] // 2
    return np.asarray(lab[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 3).mean(axis=(1, 3)))


def _energy(plane: Floats) -> Floats:
    """Return the squared gradient, by differences of a place's neighbors."""
    down, across = np.gradient(plane)
    return np.asarray(down**2 + across**2)
