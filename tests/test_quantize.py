"""An int8 version of a model: smaller, of nearly the same colors, checked before it replaces anything."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto

from photochrom import Colorizer
from photochrom import quantize as quantize_module
from photochrom.data.catalog import Entry, list_entries
from photochrom.errors import DataError, ModelError, RunError
from photochrom.export import read_model, with_full_weights
from photochrom.quantize import quantize_model


@pytest.fixture(scope="module")
def entries(photo_folder: Path) -> list[Entry]:
    return list_entries([str(photo_folder)])


@pytest.fixture(scope="module")
def small(exported_model: Path, entries: list[Entry], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("int8") / "small.onnx"
    quantize_model(exported_model, target, entries, {"name": "small"})
    return target


def test_weights_are_int8_and_the_file_is_smaller(exported_model: Path, small: Path) -> None:
    kinds = {entry.name: entry.data_type for entry in onnx.load(small).graph.initializer}
    eight = [name for name, kind in kinds.items() if kind == TensorProto.INT8]
    assert len(eight) > 10
    assert any("head" in name for name in eight)


def test_colors_stay_nearly_the_same(exported_model: Path, small: Path) -> None:
    lightness = np.random.default_rng(0).uniform(0, 100, (48, 80)).astype(np.float32)
    before, after = (Colorizer(path).chroma(lightness) for path in (exported_model, small))
    assert before.shape == after.shape
    assert 0 < np.hypot(*np.moveaxis(before - after, -1, 0)).mean() < 2.5


def test_the_card_says_what_it_is(exported_model: Path, small: Path) -> None:
    before, after = Colorizer(exported_model).card, Colorizer(small).card
    assert after.name == "small"
    assert after.training == {**before.training, "weights": "int8"}
    assert (after.decode, after.chroma, after.origins) == (before.decode, before.chroma, before.origins)


def test_hints_still_work(small: Path) -> None:
    colorizer = Colorizer(small)
    assert colorizer.takes_hints
    hints = np.zeros((3, 32, 32), np.float32)
    plain = colorizer.raw(np.full((32, 32), 50, np.float32), hints)
    hints[:, 4:12, 4:12] = np.array([1, 60, -40], np.float32)[:, None, None]
    assert np.abs(colorizer.raw(np.full((32, 32), 50, np.float32), hints) - plain).max() > 1e-3


def test_full_weights_are_those_of_the_file(exported_model: Path) -> None:
    model = with_full_weights(onnx.load(exported_model))
    onnx.checker.check_model(model)
    kinds = {entry.name: entry.data_type for entry in model.graph.initializer}
    weights, _ = read_model(exported_model)
    assert weights.keys() <= kinds.keys()
    assert TensorProto.FLOAT16 not in kinds.values()


def test_a_quantized_model_cannot_be_trained_on(small: Path) -> None:
    with pytest.raises(ModelError, match=r"small.onnx is quantized, .*; give the model that it was made from$"):
        read_model(small)


def test_colors_that_move_too_far_leave_the_old_file_in_place(
    exported_model: Path, entries: list[Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quantize_module, "LARGEST_CHANGE", 1e-6)
    target = tmp_path / "small.onnx"
    target.write_bytes(b"old")
    with pytest.raises(RunError, match=r"int8 moves the colors of \d+ photos by .* Lab units, at most 1e-06"):
        quantize_model(exported_model, target, entries, {"name": "small"})
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_one_photo_is_too_few(exported_model: Path, entries: list[Entry], tmp_path: Path) -> None:
    with pytest.raises(DataError, match="1 photos are too few"):
        quantize_model(exported_model, tmp_path / "small.onnx", entries[:1], {"name": "small"})
