"""Color queries: an option of the default's network."""

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor

from photochrom.export import to_onnx
from photochrom.networks.color_queries import ColorQueries
from photochrom.networks.encoder_unet import EncoderUNet


def tiny(queries: int) -> EncoderUNet:
    torch.manual_seed(0)
    return EncoderUNet(6, encoder="tiny", width=16, blocks=1, decoder=(12, 12), queries=queries).eval()


def a_photo(high: int, wide: int) -> tuple[Tensor, Tensor]:
    return torch.rand(2, 1, high, wide) * 100, torch.zeros(2, 3, high, wide)


@pytest.mark.parametrize("size", [(16, 16), (32, 48), (16, 112)])
def test_queries_fit_any_whole_number_of_cells(size: tuple[int, int]) -> None:
    raw = tiny(5)(*a_photo(*size))
    assert raw.shape == (2, 6, size[0] // 4, size[1] // 4)
    assert torch.isfinite(raw).all()


def test_without_queries_the_network_is_the_plain_one() -> None:
    assert not any("queries" in name for name in tiny(0).state_dict())
    assert tiny(0).head.in_channels == 12
    assert tiny(5).head.in_channels == 17


def test_every_part_of_the_queries_learns() -> None:
    network = tiny(3).train()
    network(*a_photo(32, 32)).square().mean().backward()
    assert network.queries is not None
    for name, value in network.queries.named_parameters():
        assert value.grad is not None, name
        # a key's bias moves all scores of a query alike, which softmax does not see
        assert value.grad.abs().amax() > 0 or name.endswith("bias"), name


def test_a_query_sees_the_whole_photo() -> None:
    torch.manual_seed(0)
    queries = ColorQueries(4, 8, (6, 5), 5).eval()
    coarse, fine = torch.randn(1, 6, 4, 4), torch.randn(1, 5, 8, 8)
    far = coarse.clone()
    far[..., -1, -1] = 5 * torch.randn(6)
    one, other = queries((coarse, fine), fine), queries((far, fine), fine)
    assert one.shape == (1, 4, 8, 8)
    assert (one - other)[..., 0, 0].abs().amax() > 1e-4


def test_export_keeps_the_answer_at_any_size(tmp_path: Path) -> None:
    network, target = tiny(5), tmp_path / "model.onnx"
    onnx.save(to_onnx(network, network.multiple), target)
    session = onnxruntime.InferenceSession(target)
    light, hints = (x[:1] for x in a_photo(48, 32))
    (answer,) = session.run(None, {"lightness": light.numpy(), "hints": hints.numpy()})
    np.testing.assert_allclose(answer, network(light, hints).detach().numpy(), atol=1e-4)
