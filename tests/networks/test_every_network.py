"""The contract of every network in NETWORKS, in its tiny variant: a new entry is tested by itself."""

from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from photochrom.batch import make_batch
from photochrom.card import Card, Decode
from photochrom.chroma import Bins
from photochrom.data.catalog import list_entries
from photochrom.data.loading import fixed_samples
from photochrom.export import write_model
from photochrom.networks import NETWORKS
from photochrom.objectives import EncodedBins, Supervised
from photochrom.recipe import RECIPES
from photochrom.trainee import build_painter

TINY = {recipe.network: recipe.tiny() for recipe in RECIPES.values()}
CHROMA = Bins.published()
every_network = pytest.mark.parametrize("name", NETWORKS)
whole_cells = pytest.mark.parametrize("cells", [(1, 1), (1, 7), (3, 5), (9, 2)])


@cache
def tiny(name: str) -> nn.Module:
    return build_painter(TINY[name], CHROMA).eval()


def a_photo(high: int, wide: int, count: int = 1) -> tuple[Tensor, Tensor]:
    random = torch.Generator().manual_seed(high * 1000 + wide)
    return torch.rand(count, 1, high, wide, generator=random) * 100, torch.zeros(count, 3, high, wide)


def hinted(hints: Tensor) -> Tensor:
    marked = hints.clone()
    marked[..., :6, :6] = torch.tensor([1.0, 60.0, -40.0])[:, None, None]
    return marked


def test_every_network_is_in_a_recipe() -> None:
    assert set(NETWORKS) == set(TINY)


@every_network
@whole_cells
def test_any_whole_number_of_cells_works(name: str, cells: tuple[int, int]) -> None:
    network = NETWORKS[name]
    high, wide = (network.multiple * count for count in cells)
    with torch.no_grad():
        raw = tiny(name)(*a_photo(high, wide, count=2))
    assert raw.shape == (2, CHROMA.outputs, high // network.stride, wide // network.stride)
    assert torch.isfinite(raw).all()


@every_network
def test_a_photo_is_treated_alike_in_any_batch(name: str) -> None:
    lightness, hints = a_photo(64, 48, count=3)
    with torch.no_grad():
        together = tiny(name)(lightness, hints)
        alone = tiny(name)(lightness[1:2], hints[1:2])
    torch.testing.assert_close(together[1:2], alone, rtol=1e-4, atol=1e-5)


@every_network
def test_training_and_use_compute_the_same(name: str) -> None:
    painter = build_painter(TINY[name], CHROMA)
    with torch.no_grad():
        trained, used = painter.train()(*a_photo(32, 48)), painter.eval()(*a_photo(32, 48))
    torch.testing.assert_close(trained, used)


@every_network
def test_backward_reaches_every_parameter(name: str) -> None:
    painter = build_painter(TINY[name], CHROMA)
    lightness, hints = a_photo(64, 96, count=2)
    raw = painter(lightness, hinted(hints))
    (raw * torch.randn(raw.shape, generator=torch.Generator().manual_seed(0))).sum().backward()
    silent = [key for key, value in painter.named_parameters() if value.grad is None or not value.grad.any()]
    assert not silent
    assert all(torch.isfinite(value.grad).all() for value in painter.parameters())


@every_network
def test_hints_change_the_answer_and_most_of_all_where_they_are(name: str) -> None:
    lightness, hints = a_photo(160, 160)
    with torch.no_grad():
        change = (tiny(name)(lightness, hinted(hints)) - tiny(name)(lightness, hints)).abs().mean(dim=1)[0]
    assert change.amax() > 1e-3
    assert change[:10, :10].mean() > change[-10:, -10:].mean()


@every_network
def test_the_color_of_a_hint_matters_and_not_only_its_place(name: str) -> None:
    lightness, hints = a_photo(48, 48)
    with torch.no_grad():
        one, other = (tiny(name)(lightness, hinted(hints) * torch.tensor([1, s, s])[:, None, None]) for s in (1, -1))
    assert (one - other).abs().amax() > 1e-3


@every_network
def test_the_seed_alone_decides_the_weights(name: str) -> None:
    torch.manual_seed(123)
    torch.rand(5)
    again = build_painter(TINY[name], CHROMA).state_dict()
    assert all(torch.equal(value, again[key]) for key, value in tiny(name).state_dict().items())


@every_network
def test_the_exported_file_equals_torch_at_any_size(name: str, tmp_path: Path) -> None:
    painter = build_painter(TINY[name], CHROMA).eval()
    with torch.no_grad():
        for value in painter.parameters():
            value.copy_(value.half().float())
    target = tmp_path / "model.onnx"
    write_model(painter, Card("tiny", "a tiny network", CHROMA.to_card()), target)
    session = onnxruntime.InferenceSession(target, providers=["CPUExecutionProvider"])
    for high, wide in ((16, 32), (32, 16), (144, 80), (64, 272)):
        lightness, hints = a_photo(high, wide)
        feeds = {"lightness": lightness.numpy(), "hints": hinted(hints).numpy()}
        with torch.no_grad():
            expected = painter(lightness, hinted(hints)).numpy()
        ab = [CHROMA.decode(raw, Decode(), axis=1) for raw in (expected, session.run(None, feeds)[0])]
        assert np.abs(ab[0] - ab[1]).max() <= 1e-3


@every_network
@pytest.mark.slow
def test_four_photos_can_be_learned_by_heart(name: str, photo_folder: Path, one_table: None) -> None:
    painter = build_painter(TINY[name], CHROMA)
    entries = list_entries([str(photo_folder)])[:4]
    batch = make_batch(*fixed_samples(entries, 32, 4), None)
    chroma, objective = EncodedBins(CHROMA), Supervised()
    optimizer = torch.optim.AdamW(painter.parameters(), lr=4e-3)
    seen: list[float] = []
    for _ in range(120):
        for turn in objective.turns({"painter": painter}, chroma, batch):
            optimizer.zero_grad()
            turn.loss.backward()
            torch.nn.utils.clip_grad_norm_(painter.parameters(), 1.0)
            optimizer.step()
            seen.append(turn.parts_of_loss["huber"])
    assert min(seen[-10:]) < 0.1 * seen[0], f"from {seen[0]:.3f} to {min(seen[-10:]):.3f} only"
