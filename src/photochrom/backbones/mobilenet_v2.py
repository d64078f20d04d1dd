"""MobileNetV2 with its classifier: the eyes behind the Frechet distance and the recognition test.

Sandler et al. 2018, "MobileNetV2: Inverted Residuals and Linear Bottlenecks", table 2. Batch norm is folded
into biased convolutions, padding follows TensorFlow's SAME rule, class 0 is "background".

Shapes: B photos, 3 RGB, H x W pixels, C channels, F pooled features, K classes.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from photochrom.errors import ModelError


class Stage(NamedTuple):
    """One line of the paper's table 2: `repeats` blocks, the first of them with `stride`."""

    expand: int
    channels: int
    repeats: int
    stride: int


STAGES = (
    Stage(1, 16, 1, 1),
    Stage(6, 24, 2, 2),
    Stage(6, 32, 3, 2),
    Stage(6, 64, 4, 2),
    Stage(6, 96, 3, 1),
    Stage(6, 160, 3, 2),
    Stage(6, 320, 1, 1),
)


class SameConv(nn.Module):
    """A biased convolution with TensorFlow's SAME padding: output size = ceil(input size / stride).

    The surplus pixel of an odd padding goes to the right and the bottom, which matters at stride 2.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int, stride: int = 1, groups: int = 1) -> None:
        """Make an untrained layer."""
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, kernel, stride, groups=groups)
        self.kernel, self.stride = kernel, stride

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Pad and convolve; equal padding on all sides is left to the convolution, which does it without a copy."""
        bottom, right = (self._surplus(size) for size in x_BCHW.shape[2:])
        equal = bottom // 2 if bottom == right and bottom % 2 == 0 else 0
        if not equal and self.kernel > 1:
            x_BCHW = functional.pad(x_BCHW, (right // 2, right - right // 2, bottom // 2, bottom - bottom // 2))
        conv = self.conv
        return functional.conv2d(x_BCHW, conv.weight, conv.bias, self.stride, equal, groups=conv.groups)

    def _surplus(self, size: int) -> int:
        return max((-(-size // self.stride) - 1) * self.stride + self.kernel - size, 0)


class InvertedResidual(nn.Module):
    """Expand, filter each channel by itself, project without activation; skip where the shapes agree."""

    def __init__(self, channels_in: int, channels_out: int, expand: int, stride: int) -> None:
        """Make an untrained block; `expand` 1 leaves the expanding convolution out."""
        super().__init__()
        hidden = channels_in * expand
        layers = [] if expand == 1 else [SameConv(channels_in, hidden, 1)]
        layers += [SameConv(hidden, hidden, 3, stride, groups=hidden), SameConv(hidden, channels_out, 1)]
        self.body = nn.ModuleList(layers)
        self.skips = stride == 1 and channels_in == channels_out

    def forward(self, x_BCHW: Tensor) -> Tensor:
        """Map (B, channels_in, H, W) to (B, channels_out, ceil(H / stride), ceil(W / stride))."""
        out = x_BCHW
        for position, layer in enumerate(self.body, start=1):
            out = layer(out)
            if position < len(self.body):
                out = functional.relu6(out, inplace=True)
        return x_BCHW + out if self.skips else out


class MobileNetV2(nn.Module):
    """MobileNetV2 whose key names and defaults are those of the weight file `mobilenet_v2.safetensors`."""

    def __init__(
        self, stages: Sequence[Stage] = STAGES, *, stem: int = 32, pooled: int = 1280, classes: int = 1001
    ) -> None:
        """Make an untrained network; smaller numbers make the tiny one that tests use."""
        super().__init__()
        self.stem = SameConv(3, stem, 3, 2)
        plan = [
            (stage.channels, stage.expand, stage.stride if first else 1)
            for stage in stages
            for first in (index == 0 for index in range(stage.repeats))
        ]
        widths = [stem, *(channels for channels, _, _ in plan)]
        self.blocks = nn.ModuleList(
            InvertedResidual(before, after, expand, stride)
            for (before, after), (_, expand, stride) in zip(pairwise(widths), plan, strict=True)
        )
        self.head = SameConv(widths[-1], pooled, 1)
        self.fc = nn.Linear(pooled, classes)

    @classmethod
    def from_file(cls, path: Path) -> "MobileNetV2":
        """Read the trained network from a safetensors file, in float32, ready for use and frozen.

        Raises ModelError if there is no such file, or if its keys or shapes are not those of this network.
        """
        network = cls()
        try:
            weights = load_file(path)
        except (OSError, SafetensorError) as error:
            raise ModelError(
                f"{path}: cannot be read as safetensors ({error}); give mobilenet_v2.safetensors"
            ) from None
        network.take(weights)
        return network

    def take(self, weights: dict[str, Tensor]) -> None:
        """Take over `weights` (any float type, exactly this network's keys), then freeze.

        Raises ModelError naming the first key that is missing, unknown or of another shape.
        """
        own = self.state_dict()
        for key in sorted(own.keys() ^ weights.keys()):
            state = "misses" if key in own else "has the unknown"
            raise ModelError(f"the MobileNetV2 weights: the file {state} key {key!r}; give mobilenet_v2.safetensors")
        for key, value in weights.items():
            if value.shape != own[key].shape:
                raise ModelError(
                    f"the MobileNetV2 weights: {key!r} has shape {tuple(value.shape)}, "
                    f"expected {tuple(own[key].shape)}; give mobilenet_v2.safetensors"
                )
        self.load_state_dict({key: value.to(torch.float32) for key, value in weights.items()})
        self.eval().requires_grad_(False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def features(self, rgb_B3HW: Tensor) -> Tensor:
        """Return the globally pooled features (B, F) of photos in RGB 0..1, 32 px or more on each side.

        F is 1280 and every value >= 0. The network was trained at 224 px; state the size with any number
        computed from these.
        """
        seen = (rgb_B3HW * 2.0 - 1.0).contiguous(memory_format=torch.channels_last)  # a quarter faster on processors
        x = functional.relu6(self.stem(seen))
        for block in self.blocks:
            x = block(x)
        return functional.relu6(self.head(x)).mean(dim=(2, 3))

    def forward(self, rgb_B3HW: Tensor) -> Tensor:
        """Return the class scores before softmax (B, K) of photos in RGB 0..1; class 0 is "background"."""
        logits: Tensor = self.fc(self.features(rgb_B3HW))
        return logits
