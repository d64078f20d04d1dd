"""What is minimized: an objective yields turns of losses, and the training loop steps one part a turn.

An objective is asked for its ``turns`` once a step, as a generator. Each turn names a part of the model and the loss to
step it with; the loop steps that part's optimizer and resumes the generator, which so can look at the changed
part. Plain training has one turn, a game of two networks has two: the loop knows steps, the objective knows losses.

Color is compared in the units of :mod:`photochrom.encoding`, -1..1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom import losses
from photochrom.batch import Batch
from photochrom.encoding import MEAN, EncodedBins, Encoding, Reading


@dataclass(frozen=True, slots=True)
class Turn:
    """Step ``part`` with ``loss``; ``parts_of_loss`` are logged under their names."""

    part: str
    loss: Tensor
    parts_of_loss: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Supervised:
    """Weighted sum of losses against the true color; those of weight 0 are left out.

    ``cross_entropy`` is the rebalanced soft cross entropy, for bins only. The others look at the color itself, for
    bins at the mean color after the rebalancing has been taken back (see :class:`photochrom.chroma.Bins`), so that they
    agree with the cross entropy at the optimum: vividness and accuracy do not pull against each other. Another
    ``reading`` makes them look at the color as it is used.

    ``perceptual`` compares what the part "eyes" sees of both pictures, at twice the size of the answer where that is
    smaller than the photo.
    """

    cross_entropy: float = 1.0
    huber: float = 2.0
    gradient: float = 0.5
    l1: float = 0.0
    l2: float = 0.0
    perceptual: float = 0.0
    reading: Reading = MEAN

    critic = False

    @property
    def needs_eyes(self) -> bool:
        """Whether the frozen network of the perceptual loss is needed."""
        return self.perceptual > 0

    @property
    def needs_bins(self) -> bool:
        """Whether only a network of bins can be trained so."""
        return self.cross_entropy > 0

    def turns(self, models: Mapping[str, nn.Module], encoding: Encoding, batch: Batch) -> Iterator[Turn]:
        """Yield the one turn of the part "painter"."""
        raw_BQhw = models["painter"](*batch.inputs).float()
        total, named = self.total(raw_BQhw, models, encoding, batch)
        yield Turn("painter", total, {"loss": float(total.detach()), **named})

    def total(
        self, raw_BQhw: Tensor, models: Mapping[str, nn.Module], encoding: Encoding, batch: Batch
    ) -> tuple[Tensor, dict[str, float]]:
        """Return the weighted sum for the painter's answer, and its parts by name."""
        stride = batch.lab_B3HW.shape[-1] // raw_BQhw.shape[-1]
        named: dict[str, Tensor] = {}
        if self.cross_entropy and isinstance(encoding, EncodedBins):
            logits_PQ = raw_BQhw.permute(0, 2, 3, 1).reshape(-1, raw_BQhw.shape[1])
            weights_Q = encoding.log_weights_Q.exp()
            named["cross_entropy"] = losses.soft_cross_entropy(logits_PQ, *encoding.classes(batch, stride), weights_Q)
        if self.huber or self.gradient or self.l1 or self.l2 or self.perceptual:
            color, target = encoding.color(raw_BQhw, self.reading), encoding.target(batch, stride)
            for name in ("huber", "gradient", "l1", "l2"):
                if getattr(self, name):
                    named[name] = getattr(losses, name)(color, target)
            if self.perceptual:
                named["perceptual"] = _as_seen(models["eyes"], encoding, color, batch)
        total = torch.stack([getattr(self, name) * value for name, value in named.items()]).sum()
        return total, _numbers(named)


def _as_seen(eyes: nn.Module, encoding: Encoding, color_BChw: Tensor, batch: Batch) -> Tensor:
    """Return the perceptual loss of color on the true photo's lightness."""
    stride = batch.lab_B3HW.shape[-1] // color_BChw.shape[-1]
    larger = min(2, stride)
    light = functional.avg_pool2d(batch.lab_B3HW[:, :1], stride // larger)
    if larger > 1:
        color_BChw = functional.interpolate(color_BChw, scale_factor=2.0, mode="bilinear", align_corners=False)
    painted, true = (encoding.picture(color, light) for color in (color_BChw, encoding.target(batch, stride // larger)))
    with torch.no_grad():
        wanted = eyes(true)
    return losses.perceptual(eyes(painted), wanted)


@dataclass(frozen=True, slots=True)
class Adversarial:
    """The game of painter and critic, conditional on lightness (Isola et al. 2017, "pix2pix", eq. 1 to 4).

    The critic learns from fake (detached) and real pictures, averaged: D = (BCE(fake, 0) + BCE(real, 1)) / 2. Then the
    painter: G = ``gan`` BCE(fake, 1) + ``l1`` |fake - real|, the L1 in the units of the encoding. A picture is L and
    color in -1..1. What is ``beside`` adds its own losses to G, and its reading of bins is what the critic sees.
    """

    l1: float = 100.0
    gan: float = 1.0
    beside: Supervised | None = None

    critic = True

    @property
    def needs_bins(self) -> bool:
        """Whether only a network of bins can be trained so."""
        return self.beside is not None and self.beside.needs_bins

    @property
    def needs_eyes(self) -> bool:
        """Whether the frozen network of the perceptual loss is needed."""
        return self.beside is not None and self.beside.needs_eyes

    def turns(self, models: Mapping[str, nn.Module], encoding: Encoding, batch: Batch) -> Iterator[Turn]:
        """Yield the turns of the parts "critic" and "painter"; losses are logged by their usual names."""
        critic = models["critic"]
        raw = models["painter"](*batch.inputs).float()
        fake = encoding.color(raw, MEAN if self.beside is None else self.beside.reading)
        stride = batch.lab_B3HW.shape[-1] // fake.shape[-1]
        real = encoding.target(batch, stride)
        seen = functional.avg_pool2d(batch.lightness_B1HW, stride) / 50 - 1
        d_fake = losses.judged(critic(torch.cat([seen, fake.detach()], dim=1)), 0.0)
        d_real = losses.judged(critic(torch.cat([seen, real], dim=1)), 1.0)
        d = (d_fake + d_real) / 2
        yield Turn("critic", d, _numbers({"D fake": d_fake, "D real": d_real, "D": d}))
        critic.requires_grad_(False)
        g_gan = losses.judged(critic(torch.cat([seen, fake], dim=1)), 1.0)
        critic.requires_grad_(True)
        g_l1 = losses.l1(fake, real)
        g = self.gan * g_gan + self.l1 * g_l1
        named: dict[str, float] = {}
        if self.beside is not None:
            beside, named = self.beside.total(raw, models, encoding, batch)
            g = g + beside
        named |= _numbers({"G GAN": self.gan * g_gan, "G L1": self.l1 * g_l1, "G": g})
        yield Turn("painter", g, {"loss": named["G"], **named})


def _numbers(values: Mapping[str, Tensor]) -> dict[str, float]:
    return {name: float(value.detach()) for name, value in values.items()}


Objective = Supervised | Adversarial

OBJECTIVES = {"supervised": Supervised, "adversarial": Adversarial}
"""Every objective by the name that recipes use."""


def objective_from(values: Mapping[str, Any]) -> Objective:
    """Read an objective from what ``dataclasses.asdict`` and its ``kind`` gave; raises KeyError or TypeError."""
    values = dict(values)
    if values.get("beside") is not None:
        values["beside"] = objective_from({"kind": "supervised", **values["beside"]})
    if "reading" in values:
        values["reading"] = Reading(**values["reading"])
    objective: Objective = OBJECTIVES[values.pop("kind")](**values)
    return objective
