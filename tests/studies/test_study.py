"""A whole study at toy size: trained once, scored, written, with errors before anything is trained."""

import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from photochrom.card import Decode
from photochrom.errors import DataError, OptionError, RunError
from photochrom.recipes import find_recipe
from photochrom.studies import STUDIES
from photochrom.studies.command import study as command
from photochrom.studies.laboratory import Laboratory, fingerprint
from photochrom.studies.library import Library, Selection
from photochrom.studies.page import Page
from photochrom.studies.study import Study, run_study
from photochrom.studies.tables import scored
from photochrom.studies.trial import Trained, Trial

pytestmark = pytest.mark.usefixtures("one_table")
ALL = Selection("train")
TRIALS = tuple(
    Trial(name, find_recipe(f"{name}_tiny"), ALL, ALL, decode=Decode(working_size=64))
    for name in ("regression_lab", "palette24")
)


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    scored(page, laboratory.score(trained, ALL), ("psnr", "colorfulness"))


STUDY = Study("made_up", "Made up", "Does it run?", TRIALS, write)


@pytest.fixture(scope="module")
def library(photo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Library:
    folder = tmp_path_factory.mktemp("library")
    (folder / "train").mkdir()
    for path in sorted(photo_folder.iterdir())[:5]:
        shutil.copy(path, folder / "train")
    return Library(folder)


@pytest.fixture
def laboratory(library: Library, tmp_path: Path) -> Laboratory:
    return Laboratory(library, tmp_path / "runs", minutes=0.01)


@pytest.fixture(scope="module")
def busy(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Laboratory:
    """Give a laboratory that keeps what it has trained."""
    return Laboratory(library, tmp_path_factory.mktemp("runs"), minutes=0.01)


def test_a_study_trains_scores_and_tells_how(busy: Laboratory, tmp_path: Path) -> None:
    text = run_study(STUDY, busy, tmp_path / "pages", "photochrom study made_up").read_text()
    assert text.startswith("# Made up\n\nDoes it run?\n")
    for name in ("gray", "regression_lab", "palette24"):
        assert f"| {name} | own |" in text
    assert "```sh\nphotochrom study made_up\n```" in text
    assert "| palette24 | palette24_tiny | 5 |" in text


def test_a_trial_is_trained_once(busy: Laboratory) -> None:
    first = busy.trained(TRIALS)["regression_lab"]
    written = first.model.stat().st_mtime_ns
    again = busy.trained(TRIALS[:1])["regression_lab"]
    assert again.model == first.model
    assert again.model.stat().st_mtime_ns == written


def test_a_budget_of_steps_is_the_same_for_every_trial_of_a_weight(library: Library, tmp_path: Path) -> None:
    laboratory = Laboratory(library, tmp_path, minutes=9.0, steps=4)
    half = replace(TRIALS[0], weight=0.5)
    assert [laboratory.trained([trial])[trial.name].card.training["steps"] for trial in (TRIALS[0], half)] == [4, 2]
    assert laboratory.budget == "4 steps"


def test_a_trained_trial_tells_its_curves(busy: Laboratory) -> None:
    one = busy.trained(TRIALS[:1])["regression_lab"]
    steps, values = one.curve("l2")
    assert len(steps) == len(values) == one.card.training["steps"]
    assert one.curve("l2", "check")[1]
    assert one.last("l2") == pytest.approx(values[-1], rel=0.9)
    assert one.last("nothing") is None


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": replace(TRIALS[0].recipe, rate=1e-4)},
        {"photos": Selection("train", limit=3)},
        {"decode": Decode(working_size=96)},
        {"encoder": "resnet18_c4"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_trial_is_not_taken_for_the_old_one(change: dict[str, Any]) -> None:
    assert fingerprint(replace(TRIALS[0], **change)) != fingerprint(TRIALS[0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trials": (replace(TRIALS[0], photos=Selection("val")),)}, "the photos val are missing"),
        ({"trials": (replace(TRIALS[0], encoder="resnet50_c4"),)}, "needs resnet50_c4.safetensors; .* --backbones"),
        (
            {"trials": (replace(TRIALS[0], recipe=replace(TRIALS[0].recipe, chroma={"kind": "x"})),)},
            "unknown chroma 'x'",
        ),
        ({"backbones": ("mobilenet_v2",)}, "needs mobilenet_v2.safetensors"),
        ({"legacy": True}, "shows historic photos; give a folder of them with --legacy"),
    ],
)
def test_what_is_missing_is_an_error_before_anything_is_trained(
    laboratory: Laboratory, tmp_path: Path, change: dict[str, object], message: str
) -> None:
    with pytest.raises((DataError, RunError), match=message):
        run_study(replace(STUDY, **change), laboratory, tmp_path / "pages", "")  # type: ignore[arg-type]
    assert not laboratory.runs.exists()
    assert not (tmp_path / "pages").exists()


def test_cross_entropy_does_not_fit_a_regression() -> None:
    recipe = replace(find_recipe("eccv16_tiny"), chroma={"kind": "regression"})
    with pytest.raises(RunError, match="trains with cross entropy, its chroma is 'regression'; use bins or a palette"):
        recipe.check()


def test_an_unknown_study_and_missing_photos_are_errors() -> None:
    with pytest.raises(OptionError, match=r"there is no study 'zhang'; choose one of: .*eccv16"):
        command("zhang")
    with pytest.raises(OptionError, match="a study needs photos; give the folder of a photo library with --photos"):
        command("eccv16")


@pytest.mark.parametrize("name", STUDIES)
def test_every_study_is_called_as_in_the_list_and_could_be_trained(name: str) -> None:
    study = STUDIES[name]
    assert study.name == name
    assert len({trial.name for trial in study.trials}) == len(study.trials)
    for trial in study.trials:
        trial.recipe.check()


def test_trials_of_one_name_are_one_and_the_same_for_all_studies() -> None:
    found: dict[str, Trial] = {}
    for study in STUDIES.values():
        for trial in study.trials:
            assert found.setdefault(trial.name, trial) == trial
