"""Over the wall: one file with its card inside, the same as torch, and readable back."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from safetensors.torch import load_file

from photochrom import export
from photochrom.card import Card, Decode
from photochrom.checkpoint import load_checkpoint, save_checkpoint
from photochrom.chroma import Bins, chroma_from_card
from photochrom.colorizer import Colorizer
from photochrom.errors import ModelError, OutputUnwritable, RunError
from photochrom.export import SMALLEST_HALVED, export_run, read_card_file, read_model, rewrite_card, write_card
from photochrom.networks.unet8 import UNet8
from photochrom.recipes import find_recipe
from photochrom.trainee import build_painter, load_weights

CARD = Card(
    "a name",
    "what it is, with ümlauts and 色",
    {"kind": "bins", "colors": [[0.0, 0.0], [10.0, -10.0]], "log_weights": [0.0, 0.5]},
    Decode(0.4, 0.5, 1.2, 288),
    recipe={"rate": 1e-3},
    training={"steps": 3},
    metrics={"psnr": {"mean": 24.5}},
    origins=({"what": "photos", "name": "made up"},),
)


@pytest.fixture
def little(tmp_path: Path) -> Path:
    """Give a file with CARD around a model that does nothing."""
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    other = helper.make_tensor_value_info("y", TensorProto.FLOAT, [1])
    model = helper.make_model(helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [other]))
    write_card(model, CARD)
    onnx.save(model, tmp_path / "little.onnx")
    return tmp_path / "little.onnx"


def test_a_card_survives_json_and_the_file(little: Path) -> None:
    assert Card.from_json(CARD.to_json()) == CARD
    assert read_model(little)[1] == CARD


def test_a_card_of_an_older_version_gets_defaults_and_unknown_fields_are_left_out() -> None:
    values = {"name": "n", "description": "d", "chroma": CARD.chroma, "surprise": 1}
    assert Card.from_json(json.dumps(values)) == Card("n", "d", CARD.chroma)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "card cannot be read"),
        ("[]", "card cannot be read"),
        ("{}", "card cannot be read"),
        ('{"name": "n", "description": "d", "chroma": {}, "decode": {"hue": 1}}', "card cannot be read"),
        ('{"format": 2}', "format 2, expected 1 at most; update photochrom"),
    ],
)
def test_a_card_that_cannot_be_read_is_an_error(text: str, message: str) -> None:
    with pytest.raises(ModelError, match=message):
        Card.from_json(text)


def test_a_rewritten_card_replaces_the_old_one_and_nothing_else(little: Path) -> None:
    before = onnx.load(little)
    other = replace(CARD, name="another", decode=Decode(0.7))
    rewrite_card(little, other)
    after = onnx.load(little)
    assert read_model(little)[1] == other
    assert len(after.metadata_props) == 1
    assert after.graph == before.graph
    assert [path.name for path in little.parent.iterdir()] == ["little.onnx"]


def test_a_card_is_rewritten_wholly_or_not_at_all(little: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = little.read_bytes()

    def half(_model: onnx.ModelProto, name: str) -> None:
        Path(name).write_bytes(before[:20])
        raise OSError("disk full")

    monkeypatch.setattr(export.onnx, "save", half)
    with pytest.raises(OutputUnwritable, match=r"little\.onnx cannot be written"):
        rewrite_card(little, replace(CARD, name="another"))
    assert little.read_bytes() == before
    assert [path.name for path in little.parent.iterdir()] == ["little.onnx"]


@pytest.mark.parametrize("content", [b"", b"junk", b"\x00" * 500, b"\xff\xd8\xff\xe0 a photo", None])
def test_a_file_that_is_no_model_is_an_error_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "junk.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"junk\.onnx (cannot be read as an ONNX model|has no card)") as caught:
        read_model(path)
    assert "\n" not in str(caught.value)


def test_a_cut_model_file_is_an_error(exported_model: Path, tmp_path: Path) -> None:
    content = exported_model.read_bytes()
    path = tmp_path / "cut.onnx"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match="cannot be read as an ONNX model"):
        read_model(path)


def test_the_card_of_a_run_tells_where_it_came_from(exported_model: Path, trained_run: Path) -> None:
    card = read_model(exported_model)[1]
    assert (card.name, card.description) == ("made_up", "a model of made-up photos")
    assert card.training["steps"] == 20
    assert card.training["photos_in_set"] == 24
    assert card.training["photo_passes"] == 80
    assert card.recipe == json.loads(find_recipe("default_tiny").to_json())
    assert card.origins == ({"what": "photos", "name": "made up"},)
    assert card.chroma == load_checkpoint(trained_run / "checkpoint")[1]["chroma"]
    assert card.multiple == 16


def test_weights_read_back_are_the_averaged_ones_rounded_to_float16(exported_model: Path, trained_run: Path) -> None:
    weights, _ = read_model(exported_model)
    averaged = load_file(trained_run / "checkpoint" / "averaged.safetensors")
    assert weights.keys() == averaged.keys()
    for name, value in averaged.items():
        rounded = value.half().float() if value.numel() >= SMALLEST_HALVED else value
        assert torch.equal(weights[name], rounded), name


def test_the_file_holds_half_precision(exported_model: Path) -> None:
    entries = onnx.load(exported_model).graph.initializer
    large = [entry for entry in entries if np.prod(entry.dims) >= SMALLEST_HALVED]
    assert large
    assert {entry.data_type for entry in large} == {TensorProto.FLOAT16}


def test_what_ships_colors_as_torch_does(exported_model: Path) -> None:
    weights, card = read_model(exported_model)
    chroma = chroma_from_card(card.chroma)
    painter = build_painter(find_recipe("default_tiny"), chroma).eval()
    load_weights(painter, weights)
    lightness = np.random.default_rng(0).uniform(0, 100, (48, 80)).astype(np.float32)
    with torch.no_grad():
        raw = painter(torch.from_numpy(lightness)[None, None], torch.zeros(1, 3, 48, 80))
    expected = chroma.decode(raw, card.decode, axis=1)[0].permute(1, 2, 0).numpy()
    shipped = Colorizer(exported_model)
    assert shipped.card == card
    np.testing.assert_allclose(shipped.chroma(lightness), expected, atol=1e-3)


def test_weights_of_another_network_are_an_error(exported_model: Path) -> None:
    weights, card = read_model(exported_model)
    recipe = find_recipe("default_tiny")
    wider = replace(recipe, network_options={**recipe.network_options, "width": 32})
    with pytest.raises(RunError, match=r"these weights are of another network: .*; use the recipe they were made with"):
        load_weights(build_painter(wider, chroma_from_card(card.chroma)), weights)


def test_a_model_that_differs_from_torch_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Answers:
        def get_inputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(name="lightness"), SimpleNamespace(name="hints")]

        def run(self, _: None, feeds: dict[str, np.ndarray]) -> list[np.ndarray]:
            _, _, high, wide = feeds["lightness"].shape
            return [np.random.default_rng(0).normal(size=(1, 313, high // 4, wide // 4)).astype(np.float32)]

    monkeypatch.setattr(export.onnxruntime, "InferenceSession", lambda *_, **__: Answers())
    painter = build_painter(find_recipe("default_tiny"), Bins.published()).eval()
    card = replace(CARD, chroma=Bins.published().to_card())
    with pytest.raises(RunError, match=r"is .* Lab units from torch, at most 0.001 is allowed"):
        export.save_model(
            onnx.ModelProto(), tmp_path / "m.onnx", lambda path: export._check_parity(painter, card, path)
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_network_that_goes_down_to_a_single_place_is_exported_for_any_size(tmp_path: Path) -> None:
    painter = UNet8(2, width=2).eval()
    card = Card("deep", "", {"kind": "regression"}, multiple=painter.multiple)
    export.write_model(painter, card, tmp_path / "m.onnx")
    colorizer = Colorizer(tmp_path / "m.onnx", threads=1)
    for high, wide in ((256, 256), (256, 512), (512, 256)):
        lightness = torch.rand(1, 1, high, wide) * 100
        with torch.no_grad():
            expected = 110 * torch.tanh(painter(lightness))[0].permute(1, 2, 0).numpy()
        np.testing.assert_allclose(colorizer.chroma(lightness[0, 0].numpy()), expected, atol=1e-3)


def test_a_folder_without_a_run_and_a_folder_that_is_missing_are_errors(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"there is no checkpoint in .*; expected the folder that photochrom train"):
        export_run(tmp_path, tmp_path / "m.onnx", "name", {})
    with pytest.raises(OutputUnwritable, match="No such file or directory"):
        export.save_model(onnx.ModelProto(), tmp_path / "missing" / "m.onnx", lambda _: None)


def test_a_checkpoint_of_an_unknown_recipe_cannot_be_exported(trained_run: Path, tmp_path: Path) -> None:
    tensors, state = load_checkpoint(trained_run / "checkpoint")
    save_checkpoint(tmp_path, tensors, {**state, "recipe": '{"stages": []}'})
    with pytest.raises(RunError, match="this recipe cannot be read"):
        export_run(tmp_path, tmp_path / "m.onnx", "name", {})


def test_card_fields_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text('{"description": "mine", "decode": {"temperature": 0.5}, "origins": [{"what": "x"}]}')
    fields = read_card_file(path)
    assert fields == {"description": "mine", "decode": Decode(0.5), "origins": ({"what": "x"},)}
    assert replace(CARD, **fields).decode.temperature == 0.5
    assert read_card_file(None) == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "is not JSON"),
        ("[1]", "holds no JSON object"),
        ('{"decode": {"hue": 3}}', "decode that cannot be read"),
        ('{"name": "mine"}', "unknown card fields name"),
    ],
)
def test_wrong_card_fields_are_an_error(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "card.json"
    path.write_text(content)
    with pytest.raises(RunError, match=message):
        read_card_file(path)
