"""The mean of models."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from photochrom.chroma import chroma_from_card
from photochrom.errors import ModelError, RunError
from photochrom.export import as_kept, read_model, write_model
from photochrom.recipe import Recipe
from photochrom.soup import average_models
from photochrom.trainee import build_painter, load_weights


@pytest.fixture(scope="module")
def moved(exported_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the model with all weights half as large, called "moved"."""
    weights, card = read_model(exported_model)
    painter = build_painter(Recipe.from_json(json.dumps(card.recipe)), chroma_from_card(card.chroma))
    load_weights(painter, {name: as_kept(name, value / 2) for name, value in weights.items()})
    target = tmp_path_factory.mktemp("moved") / "moved.onnx"
    write_model(painter.eval(), replace(card, name="moved"), target)
    return target


def test_every_weight_is_the_mean(exported_model: Path, moved: Path, tmp_path: Path) -> None:
    card = average_models([exported_model, moved], tmp_path / "mean.onnx", {"name": "mean"})
    (one, first), (other, _), (mean, kept) = (
        read_model(path) for path in (exported_model, moved, tmp_path / "mean.onnx")
    )
    for name, value in mean.items():
        torch.testing.assert_close(value, (one[name] + other[name]) / 2, rtol=2e-3, atol=1e-6)
    assert (kept.name, kept.recipe, kept.chroma) == ("mean", first.recipe, first.chroma)
    assert kept == card
    assert kept.origins[0] == {"what": "averaged with", "name": "moved"}


def test_a_model_averaged_with_itself_is_the_same(exported_model: Path, tmp_path: Path) -> None:
    average_models([exported_model, exported_model], tmp_path / "same.onnx", {})
    before, after = (read_model(path)[0] for path in (exported_model, tmp_path / "same.onnx"))
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_one_model_is_too_few(exported_model: Path, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="1 model was given; a mean needs two or more"):
        average_models([exported_model], tmp_path / "mean.onnx", {})


def test_models_of_different_bins_are_refused(exported_model: Path, toy_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has another network or other bins than"):
        average_models([exported_model, toy_model], tmp_path / "mean.onnx", {})
    assert not (tmp_path / "mean.onnx").exists()
