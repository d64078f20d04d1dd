"""VGG-16 up to conv3_3: its shape, what it sees, its file."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional

from photochrom.backbones.vgg16 import Vgg16
from photochrom.errors import ModelError


@pytest.fixture(scope="module")
def network() -> Vgg16:
    torch.manual_seed(0)
    return Vgg16()


def test_it_has_the_key_names_of_the_file(network: Vgg16) -> None:
    convolutions = [0, 2, 5, 7, 10, 12, 14]
    assert set(network.state_dict()) == {f"features.{n}.{what}" for n in convolutions for what in ("weight", "bias")}
    assert sum(value.numel() for value in network.parameters()) == 1_735_488


def test_it_looks_three_times_each_at_half_the_size(network: Vgg16) -> None:
    seen = network(torch.rand(2, 3, 32, 48))
    assert [tuple(one.shape) for one in seen] == [(2, 64, 32, 48), (2, 128, 16, 24), (2, 256, 8, 12)]
    assert all((one >= 0).all() for one in seen)


def test_the_first_look_is_two_convolutions_of_a_normalized_picture(network: Vgg16) -> None:
    rgb = torch.rand(1, 3, 16, 16)
    mean, deviation = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = (rgb - mean[:, None, None]) / deviation[:, None, None]
    state = network.state_dict()
    for layer in (0, 2):
        x = functional.conv2d(x, state[f"features.{layer}.weight"], state[f"features.{layer}.bias"], padding=1).relu()
    torch.testing.assert_close(network(rgb)[0], x)


def test_a_file_is_read_and_frozen(network: Vgg16, tmp_path: Path) -> None:
    path = tmp_path / "vgg.safetensors"
    save_file({key: value.half() for key, value in network.state_dict().items()}, path)
    read = Vgg16.from_file(path)
    assert not any(value.requires_grad for value in read.parameters())
    rgb = torch.rand(1, 3, 16, 16)
    torch.testing.assert_close(read(rgb)[2], network(rgb)[2], rtol=1e-2, atol=1e-2)


def test_a_file_of_another_network_is_refused_by_name(network: Vgg16, tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"features.0.weight": torch.zeros(64, 1, 3, 3)}, path)
    for wrong in (path, tmp_path / "missing.safetensors"):
        with pytest.raises(ModelError, match=f"{wrong.name}: cannot be read as VGG-16"):
            Vgg16.from_file(wrong)
