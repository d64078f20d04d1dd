"""The regression CNN: convolutions down to an eighth of the size, transposed convolutions back, one answer per pixel.

The plain network of the first tutorials. It has no means to say that a thing may have one of several colors: trained on
the squared error it answers their mean, and the mean of several vivid colors is gray.
"""

from itertools import pairwise

from torch import Tensor, nn

from photochrom.networks.blocks import Painter, double, init_he, scaled


class RegressionCnn(Painter):
    """Eight 3x3 convolutions (strides 2, 1, 2, 1, 2, 1, 1, 1), three 4x4 transposed ones.

    6.5 million parameters, receptive field 91 px. ``outputs`` is 2 for ab or 3 for RGB; raw is unbounded, the tanh or
    sigmoid is that of the chroma class. With ``width`` w the convolutions have w, 2w, 2w, 4w, 4w, 8w, 8w, 4w channels,
    the transposed ones 2w, w, w/2.
    """

    multiple = 8
    stride = 1

    def __init__(self, outputs: int, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = 1
        for scale, stride in zip((1, 2, 2, 4, 4, 8, 8, 4), (2, 1, 2, 1, 2, 1, 1, 1), strict=True):
            layers += [nn.Conv2d(before, width * scale, 3, stride, 1), nn.ReLU()]
            before = width * scale
        for below, own in pairwise((4 * width, 2 * width, width, width // 2)):
            layers += [double(below, own, norm=False), nn.ReLU()]
        self.path = nn.Sequential(*layers, nn.Conv2d(width // 2, outputs, 3, padding=1))
        init_he(self.path[:-1])

    def forward(self, lightness_B1HW: Tensor) -> Tensor:
        """Map L (0..100) to raw (B, outputs, H, W)."""
        return self.path(scaled(lightness_B1HW))  # type: ignore[no-any-return]
