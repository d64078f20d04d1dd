"""What is being trained: networks, the painter's averaged copy and optimizers, from a recipe and to checkpoints."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from photochrom.backbones.resnet import load_gray_encoder
from photochrom.backbones.vgg16 import Vgg16
from photochrom.checkpoint import optimizer_tensors, restore_optimizer
from photochrom.chroma import Chroma
from photochrom.encoding import Encoding, encoding_of
from photochrom.errors import RunError
from photochrom.recipe import Recipe, build_critic, build_network

COUNTER = "num_batches_tracked"
"""A statistic of batch norm that nothing uses and model files do not keep."""


@dataclass(slots=True)
class Trainee:
    """The parts that turns name ("painter", and "critic" in a game), each with its optimizer, and what belongs to them.

    ``averaged`` is the painter's exponential moving average: never trained, always evaluated.
    """

    parts: dict[str, nn.Module]
    optimizers: dict[str, torch.optim.Optimizer]
    averaged: nn.Module
    chroma: Chroma
    encoding: Encoding

    @property
    def painter(self) -> nn.Module:
        """The network that colors."""
        return self.parts["painter"]

    @property
    def takes_hints(self) -> bool:
        """Whether the painter is given hints."""
        return bool(self.painter.takes_hints)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Return everything that a checkpoint must hold, by file stem."""
        found = {name: dict(part.state_dict()) for name, part in self.parts.items()}
        for name, part in self.parts.items():
            found[f"{name}_optimizer"] = optimizer_tensors(self.optimizers[name], part)
        return {**found, "averaged": dict(self.averaged.state_dict())}

    def restore(self, tensors: dict[str, dict[str, Tensor]]) -> None:
        """Take over what :meth:`tensors` gave."""
        load_weights(self.averaged, tensors["averaged"])
        for name, part in self.parts.items():
            load_weights(part, tensors[name])
            restore_optimizer(self.optimizers[name], part, tensors[f"{name}_optimizer"])

    @torch.no_grad()
    def average(self, decay: float, step: int) -> None:
        """Move the average toward the painter; early steps count more: min(decay, (1 + step) / (10 + step)).

        Statistics of batch norm are taken as they are: they are averages already.
        """
        share = 1.0 if decay == 0 else 1 - min(decay, (1 + step) / (10 + step))
        mine: list[Tensor] = list(self.averaged.parameters())
        theirs: list[Tensor] = list(self.painter.parameters())
        torch._foreach_lerp_(mine, theirs, share)
        for kept, fresh in zip(self.averaged.buffers(), self.painter.buffers(), strict=True):
            kept.copy_(fresh)


def build_painter(recipe: Recipe, chroma: Chroma) -> nn.Module:
    """Build the recipe's network with random weights drawn from its seed; raises RunError for unknown options."""
    torch.manual_seed(recipe.seed)
    return _channels_last(build_network(recipe, chroma.outputs))


def build_trainee(recipe: Recipe, chroma: Chroma, device: torch.device) -> Trainee:
    """Build everything on ``device``."""
    encoding = encoding_of(chroma).to(device)
    parts = {"painter": build_painter(recipe, chroma).to(device)}
    if recipe.critic is not None:
        parts["critic"] = _channels_last(build_critic(recipe, 1 + encoding.channels)).to(device)
    averaged = copy.deepcopy(parts["painter"]).eval().requires_grad_(False)
    groups = {"painter": _painter_groups(parts["painter"], recipe)}
    if "critic" in parts:
        groups["critic"] = [_group(list(parts["critic"].parameters()), recipe.critic_rate)]
    optimizers: dict[str, torch.optim.Optimizer] = {
        name: torch.optim.AdamW(group, betas=recipe.betas, weight_decay=recipe.weight_decay, fused=True)
        for name, group in groups.items()
    }
    return Trainee(parts, optimizers, averaged, chroma, encoding)


def load_weights(module: nn.Module, weights: dict[str, Tensor], prune: bool = False) -> None:
    """Load weights by name; raises RunError naming the first one that does not fit.

    To ``prune`` is to leave out those that the network has no place for: a larger network's other layers.
    """
    try:
        found = module.load_state_dict(weights, strict=False)
        left = [] if prune else found.unexpected_keys
        odd = [name for name in (*found.missing_keys, *left) if not name.endswith(COUNTER)]
        first = odd[0] if odd else None
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()
    if first is not None:
        raise RunError(f"these weights are of another network: {first}; use the recipe they were made with")


def load_encoder(trainee: Trainee, path: Path) -> None:
    """Start the painter's encoder from ImageNet weights (safetensors, torchvision's key names).

    Raises RunError for a file that cannot be read, or a network without an encoder.
    """
    if not hasattr(trainee.painter, "encoder"):
        raise RunError("this recipe's network has no encoder; leave --encoder out")
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path} cannot be read as encoder weights ({error}); expected a safetensors file") from error
    load_gray_encoder(trainee.painter.encoder, state)  # type: ignore[arg-type]
    trainee.averaged.load_state_dict(trainee.painter.state_dict())


def load_eyes(recipe: Recipe, path: Path | None) -> nn.Module:
    """Load the frozen network of the recipe's perceptual loss; raises RunError where no file of it was given."""
    if path is None:
        raise RunError(f"{recipe.name} has a perceptual loss; give the weights of its VGG-16 with --eyes")
    return Vgg16.from_file(path)


def _channels_last(module: nn.Module) -> nn.Module:
    return module.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _painter_groups(painter: nn.Module, recipe: Recipe) -> list[dict[str, Any]]:
    """Return the new layers, and the encoder's where there is one: they learn at rates of their own."""
    body = [value for name, value in painter.named_parameters() if name.startswith("encoder.")]
    rest = [value for name, value in painter.named_parameters() if not name.startswith("encoder.")]
    groups = [_group(rest, recipe.rate)]
    return [*groups, _group(body, recipe.encoder_rate)] if body else groups


def _group(parameters: Sequence[Tensor], rate: float) -> dict[str, Any]:
    return {"params": list(parameters), "lr": rate, "highest": rate}
