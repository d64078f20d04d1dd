"""Alternatives: the likely colors of the thing at a point, ready to be given as hints."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom import Colorizer, Hint, Hints, Photo, Settings
from photochrom.alternatives import choose, list_alternatives, region_at
from photochrom.answer import Answer
from photochrom.card import Decode
from photochrom.chroma import Bins
from photochrom.color.lab import rgb_to_lab
from photochrom.errors import OptionError
from photochrom.weights import shipped

EXAMPLES = Path(__file__).parents[1] / "examples"
COLORS = np.array([[0, 0], [50, 30], [-40, 40], [10, -50]], np.float32)


def page() -> Answer:
    """Give the answer for 400 x 200 pixels: a disc at (100, 100), red or green, on blue; a like disc at (300, 100)."""
    raw = np.log(np.broadcast_to(np.array([0.04, 0.03, 0.03, 0.9])[:, None, None], (4, 20, 40))).copy()
    down, across = np.mgrid[:20, :40] + 0.5
    for center in (10, 30):
        disc = (down - 10) ** 2 + (across - center) ** 2 < 36
        raw[:, disc] = np.log([0.05, 0.6, 0.3, 0.05])[:, None]
    bins = Bins(COLORS, np.zeros(4, np.float32))
    return Answer(raw.astype(np.float32), bins, Decode(), np.full((80, 160), 60, np.float32), 400, 200, "made up")


def test_the_region_is_the_connected_thing_at_the_point() -> None:
    region = region_at(page(), 100, 100)
    assert region[10, 10]
    assert not region[:, 20:].any()
    assert region.sum() == pytest.approx(36 * np.pi, rel=0.2)
    assert region_at(page(), 399.9, 1)[0, -1]


def test_alternatives_are_ranked_with_their_probability() -> None:
    first, second = list_alternatives(page(), 100, 100)[:2]
    np.testing.assert_allclose(first.ab, [50, 30])
    np.testing.assert_allclose(second.ab, [-40, 40])
    assert first.probability == pytest.approx(0.6, abs=0.06)
    assert second.probability == pytest.approx(0.3, abs=0.04)


def test_a_hint_names_point_and_color_and_stays_within_the_thing() -> None:
    for found in list_alternatives(page(), 110, 100):
        hint = Hint.parse(found.hint)
        assert hint.points == ((110.0, 100.0),)
        assert hint.color == found.color
        assert hint.radius is not None
        assert 4 <= hint.radius <= 60 - 10


def test_darkness_parts_things_that_the_model_says_the_same_of() -> None:
    answer = page()
    answer.lightness[:, :20] = 10
    assert not region_at(answer, 300, 20)[:, :5].any()


def test_choosing_colors_the_thing_and_nothing_else() -> None:
    answer = page()
    chosen = choose(answer, 100, 100, (-40.0, 40.0))
    np.testing.assert_allclose(chosen.ab()[10, 10], [-40, 40], atol=8)
    np.testing.assert_array_equal(chosen.ab()[:, 20:], answer.ab()[:, 20:])
    with pytest.raises(OptionError, match="outside"):
        choose(answer, 500, 100, (0.0, 0.0))


def test_a_hint_of_an_alternative_is_followed(toy_model: Path) -> None:
    model, photo = Colorizer(toy_model), Photo.from_array(np.full((256, 256), 110, np.uint8))
    choice = model.alternatives(photo, 100, 100)[1]
    hints = Hints.parse([choice.hint], (256, 256))
    before, after = (model.answer(photo.pages[0], Settings(hints=given)).ab()[25, 25] for given in (None, hints))
    assert np.hypot(*(after - np.array(choice.ab))) < np.hypot(*(before - np.array(choice.ab))) - 5


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0, 400), st.floats(0, 200))
def test_probabilities_sum_to_one_at_most(seed: int, x: float, y: float) -> None:
    answer = page()
    answer.raw[:] += np.random.default_rng(seed).normal(0, 1, answer.raw.shape)
    found = list_alternatives(answer, x, y)
    chances = [one.probability for one in found]
    assert chances == sorted(chances, reverse=True)
    assert 0 < sum(chances) <= 1 + 1e-6
    assert len({one.color for one in found}) == len(found)


@pytest.mark.parametrize("point", [(-1, 5), (401, 5), (5, 200.5), (float("nan"), 5)], ids=str)
def test_a_point_outside_the_photo_is_refused(point: tuple[float, float]) -> None:
    with pytest.raises(OptionError, match="outside the photo of 400 x 200 pixels"):
        list_alternatives(page(), *point)


def test_a_photo_is_asked_by_its_own_pixels(toy_model: Path) -> None:
    photo = Photo.from_array(np.repeat(np.array([[40, 230]], np.uint8), 300, axis=1).repeat(300, axis=0))
    dark, light = (Colorizer(toy_model).alternatives(photo, x, 150)[0] for x in (50, 550))
    assert dark.ab[1] < 0 < dark.probability
    assert rgb_to_lab(np.array(Hint.parse(light.hint).rgb))[0] > 60 > rgb_to_lab(np.array(Hint.parse(dark.hint).rgb))[0]


@pytest.mark.slow
@pytest.mark.skipif("default" not in shipped(), reason="no model is shipped yet")
def test_a_chosen_alternative_becomes_the_color_of_its_thing_in_the_shipped_model() -> None:
    photo = Photo.open(EXAMPLES / "coffee.jpg")
    x, y = photo.width * 0.9, photo.height * 0.3
    answer = Colorizer().answer(photo.pages[0])
    region = region_at(answer, x, y)
    for found in list_alternatives(answer, x, y)[1:3]:
        after = choose(answer, x, y, found.ab)
        far, near = (np.hypot(*(one.ab()[region].mean(axis=0) - np.array(found.ab))) for one in (answer, after))
        assert near < 0.7 * far, found
