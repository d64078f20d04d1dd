"""ResNet-18 and ResNet-50 bodies to stride 16, without batch norm.

K. He et al., "Deep Residual Learning for Image Recognition", CVPR 2016. Keys follow torchvision (``layer2.0.conv1``).
Batch norm is folded into biased convolutions while the weights are loaded, w' = w g / sqrt(v + e) and
b' = beta - m g / sqrt(v + e): fine-tuning keeps no statistics, so one photo is treated alike in any batch, and a step
costs a third less on a CPU. As in the first publication the stride sits in the first convolution of a block.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from photochrom.errors import RunError

BATCH_NORM_EPSILON = 1.001e-5


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut: the block of ResNet-18."""

    def __init__(self, inputs: int, width: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, 1)
        self.conv2 = nn.Conv2d(width, outputs, 3, 1, 1)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H/stride, W/stride)."""
        y = self.conv2(torch.relu(self.conv1(x)))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions beside a shortcut: the block of ResNet-50."""

    def __init__(self, inputs: int, width: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, stride)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1)
        self.conv3 = nn.Conv2d(width, outputs, 1)
        self.downsample = _shortcut(inputs, outputs, stride)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, inputs, H, W) to (B, outputs, H/stride, W/stride)."""
        y = self.conv3(torch.relu(self.conv2(torch.relu(self.conv1(x)))))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Sequential | None:
    if inputs == outputs and stride == 1:
        return None
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride))


class ResNet(nn.Module):
    """Stem and three layers; forward gives the features at strides 4, 8 and 16.

    ``inputs`` are the input channels, ``base`` the stem's channels (64 in the paper), ``depths`` the blocks a layer.
    """

    def __init__(self, block: type[BasicBlock] | type[Bottleneck], depths: tuple[int, int, int], inputs: int,
                 base: int = 64) -> None:  # fmt: skip
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, base, 7, 2, 3)
        self.pool = nn.MaxPool2d(3, 2, 1)
        expansion = 4 if block is Bottleneck else 1
        self.channels = tuple(base * expansion * scale for scale in (1, 2, 4))
        before = base
        for number, (scale, depth) in enumerate(zip((1, 2, 4), depths, strict=True), start=1):
            width, outputs = base * scale, base * scale * expansion
            layer = [block(before, width, outputs, 1 if number == 1 else 2)]
            layer += [block(outputs, width, outputs, 1) for _ in range(depth - 1)]
            self.add_module(f"layer{number}", nn.Sequential(*layer))
            before = outputs
        self.layers = ("layer1", "layer2", "layer3")

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Map (B, inputs, H, W) to features of strides 4, 8 and 16; H and W are multiples of 16."""
        _, fine, middle, deep = self.features(x)
        return fine, middle, deep

    def features(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Map (B, inputs, H, W) to the stem before its pool, at stride 2, and the features of strides 4, 8 and 16."""
        stem = torch.relu(self.conv1(x))
        x = self.pool(stem)
        features = []
        for name in self.layers:
            x = self.get_submodule(name)(x)
            features.append(x)
        return stem, features[0], features[1], features[2]


ENCODERS: dict[str, tuple[type[BasicBlock] | type[Bottleneck], tuple[int, int, int], int]] = {
    "resnet18": (BasicBlock, (2, 2, 2), 64),
    "resnet50": (Bottleneck, (3, 4, 6), 64),
    "resnet50_short": (Bottleneck, (3, 4, 5), 64),
    "tiny": (BasicBlock, (1, 1, 1), 8),
}
"""Block, depths and base channels of every encoder; "resnet50_short" lacks the last block, "tiny" is for tests."""


def build_encoder(name: str, inputs: int) -> ResNet:
    """Build an encoder of :data:`ENCODERS` with random weights and ``inputs`` input channels."""
    if name not in ENCODERS:
        raise RunError(f"unknown encoder {name!r}; choose one of: {', '.join(ENCODERS)}")
    block, depths, base = ENCODERS[name]
    return ResNet(block, depths, inputs, base)


def fold_batch_norm(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return float32 weights in which each batch norm has gone into the convolution before it.

    Weights without batch norm pass unchanged; ``downsample.1`` folds into ``downsample.0``.
    """
    folded = {key: value.float() for key, value in state.items() if "bn" not in key and "downsample.1" not in key}
    for key in state:
        if not key.endswith(".running_var") and key != "running_var":
            continue
        norm = key.removesuffix(".running_var")
        head, _, tail = norm.rpartition(".")
        target = f"{head}." if head else ""
        target += tail.replace("bn", "conv") if "bn" in tail else "0"
        scale = state[f"{norm}.weight"].float() / torch.sqrt(state[key].float() + BATCH_NORM_EPSILON)
        bias = folded.get(f"{target}.bias", torch.zeros_like(scale))
        folded[f"{target}.weight"] = folded[f"{target}.weight"] * scale[:, None, None, None]
        folded[f"{target}.bias"] = (bias - state[f"{norm}.running_mean"].float()) * scale + state[
            f"{norm}.bias"
        ].float()
    return folded


def load_gray_encoder(encoder: ResNet, state: Mapping[str, Tensor]) -> None:
    """Load ImageNet weights for RGB into an encoder whose first input channel is gray and whose others are hints.

    The gray channel is normalized with one mean and deviation (0.449, 0.226), so each color's weights are rescaled to
    it and added up, its mean difference goes into the bias, and the hint channels start at zero: the network begins as
    the ImageNet network looking at a gray photo. Raises RunError when a weight is missing or has another shape.
    """
    folded = fold_batch_norm(state)
    wide = torch.zeros_like(encoder.conv1.weight)
    given, expected = folded.get("conv1.weight", torch.empty(0)).shape, (wide.shape[0], 3, *wide.shape[2:])
    if given != expected:
        raise RunError(
            f"these encoder weights do not fit the network: conv1.weight is {tuple(given)}, expected {expected}; "
            "choose the matching file"
        )
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    stem = folded["conv1.weight"] / deviation[None, :, None, None]
    shift = (stem * (0.449 - mean)[None, :, None, None]).sum(dim=(1, 2, 3))
    wide[:, 0] = stem.sum(dim=1) * 0.226
    folded["conv1.weight"] = wide
    folded["conv1.bias"] = folded.get("conv1.bias", torch.zeros(wide.shape[0])) + shift
    try:
        encoder.load_state_dict(folded)
    except RuntimeError as error:
        first = str(error).splitlines()[1].strip()
        raise RunError(f"these encoder weights do not fit the network: {first}; choose the matching file") from error
