"""What is minimized: an objective yields turns of losses, and the training loop steps one part a turn.

An objective is asked for its ``turns`` once a step, as a generator. Each turn names a part of the model and the loss to
step it with; the loop steps that part's optimizer and resumes the generator, which so can look at the changed
part. Plain training has one turn, a game of two networks has two: the loop knows steps, the objective knows losses.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom import losses
from photochrom.batch import Batch
from photochrom.chroma import Bins


@dataclass(frozen=True, slots=True)
class Turn:
    """Step ``part`` with ``loss``; ``parts_of_loss`` are logged under their names."""

    part: str
    loss: Tensor
    parts_of_loss: Mapping[str, float]


class EncodedBins(nn.Module):
    """A :class:`Bins` as tensors on the training device, with the neighbor table that makes soft encoding fast."""

    colors_Q2: Tensor
    log_weights_Q: Tensor
    table: Tensor

    def __init__(self, bins: Bins) -> None:
        super().__init__()
        self.register_buffer("colors_Q2", torch.from_numpy(bins.colors))
        self.register_buffer("log_weights_Q", torch.from_numpy(bins.log_weights))
        self.register_buffer("table", torch.from_numpy(bins.neighbor_table()))

    def encode(self, ab_P2: Tensor, sigma: float = 5.0) -> tuple[Tensor, Tensor]:
        """Soft-encode colors: the neighbors of the nearest whole (a, b), weighted by their true distances."""
        whole = (ab_P2.round() + 128).clamp(0, 255).long()
        index = self.table[whole[:, 0], whole[:, 1]]
        squared = ((self.colors_Q2[index] - ab_P2[:, None, :]) ** 2).sum(dim=-1)
        return index, torch.softmax(-squared / (2 * sigma * sigma), dim=-1)


@dataclass(frozen=True, slots=True)
class Supervised:
    """Weighted sum of rebalanced soft cross entropy, Huber and gradient losses.

    The last two look at the mean color after the rebalancing has been taken back (see :class:`Bins`), so they
    agree with the first one at the optimum: vividness and accuracy do not pull against each other.
    """

    cross_entropy: float = 1.0
    huber: float = 2.0
    gradient: float = 0.5

    def turns(self, models: Mapping[str, nn.Module], chroma: EncodedBins, batch: Batch) -> Iterator[Turn]:
        """Yield the one turn of the part "painter"."""
        raw_BQhw = models["painter"](batch.lightness_B1HW, batch.hints_B3HW).float()
        ab_B2hw = functional.avg_pool2d(batch.lab_B3HW[:, 1:], batch.lab_B3HW.shape[-1] // raw_BQhw.shape[-1])
        logits_PQ = raw_BQhw.permute(0, 2, 3, 1).reshape(-1, raw_BQhw.shape[1])
        index_PK, weight_PK = chroma.encode(ab_B2hw.permute(0, 2, 3, 1).reshape(-1, 2))
        entropy = losses.soft_cross_entropy(logits_PQ, index_PK, weight_PK, chroma.log_weights_Q.exp())
        mean_P2 = torch.softmax(logits_PQ - chroma.log_weights_Q, dim=-1) @ chroma.colors_Q2
        batch_size, _, height, width = ab_B2hw.shape
        mean_B2hw = mean_P2.reshape(batch_size, height, width, 2).permute(0, 3, 1, 2)
        huber = losses.huber(mean_B2hw, ab_B2hw)
        gradient = losses.gradient(mean_B2hw, ab_B2hw)
        total = self.cross_entropy * entropy + self.huber * huber + self.gradient * gradient
        named = {"loss": total, "cross_entropy": entropy, "huber": huber, "gradient": gradient}
        yield Turn("painter", total, {name: float(value.detach()) for name, value in named.items()})


OBJECTIVES = {"supervised": Supervised}
"""Every objective by the name that recipes use."""
