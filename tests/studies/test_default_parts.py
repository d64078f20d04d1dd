"""The ablations of the default: what they change, how they are compared."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from photochrom.card import Decode
from photochrom.data.catalog import list_entries
from photochrom.evaluate.truth import Truth, load_truth
from photochrom.recipes import RECIPES, find_recipe
from photochrom.studies.default_parts import CHANGES, STUDY, colored_from_old, compare, verdict
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Library, Selection
from photochrom.studies.trial import Trial
from photochrom.studies.trials import DEFAULT


@pytest.fixture(scope="module")
def truth(photo_folder: Path) -> Truth:
    return load_truth(list_entries([str(photo_folder)])[:4])


def changed(trial: Trial) -> set[str]:
    return {
        field.name
        for field in fields(trial.recipe)
        if getattr(trial.recipe, field.name) != getattr(RECIPES["default"], field.name)
    } - {"name"}


def test_every_trial_is_sound_and_named_as_it_is_called() -> None:
    for name, (what, trial) in CHANGES.items():
        trial.recipe.check()
        assert (trial.name, trial.recipe.name) == (name, name)
        assert what


def test_every_trial_is_the_default_with_one_thing_changed() -> None:
    assert {name: changed(trial) for name, (_, trial) in CHANGES.items()} == {
        "no_pretraining": set(),
        "resnet18_body": {"network_options"},
        "no_context": {"network_options"},
        "color_queries": {"network_options"},
        "no_rebalancing": {"mix"},
        "half_rebalancing": {"mix"},
        "cross_entropy_alone": {"stages"},
        "perceptual": {"stages"},
        "adversarial": {"stages", "critic", "critic_options"},
        "clean_only": {"aged"},
        "small_only": {"stages"},
        "large_only": {"stages"},
    }
    assert CHANGES["no_pretraining"][1].encoder is None
    assert {trial.decode for _, trial in CHANGES.values()} == {DEFAULT.decode}
    assert STUDY.trials[0] == DEFAULT


def test_trials_with_a_perceptual_loss_are_the_only_ones_that_need_eyes() -> None:
    assert [name for name, (_, trial) in CHANGES.items() if trial.recipe.needs_eyes] == ["perceptual"]


def test_a_lead_is_the_mean_difference_photo_by_photo(truth: Truth) -> None:
    pale = [np.concatenate([lab[..., :1], 0.5 * lab[..., 1:]], axis=-1) for lab in truth.lab]
    wrong = [np.concatenate([lab[..., :1], -lab[..., 1:]], axis=-1) for lab in truth.lab]
    right, other = (compare(name, labs, truth) for name, labs in (("pale", pale), ("wrong", wrong)))
    value, (low, high) = other.lead(right, "ciede2000")
    assert low <= value <= high
    assert value > 3
    assert verdict((value, (low, high))) == "worse"
    assert verdict(right.lead(other, "ciede2000")) == "better"
    assert verdict(right.lead(right, "ciede2000")) == "no difference shown"
    assert verdict((-0.002, (-0.003, -0.001))) == "no difference shown"


def test_old_prints_are_seen_and_true_lightness_is_kept(photo_folder: Path, truth: Truth, tmp_path: Path) -> None:
    photos = Selection("photos")
    (tmp_path / "photos").symlink_to(photo_folder)
    recipe = replace(find_recipe("default_tiny"), name="toy")
    trial = Trial("toy", recipe, photos, photos, decode=Decode(working_size=64))
    one = Laboratory(Library(tmp_path), tmp_path / "runs", minutes=0.001).trained([trial])["toy"]
    found = colored_from_old(one, truth)
    again = colored_from_old(one, truth)
    for lab, true, same in zip(found, truth.lab, again, strict=True):
        np.testing.assert_array_equal(lab[..., 0], true[..., 0])
        np.testing.assert_array_equal(lab, same)
