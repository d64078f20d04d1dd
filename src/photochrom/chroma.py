"""How a network says color: what its raw output means, how a target is encoded and how an answer is decoded.

A class here has a ``kind`` (its name in cards and recipes), ``outputs`` (the network's channels Q), ``decode`` for use
(NumPy and torch) and ``to_card``. The rebalancing arithmetic is written down in :class:`Bins`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from photochrom.card import Decode
from photochrom.color.arrays import Array, namespace
from photochrom.color.bins import AB_BINS, annealed_mean, distances
from photochrom.errors import ModelError


@dataclass(frozen=True, eq=False)
class Bins:
    """A distribution over ab bins at every place (Zhang et al. 2016).

    ``colors`` is (Q, 2) in Lab units; ``log_weights`` (Q,) are the logarithms of the class weights of training.
    Training with weights w makes the network answer p_w(q) ~ w(q) p(q): adding -(1 - balance) log w to its scores
    takes any share of the rebalancing back, after training as well as within a loss.
    """

    colors: np.ndarray
    log_weights: np.ndarray
    kind = "bins"

    @classmethod
    def published(cls, log_weights: np.ndarray | None = None) -> "Bins":
        """Return the 313 published bins with these weights (none: equal ones)."""
        return cls(AB_BINS, np.zeros(len(AB_BINS), np.float32) if log_weights is None else log_weights)

    @property
    def outputs(self) -> int:
        """How many channels the network has: Q."""
        return len(self.colors)

    def balanced(self, logits: Array, balance: float, axis: int) -> Array:
        """Return scores with the share ``1 - balance`` of the rebalancing taken back; same shape."""
        shape = [1] * logits.ndim
        shape[axis] = self.outputs
        return logits - _like(self.log_weights.reshape(shape) * (1 - balance), logits)

    def decode(self, raw: Array, decode: Decode, axis: int) -> Array:
        """Turn scores (Q on ``axis``) into ab in Lab units (2 on ``axis``): annealed mean, then saturation."""
        scores = self.balanced(raw, decode.balance, axis)
        return annealed_mean(scores, _like(self.colors, raw), decode.temperature, axis) * decode.saturation

    def neighbor_table(self, neighbors: int = 5) -> np.ndarray:
        """Return the nearest bins of every whole (a, b) from -128 to 127, shape (256, 256, neighbors), int64."""
        ticks = np.arange(-128, 128, dtype=np.float32)
        grid = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1)
        rows = [np.argsort(distances(row, self.colors), axis=-1, kind="stable")[:, :neighbors] for row in grid]
        return np.stack(rows).astype(np.int64)

    def to_card(self) -> dict[str, Any]:
        """Return what a card keeps of this."""
        return {
            "kind": self.kind,
            "colors": self.colors.tolist(),
            "log_weights": [round(float(value), 6) for value in self.log_weights],
        }


def _like(values: np.ndarray, example: Array) -> Array:
    xp = namespace(example)
    return xp.asarray(values, dtype=example.dtype, device=example.device)


def chroma_from_card(entry: dict[str, Any]) -> Bins:
    """Build the chroma that a card describes; raises ModelError for an unknown kind or a broken entry."""
    if entry.get("kind") != Bins.kind:
        raise ModelError(
            f"the model says color as {entry.get('kind')!r}, this photochrom knows 'bins'; update photochrom"
        )
    try:
        colors, log_weights = (np.asarray(entry[key], np.float32) for key in ("colors", "log_weights"))
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the model's bins cannot be read ({error}); export the model again") from error
    fits = log_weights.ndim == 1 and colors.shape == (log_weights.size, 2)
    if not fits or not np.isfinite(colors).all() or not np.isfinite(log_weights).all():
        raise ModelError(
            f"the model's bins have shape {colors.shape}, expected a color for each weight; export it again"
        )
    return Bins(colors, log_weights)
