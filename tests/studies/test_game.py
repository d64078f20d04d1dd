"""Where losses go: trends with honest errors, means of parts."""

import math

import numpy as np
import pytest

from photochrom.studies.game import means_of_parts, trend


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.1, count)


@pytest.mark.parametrize(("slope", "word"), [(-1.0, "falls"), (1.0, "rises")])
def test_a_line_in_noise_is_found(slope: float, word: str) -> None:
    found = trend(list(slope * np.linspace(0, 1, 400) + noise(400)))
    assert found.word == word
    assert found.change == pytest.approx(slope / 2, abs=found.error)


def test_noise_alone_mostly_stays_level() -> None:
    words = [trend(list(noise(400, seed))).word for seed in range(200)]
    assert 180 <= words.count("stays level") <= 198


def test_only_the_second_half_counts() -> None:
    assert trend([*np.linspace(9, 1, 100), *[1.0] * 100]).word == "stays level"


def test_a_constant_stays_level() -> None:
    assert trend([0.0] * 100).word == "stays level"


def test_a_short_run_tells_nothing() -> None:
    found = trend([1.0, 0.5, 0.2])
    assert (found.word, found.text) == ("took too few steps to tell", "")
    assert math.isinf(found.error)


def test_the_means_of_parts_cover_all_values_once() -> None:
    assert means_of_parts([1.0, 3.0, 5.0, 7.0], 2) == [2.0, 6.0]
    assert means_of_parts([1.0], 2) == [1.0, None]
