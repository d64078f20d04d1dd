"""The painter of pix2pix: a U-Net of eight levels, down to a single place at 256 px.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks", section 6.1.1: encoder
C64-C128-C256-C512-C512-C512-C512-C512, decoder CD512-CD512-CD512-C512-C256-C128-C64 with skips. What differs: dropout
sleeps in use (there it stays awake as the only noise), so a photo gets one answer.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.networks.blocks import Painter, double, halve, init_normal, scaled

DROPPING = 3


class UNet8(Painter):
    """4x4 kernels of stride 2, LeakyReLU 0.2 down, ReLU up, batch norm but first and innermost.

    54.4 million parameters, receptive field 1278 px. ``outputs`` is 2 for ab; raw is unbounded, the tanh is that of the
    chroma class. ``width`` are the channels of the first level, doubled by each up to 8 times; ``multiple`` is
    2**levels, so smaller photos need fewer ``levels``; ``dropout`` is the share dropped in the first three blocks up.
    """

    multiple = 256
    stride = 1

    def __init__(self, outputs: int, width: int = 64, levels: int = 8, dropout: float = 0.5) -> None:
        super().__init__()
        self.multiple = 2**levels
        widths = [width * min(2**level, 8) for level in range(levels)]
        self.down = nn.ModuleList(
            halve(widths[level - 1] if level else 1, widths[level], norm=0 < level < levels - 1)
            for level in range(levels)
        )
        self.up = nn.ModuleList()
        before = widths[-1]
        for number, own in enumerate(reversed(widths[:-1])):
            block = double(before, own)
            self.up.append(block.append(nn.Dropout(dropout)) if number < DROPPING else block)
            before = 2 * own
        self.head = double(before, outputs, norm=False)
        init_normal(self)

    def forward(self, lightness_B1HW: Tensor) -> Tensor:
        """Map L (0..100) to raw (B, outputs, H, W)."""
        x = self.down[0](scaled(lightness_B1HW))
        skips = []
        for down in self.down[1:]:
            skips.append(x)
            x = down(functional.leaky_relu(x, 0.2))
        for up, skip in zip(self.up, reversed(skips), strict=True):
            x = torch.cat([up(torch.relu(x)), skip], dim=1)
        return self.head(torch.relu(x))  # type: ignore[no-any-return]
