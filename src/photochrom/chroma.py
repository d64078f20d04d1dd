"""How a network says color: what its raw output means and how an answer is decoded.

A class here has a ``kind`` (its name in cards and recipes), ``outputs`` (the network's channels Q), ``decode`` for use
(NumPy and torch) and ``to_card``. What training needs besides is in :mod:`photochrom.encoding`. Networks answer with
unbounded numbers; the tanh, sigmoid or softmax that published systems end with is part of the chroma.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from photochrom.card import Decode
from photochrom.color.arrays import Array, namespace
from photochrom.color.bins import AB_BINS, annealed_mean, distances, entropy
from photochrom.color.lab import rgb_to_lab
from photochrom.errors import ModelError

LARGEST_AB: Final = 110.0
"""The a and b of every sRGB color lie within plus and minus this."""

PIVOT: Final = 9.0
"""The chroma, in Lab units, that contrast leaves alone: about the median of what networks answer."""


@dataclass(frozen=True, eq=False)
class Bins:
    """A distribution over colors at every place: the ab bins of Zhang et al. 2016, or a palette.

    ``colors`` is (Q, 2) in Lab units; ``log_weights`` (Q,) are the logarithms of the class weights of training.
    Training with weights w makes the network answer p_w(q) ~ w(q) p(q): adding -(1 - balance) log w to its scores
    takes any share of the rebalancing back, after training as well as within a loss.

    ``rgb`` (Q, 3), 0..1, is there where the bins are a palette of RGB colors: the network then tells lightness apart,
    too, and ``colors`` are the a and b of these.
    """

    colors: np.ndarray
    log_weights: np.ndarray
    rgb: np.ndarray | None = None
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
        """Turn scores (Q on ``axis``) into ab in Lab units (2 on ``axis``): annealed mean, contrast, saturation.

        A mean over many colors is paler than each of them, and what is neutral is seldom quite so. Chroma c = |ab| gets
        the factor ((c + 1) / (:data:`PIVOT` + 1))^(contrast - 1).
        """
        scores = self.balanced(raw, decode.balance, axis)
        ab = annealed_mean(scores, _like(self.colors, raw), decode.temperature, axis)
        if decode.contrast != 1:
            xp = namespace(ab)
            chroma = xp.sqrt(xp.sum(ab * ab, axis=axis, keepdims=True))
            ab = ab * ((chroma + 1) / (PIVOT + 1)) ** (decode.contrast - 1)
        return ab * decode.saturation

    def doubt(self, raw: Array, balance: float, axis: int) -> Array:
        """Return the entropy of the bins over its largest value log Q, 0..1; ``axis`` disappears."""
        return entropy(self.balanced(raw, balance, axis), axis) / math.log(self.outputs)

    def neighbor_table(self, neighbors: int = 5) -> np.ndarray:
        """Return the nearest bins of every whole (a, b) from -128 to 127, shape (256, 256, neighbors), int64."""
        ticks = np.arange(-128, 128, dtype=np.float32)
        grid = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1)
        rows = [np.argsort(distances(row, self.colors), axis=-1, kind="stable")[:, :neighbors] for row in grid]
        return np.stack(rows).astype(np.int64)

    def to_card(self) -> dict[str, Any]:
        """Return what a card keeps of this."""
        entry = {
            "kind": self.kind,
            "colors": self.colors.tolist(),
            "log_weights": [round(float(value), 6) for value in self.log_weights],
        }
        return entry if self.rgb is None else {**entry, "rgb": self.rgb.tolist()}


@dataclass(frozen=True)
class Regression:
    """One color at every place: ab = 110 tanh(raw). The temperature and the balance of a decoding do nothing here."""

    kind = "regression"
    outputs = 2

    def decode(self, raw: Array, decode: Decode, axis: int) -> Array:
        """Turn raw (2 on ``axis``) into ab in Lab units, same shape."""
        del axis
        return namespace(raw).tanh(raw) * (LARGEST_AB * decode.saturation)

    def to_card(self) -> dict[str, Any]:
        """Return what a card keeps of this."""
        return {"kind": self.kind}


@dataclass(frozen=True)
class Rgb:
    """Red, green and blue at every place: rgb = sigmoid(raw). A photo takes its a and b alone and keeps its own L."""

    kind = "rgb"
    outputs = 3

    def picture(self, raw: Array) -> Array:
        """Turn raw into gamma-encoded sRGB in 0..1, same shape: the picture that the network itself would show."""
        return 1 / (1 + namespace(raw).exp(-raw))

    def decode(self, raw: Array, decode: Decode, axis: int) -> Array:
        """Turn raw (3 on ``axis``) into ab in Lab units (2 on ``axis``)."""
        lab = rgb_to_lab(self.picture(raw), axis=axis)
        chroma = [slice(None)] * lab.ndim
        chroma[axis] = slice(1, 3)
        return lab[tuple(chroma)] * decode.saturation

    def to_card(self) -> dict[str, Any]:
        """Return what a card keeps of this."""
        return {"kind": self.kind}


Chroma = Bins | Regression | Rgb
"""Any way to say color."""

CHROMAS: Final = {"bins": Bins, "regression": Regression, "rgb": Rgb}
"""Every way to say color by its kind."""


def chroma_from_card(entry: dict[str, Any]) -> Chroma:
    """Build the chroma that a card describes; raises ModelError for an unknown kind or a broken entry."""
    kind = entry.get("kind")
    if kind not in CHROMAS:
        known = ", ".join(map(repr, CHROMAS))
        raise ModelError(f"the model says color as {kind!r}, this photochrom knows {known}; update photochrom")
    return _bins(entry) if kind == Bins.kind else Regression() if kind == Regression.kind else Rgb()


def _bins(entry: dict[str, Any]) -> Bins:
    try:
        colors, log_weights = (np.asarray(entry[key], np.float32) for key in ("colors", "log_weights"))
        rgb = np.asarray(entry["rgb"], np.float32) if "rgb" in entry else None
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the model's bins cannot be read ({error}); export the model again") from error
    fits = log_weights.ndim == 1 and colors.shape == (log_weights.size, 2)
    fits = fits and (rgb is None or rgb.shape == (log_weights.size, 3))
    if not fits or not np.isfinite(colors).all() or not np.isfinite(log_weights).all():
        raise ModelError(
            f"the model's bins have shape {colors.shape}, expected a color for each weight; export it again"
        )
    return Bins(colors, log_weights, rgb)


def _like(values: np.ndarray, example: Array) -> Array:
    xp = namespace(example)
    return xp.asarray(values, dtype=example.dtype, device=example.device)
