"""The 70 x 70 PatchGAN: a critic that judges every patch of a picture by itself.

Isola et al. 2017, "Image-to-Image Translation with Conditional Adversarial Networks", section 6.1.2: C64-C128-C256-C512
and a convolution to one channel, 4x4 kernels, LeakyReLU 0.2, no batch norm in the first. What differs: it answers
logits, the sigmoid is part of the loss (binary cross entropy with logits).
"""

from itertools import pairwise

from torch import Tensor, nn

from photochrom.networks.blocks import halve, init_normal


class PatchCritic(nn.Module):
    """Strides 2, 2, 2, 1, 1; every place of the answer sees 70 x 70 pixels; 2.8 million parameters.

    ``inputs`` are the picture's channels, L and ab (or RGB) for a critic that also sees what was to be painted;
    ``width`` the channels of the first layer; ``layers`` how many halve the size: 3 is published.
    """

    def __init__(self, inputs: int, width: int = 64, layers: int = 3) -> None:
        super().__init__()
        widths = [width * min(2**layer, 8) for layer in range(layers + 1)]
        blocks: list[nn.Module] = [halve(inputs, width, norm=False), nn.LeakyReLU(0.2)]
        for before, own in pairwise(widths[:-1]):
            blocks += [halve(before, own), nn.LeakyReLU(0.2)]
        blocks += [nn.Conv2d(widths[-2], widths[-1], 4, 1, 1, bias=False), nn.BatchNorm2d(widths[-1])]
        self.path = nn.Sequential(*blocks, nn.LeakyReLU(0.2), nn.Conv2d(widths[-1], 1, 4, 1, 1))
        init_normal(self)

    def forward(self, picture_BCHW: Tensor) -> Tensor:
        """Map a picture, its channels about -1..1, to logits (B, 1, H/8 - 2, W/8 - 2): high where it looks real.

        H and W are multiples of 8 from 24 px on.
        """
        return self.path(picture_BCHW)  # type: ignore[no-any-return]
