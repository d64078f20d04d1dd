"""The RGB autoencoder: the smallest baseline, a convolutional encoder and decoder without skips.

    L -> (conv 64, ReLU, max-pool) x levels -> (transposed conv 64, ReLU) x (levels - 1) -> transposed conv -> raw at H

What passes the bottleneck is all that the answer knows, so its pictures are blurred: the yardstick of the U-Net.
"""

from torch import Tensor, nn

from photochrom.networks.blocks import Painter, double, init_he, scaled


class RgbAutoencoder(Painter):
    """Convolve and pool down, transposed convolutions up, nothing across: 106,000 parameters, receptive field 18 px.

    ``outputs`` is 3 for RGB; raw is unbounded, the sigmoid of the last layer is that of the chroma class. ``width`` are
    the channels of every layer, ``levels`` the poolings: ``multiple`` is 2**levels.
    """

    multiple = 4
    stride = 1

    def __init__(self, outputs: int, width: int = 64, levels: int = 2) -> None:
        super().__init__()
        self.multiple = 2**levels
        layers: list[nn.Module] = []
        for level in range(levels):
            layers += [nn.Conv2d(width if level else 1, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        for _ in range(levels - 1):
            layers += [double(width, width, norm=False), nn.ReLU()]
        self.path = nn.Sequential(*layers, double(width, outputs, norm=False))
        init_he(self.path[:-1])

    def forward(self, lightness_B1HW: Tensor) -> Tensor:
        """Map L (0..100) to raw (B, outputs, H, W)."""
        return self.path(scaled(lightness_B1HW))  # type: ignore[no-any-return]
