"""What several networks share: their contract, the scale of their input, their first weights, and building blocks.

Shapes: B photos, C channels, H x W input pixels, h x w pixels of the answer.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional


class Painter(nn.Module):
    """The contract of every entry of :data:`photochrom.networks.NETWORKS`.

    A painter is built as ``Painter(outputs, **options)``; the options' defaults are the published size. It maps L
    (0..100), and hints where it ``takes_hints``, to raw (B, outputs, H/stride, W/stride), where H and W are multiples
    of ``multiple``. Options may change both numbers: read them on the instance; on the class stand those of the
    published size. Raw is unbounded: the tanh, sigmoid or softmax of the publication is the work of
    :mod:`photochrom.chroma`.
    """

    multiple: int
    stride: int
    takes_hints: bool = False


def scaled(lightness_B1HW: Tensor) -> Tensor:
    """Map L (0..100) to -1..1."""
    return lightness_B1HW / 50 - 1


def init_normal(module: nn.Module, std: float = 0.02) -> None:
    """Draw new weights as DCGAN and pix2pix do: N(0, std), scales of batch norm N(1, std), every bias 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear | nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0 if isinstance(layer, nn.BatchNorm2d) else 0.0, std)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def init_he(module: nn.Module) -> None:
    """Draw new weights N(0, 2 / f), where f inputs meet in an output, and every bias 0; He et al. 2015, equation 10.

    For layers with ReLU and without batch norm: through torch's own first weights a signal fades to a third with every
    layer, until biases drown it.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            inputs = layer.in_channels * layer.kernel_size[0] * layer.kernel_size[1]
            meet = inputs / (layer.stride[0] * layer.stride[1]) if isinstance(layer, nn.ConvTranspose2d) else inputs
            nn.init.normal_(layer.weight, 0.0, (2 / meet) ** 0.5)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def halve(inputs: int, outputs: int, kernel: int = 4, norm: bool = True) -> nn.Sequential:
    """Build a convolution that halves the size, and batch norm after it; without batch norm it has a bias."""
    return _with_norm(nn.Conv2d(inputs, outputs, kernel, 2, 1, bias=not norm), outputs, norm)


def double(inputs: int, outputs: int, norm: bool = True) -> nn.Sequential:
    """Build a transposed 4x4 convolution that doubles the size, and batch norm; without batch norm it has a bias."""
    return _with_norm(nn.ConvTranspose2d(inputs, outputs, 4, 2, 1, bias=not norm), outputs, norm)


def _with_norm(layer: nn.Module, outputs: int, norm: bool) -> nn.Sequential:
    return nn.Sequential(layer, nn.BatchNorm2d(outputs)) if norm else nn.Sequential(layer)


class Merge(nn.Module):
    """Up-sample by two (bilinear), join the skip, convolve twice."""

    def __init__(self, below: int, skip: int, outputs: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(below, outputs, 1)
        self.conv1 = nn.Conv2d(outputs + skip, outputs, 3, padding=1)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1)

    def forward(self, below_BChw: Tensor, skip_BCHW: Tensor) -> Tensor:
        """Map (B, below, h, w) and (B, skip, 2h, 2w) to (B, outputs, 2h, 2w)."""
        reduced = self.reduce(below_BChw)
        raised = functional.interpolate(reduced, scale_factor=2.0, mode="bilinear", align_corners=False)
        x = torch.relu(self.conv1(torch.cat([raised, skip_BCHW], dim=1)))
        return torch.relu(x + self.conv2(x))
