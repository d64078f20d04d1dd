"""The palette U-Net: small photos (32 x 32) colored by choosing one of a few colors at every pixel.

    L -> 32 at H/2 -> 64 at H/4 -> 64 -> 32 at H/2 -> 32 at H -> scores, with skips at H/2 and of L itself

A known classroom exercise (24 colors by k-means, CIFAR-10 horses) with strided convolutions instead of max-pool
and transposed ones instead of up-sampling, so that the network learns how to shrink and how to grow.
"""

import torch
from torch import Tensor, nn

from photochrom.networks.blocks import Painter, double, halve, scaled


class PaletteUNet(Painter):
    """Strided 3x3 convolutions down, 4x4 transposed ones up, batch norm and ReLU.

    129,000 parameters, receptive field 23 px. ``outputs`` is the number of colors; raw are their scores, the softmax is
    that of the chroma class and of the loss. ``width`` are the channels of the first level, each level below has twice
    as many; ``multiple`` is 2**levels.
    """

    multiple = 4
    stride = 1

    def __init__(self, outputs: int, width: int = 32, levels: int = 2) -> None:
        super().__init__()
        self.multiple = 2**levels
        widths = [width * 2**level for level in range(levels)]
        deep = widths[-1]
        self.down = nn.ModuleList(halve(a, b, kernel=3) for a, b in zip([1, *widths], widths, strict=False))
        self.middle = nn.Sequential(nn.Conv2d(deep, deep, 3, padding=1, bias=False), nn.BatchNorm2d(deep), nn.ReLU())
        owns = [*reversed(widths[:-1]), width]
        below = [deep, *(2 * own for own in owns)]
        self.up = nn.ModuleList(double(a, b) for a, b in zip(below, owns, strict=False))
        self.head = nn.Conv2d(width + 1, outputs, 3, padding=1)

    def forward(self, lightness_B1HW: Tensor) -> Tensor:
        """Map L (0..100) to raw (B, outputs, H, W)."""
        x = scaled(lightness_B1HW)
        skips = []
        for down in self.down:
            skips.append(x)
            x = torch.relu(down(x))
        x = self.middle(x)
        for up, skip in zip(self.up, reversed(skips), strict=True):
            x = torch.cat([torch.relu(up(x)), skip], dim=1)
        return self.head(x)  # type: ignore[no-any-return]
