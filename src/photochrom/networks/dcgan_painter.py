"""The DCGAN-style painter: five convolution blocks down, five transposed ones up, skips between them.

Radford et al. 2016, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks":
strided convolutions instead of pooling, batch norm, ReLU, weights N(0, 0.02). What differs: it starts from a
photo's lightness instead of noise, so it has an encoder, and skips so that what it paints stays on the lines.
"""

import torch
from torch import Tensor, nn

from photochrom.networks.blocks import Painter, double, halve, init_normal, scaled


class DcganPainter(Painter):
    """4x4 kernels of stride 2, channels 64, 128, 256, 512, 512 and back.

    16.7 million parameters, receptive field 158 px. ``outputs`` is 2 for ab or 3 for RGB; raw is unbounded, the tanh
    (or sigmoid) is that of the chroma class. ``width`` are the channels of the first block, doubled by each up to 8
    times; ``multiple`` is 2**levels. A batch of one photo of ``multiple`` x ``multiple`` pixels cannot be trained on:
    batch norm needs two values.
    """

    multiple = 32
    stride = 1

    def __init__(self, outputs: int, width: int = 64, levels: int = 5) -> None:
        super().__init__()
        self.multiple = 2**levels
        widths = [width * min(2**level, 8) for level in range(levels)]
        self.down = nn.ModuleList(halve(a, b) for a, b in zip([1, *widths], widths, strict=False))
        below = [widths[-1], *(2 * own for own in reversed(widths[:-1]))]
        self.up = nn.ModuleList(double(a, b) for a, b in zip(below, reversed(widths[:-1]), strict=False))
        self.head = double(below[-1], outputs, norm=False)
        init_normal(self)

    def forward(self, lightness_B1HW: Tensor) -> Tensor:
        """Map L (0..100) to raw (B, outputs, H, W)."""
        x = scaled(lightness_B1HW)
        features = []
        for down in self.down:
            x = torch.relu(down(x))
            features.append(x)
        for up, skip in zip(self.up, features[-2::-1], strict=True):
            x = torch.cat([torch.relu(up(x)), skip], dim=1)
        return self.head(x)  # type: ignore[no-any-return]
