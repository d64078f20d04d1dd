"""What is being trained: networks, their averaged copies and optimizers, built from a recipe and put in checkpoints."""

import copy
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from photochrom.backbones.resnet import load_gray_encoder
from photochrom.checkpoint import optimizer_tensors, restore_optimizer
from photochrom.chroma import Bins
from photochrom.errors import RunError
from photochrom.networks import NETWORKS
from photochrom.objectives import EncodedBins
from photochrom.recipe import Recipe


@dataclass(slots=True)
class Trainee:
    """The painter, its exponential moving average (never trained, always evaluated), its chroma and its optimizer."""

    painter: nn.Module
    averaged: nn.Module
    chroma: Bins
    encoded: EncodedBins
    optimizer: torch.optim.Optimizer

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Return everything that a checkpoint must hold, by file stem."""
        return {
            "painter": dict(self.painter.state_dict()),
            "averaged": dict(self.averaged.state_dict()),
            "optimizer": optimizer_tensors(self.optimizer, self.painter),
        }

    def restore(self, tensors: dict[str, dict[str, Tensor]]) -> None:
        """Take over what :meth:`tensors` gave."""
        load_weights(self.painter, tensors["painter"])
        load_weights(self.averaged, tensors["averaged"])
        restore_optimizer(self.optimizer, self.painter, tensors["optimizer"])

    @torch.no_grad()
    def average(self, decay: float, step: int) -> None:
        """Move the average toward the painter; early steps count more: min(decay, (1 + step) / (10 + step))."""
        share = 1 - min(decay, (1 + step) / (10 + step))
        mine: list[Tensor] = list(self.averaged.parameters())
        theirs: list[Tensor] = list(self.painter.parameters())
        torch._foreach_lerp_(mine, theirs, share)


def build_painter(recipe: Recipe, chroma: Bins) -> nn.Module:
    """Build the recipe's network with random weights drawn from its seed; raises RunError for unknown options."""
    torch.manual_seed(recipe.seed)
    try:
        painter: nn.Module = NETWORKS[recipe.network](chroma.outputs, **recipe.network_options)
    except TypeError as error:
        raise RunError(f"{recipe.network} cannot be built ({error}); correct the recipe's network_options") from error
    return painter.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def build_trainee(recipe: Recipe, log_weights: np.ndarray, device: torch.device) -> Trainee:
    """Build everything on ``device``; ``log_weights`` (Q,) float32 are the logarithms of the class weights."""
    chroma = Bins.published(log_weights)
    painter = build_painter(recipe, chroma).to(device)
    averaged = copy.deepcopy(painter).eval().requires_grad_(False)
    body = [value for name, value in painter.named_parameters() if name.startswith("encoder.")]
    rest = [value for name, value in painter.named_parameters() if not name.startswith("encoder.")]
    groups = [
        {"params": rest, "lr": recipe.rate, "highest": recipe.rate},
        {"params": body, "lr": recipe.encoder_rate, "highest": recipe.encoder_rate},
    ]
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.99), weight_decay=recipe.weight_decay, fused=True)
    return Trainee(painter, averaged, chroma, EncodedBins(chroma).to(device), optimizer)


def load_weights(module: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load weights by name; raises RunError naming the first one that does not fit."""
    try:
        module.load_state_dict(weights)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()
        raise RunError(f"these weights are of another network: {first}; use the recipe they were made with") from error


def load_encoder(trainee: Trainee, path: Path) -> None:
    """Start the painter's encoder from ImageNet weights (safetensors, torchvision's key names)."""
    try:
        state = load_file(path)
    except (OSError, SafetensorError) as error:
        raise RunError(f"{path} cannot be read as encoder weights ({error}); expected a safetensors file") from error
    load_gray_encoder(trainee.painter.encoder, state)  # type: ignore[arg-type]
    trainee.averaged.load_state_dict(trainee.painter.state_dict())
