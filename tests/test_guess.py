"""The guess map: doubt, the error it means, and its picture."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from photochrom import Colorizer, Photo
from photochrom.answer import Answer
from photochrom.card import Card, Decode
from photochrom.chroma import Bins
from photochrom.color.lab import rgb_to_lab
from photochrom.errors import ModelError, OutputExists
from photochrom.guess import DISAGREEMENT, WORST, GuessMap, doubt_of, heat, make_guess_map

TABLE = {"doubt": [0.0, 0.5, 1.0], "expected": [1.0, 5.0, 20.0], "scales": 1}


@pytest.fixture(scope="module")
def toy(toy_model: Path) -> Colorizer:
    return Colorizer(toy_model, threads=1)


def answer_of(raw: np.ndarray) -> Answer:
    bins = Bins(np.array([[60, 0], [-60, 0], [0, 60], [0, -60]], np.float32), np.zeros(4, np.float32))
    return Answer(raw.astype(np.float32), bins, Decode(), np.full((8, 8), 50, np.float32), 2000, 1000, "made up")


def test_doubt_is_nothing_for_one_bin_and_one_for_all_alike() -> None:
    raw = np.zeros((4, 1, 3))
    raw[0, 0, 0] = 99
    raw[:2, 0, 2] = 99
    np.testing.assert_allclose(doubt_of(answer_of(raw))[0], [0, 1, 0.5], atol=1e-5)


def test_scales_that_disagree_are_doubtful() -> None:
    raw = np.zeros((4, 2, 2))
    raw[0] = 99
    other = np.repeat(np.repeat(raw[[1, 0, 2, 3]], 2, axis=1), 2, axis=2)
    np.testing.assert_allclose(doubt_of(answer_of(raw), answer_of(other)), DISAGREEMENT, atol=1e-5)
    np.testing.assert_allclose(doubt_of(answer_of(raw), answer_of(raw)), 0, atol=1e-5)


def test_the_table_of_the_card_turns_doubt_into_error() -> None:
    raw = np.zeros((4, 1, 2))
    raw[:2, 0, 0] = 99
    plain, calibrated = (make_guess_map(answer_of(raw), None, table) for table in ({}, TABLE))
    assert plain.expected is None
    assert calibrated.expected is not None
    np.testing.assert_allclose(calibrated.expected[0], [5, 20], atol=1e-3)


def test_the_model_asks_for_as_many_runs_as_its_table_was_made_with(
    toy: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs, raw = [], Colorizer.raw
    monkeypatch.setattr(Colorizer, "raw", lambda *given: runs.append(1) or raw(*given))  # type: ignore[func-returns-value]
    photo = Photo.from_array(np.full((40, 60), 90, np.uint8))
    assert toy.guess_map(photo).expected is None
    assert len(runs) == 1
    double = toy.decoded_as(toy.card.decode)
    double.card = replace(toy.card, guess={**TABLE, "scales": 2})
    assert double.guess_map(photo).expected is not None
    assert len(runs) == 3


def test_the_picture_has_the_shape_of_the_photo(tmp_path: Path) -> None:
    doubt = np.zeros((4, 8), np.float32)
    found = GuessMap(doubt, None, 2000, 1000)
    assert found.picture().shape == (512, 1024, 3)
    assert GuessMap(doubt, None, 30, 7).picture().shape == (7, 30, 3)
    assert Photo.open(found.save(tmp_path / "map.png")).width == 1024
    with pytest.raises(OutputExists):
        found.save(tmp_path / "map.png")
    found.save(tmp_path / "map.png", overwrite=True)


def test_the_picture_is_bright_where_errors_are_expected() -> None:
    half = np.zeros((4, 8), np.float32)
    half[:, 4:] = WORST
    picture = GuessMap(half / WORST, half, 80, 40).picture()
    assert tuple(picture[20, 5]) == tuple(heat(np.array(0.0)))
    assert tuple(picture[20, 75]) == tuple(heat(np.array(1.0)))
    red, green, blue = (int(level) for level in heat(np.array(1.0)))
    assert red > 200 < green > blue


def test_equal_steps_of_doubt_look_equal_and_ever_brighter() -> None:
    lab = rgb_to_lab(heat(np.linspace(0, 1, 18)) / 255.0)
    steps = np.sqrt((np.diff(lab, axis=0) ** 2).sum(axis=1))
    assert (np.diff(lab[:, 0]) > 1).all()
    assert steps.max() / steps.min() < 1.35


@pytest.mark.parametrize("guess", [
    {"doubt": [0.1]}, {"doubt": [0.1, 0.2], "expected": [3.0]}, {"doubt": [0.2, 0.1], "expected": [1, 2]},
    {"doubt": [0.1, 0.2], "expected": [2, 1]}, {"doubt": [0.1, "much"], "expected": [1, 2]}, {"expected": [1, 2]},
    {"doubt": [0.1, float("nan")], "expected": [1, 2]}, {"doubt": 3, "expected": 4}])  # fmt: skip
def test_a_table_that_does_not_rise_is_refused(guess: dict[str, object]) -> None:
    card = Card("a", "b", {"kind": "rgb"}, guess=guess)
    with pytest.raises(ModelError, match="export the model again"):
        Card.from_json(card.to_json())


def test_a_card_keeps_its_table_and_may_have_none() -> None:
    card = Card("a", "b", {"kind": "rgb"}, guess=TABLE)
    assert Card.from_json(card.to_json()) == card
    assert Card.from_json(replace(card, guess={}).to_json()).guess == {}
