"""What participants see: a pure function of seed and number, balanced, with sanity trials among the others."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.errors import DataError, OptionError
from photochrom.judge.trials import FOLDER, Plan, Rules, Subject


def made_up(trials: int, models: int, seed: int = 0) -> Plan:
    rules = Rules(trials=trials, seed=seed)
    names = tuple(f"m{number}" for number in range(models))
    subjects = tuple(Subject(f"p{n}", f"t{n}.png", {name: f"{name}-{n}.png" for name in names}) for n in range(trials))
    sanity = tuple(Subject(f"s{n}", f"ts{n}.png", {"": f"w{n}.png"}) for n in range(rules.sanity))
    return Plan("0" * 32, rules, names, subjects, sanity, Path("nowhere"), {})


@given(st.integers(1, 60), st.integers(1, 4), st.integers(0, 9), st.integers(0, 50))
def test_everyone_sees_every_photo_once_and_sides_are_balanced(
    trials: int, models: int, seed: int, participant: int
) -> None:
    plan = made_up(trials, models, seed)
    seen = plan.trials_for(participant)
    assert [trial.number for trial in seen] == list(range(plan.length))
    assert sorted(trial.photo for trial in seen) == sorted(s.photo for s in (*plan.subjects, *plan.sanity))
    real = [trial for trial in seen if trial.model is not None]
    assert abs(sum(1 if trial.true_side == "left" else -1 for trial in real)) <= 1
    shares = Counter(trial.model for trial in real)
    assert max(shares.values()) - min(shares[name] for name in plan.models) <= 1


@given(st.integers(1, 60), st.integers(0, 50))
def test_the_true_picture_lies_on_the_true_side(trials: int, participant: int) -> None:
    plan = made_up(trials, 2)
    subjects = {subject.photo: subject for subject in (*plan.subjects, *plan.sanity)}
    for trial in plan.trials_for(participant):
        subject = subjects[trial.photo]
        other = "right" if trial.true_side == "left" else "left"
        assert trial.picture(trial.true_side) == subject.truth
        assert trial.picture(other) == subject.rivals[trial.model or ""]


@given(st.integers(1, 60), st.integers(0, 50))
def test_every_ten_trials_have_their_sanity_trial(trials: int, participant: int) -> None:
    seen = made_up(trials, 1).trials_for(participant)
    for start in range(0, len(seen), 11):
        assert sum(trial.model is None for trial in seen[start : start + 11]) == 1


def test_the_same_number_sees_the_same_and_another_another() -> None:
    plan = made_up(40, 2)
    assert plan.trials_for(3) == plan.trials_for(3)
    assert plan.trials_for(3) != plan.trials_for(4)
    assert plan.trials_for(3) != made_up(40, 2, seed=1).trials_for(3)


def test_the_order_is_the_same_in_every_version() -> None:
    photos = [(trial.photo, trial.true_side) for trial in made_up(4, 1).trials_for(1)]
    expected = [("p3", "left"), ("p1", "left"), ("p2", "right"), ("s0", "left"), ("p0", "right")]
    assert photos == expected


def test_models_take_turns_over_each_photo() -> None:
    plan = made_up(40, 3)
    met = {(trial.photo, trial.model) for number in (1, 2, 3) for trial in plan.trials_for(number) if trial.model}
    assert len(met) == 40 * 3


def test_a_plan_comes_back_from_its_file(tmp_path: Path) -> None:
    plan = replace(made_up(12, 2), folder=tmp_path, notes={"broken": 1})
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / "plan.json").write_text(plan.to_json(), encoding="utf-8")
    assert Plan.load(tmp_path) == plan


def test_a_folder_without_a_plan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no test"):
        Plan.load(tmp_path)
    (tmp_path / FOLDER).mkdir()
    for text in ("{", "{}", '{"format": 99}', "[]"):
        (tmp_path / FOLDER / "plan.json").write_text(text)
        with pytest.raises(DataError, match="cannot be read"):
            Plan.load(tmp_path)


def test_rules_outside_their_range_are_refused() -> None:
    with pytest.raises(OptionError, match="--trials is 0"):
        Rules(trials=0)
    with pytest.raises(OptionError, match="second or free"):
        Rules(viewing="long")  # type: ignore[arg-type]
    assert [Rules(trials=count).sanity for count in (1, 10, 11, 40)] == [1, 1, 2, 4]
