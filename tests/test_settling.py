"""Hints are kept: their places get their colors, like places follow, other things stay."""

import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom import settling
from photochrom.settling import ANYWHERE, DOUBT, contain, settle

Floats = NDArray[np.float32]
HIGH, WIDE = 20, 32


def field(*hints: tuple[int, int, float, float]) -> Floats:
    """Paint hints of 4 x 4 pixels on a field four times as large as the answer."""
    painted = np.zeros((3, 4 * HIGH, 4 * WIDE), np.float32)
    for down, across, a, b in hints:
        painted[:, 4 * down : 4 * down + 4, 4 * across : 4 * across + 4] = np.array([1, a, b], np.float32)[
            :, None, None
        ]
    return painted


def flat(a: float = 0.0, b: float = 0.0) -> Floats:
    return np.broadcast_to(np.array([a, b], np.float32), (HIGH, WIDE, 2)).copy()


GRAY = np.full((HIGH, WIDE), 50, np.float32)


def test_without_hints_nothing_moves() -> None:
    np.testing.assert_array_equal(settle(flat(3, 4), GRAY, field()), flat(3, 4))


def test_a_hinted_place_gets_its_color() -> None:
    settled = settle(flat(5, -5), GRAY, field((10, 16, 30, 20)))
    np.testing.assert_allclose(settled[10, 16], np.array([5, -5]) + np.array([25, 25]) / (1 + DOUBT), rtol=1e-5)


def test_a_hint_that_the_answer_agrees_with_moves_nothing() -> None:
    np.testing.assert_allclose(settle(flat(5, -5), GRAY, field((10, 16, 5, -5))), flat(5, -5), atol=1e-5)


def test_near_places_follow_more_than_far_ones() -> None:
    settled = settle(flat(), GRAY, field((10, 0, 30, 0)))[10, :, 0]
    assert (np.diff(settled) < 0).all()
    assert settled[1] > 25
    assert settled[-1] < 10


@pytest.mark.parametrize("other", ["lightness", "color"])
def test_another_thing_keeps_its_color(other: str) -> None:
    ab, light = flat(), GRAY.copy()
    if other == "lightness":
        light[:, 16:] = 95
    else:
        ab[:, 16:] = 30
    settled = settle(ab, light, field((10, 14, 0, 40)))
    assert np.abs(settled[:, 16:] - ab[:, 16:]).max() < 1.5
    assert settled[10, 12, 1] > 30


def test_two_hints_keep_both_their_colors() -> None:
    settled = settle(flat(), GRAY, field((10, 2, 40, 0), (10, 29, 0, 40)))
    assert settled[10, 2, 0] > 30
    assert settled[10, 29, 1] > 30
    assert settled[10, 2, 1] < 12


def test_many_hinted_places_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    painted = field(*((down, across, down, across) for down in range(5, 9) for across in range(3, 12)))
    whole = settle(flat(1, 2), GRAY, painted)
    monkeypatch.setattr(settling, "AT_ONCE", 5)
    np.testing.assert_allclose(settle(flat(1, 2), GRAY, painted), whole, atol=1e-4)


def test_mirrored_photos_settle_mirrored() -> None:
    random = np.random.default_rng(0)
    ab = random.normal(0, 10, (HIGH, WIDE, 2)).astype(np.float32)
    light = random.uniform(0, 100, (HIGH, WIDE)).astype(np.float32)
    painted = field((3, 4, 20, -30), (15, 25, -20, 10))
    mirrored = settle(ab[:, ::-1], light[:, ::-1], painted[..., ::-1])
    np.testing.assert_allclose(mirrored[:, ::-1], settle(ab, light, painted), atol=1e-3)


def test_what_hints_change_reaches_what_is_like_them_and_nothing_else() -> None:
    light, ab = GRAY.copy(), flat()
    light[:, 16:], ab[:, 16:] = 95, 40
    plain, hinted = np.zeros((3, HIGH, WIDE), np.float32), np.full((3, HIGH, WIDE), 10, np.float32)
    kept = contain(hinted, plain, ab, light, field((10, 3, 20, 20)))
    np.testing.assert_allclose(kept[:, :, :16], 10, rtol=1e-5)
    np.testing.assert_allclose(kept[:, :, 16:], 10 * ANYWHERE, atol=0.01)


def test_far_places_that_are_like_a_hinted_one_follow() -> None:
    light, ab = GRAY.copy(), flat()
    light[:, 8:24] = 100
    plain, hinted = np.zeros((1, HIGH, WIDE), np.float32), np.ones((1, HIGH, WIDE), np.float32)
    kept = contain(hinted, plain, ab, light, field((0, 0, 20, 20)))[0]
    assert kept[-1, -1] == pytest.approx(1)
    assert kept[10, 16] < 0.4


def test_many_hinted_places_contain_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    light = random.uniform(0, 100, (HIGH, WIDE)).astype(np.float32)
    plain, hinted = random.normal(size=(2, 4, HIGH, WIDE)).astype(np.float32)
    painted = field(*((down, across, 1, 2) for down in range(5, 9) for across in range(3, 12)))
    whole = contain(hinted, plain, flat(1, 2), light, painted)
    monkeypatch.setattr(settling, "AT_ONCE", 5)
    np.testing.assert_allclose(contain(hinted, plain, flat(1, 2), light, painted), whole, atol=1e-5)
