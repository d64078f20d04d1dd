"""The network of "Colorful Image Colorization": eight blocks, two of them dilated, scores of 313 colors at H/4.

Zhang et al. 2016, figure 2 and the table of its supplement:

    conv1 64 /2   conv2 128 /2   conv3 256 /2   conv4 512   conv5, conv6 512 dilated by 2   conv7 512   conv8 256 x2

Two convolutions in conv1 and conv2, three in the others, ReLU after each, batch norm after each block but conv8,
strides in the last convolution of a block; conv8 begins with a 4x4 transposed convolution of stride 2. What differs: L
is scaled to -1..1, and the softmax with its annealed mean is the work of the chroma class.
"""

from torch import Tensor, nn

from photochrom.errors import RunError
from photochrom.networks.blocks import Painter, scaled


class Eccv16(Painter):
    """Blocks conv1 to conv8 on one path: 32.2 million parameters, receptive field 349 px.

    ``outputs`` is Q (313 published bins), or 2 for its L2 regression; raw are unbounded scores. ``blocks`` counts the
    plain blocks before the up-sampling (conv1-conv4, then conv7 and such), ``dilated`` the dilated ones between them.
    Published are (5, 2). Ablation 1 is (5, 1): 25.2 million parameters, receptive field 253 px. Ablation 2 is (4, 0):
    11.0 million parameters, receptive field 109 px. ``widths`` are the channels of the first four blocks; conv8 has
    those of the third. Raises RunError for fewer than four blocks.
    """

    multiple = 8
    stride = 4

    def __init__(self, outputs: int, blocks: int = 5, dilated: int = 2,
                 widths: tuple[int, int, int, int] = (64, 128, 256, 512)) -> None:  # fmt: skip
        super().__init__()
        if blocks < len(widths) or dilated < 0:
            raise RunError(
                f"eccv16 cannot have {blocks} plain and {dilated} dilated blocks; the first four are plain, "
                "so give blocks of 4 or more and dilated of 0 or more"
            )
        first, second, third, deep = widths
        self.path = nn.Sequential(
            _block(1, first, 2, stride=2),
            _block(first, second, 2, stride=2),
            _block(second, third, 3, stride=2),
            _block(third, deep, 3),
            *(_block(deep, deep, 3, dilation=2) for _ in range(dilated)),
            *(_block(deep, deep, 3) for _ in range(blocks - len(widths))),
            _last_block(deep, third),
            nn.Conv2d(third, outputs, 1),
        )

    def forward(self, lightness_B1HW: Tensor) -> Tensor:
        """Map L (0..100) to raw (B, outputs, H/4, W/4)."""
        return self.path(scaled(lightness_B1HW))  # type: ignore[no-any-return]


def _block(inputs: int, outputs: int, depth: int, stride: int = 1, dilation: int = 1) -> nn.Sequential:
    layers: list[nn.Module] = []
    for number in range(depth):
        step = stride if number == depth - 1 else 1
        layers += [nn.Conv2d(inputs if number == 0 else outputs, outputs, 3, step, dilation, dilation), nn.ReLU()]
    return nn.Sequential(*layers, nn.BatchNorm2d(outputs))


def _last_block(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = [nn.ConvTranspose2d(inputs, outputs, 4, 2, 1), nn.ReLU()]
    for _ in range(2):
        layers += [nn.Conv2d(outputs, outputs, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*layers)
