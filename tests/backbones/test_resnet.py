"""ResNet bodies: batch norm folded away without a trace, and an RGB network that looks at gray photos."""

import copy

import pytest
import torch
from torch import Tensor, nn

from photochrom.backbones.resnet import (
    BATCH_NORM_EPSILON,
    ENCODERS,
    BasicBlock,
    Bottleneck,
    ResNet,
    build_encoder,
    fold_batch_norm,
    load_gray_encoder,
)
from photochrom.errors import RunError

SMALL = {"basic": (BasicBlock, (1, 2, 1)), "bottleneck": (Bottleneck, (1, 1, 2))}
kinds = pytest.mark.parametrize("kind", SMALL)


class Normed(nn.Module):
    """A convolution without bias, and its batch norm."""

    def __init__(self, conv: nn.Conv2d) -> None:
        super().__init__()
        self.conv = copy.deepcopy(conv)
        self.conv.bias = None
        self.norm = nn.BatchNorm2d(conv.out_channels, eps=BATCH_NORM_EPSILON)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.conv(x))


def with_batch_norm(network: ResNet) -> tuple[ResNet, dict[str, Tensor]]:
    """Give the network with batch norm behind every convolution, with random statistics, and its public weights."""
    reference = copy.deepcopy(network)
    for name, module in list(reference.named_modules()):
        if not isinstance(module, nn.Conv2d):
            continue
        parent, _, own = name.rpartition(".")
        reference.get_submodule(parent)._modules[own] = Normed(module)
    for module in reference.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.3, 2.0)
    return reference.eval(), {public_name(name): value for name, value in reference.state_dict().items()}


def public_name(name: str) -> str:
    """Turn ``layer1.0.conv2.norm.weight`` into torchvision's ``layer1.0.bn2.weight``."""
    name = name.replace("downsample.0.norm", "downsample.1").replace("downsample.0.conv", "downsample.0")
    for number in "123":
        name = name.replace(f"conv{number}.norm", f"bn{number}").replace(f"conv{number}.conv", f"conv{number}")
    return name


def small(kind: str, inputs: int) -> ResNet:
    torch.manual_seed(0)
    block, depths = SMALL[kind]
    return ResNet(block, depths, inputs, base=8)


@kinds
def test_folded_weights_give_what_batch_norm_gave(kind: str) -> None:
    network = small(kind, 3)
    reference, state = with_batch_norm(network)
    network.load_state_dict(fold_batch_norm(state))
    x = torch.randn(2, 3, 64, 48)
    with torch.no_grad():
        for mine, theirs in zip(network(x), reference(x), strict=True):
            assert theirs.std() > 0.1
            torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-3)


@kinds
def test_folding_reads_half_precision_and_changes_nothing_given(kind: str) -> None:
    _, state = with_batch_norm(small(kind, 3))
    halves = {key: value.half() if value.is_floating_point() else value for key, value in state.items()}
    before = copy.deepcopy(halves)
    folded = fold_batch_norm(halves)
    assert all(value.dtype == torch.float32 for value in folded.values())
    assert all(torch.equal(before[key], halves[key]) for key in before)


def test_weights_without_batch_norm_pass_unchanged() -> None:
    state = small("bottleneck", 3).state_dict()
    folded = fold_batch_norm(state)
    assert folded.keys() == state.keys()
    assert all(torch.equal(folded[key], state[key]) for key in state)


@kinds
def test_the_gray_network_sees_a_gray_photo_as_the_rgb_network_does(kind: str) -> None:
    rgb, gray = small(kind, 3), small(kind, 4)
    reference, state = with_batch_norm(rgb)
    load_gray_encoder(gray, state)
    photo = torch.rand(1, 1, 512, 512)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    colors = (photo - mean[:, None, None]) / deviation[:, None, None]
    hints = torch.randn(1, 3, 512, 512)
    with torch.no_grad():
        seen = gray(torch.cat([(photo - 0.449) / 0.226, hints], dim=1))
        expected = reference(colors)
    for mine, theirs, stride in zip(seen, expected, (4, 8, 16), strict=True):
        away = slice(192 // stride, -192 // stride)
        torch.testing.assert_close(mine[..., away, away], theirs[..., away, away], rtol=1e-3, atol=1e-3)


def test_hint_channels_start_at_zero() -> None:
    gray = small("basic", 4)
    load_gray_encoder(gray, with_batch_norm(small("basic", 3))[1])
    assert not gray.conv1.weight[:, 1:].any()
    assert gray.conv1.weight[:, 0].any()


def test_weights_of_another_body_are_an_error_in_one_line() -> None:
    state = with_batch_norm(small("bottleneck", 3))[1]
    with pytest.raises(RunError, match=r"these encoder weights do not fit the network: .*; choose the matching file"):
        load_gray_encoder(small("basic", 4), state)


@pytest.mark.parametrize("state", [{}, {"conv1.weight": torch.zeros(4, 3, 7, 7)}, {"conv1.weight": torch.zeros(3)}])
def test_weights_that_lack_their_stem_are_an_error_too(state: dict[str, Tensor]) -> None:
    with pytest.raises(RunError, match="these encoder weights do not fit the network"):
        load_gray_encoder(small("basic", 4), state)


@pytest.mark.parametrize("name", ENCODERS)
def test_features_have_strides_4_8_and_16(name: str) -> None:
    with torch.device("meta"):
        encoder = build_encoder(name, 4)
        features = encoder(torch.zeros(1, 4, 96, 48))
    assert [tuple(feature.shape) for feature in features] == [
        (1, channels, 96 // stride, 48 // stride) for channels, stride in zip(encoder.channels, (4, 8, 16), strict=True)
    ]


def test_bodies_have_the_published_widths_and_key_names() -> None:
    with torch.device("meta"):
        eighteen, fifty = build_encoder("resnet18", 3), build_encoder("resnet50", 3)
    assert eighteen.channels == (64, 128, 256)
    assert fifty.channels == (256, 512, 1024)
    assert {"conv1.weight", "layer2.0.downsample.0.weight", "layer3.1.conv2.bias"} <= eighteen.state_dict().keys()
    assert {"layer1.0.downsample.0.bias", "layer3.5.conv3.weight"} <= fifty.state_dict().keys()


def test_an_unknown_encoder_is_an_error_that_names_the_known_ones() -> None:
    known = "resnet18, resnet50, resnet50_short, tiny"
    with pytest.raises(RunError, match=f"unknown encoder 'vgg'; choose one of: {known}"):
        build_encoder("vgg", 4)
