"""The DCGAN-style critic: six convolution blocks, one fully connected layer, one answer for the whole picture.

Radford et al. 2016, "Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks":
strided convolutions, LeakyReLU 0.2, batch norm but not in the first block, weights N(0, 0.02). What differs: it answers
logits, the sigmoid is part of the loss (binary cross entropy with logits).
"""

from torch import Tensor, nn

from photochrom.errors import RunError
from photochrom.networks.blocks import halve, init_normal


class DcganCritic(nn.Module):
    """4x4 kernels of stride 2, channels 64, 128, 256, 512, 512, 512, for pictures of one size: 11.1 million parameters.

    ``inputs`` are the picture's channels, ``size`` its side in pixels, a multiple of 2**blocks; ``width`` the channels
    of the first block, doubled by each up to 8 times. Raises RunError for another size. Where the last map is a single
    place (size = 2**blocks) training needs batches of two pictures or more, because of batch norm.
    """

    def __init__(self, inputs: int, size: int = 64, width: int = 64, blocks: int = 6) -> None:
        super().__init__()
        if size <= 0 or size % 2**blocks:
            raise RunError(f"a critic of {blocks} blocks cannot judge {size} px; give a multiple of {2**blocks}")
        self.size = size
        widths = [width * min(2**block, 8) for block in range(blocks)]
        layers: list[nn.Module] = []
        for block, own in enumerate(widths):
            layers += [halve(widths[block - 1] if block else inputs, own, norm=block > 0), nn.LeakyReLU(0.2)]
        self.path = nn.Sequential(*layers)
        self.judge = nn.Linear(widths[-1] * (size // 2**blocks) ** 2, 1)
        init_normal(self)

    def forward(self, picture_BCHW: Tensor) -> Tensor:
        """Map pictures of ``size`` x ``size`` px, their channels about -1..1, to logits (B, 1): high if they look real.

        Raises RunError for pictures of another size.
        """
        if picture_BCHW.shape[2:] != (self.size, self.size):
            given = " x ".join(str(side) for side in picture_BCHW.shape[2:])
            raise RunError(f"this critic judges {self.size} x {self.size} px, not {given}; set its option size")
        return self.judge(self.path(picture_BCHW).flatten(1))  # type: ignore[no-any-return]
