"""What training needs of a chroma: true photos as targets, raw answers as colors to compare with them.

``color`` is what the losses compare: a and b divided by 110, or RGB times 2 less 1, so that both lie in -1..1.

Shapes: B photos, h x w places, C color channels (2 for ab, 3 for RGB), Q raw channels, P = B h w places, K neighbors.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.batch import Batch
from photochrom.chroma import LARGEST_AB, Bins, Chroma, Rgb
from photochrom.color.lab import lab_to_rgb


@dataclass(frozen=True, slots=True)
class Reading:
    """How a distribution is read as one color: the annealed mean of Zhang et al. 2016, eq. 5, as cards decode it."""

    temperature: float = 1.0
    balance: float = 0.0


MEAN: Final = Reading()
"""The mean color of the true frequencies."""


class Encoding(nn.Module):
    """A chroma on the training device; subclasses say what ``color`` is."""

    channels = 2

    def color(self, raw_BQhw: Tensor, reading: Reading = MEAN) -> Tensor:
        """Return the color (B, C, h, w) that raw answers stand for; only bins can be read in several ways."""
        raise NotImplementedError

    def picture(self, color_BChw: Tensor, lightness_B1hw: Tensor) -> Tensor:
        """Return color on lightness (L in 0..100) as RGB (B, 3, h, w) in 0..1; what sRGB cannot show is clipped."""
        lab = torch.cat([lightness_B1hw, color_BChw * LARGEST_AB], dim=1)
        rgb: Tensor = lab_to_rgb(lab, axis=1)
        return rgb.clamp(0, 1)

    def target(self, batch: Batch, stride: int) -> Tensor:
        """Return the true color (B, C, H / stride, W / stride)."""
        return functional.avg_pool2d(batch.lab_B3HW[:, 1:], stride) / LARGEST_AB


class EncodedRegression(Encoding):
    """ab by tanh."""

    def color(self, raw_BQhw: Tensor, reading: Reading = MEAN) -> Tensor:
        """Return a and b / 110 (B, 2, h, w)."""
        del reading
        return torch.tanh(raw_BQhw)


class EncodedRgb(Encoding):
    """RGB by sigmoid."""

    channels = 3

    def color(self, raw_BQhw: Tensor, reading: Reading = MEAN) -> Tensor:
        """Return RGB in -1..1 (B, 3, h, w): 2 sigmoid(raw) - 1."""
        del reading
        return torch.tanh(raw_BQhw / 2)

    def picture(self, color_BChw: Tensor, lightness_B1hw: Tensor) -> Tensor:
        """Return RGB (B, 3, h, w) in 0..1; it has a lightness of its own."""
        del lightness_B1hw
        return (color_BChw + 1) / 2

    def target(self, batch: Batch, stride: int) -> Tensor:
        """Return the true RGB in -1..1 (B, 3, H / stride, W / stride)."""
        return functional.avg_pool2d(lab_to_rgb(batch.lab_B3HW, axis=1).clamp(0, 1), stride) * 2 - 1


class EncodedBins(Encoding):
    """A :class:`Bins` as tensors, with the neighbor table that makes soft encoding fast."""

    colors_Q2: Tensor
    log_weights_Q: Tensor
    table: Tensor
    rgb_Q3: Tensor | None

    def __init__(self, bins: Bins) -> None:
        super().__init__()
        self.register_buffer("colors_Q2", torch.from_numpy(bins.colors))
        self.register_buffer("log_weights_Q", torch.from_numpy(bins.log_weights))
        self.register_buffer("rgb_Q3", None if bins.rgb is None else torch.from_numpy(bins.rgb))
        table = bins.neighbor_table() if bins.rgb is None else np.zeros((1, 1, 1), np.int64)
        self.register_buffer("table", torch.from_numpy(table))

    def color(self, raw_BQhw: Tensor, reading: Reading = MEAN) -> Tensor:
        """Return a and b / 110 (B, 2, h, w): the mean color after the rebalancing has been taken back, or annealed."""
        scores = torch.movedim(raw_BQhw, 1, -1) - self.log_weights_Q * (1 - reading.balance)
        shares = torch.softmax(scores / reading.temperature, dim=-1)
        return torch.movedim(shares @ self.colors_Q2, -1, 1) / LARGEST_AB

    def classes(self, batch: Batch, stride: int) -> tuple[Tensor, Tensor]:
        """Return the target bins (P, K), nearest first, and their weights (P, K), which sum to one.

        ab bins are encoded softly; of a palette of RGB colors the nearest one alone is the target (K = 1).
        """
        if self.rgb_Q3 is None:
            ab_B2hw = functional.avg_pool2d(batch.lab_B3HW[:, 1:], stride)
            return self.encode(ab_B2hw.permute(0, 2, 3, 1).reshape(-1, 2))
        rgb_B3hw = functional.avg_pool2d(lab_to_rgb(batch.lab_B3HW, axis=1).clamp(0, 1), stride)
        away_PQ = torch.cdist(rgb_B3hw.permute(0, 2, 3, 1).reshape(-1, 3), self.rgb_Q3)
        nearest_P1 = away_PQ.argmin(dim=1, keepdim=True)
        return nearest_P1, torch.ones_like(nearest_P1, dtype=away_PQ.dtype)

    def encode(self, ab_P2: Tensor, sigma: float = 5.0) -> tuple[Tensor, Tensor]:
        """Soft-encode colors: the neighbors of the nearest whole (a, b), weighted by their true distances."""
        whole = (ab_P2.round() + 128).clamp(0, 255).long()
        index = self.table[whole[:, 0], whole[:, 1]]
        squared = ((self.colors_Q2[index] - ab_P2[:, None, :]) ** 2).sum(dim=-1)
        return index, torch.softmax(-squared / (2 * sigma * sigma), dim=-1)


def encoding_of(chroma: Chroma) -> Encoding:
    """Return the training side of a chroma."""
    if isinstance(chroma, Bins):
        return EncodedBins(chroma)
    return EncodedRgb() if isinstance(chroma, Rgb) else EncodedRegression()
