"""From sources and files to a plan, and training on from a model file."""

import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from accelerate import Accelerator

from photochrom import Colorizer
from photochrom.budget import Budget, Start
from photochrom.card import Card, Decode
from photochrom.chroma import chroma_from_card
from photochrom.data.catalog import list_entries
from photochrom.data.manifest import Manifest, Row
from photochrom.data.shelf import Shelf
from photochrom.errors import DataError, ModelError, OptionError, RunError
from photochrom.export import export_run, read_model, rewrite_card
from photochrom.launch import find_photos, plan_run
from photochrom.recipes import find_recipe
from photochrom.train import Session, train

TINY = find_recipe("default_tiny")
pytestmark = pytest.mark.usefixtures("one_table")


def test_a_plan_finds_the_photos_and_makes_the_folder(photo_folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "deep" / "run"
    plan = plan_run(TINY, [str(photo_folder)], [str(photo_folder / "0*.png")], run, Budget(steps=1), Start())
    assert run.is_dir()
    assert len(plan.entries) == 24
    assert 0 < len(plan.validation) < 24
    assert plan.weights is plan.chroma is None
    assert plan.origins == ({"what": "photos", "name": photo_folder.name, "count": "24"},)


def test_shards_at_urls_are_kept_where_the_start_says(photo_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("fsspec")
    with tarfile.open(tmp_path / "a.tar", "w") as shard:
        shard.add(photo_folder, "photos")
    start = Start(cache=tmp_path / "cache", cache_gb=2.5)
    urls = [f"file://{tmp_path}/*.tar"]
    plan = plan_run(TINY, urls, [], tmp_path / "run", Budget(steps=1), start)
    assert (len(plan.entries), len(plan.validation)) == (21, 3)
    assert {entry.shard.shelf for entry in plan.entries if entry.shard} == {Shelf(tmp_path / "cache", 2_500_000_000)}
    assert plan.origins == ({"what": "photos", "name": "*.tar", "count": "21"},)
    with pytest.raises(OptionError, match="room for shards is -1 GB"):
        plan_run(TINY, urls, [], tmp_path / "run", Budget(steps=1), Start(cache_gb=-1))


@pytest.fixture
def manifest(photo_folder: Path, tmp_path: Path) -> Path:
    """Give a manifest that rejects the first photo and has the second and third in its val split."""
    entries = list_entries([str(photo_folder)])
    reasons = ["gray", *[""] * 23]
    splits = ["train", "val", "val", *["train"] * 21]
    rows = [
        Row(entry.key, entry.path.name, 80, 64, 30.0, 0, split, reason)
        for entry, split, reason in zip(entries, splits, reasons, strict=True)
    ]
    return Manifest(tuple(rows)).save(tmp_path / "manifest.csv")


def test_a_manifest_says_which_photos_are_trained_on_and_which_are_looked_at(
    photo_folder: Path, manifest: Path
) -> None:
    names = [path.name for path in sorted(photo_folder.iterdir())]
    trained, looked_at = find_photos([str(photo_folder)], [], manifest)
    assert [entry.path.name for entry in trained] == names[3:]
    assert [entry.path.name for entry in looked_at] == names[1:3]


def test_named_validation_photos_win_over_the_manifest(photo_folder: Path, manifest: Path) -> None:
    trained, looked_at = find_photos([str(photo_folder)], [str(photo_folder / "05.jpg")], manifest)
    assert len(trained) == 23
    assert [entry.path.name for entry in looked_at] == ["05.jpg"]


def test_without_validation_photos_and_manifest_every_tenth_photo_is_held_out(photo_folder: Path) -> None:
    trained, looked_at = find_photos([str(photo_folder)], [], None)
    assert (len(trained), len(looked_at)) == (21, 3)
    assert not set(trained) & set(looked_at)


def test_too_few_photos_to_hold_any_out_are_an_error(photo_folder: Path) -> None:
    with pytest.raises(DataError, match="9 photos are too few to train on and look at; give 10 or more"):
        find_photos([str(photo_folder / "0[0-8].*")], [], None)


def test_a_recipe_knows_its_start_and_its_minutes(photo_folder: Path, tmp_path: Path) -> None:
    plan = plan_run(find_recipe("finetune"), [str(photo_folder)], [], tmp_path, Budget(), Start())
    card = Colorizer().card
    assert plan.budget.minutes == 15
    assert plan.weights is not None
    assert plan.decode == card.decode
    assert {"what": "started from", "name": card.name} in plan.origins


def test_a_model_made_from_another_is_decoded_as_that_one(
    exported_model: Path, photo_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "vivid.onnx"
    path.write_bytes(exported_model.read_bytes())
    rewrite_card(path, replace(read_model(path)[1], decode=Decode(0.4, 0.5, 1.2, 128)))
    run = tmp_path / "run"
    train(TINY, plan_run(TINY, [str(photo_folder)], [], run, Budget(steps=1), Start(init=path, workers=0)))
    assert export_run(run, tmp_path / "new.onnx", "new", {}).decode == Decode(0.4, 0.5, 1.2, 128)


def test_training_goes_on_from_an_exported_model(exported_model: Path, photo_folder: Path, tmp_path: Path) -> None:
    start = Start(init=exported_model, workers=0)
    plan = plan_run(TINY, [str(photo_folder)], [str(photo_folder / "00.png")], tmp_path, Budget(steps=3), start)
    weights, card = read_model(exported_model)
    assert plan.origins[1:] == ({"what": "started from", "name": "made_up"}, *card.origins)
    session = Session(TINY, plan, Accelerator())
    for painter in (session.trainee.painter, session.trainee.averaged):
        assert all(torch.equal(value, weights[name]) for name, value in painter.state_dict().items())
    np.testing.assert_allclose(session.trainee.chroma.log_weights, chroma_from_card(card.chroma).log_weights)
    losses = [row["loss"] for row in session.steps()]
    assert len(losses) == 3
    assert np.isfinite(losses).all()
    assert any(not torch.equal(value, weights[name]) for name, value in session.trainee.painter.state_dict().items())


def test_a_model_of_another_network_is_an_error(exported_model: Path, photo_folder: Path, tmp_path: Path) -> None:
    photos = [str(photo_folder / "00.png")]
    plan = plan_run(TINY, photos, photos, tmp_path, Budget(steps=1), Start(init=exported_model, workers=0))
    recipe = replace(TINY, network_options={**TINY.network_options, "decoder": (16, 16)})
    with pytest.raises(RunError, match="these weights are of another network"):
        train(recipe, plan)


def test_a_model_that_says_color_in_another_way_is_an_error(
    exported_model: Path, photo_folder: Path, tmp_path: Path
) -> None:
    path = tmp_path / "other.onnx"
    path.write_bytes(exported_model.read_bytes())
    rewrite_card(path, Card("other", "says color otherwise", {"kind": "waves"}))
    with pytest.raises(ModelError, match="says color as 'waves', this photochrom knows 'bins'"):
        plan_run(TINY, [str(photo_folder)], [str(photo_folder)], tmp_path / "run", Budget(steps=1), Start(init=path))


@pytest.mark.parametrize(
    ("budget", "start", "message"),
    [
        (Budget(), Start(), "no budget was given; set --steps or --minutes"),
        (Budget(steps=1), Start(precision="fp8"), "unknown precision 'fp8'; choose one of: no, bf16, fp16"),
        (Budget(steps=1), Start(encoder=Path("a"), init=Path("b")), "both --encoder and --init were given"),
    ],
)
def test_an_impossible_start_is_an_error_before_anything_is_made(
    photo_folder: Path, tmp_path: Path, budget: Budget, start: Start, message: str
) -> None:
    with pytest.raises(RunError, match=message):
        plan_run(TINY, [str(photo_folder)], [str(photo_folder)], tmp_path / "run", budget, start)
    assert not (tmp_path / "run").exists()


def test_missing_photos_and_models_are_errors_before_anything_is_made(photo_folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(DataError):
        plan_run(TINY, [str(tmp_path / "nowhere")], [str(photo_folder)], run, Budget(steps=1), Start())
    start = Start(init=tmp_path / "no.onnx")
    with pytest.raises(ModelError, match=r"no\.onnx cannot be read"):
        plan_run(TINY, [str(photo_folder)], [str(photo_folder)], run, Budget(steps=1), start)
    assert not run.exists()
