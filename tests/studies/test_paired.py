"""Differences photo by photo: their sign, their certainty."""

import numpy as np
import pytest

from photochrom.studies.paired import difference


@pytest.mark.parametrize(("shift", "verdict"), [(-0.5, "that is better"), (0.5, "that is worse")])
def test_a_small_but_steady_difference_is_found_among_very_different_photos(shift: float, verdict: str) -> None:
    random = np.random.default_rng(0)
    first = random.normal(12, 6, 60)
    found = difference(first, first + shift + random.normal(0, 0.3, 60))
    assert found.verdict == verdict
    assert found.low < shift < found.high


def test_chance_shows_no_difference() -> None:
    random = np.random.default_rng(1)
    first = random.normal(12, 6, 60)
    assert difference(first, first + random.normal(0, 3, 60)).verdict == "no difference can be shown on these photos"
    assert difference(first, first).text == "+0.00 (+0.00..+0.00)"
