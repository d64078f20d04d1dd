"""The computed receptive field is the one that a gradient shows."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from photochrom.networks import CRITIC_TINY_OPTIONS, CRITICS, NETWORKS, TINY_OPTIONS
from photochrom.networks.receptive_field import receptive_field

PLACES = 16


def measured(network: nn.Module, picture: Tensor) -> int:
    """Give the widest span of columns that a place of the answer depends on; all that is computed stays positive."""
    for module in network.modules():
        for name, child in module.named_children():
            if isinstance(child, nn.MaxPool2d):  # an average of the same places lets every one of them show
                setattr(module, name, nn.AvgPool2d(child.kernel_size, child.stride, child.padding))
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.constant_(module.weight, 1 / module.weight[0].numel())
            nn.init.zeros_(module.bias) if module.bias is not None else None
        if isinstance(module, nn.BatchNorm2d):
            nn.init.ones_(module.weight)
    picture.requires_grad_()
    answer = network.double().eval()(picture).sum(dim=(0, 1, 2))
    spans = []
    for place in range(len(answer) // 2, len(answer) // 2 + PLACES):
        (gradient,) = torch.autograd.grad(answer[place], picture, retain_graph=True)
        columns = gradient.sum(dim=(0, 1, 2)).nonzero()
        spans.append(int(columns.max() - columns.min()) + 1)
    return max(spans)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *((name, {}) for name in NETWORKS if name not in {"resnet_unet", "encoder_unet"}),
        ("eccv16", {"blocks": 5, "dilated": 1}),
        ("eccv16", {"blocks": 4, "dilated": 0}),
        ("eccv16", {"blocks": 6, "dilated": 0}),
        ("rgb_autoencoder", {"levels": 3}),
        ("palette_unet", {"levels": 3}),
        ("unet8", {"levels": 5}),
    ],
)
def test_painters_see_what_was_computed(name: str, options: dict[str, Any]) -> None:
    network = NETWORKS[name](1, **{**TINY_OPTIONS[name], **options})
    picture = torch.full((1, 1, 32, 768), 100.0, dtype=torch.float64)
    assert receptive_field(network) == measured(network, picture)


def test_a_patch_is_70_pixels_wide() -> None:
    critic = CRITICS["patch_critic"](3, **CRITIC_TINY_OPTIONS["patch_critic"])
    assert receptive_field(critic) == measured(critic, torch.ones(1, 3, 32, 512, dtype=torch.float64)) == 70


@pytest.mark.parametrize(("layers", "side"), [(1, 16), (2, 34), (3, 70), (4, 142)])
def test_patches_of_other_depths_are_those_of_the_paper(layers: int, side: int) -> None:
    assert receptive_field(CRITICS["patch_critic"](3, width=2, layers=layers)) == side


@pytest.mark.parametrize(
    ("layers", "side"),
    [
        ([nn.Conv2d(1, 1, 3)], 3),
        ([nn.Conv2d(1, 1, 3, dilation=4)], 9),
        ([nn.Conv2d(1, 1, 3), nn.Conv2d(1, 1, 3)], 5),
        ([nn.Conv2d(1, 1, 3, 2, 1), nn.Conv2d(1, 1, 3)], 7),
        ([nn.MaxPool2d(2), nn.Conv2d(1, 1, 1)], 2),
        ([nn.ConvTranspose2d(1, 1, 2, 2)], 1),
        ([nn.ConvTranspose2d(1, 1, 4, 2, 1)], 2),
        ([nn.ConvTranspose2d(1, 1, 4, 2, 1), nn.Conv2d(1, 1, 3, padding=1)], 3),
        ([], 1),
    ],
)
def test_known_layers_see_what_is_known(layers: list[nn.Module], side: int) -> None:
    assert receptive_field(nn.Sequential(*layers)) == side
