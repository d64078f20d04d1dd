"""MobileNetV2: its shape, its padding and its file, with tiny random weights."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from photochrom.backbones.mobilenet_v2 import MobileNetV2, SameConv, Stage
from photochrom.errors import ModelError

TINY = (Stage(1, 4, 1, 1), Stage(2, 6, 2, 2), Stage(2, 8, 1, 2))


def tiny() -> MobileNetV2:
    torch.manual_seed(0)
    return MobileNetV2(TINY, stem=4, pooled=16, classes=5).eval()


def test_the_full_network_has_the_published_size_and_keys() -> None:
    with torch.device("meta"):
        network = MobileNetV2()
    keys = network.state_dict().keys()
    assert len(network.blocks) == 17
    assert len(keys) == 2 * (1 + 2 + 16 * 3 + 1 + 1)
    assert {"stem.conv.weight", "blocks.0.body.1.conv.bias", "blocks.16.body.2.conv.weight",
            "head.conv.weight", "fc.bias"} <= keys  # fmt: skip
    weights = sum(value.numel() for value in network.state_dict().values())
    assert 3.4e6 < weights < 3.6e6


def test_features_are_pooled_and_never_negative() -> None:
    rgb = torch.rand(2, 3, 33, 47)
    features = tiny().features(rgb)
    assert features.shape == (2, 16)
    assert (features >= 0).all()
    assert (features <= 6).all()
    assert tiny()(rgb).shape == (2, 5)


def test_blocks_skip_only_where_shapes_agree() -> None:
    # stem 4 -> 4, then 4 -> 6 at stride 2, 6 -> 6, 6 -> 8 at stride 2
    assert [block.skips for block in tiny().blocks] == [True, False, True, False]


@pytest.mark.parametrize("size", [7, 8, 9])
@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (3, 1), (3, 2), (5, 2)])
def test_same_padding_gives_the_ceiling_of_the_size(size: int, kernel: int, stride: int) -> None:
    out = SameConv(1, 1, kernel, stride)(torch.zeros(1, 1, size, size + 1))
    assert out.shape[2:] == (-(-size // stride), -(-(size + 1) // stride))


def test_the_odd_pixel_of_padding_goes_to_the_right_and_the_bottom() -> None:
    layer = SameConv(1, 1, 3, 2)
    torch.nn.init.ones_(layer.conv.weight)
    torch.nn.init.zeros_(layer.conv.bias)
    sums = layer(torch.ones(1, 1, 4, 4))[0, 0]
    assert sums.tolist() == [[9.0, 6.0], [6.0, 4.0]]


def test_weights_are_taken_over_in_any_float_type_and_frozen() -> None:
    source, target = tiny(), MobileNetV2(TINY, stem=4, pooled=16, classes=5)
    target.take({key: value.half() for key, value in source.state_dict().items()})
    rgb = torch.rand(1, 3, 32, 32)
    torch.testing.assert_close(target(rgb), source(rgb), atol=1e-2, rtol=1e-2)
    assert all(value.dtype == torch.float32 for value in target.state_dict().values())
    assert not any(parameter.requires_grad for parameter in target.parameters())
    assert not target.training


def test_foreign_weights_are_named() -> None:
    weights = tiny().state_dict()
    with pytest.raises(ModelError, match=r"unknown key 'fc\.extra'"):
        tiny().take({**weights, "fc.extra": torch.zeros(1)})
    del weights["fc.bias"]
    with pytest.raises(ModelError, match=r"misses key 'fc\.bias'"):
        tiny().take(weights)
    with pytest.raises(ModelError, match=r"'fc\.bias' has shape \(4,\), expected \(5,\)"):
        tiny().take({**weights, "fc.bias": torch.zeros(4)})


def test_files_that_hold_no_mobilenet_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"none\.safetensors"):
        MobileNetV2.from_file(tmp_path / "none.safetensors")
    text = tmp_path / "text.safetensors"
    text.write_text("no weights")
    with pytest.raises(ModelError, match="cannot be read as safetensors"):
        MobileNetV2.from_file(text)
    other = tmp_path / "other.safetensors"
    save_file({"conv.weight": torch.zeros(1)}, other)
    with pytest.raises(ModelError, match="key"):
        MobileNetV2.from_file(other)


def test_the_whole_file_is_read_back(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source = MobileNetV2().eval()
    path = tmp_path / "mobilenet.safetensors"
    save_file(source.state_dict(), path)
    rgb = torch.rand(1, 3, 64, 64)
    torch.testing.assert_close(MobileNetV2.from_file(path)(rgb), source(rgb))
