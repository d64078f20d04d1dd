"""The ResNet U-Net: an ImageNet body that knows things, and a plain decoder back to the photo's size.

    L -> encoder (strides 2, 4, 8, 16) -> up-sample, join the skip, convolve twice; to strides 8, 4, 2 and 1 -> raw

Known as fastai's DynamicUnet on ResNet-18. What differs: the body ends at stride 16 (without ResNet's last
layer), its batch norm is folded away, and the decoder up-samples bilinearly (no pixel shuffle, blur or self-attention).
"""

from torch import Tensor, nn

from photochrom.backbones.resnet import build_encoder
from photochrom.errors import RunError
from photochrom.networks.blocks import Merge, Painter


class ResNetUNet(Painter):
    """A U-Net whose ``encoder`` may start pre-trained: 4.9 million parameters.

    ``outputs`` is 2 for ab or Q for bins; raw is unbounded, the tanh or softmax is that of the chroma class.
    ``encoder`` is a name of :data:`photochrom.backbones.resnet.ENCODERS`; ``decoder`` the channels at strides 8, 4, 2
    and 1; ``stride`` (1, 2, 4 or 8) where the decoder ends. Raises RunError for another stride.
    """

    multiple = 16
    stride = 1

    def __init__(self, outputs: int, encoder: str = "resnet18", decoder: tuple[int, int, int, int] = (256, 128, 64, 32),
                 stride: int = 1) -> None:  # fmt: skip
        super().__init__()
        if stride not in {1, 2, 4, 8}:
            raise RunError(f"a ResNet U-Net cannot end at stride {stride!r}; choose 1, 2, 4 or 8")
        self.stride = stride
        self.encoder = build_encoder(encoder, inputs=1)
        fine, middle, deep = self.encoder.channels
        skips = (middle, fine, self.encoder.conv1.out_channels, 1)
        levels = (8, 4, 2, 1).index(stride) + 1
        below = (deep, *decoder)
        self.up = nn.ModuleList(Merge(below[n], skips[n], decoder[n]) for n in range(levels))
        self.head = nn.Conv2d(decoder[levels - 1], outputs, 1)

    def forward(self, lightness_B1HW: Tensor) -> Tensor:
        """Map L (0..100) to raw (B, outputs, H/stride, W/stride)."""
        gray = (lightness_B1HW / 100 - 0.449) / 0.226
        *skips, x = gray, *self.encoder.features(gray)
        for up, skip in zip(self.up, reversed(skips), strict=False):
            x = up(x, skip)
        return self.head(x)  # type: ignore[no-any-return]
