"""Full-size networks are as large, and see as far, as published: counted, and stated in their docstrings."""

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import nn

from photochrom.errors import RunError
from photochrom.networks import CRITICS, NETWORKS
from photochrom.networks.blocks import init_normal
from photochrom.networks.receptive_field import receptive_field

COUNTS = {
    "rgb_autoencoder": (3, 106_243, 18),
    "rgb_unet": (3, 31_036_611, 204),
    "regression_cnn": (2, 6_516_130, 91),
    "palette_unet": (24, 128_720, 23),
    "dcgan_painter": (2, 16_656_130, 158),
    "unet8": (2, 54_410_434, 1278),
    "eccv16": (313, 32_235_385, 349),
    "patch_critic": (3, 2_765_633, 70),
    "dcgan_critic": (3, 11_148_609, 190),
}
ABLATIONS = {(5, 2): (32_235_385, 349), (5, 1): (25_154_937, 253), (4, 0): (10_994_041, 109)}


def full_size(name: str, channels: int, **options: Any) -> nn.Module:
    with torch.device("meta"):
        return {**NETWORKS, **CRITICS}[name](channels, **options)


def count(network: nn.Module) -> int:
    return sum(value.numel() for value in network.parameters())


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_and_receptive_field_are_the_published_ones(name: str) -> None:
    channels, parameters, side = COUNTS[name]
    network = full_size(name, channels)
    assert (count(network), receptive_field(network)) == (parameters, side)


@pytest.mark.parametrize("name", COUNTS)
def test_docstrings_state_the_true_size(name: str) -> None:
    _, parameters, _ = COUNTS[name]
    text = " ".join((full_size(name, 3).__doc__ or "").split())
    stated = (
        f"{parameters / 1e6:.1f} million parameters" if parameters > 1e6 else f"{round(parameters, -3):,} parameters"
    )
    assert stated in text
    if name in NETWORKS:
        assert f"receptive field {COUNTS[name][2]} px" in text


@pytest.mark.parametrize(("blocks", "dilated"), ABLATIONS)
def test_ablations_of_eccv16_are_smaller_and_see_less(blocks: int, dilated: int) -> None:
    network = full_size("eccv16", 313, blocks=blocks, dilated=dilated)
    parameters, side = ABLATIONS[blocks, dilated]
    assert (count(network), receptive_field(network)) == (parameters, side)
    assert f"{parameters / 1e6:.1f} million parameters, receptive field {side} px" in " ".join(
        (network.__doc__ or "").split()
    )
    dilations = [layer.dilation[0] for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    assert dilations.count(2) == 3 * dilated


@pytest.mark.parametrize("options", [{"blocks": 3}, {"dilated": -1}])
def test_eccv16_without_its_first_blocks_is_an_error(options: dict[str, int]) -> None:
    with pytest.raises(RunError, match="give blocks of 4 or more and dilated of 0 or more"):
        full_size("eccv16", 313, **options)


def test_eccv16_has_the_published_widths_and_strides() -> None:
    convolutions = [layer for layer in full_size("eccv16", 313).modules() if isinstance(layer, nn.Conv2d)]
    assert [layer.out_channels for layer in convolutions] == [
        *(64, 64, 128, 128, 256, 256, 256, *[512] * 12, 256, 256, 313)
    ]
    assert [number for number, layer in enumerate(convolutions) if layer.stride == (2, 2)] == [1, 3, 6]


def test_pix2pix_has_eight_levels_down_to_a_single_place() -> None:
    painter = full_size("unet8", 2)
    maps: list[tuple[int, ...]] = []
    for block in painter.down:
        block.register_forward_hook(lambda _, __, out: maps.append(tuple(out.shape[1:])))
    painter.eval()(torch.zeros(1, 1, 256, 256, device="meta"))
    assert [shape[0] for shape in maps] == [64, 128, 256, 512, 512, 512, 512, 512]
    assert [shape[1:] for shape in maps] == [(side, side) for side in (128, 64, 32, 16, 8, 4, 2, 1)]
    normed = [any(isinstance(layer, nn.BatchNorm2d) for layer in block) for block in painter.down]
    assert normed == [False, *[True] * 6, False]
    dropping = [any(isinstance(layer, nn.Dropout) for layer in block) for block in painter.up]
    assert dropping == [True] * 3 + [False] * 4


def test_pix2pix_trains_on_one_photo_of_a_single_cell() -> None:
    painter = NETWORKS["unet8"](2, width=4).train()
    assert painter(torch.rand(1, 1, 256, 256) * 100).shape == (1, 2, 256, 256)


@pytest.mark.parametrize("name", ["unet8", "dcgan_painter", "patch_critic", "dcgan_critic"])
def test_adversarial_networks_start_with_small_normal_weights(name: str) -> None:
    torch.manual_seed(0)
    network = {**NETWORKS, **CRITICS}[name](3, width=32)
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and layer.weight.numel() > 3000:
            assert abs(layer.weight.std() - 0.02) < 0.002
            assert abs(layer.weight.mean()) < 0.002
        if isinstance(layer, nn.BatchNorm2d):
            assert abs(layer.weight.mean() - 1) < 0.02
            assert 0.01 < layer.weight.std() < 0.03
        if getattr(layer, "bias", None) is not None:
            assert not layer.bias.any()


def test_the_deviation_of_first_weights_can_be_chosen() -> None:
    layer = nn.Conv2d(30, 30, 5)
    init_normal(layer, std=0.5)
    assert abs(layer.weight.std() - 0.5) < 0.05
    assert not layer.bias.any()


@pytest.mark.parametrize("name", ["rgb_autoencoder", "regression_cnn"])
def test_a_signal_neither_fades_nor_grows_through_layers_without_batch_norm(name: str) -> None:
    torch.manual_seed(0)
    painter = NETWORKS[name](3)
    strengths: list[float] = []
    for layer in painter.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            layer.register_forward_hook(lambda _, __, out: strengths.append(float(out.std(dim=(0, 2, 3)).mean())))
    with torch.no_grad():
        painter(nn.functional.interpolate(torch.rand(2, 1, 16, 16) * 100, scale_factor=4, mode="bilinear"))
    assert len(strengths) > 3
    assert all(0.1 < strength < 1 for strength in strengths)


@pytest.mark.parametrize("stride", [1, 2, 4, 8])
def test_a_resnet_unet_may_end_at_any_level(stride: int) -> None:
    painter = full_size("resnet_unet", 2, stride=stride)
    assert painter.stride == stride
    assert painter(torch.zeros(1, 1, 32, 48, device="meta")).shape == (1, 2, 32 // stride, 48 // stride)


def test_a_resnet_unet_cannot_end_between_levels() -> None:
    with pytest.raises(RunError, match="cannot end at stride 3; choose 1, 2, 4 or 8"):
        full_size("resnet_unet", 2, stride=3)


def test_a_resnet_unet_at_a_coarser_stride_is_the_same_body_with_fewer_levels() -> None:
    sizes = [count(full_size("resnet_unet", 2, stride=stride)) for stride in (1, 2, 4, 8)]
    assert sizes[0] == 4_856_834
    assert all(finer > coarser for finer, coarser in pairwise(sizes))


@pytest.mark.parametrize(("name", "multiples"), [("rgb_unet", 8), ("dcgan_painter", 16), ("unet8", 16),
                                                 ("rgb_autoencoder", 16), ("palette_unet", 16)])  # fmt: skip
def test_levels_change_the_multiple(name: str, multiples: int) -> None:
    painter = full_size(name, 2, levels=4)
    assert painter.multiple == multiples
    assert painter.eval()(torch.zeros(1, 1, multiples, 3 * multiples, device="meta")).shape[2:] == (
        multiples,
        3 * multiples,
    )
