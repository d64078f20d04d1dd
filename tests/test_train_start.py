"""What a run starts from, and what it must be given: encoders, the weights of larger networks, eyes."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from accelerate import Accelerator
from safetensors.torch import save_file

from photochrom import train as train_module
from photochrom.backbones.resnet import build_encoder
from photochrom.budget import Budget, Start
from photochrom.chroma import Bins
from photochrom.data.catalog import list_entries
from photochrom.errors import RunError
from photochrom.objectives import Supervised
from photochrom.recipes import find_recipe
from photochrom.runlog import read_log
from photochrom.train import Plan, Session, train

TINY = find_recipe("default_tiny")
pytestmark = pytest.mark.usefixtures("one_table")


@pytest.fixture
def plan(tmp_path: Path, photo_folder: Path) -> Plan:
    entries = list_entries([str(photo_folder)])
    return Plan(tmp_path, entries, entries[:2], Budget(steps=4), Start(workers=0), chroma=Bins.published())


def test_an_encoder_starts_the_painter_and_its_average(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "encoder.safetensors"
    torch.manual_seed(5)
    weights = build_encoder("tiny", 3).state_dict()
    save_file(weights, path)
    trainee = Session(TINY, replace(plan, start=Start(encoder=path, workers=0)), Accelerator()).trainee
    for painter in (trainee.painter, trainee.averaged):
        assert torch.equal(painter.get_parameter("encoder.layer2.0.conv2.weight"), weights["layer2.0.conv2.weight"])
    path.write_bytes(b"junk")
    with pytest.raises(RunError, match=r"cannot be read as encoder weights .*; expected a safetensors file"):
        Session(TINY, replace(plan, start=Start(encoder=path, workers=0)), Accelerator())


SEEN = replace(TINY, name="seen", stages=(replace(TINY.stages[0], share=1.0, objective=Supervised(perceptual=1.0)),))


def test_a_perceptual_loss_is_logged_and_looked_at(plan: Plan, eyes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_module, "draw_curves", lambda _: None)
    train(SEEN, replace(plan, start=Start(eyes=eyes, workers=0), budget=Budget(steps=2)))
    log = read_log(plan.run)
    assert {row["kind"] for row in log} == {"train", "check"}
    assert all(row["perceptual"] > 0 for row in log)


def test_a_perceptual_loss_without_eyes_is_an_error_before_training(plan: Plan) -> None:
    with pytest.raises(RunError, match=r"^seen has a perceptual loss; give the weights of its VGG-16 with --eyes$"):
        Session(SEEN, plan, Accelerator())


def test_a_smaller_network_starts_from_the_layers_it_has_in_common_with_a_deeper_one(plan: Plan) -> None:
    deep = replace(TINY, network_options={**TINY.network_options, "blocks": 2})
    weights = dict(Session(deep, plan, Accelerator()).trainee.painter.state_dict())
    shallow = replace(TINY, name="shallow", prunes=True)
    painter = Session(shallow, replace(plan, weights=weights), Accelerator()).trainee.painter
    for name, value in painter.state_dict().items():
        assert torch.equal(value, weights[name]), name
    with pytest.raises(RunError, match=r"these weights are of another network: context\.1\."):
        Session(replace(shallow, prunes=False), replace(plan, weights=weights), Accelerator())
