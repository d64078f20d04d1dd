"""VGG-16 up to conv3_3: the eyes of the perceptual loss.

Simonyan and Zisserman 2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition", table 1, column D.

Shapes: B pictures, 3 RGB, H x W pixels.
"""

from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from photochrom.errors import ModelError

WIDTHS: Final = ((64, 64), (128, 128), (256, 256, 256))
"""Channels of the convolutions, block by block; max-pooling halves the size between blocks."""


class Vgg16(nn.Module):
    """The first seven of its thirteen convolutions; key names are torchvision's, ``features.0`` to ``features.14``."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 3
        for block in WIDTHS:
            layers += [nn.MaxPool2d(2)] if layers else []
            for width in block:
                layers += [nn.Conv2d(before, width, 3, padding=1), nn.ReLU()]
                before = width
        self.features = nn.Sequential(*layers)
        self.looks = [place - 1 for place, layer in enumerate(layers) if isinstance(layer, nn.MaxPool2d)]
        self.looks.append(len(layers) - 1)
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1), persistent=False)

    @classmethod
    def from_file(cls, path: Path) -> "Vgg16":
        """Read the trained network from a safetensors file, in float32, frozen.

        Raises ModelError if there is no such file, or if its keys or shapes are not those of this network.
        """
        network = cls()
        try:
            weights = {key: value.float() for key, value in load_file(path).items()}
            network.load_state_dict(weights)
        except (OSError, SafetensorError, RuntimeError) as error:
            reason = str(error).splitlines()[-1].strip()
            raise ModelError(f"{path}: cannot be read as VGG-16 ({reason}); give vgg16_conv3.safetensors") from None
        return network.to(memory_format=torch.channels_last).eval().requires_grad_(False)  # type: ignore[call-overload, no-any-return]

    def forward(self, rgb_B3HW: Tensor) -> tuple[Tensor, ...]:
        """Return relu1_2, relu2_2 and relu3_3 of pictures in RGB 0..1, at H, H/2 and H/4."""
        x = (rgb_B3HW - self.mean) / self.deviation  # type: ignore[operator]
        seen = []
        for place, layer in enumerate(self.features):
            x = layer(x)
            if place in self.looks:
                seen.append(x)
        return tuple(seen)
