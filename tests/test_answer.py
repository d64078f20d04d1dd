"""The network's answer, kept: asked once, and everything else decoded from it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from photochrom import Colorizer, Hint, Hints, Photo, Settings
from photochrom.answer import Answer
from photochrom.card import Decode
from photochrom.chroma import Bins, Regression
from photochrom.errors import HintError, ModelError, OptionError


@pytest.fixture(scope="module")
def toy(toy_model: Path) -> Colorizer:
    return Colorizer(toy_model, threads=1)


def answer_of(raw: np.ndarray, colors: np.ndarray, log_weights: np.ndarray | None = None) -> Answer:
    bins = Bins(colors.astype(np.float32), np.zeros(len(raw), np.float32) if log_weights is None else log_weights)
    lightness = np.full((4 * raw.shape[1], 4 * raw.shape[2]), 50, np.float32)
    return Answer(raw.astype(np.float32), bins, Decode(), lightness, 40, 30, "made up")


def photo() -> Photo:
    return Photo.from_array(np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1)))


def test_the_answer_of_a_page_decodes_to_the_chroma_of_its_lightness(toy: Colorizer) -> None:
    page = photo().pages[0]
    answer, settings = toy.answer(page), Settings(0.3, 1.4, warmth=0.5)
    lightness = page.lightness(*toy.working_size(page.width, page.height))
    np.testing.assert_array_equal(answer.lightness, lightness)
    np.testing.assert_array_equal(answer.ab(settings), toy.chroma(lightness, settings))
    assert (answer.width, answer.height, answer.model) == (96, 64, "toy")
    assert answer.small_lightness.shape == answer.ab().shape[:2] == answer.raw.shape[1:]


def test_settings_cost_no_run_of_the_network(toy: Colorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, runs = toy.answer(photo().pages[0]), []
    monkeypatch.setattr(Colorizer, "raw", lambda *_: runs.append(1))
    pale, strong = (answer.ab(Settings(saturation=factor)) for factor in (0.5, 1.0))
    np.testing.assert_allclose(pale, strong / 2, atol=1e-5)
    assert not runs


def test_looks_of_a_photo_take_one_run_of_the_network(toy: Colorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, raw = [], Colorizer.raw
    monkeypatch.setattr(Colorizer, "raw", lambda *given: runs.append(1) or raw(*given))  # type: ignore[func-returns-value]
    toy.looks(photo(), 6)
    assert len(runs) == 1


def test_hints_are_part_of_the_answer(toy: Colorizer) -> None:
    hints = Hints(96, 64, (Hint(((20, 20),), (1.0, 0.0, 0.0), 10),))
    hinted, plain = toy.answer(photo().pages[0], Settings(hints=hints)), toy.answer(photo().pages[0])
    assert abs(hinted.ab() - plain.ab()).max() > 5
    with pytest.raises(HintError, match="96 x 64"):
        toy.answer(Photo.from_array(np.zeros((9, 9), np.uint8)).pages[0], Settings(hints=hints))


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.integers(2, 9))
def test_probabilities_sum_to_one(seed: int, balance: float, outputs: int) -> None:
    random = np.random.default_rng(seed)
    weights = random.normal(0, 2, outputs).astype(np.float32)
    answer = answer_of(random.normal(0, 8, (outputs, 3, 5)), random.uniform(-80, 80, (outputs, 2)), weights)
    probabilities = answer.probabilities(balance)
    assert (probabilities >= 0).all()
    np.testing.assert_allclose(probabilities.sum(axis=0), 1, atol=1e-5)


def test_no_balance_takes_the_weights_of_training_back() -> None:
    weights = np.log(np.array([1.0, 4.0], np.float32))
    answer = answer_of(np.zeros((2, 1, 1)), np.array([[0, 0], [50, 0]]), weights)
    np.testing.assert_allclose(answer.probabilities()[:, 0, 0], [0.8, 0.2], atol=1e-6)
    np.testing.assert_allclose(answer.probabilities(1.0)[:, 0, 0], [0.5, 0.5], atol=1e-6)


def test_tilting_multiplies_probabilities() -> None:
    answer = answer_of(np.zeros((2, 1, 1)), np.array([[0, 0], [50, 0]]))
    tilted = answer.tilted(np.log(np.array([1, 3], np.float32)).reshape(2, 1, 1))
    np.testing.assert_allclose(tilted.probabilities()[:, 0, 0], [0.25, 0.75], atol=1e-6)
    with pytest.raises(OptionError, match="shape"):
        answer.tilted(np.zeros((2, 2, 1), np.float32))


@pytest.mark.parametrize("power", ["looks", "guess_map", "alternatives"])
def test_a_model_of_one_color_a_place_says_what_it_lacks(
    power: str, toy: Colorizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = photo().pages[0]
    raw = np.zeros((2, 16, 24), np.float32)
    answer = Answer(raw, Regression(), Decode(), page.lightness(96, 64), 96, 64, "plain")
    assert not answer.ab().any()
    monkeypatch.setattr(Colorizer, "answer", lambda *_: answer)
    more: dict[str, Any] = {"x": 1, "y": 1} if power == "alternatives" else {}
    with pytest.raises(
        ModelError, match=r"the model plain says one color for a place .regression.*use a model of bins"
    ):
        getattr(toy, power)(photo(), **more)
