"""The RGB U-Net: five levels of two convolutions each, and skips that carry detail across the bottleneck.

Ronneberger et al. 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation". What differs: padded
convolutions (the answer has the photo's size, no crop of the skips) and batch norm after every one.
"""

import torch
from torch import Tensor, nn

from photochrom.networks.blocks import Painter, scaled


class RgbUNet(Painter):
    """Levels of 64, 128, 256, 512 and 1024 channels, max-pool down, 2x2 transposed convolutions up.

    31.0 million parameters, receptive field 204 px. ``outputs`` is 3 for RGB or 2 for ab; raw is unbounded, the sigmoid
    or tanh is that of the chroma class. ``width`` are the channels of the first level, each level below has twice as
    many; ``multiple`` is 2**(levels - 1).
    """

    multiple = 16
    stride = 1

    def __init__(self, outputs: int, width: int = 64, levels: int = 5) -> None:
        super().__init__()
        self.multiple = 2 ** (levels - 1)
        widths = [width * 2**level for level in range(levels)]
        self.down = nn.ModuleList(
            _convolve_twice(widths[level - 1] if level else 1, widths[level], pool=level > 0) for level in range(levels)
        )
        self.up = nn.ModuleList(_Climb(own) for own in reversed(widths[:-1]))
        self.head = nn.Conv2d(width, outputs, 1)

    def forward(self, lightness_B1HW: Tensor) -> Tensor:
        """Map L (0..100) to raw (B, outputs, H, W)."""
        x = scaled(lightness_B1HW)
        features = []
        for down in self.down:
            x = down(x)
            features.append(x)
        for up, skip in zip(self.up, features[-2::-1], strict=True):
            x = up(x, skip)
        return self.head(x)  # type: ignore[no-any-return]


class _Climb(nn.Module):
    """Double the size, join the skip, convolve twice; ``own`` channels come out, twice as many come from below."""

    def __init__(self, own: int) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(2 * own, own, 2, 2)
        self.merge = _convolve_twice(2 * own, own)

    def forward(self, below_BChw: Tensor, skip_BCHW: Tensor) -> Tensor:
        return self.merge(torch.cat([self.up(below_BChw), skip_BCHW], dim=1))  # type: ignore[no-any-return]


def _convolve_twice(inputs: int, outputs: int, pool: bool = False) -> nn.Sequential:
    layers: list[nn.Module] = [nn.MaxPool2d(2)] if pool else []
    for before in (inputs, outputs):
        layers += [nn.Conv2d(before, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
    return nn.Sequential(*layers)
