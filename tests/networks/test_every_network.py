"""The contract of every network in NETWORKS, in its tiny variant: a new entry is tested by itself.

In training, batch norm looks at the whole batch and dropout throws dice. Networks that have either are excepted, by
that rule and no list of names, from what then cannot hold: training and use compute the same.
"""

from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.export import to_onnx
from photochrom.networks import NETWORKS, TINY_OPTIONS
from photochrom.networks.blocks import Painter

OUTPUTS = 6
STEADY_FAMILIES = {"rgb_autoencoder", "regression_cnn", "resnet_unet", "encoder_unet"}
every_network = pytest.mark.parametrize("name", NETWORKS)
whole_cells = pytest.mark.parametrize("cells", [(1, 1), (1, 7), (3, 5), (9, 2)])


def build(name: str, outputs: int = OUTPUTS) -> Painter:
    torch.manual_seed(0)
    return NETWORKS[name](outputs, **TINY_OPTIONS[name])


@cache
def tiny(name: str) -> Painter:
    return build(name).eval()


def is_steady(name: str) -> bool:
    return not any(isinstance(layer, nn.BatchNorm2d | nn.Dropout) for layer in tiny(name).modules())


steady_networks = pytest.mark.parametrize("name", [name for name in NETWORKS if is_steady(name)])
hinted_networks = pytest.mark.parametrize("name", [name for name in NETWORKS if NETWORKS[name].takes_hints])


def a_photo(high: int, wide: int, count: int = 1) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(high * 1000 + wide)
    return torch.rand(count, 1, high, wide, generator=random) * 100, torch.zeros(count, 3, high, wide)


def hinted(hints: Tensor) -> Tensor:
    marked = hints.clone()
    marked[..., :6, :6] = torch.tensor([1.0, 60.0, -40.0])[:, None, None]
    return marked


def paint(painter: Painter, lightness: Tensor, hints: Tensor | None = None) -> Tensor:
    """Give a painter what it takes."""
    if painter.takes_hints:
        return painter(lightness, torch.zeros_like(lightness).repeat(1, 3, 1, 1) if hints is None else hints)
    return painter(lightness)


def test_every_network_has_a_tiny_variant() -> None:
    assert NETWORKS.keys() == TINY_OPTIONS.keys()


def test_the_rule_of_exceptions_excepts_what_it_should() -> None:
    assert {name for name in NETWORKS if is_steady(name)} == STEADY_FAMILIES


@every_network
def test_tiny_variants_are_small_and_fit_photos_of_32_px(name: str) -> None:
    assert sum(value.numel() for value in tiny(name).parameters()) < 110_000
    assert 32 % tiny(name).multiple == 0


@every_network
def test_the_published_size_keeps_the_contract_too(name: str) -> None:
    with torch.device("meta"):
        painter = NETWORKS[name](3).eval()
        raw = paint(painter, torch.zeros(1, 1, painter.multiple, 2 * painter.multiple))
    assert (painter.multiple, painter.stride) == (NETWORKS[name].multiple, NETWORKS[name].stride)
    assert raw.shape == (1, 3, painter.multiple // painter.stride, 2 * painter.multiple // painter.stride)


@every_network
@whole_cells
def test_any_whole_number_of_cells_works(name: str, cells: tuple[int, int]) -> None:
    painter = tiny(name)
    high, wide = (painter.multiple * count for count in cells)
    with torch.no_grad():
        raw = paint(painter, *a_photo(high, wide, count=2))
    assert raw.shape == (2, OUTPUTS, high // painter.stride, wide // painter.stride)
    assert torch.isfinite(raw).all()


@every_network
def test_lightness_matters_everywhere(name: str) -> None:
    lightness, _ = a_photo(64, 64)
    lightness.requires_grad_()
    paint(tiny(name), lightness).square().sum().backward()
    assert lightness.grad is not None
    assert (lightness.grad != 0).float().mean() > 0.99


@every_network
def test_raw_is_unbounded(name: str) -> None:
    painter = build(name).eval()
    *_, head = (layer for layer in painter.modules() if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d))
    assert head.weight.shape[isinstance(head, nn.ConvTranspose2d)] == OUTPUTS
    with torch.no_grad():
        before = paint(painter, *a_photo(32, 32))
        for value in head.parameters():
            value.mul_(1e6)
        torch.testing.assert_close(paint(painter, *a_photo(32, 32)), before * 1e6, rtol=1e-4, atol=1.0)


@every_network
def test_a_photo_is_treated_alike_in_any_batch(name: str) -> None:
    lightness, hints = a_photo(64, 48, count=3)
    with torch.no_grad():
        together = paint(tiny(name), lightness, hints)
        alone = paint(tiny(name), lightness[1:2], hints[1:2])
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)


@steady_networks
def test_training_and_use_compute_the_same(name: str) -> None:
    painter = build(name)
    with torch.no_grad():
        trained, used = (paint(mode, *a_photo(32, 48)) for mode in (painter.train(), painter.eval()))
    torch.testing.assert_close(trained, used)


@every_network
def test_backward_reaches_every_parameter(name: str) -> None:
    painter = build(name)
    lightness, hints = a_photo(64, 96, count=2)
    raw = paint(painter, lightness, hinted(hints))
    (raw * torch.randn(raw.shape, generator=torch.Generator().manual_seed(0))).sum().backward()
    silent = [key for key, value in painter.named_parameters() if value.grad is None or not value.grad.any()]
    assert not silent
    assert all(torch.isfinite(value.grad).all() for value in painter.parameters())


@every_network
def test_every_channel_of_every_convolution_is_fed(name: str) -> None:
    """A skip that is lost or zero starves the channels it should fill; all is positive here, so that no ReLU does."""
    painter = build(name).eval()
    starved = []
    with torch.no_grad():
        for value in painter.parameters():
            value.abs_()
    lightness, hints = a_photo(64, 96, count=2)
    paint(painter, 55 + 0.4 * lightness, hinted(hints).abs()).square().sum().backward()
    for key, layer in painter.named_modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            inputs = 0 if isinstance(layer, nn.ConvTranspose2d) or layer.groups > 1 else 1
            starved += [key] * int((layer.weight.grad.transpose(0, inputs).flatten(1).abs().sum(dim=1) == 0).sum())
    assert not starved


@hinted_networks
def test_hints_change_the_answer_and_most_of_all_where_they_are(name: str) -> None:
    lightness, hints = a_photo(160, 160)
    with torch.no_grad():
        change = (tiny(name)(lightness, hinted(hints)) - tiny(name)(lightness, hints)).abs().mean(dim=1)[0]
    assert change.amax() > 1e-3
    assert change[:10, :10].mean() > change[-10:, -10:].mean()


@hinted_networks
def test_the_color_of_a_hint_matters_and_not_only_its_place(name: str) -> None:
    lightness, hints = a_photo(48, 48)
    with torch.no_grad():
        one, other = (tiny(name)(lightness, hinted(hints) * torch.tensor([1, s, s])[:, None, None]) for s in (1, -1))
    assert (one - other).abs().amax() > 1e-3


@every_network
def test_the_seed_alone_decides_the_weights(name: str) -> None:
    torch.manual_seed(123)
    torch.rand(5)
    again = build(name).state_dict()
    assert all(torch.equal(value, again[key]) for key, value in tiny(name).state_dict().items())


def settled(name: str) -> Painter:
    """Give a painter in use whose batch norm has seen something, so that its statistics count."""
    painter = build(name).train()
    with torch.no_grad():
        for _ in range(3):
            paint(painter, *a_photo(32, 64, count=4))
    return painter.eval()


@every_network
def test_the_exported_file_equals_torch_at_any_size(name: str, tmp_path: Path) -> None:
    painter = settled(name)
    target = tmp_path / "model.onnx"
    onnx.save(to_onnx(painter, painter.multiple), target)
    session = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    for cells in ((1, 2), (2, 1), (9, 5), (4, 17)):
        lightness, hints = a_photo(*(painter.multiple * count for count in cells))
        feeds = {"lightness": lightness.numpy(), "hints": hinted(hints).numpy()}
        with torch.no_grad():
            expected = paint(painter, lightness, hinted(hints)).numpy()
        got = session.run(None, {entry.name: feeds[entry.name] for entry in session.get_inputs()})[0]
        assert expected.std() > 1e-3
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4 * max(1.0, float(np.abs(expected).max())))


def four_photos(painter: Painter) -> tuple[Tensor, Tensor]:
    """Give four photos of four areas each, every area of its own lightness, and a color by chance for each area."""
    random = torch.Generator().manual_seed(1)
    areas = torch.linspace(5, 95, 16)[torch.randperm(16, generator=random)].reshape(4, 1, 2, 2)
    lightness = functional.interpolate(areas, scale_factor=16.0, mode="nearest")
    lightness = lightness + torch.randn(lightness.shape, generator=random)
    colors = torch.randint(OUTPUTS, (4, 1, 2, 2), generator=random).float()
    labels = functional.interpolate(colors, scale_factor=16.0 / painter.stride, mode="nearest")
    return lightness, labels[:, 0].long()


@every_network
@pytest.mark.slow
@pytest.mark.parametrize("loss", ["squared_error", "cross_entropy"])
def test_four_photos_can_be_learned_by_heart(name: str, loss: str) -> None:
    painter = build(name)
    lightness, labels = four_photos(painter)
    one_hot = functional.one_hot(labels, OUTPUTS).permute(0, 3, 1, 2).float()
    knows_nothing = np.log(OUTPUTS) if loss == "cross_entropy" else (1 - 1 / OUTPUTS) / OUTPUTS
    optimizer = torch.optim.AdamW(painter.parameters(), lr=4e-3)
    best = np.inf
    for _ in range(400):
        raw = paint(painter, lightness)
        value = functional.cross_entropy(raw, labels) if loss == "cross_entropy" else functional.mse_loss(raw, one_hot)
        optimizer.zero_grad()
        value.backward()
        torch.nn.utils.clip_grad_norm_(painter.parameters(), 1.0)
        optimizer.step()
        best = min(best, float(value.detach()))
        if best < 0.25 * knows_nothing:
            return
    pytest.fail(f"{best:.3f} at best, {knows_nothing:.3f} without knowing anything")
