"""LPIPS: how different two photos look to the layers of a network.

Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", eq. 1, version 0.1 with
AlexNet: the features of five layers, each scaled to unit length over its channels, squared differences weighted by
learned numbers, averaged over places, summed over layers. The weights of the differences come with torchmetrics;
AlexNet's own, torchvision's ``alexnet-owt-7be5be79.pth``, are given as a file. torchmetrics cannot take such a file (it
asks torchvision to fetch them), so the twenty lines of arithmetic stand here; a test holds them to its results.

Shapes: B photos, 3 RGB, H x W pixels, C channels of a layer.
"""

import pickle
from importlib.resources import files
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from photochrom.errors import ModelError

EXPECTED: Final = "alexnet-owt-7be5be79.pth of torchvision (or the same tensors as safetensors)"

_LAYERS: Final = {0: (3, 64, 11, 4, 2), 3: (64, 192, 5, 1, 2), 6: (192, 384, 3, 1, 1), 8: (384, 256, 3, 1, 1),
                  10: (256, 256, 3, 1, 1)}  # fmt: skip
"""Channels in and out, kernel, stride and padding of the convolutions, by their numbers in torchvision's AlexNet."""
_POOLED: Final = (3, 6)
_SHIFT, _SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class Lpips(nn.Module):
    """LPIPS 0.1 with AlexNet; untrained until :meth:`from_file` has filled it."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.ModuleDict({str(place): nn.Conv2d(*sizes) for place, sizes in _LAYERS.items()})
        for place, (_, channels, *_) in enumerate(_LAYERS.values()):
            self.register_buffer(f"weight{place}", torch.zeros(1, channels, 1, 1), persistent=False)

    @classmethod
    def from_file(cls, path: Path) -> "Lpips":
        """Read AlexNet's weights; raises ModelError where the file is missing or holds others."""
        network = cls()
        own = network.state_dict()
        given = {key: value for key, value in _tensors(path).items() if key in own}
        wrong = [key for key, value in own.items() if key not in given or given[key].shape != value.shape]
        if wrong:
            raise ModelError(f"{path}: {wrong[0]!r} is missing or of another shape; expected {EXPECTED}")
        network.load_state_dict({key: value.to(torch.float32) for key, value in given.items()})
        learned = torch.load(_learned(), map_location="cpu", weights_only=True)
        for place in range(len(_LAYERS)):
            getattr(network, f"weight{place}").copy_(learned[f"lin{place}.model.1.weight"])
        network.eval().requires_grad_(False)
        return network

    def forward(self, first_B3HW: Tensor, second_B3HW: Tensor) -> Tensor:
        """Return the distances (B,) of photos in RGB 0..1, of 64 px or more on each side; 0 is equal."""
        total = torch.zeros(len(first_B3HW))
        for place, (one, two) in enumerate(zip(self._layers(first_B3HW), self._layers(second_B3HW), strict=True)):
            gaps_B1hw = (getattr(self, f"weight{place}") * (one - two) ** 2).sum(dim=1)
            total = total + gaps_B1hw.mean(dim=(1, 2))
        return total

    def _layers(self, rgb_B3HW: Tensor) -> list[Tensor]:
        """Return what the five layers see, each place's C channels scaled to unit length."""
        shift, scale = (torch.tensor(values).view(1, 3, 1, 1) for values in (_SHIFT, _SCALE))
        x, seen = (2 * rgb_B3HW - 1 - shift) / scale, []
        for place in _LAYERS:
            x = functional.max_pool2d(x, 3, 2) if place in _POOLED else x
            x = functional.relu(self.features[str(place)](x))
            seen.append(x / torch.sqrt(1e-8 + (x**2).sum(dim=1, keepdim=True)))
        return seen


def _learned() -> Path:
    return Path(str(files("torchmetrics"))) / "functional" / "image" / "lpips_models" / "alex.pth"


def _tensors(path: Path) -> dict[str, Tensor]:
    """Read named tensors from a safetensors file, or from a .pth file without running anything that it says."""
    if not path.is_file():
        raise ModelError(f"{path}: there is no such file; expected {EXPECTED}")
    try:
        tensors = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, SafetensorError, pickle.UnpicklingError) as error:
        raise ModelError(f"{path}: cannot be read as weights ({_first_line(error)}); expected {EXPECTED}") from error
    if not isinstance(tensors, dict) or not all(isinstance(value, Tensor) for value in tensors.values()):
        raise ModelError(f"{path}: holds no named tensors; expected {EXPECTED}")
    return tensors


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
