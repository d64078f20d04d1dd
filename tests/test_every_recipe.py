"""Every recipe at toy size: its first twenty steps follow the golden curve, and what it made colors photos."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from photochrom import Colorizer
from photochrom import train as train_package
from photochrom.budget import Budget, Start
from photochrom.data.catalog import Entry, list_entries
from photochrom.export import export_run
from photochrom.recipes import RECIPES, find_recipe
from photochrom.runlog import read_log
from photochrom.train import Plan, train

STEPS = 20
BY_NAME = [name for name in RECIPES if name != "default"]  # test_train.py has the default's

pytestmark = pytest.mark.usefixtures("one_table")


@pytest.fixture(scope="module")
def entries(photo_folder: Path) -> list[Entry]:
    return list_entries([str(photo_folder)])


@pytest.mark.parametrize("name", BY_NAME)
def test_twenty_steps_give_the_golden_losses(
    name: str,
    entries: list[Entry],
    tmp_path: Path,
    eyes: Path,
    monkeypatch: pytest.MonkeyPatch,
    golden_numbers: Callable[[str, Sequence[float], float], None],
) -> None:
    monkeypatch.setattr(train_package, "draw_curves", lambda _: None)
    recipe = find_recipe(f"{name}_tiny")
    train(recipe, Plan(tmp_path, entries, entries[:2], Budget(steps=STEPS), Start(eyes=eyes, workers=0)))
    rows = [row for row in read_log(tmp_path) if row["kind"] == "train"]
    assert len(rows) == STEPS
    tolerance = 2e-2 if recipe.critic else 4e-3
    golden_numbers(f"losses/{name}_tiny.json", [row["loss"] for row in rows], tolerance)


@pytest.mark.parametrize("name", ["rgb_autoencoder", "palette24", "dcgan"])
def test_what_a_family_made_colors_photos(name: str, entries: list[Entry], tmp_path: Path) -> None:
    train(find_recipe(f"{name}_tiny"), Plan(tmp_path, entries, entries[:2], Budget(steps=2), Start(workers=0)))
    card = export_run(tmp_path, tmp_path / "model.onnx", name, {})
    ab = Colorizer(tmp_path / "model.onnx").chroma(np.full((40, 56), 60, np.float32))
    assert ab.shape == (40, 56, 2)
    assert np.isfinite(ab).all()
    assert card.training["parameters"] > 0
