"""Looks: several versions of one photo that differ by whole things."""

from pathlib import Path

import numpy as np
import pytest

from photochrom import Colorizer, Photo, Settings
from photochrom.answer import Answer
from photochrom.card import Decode
from photochrom.chroma import Bins
from photochrom.color.bins import AB_BINS, distances
from photochrom.errors import OptionError
from photochrom.looks import DISTINCT, difference, draw_looks, look_names
from photochrom.weights import shipped

EXAMPLES = Path(__file__).parents[1] / "examples"
COLORS = AB_BINS[::3]


@pytest.fixture(scope="module")
def toy(toy_model: Path) -> Colorizer:
    return Colorizer(toy_model, threads=1)


@pytest.fixture(scope="module")
def answer() -> Answer:
    """Give the answer for a page of two noisy things: left red or green, right blue or yellow."""
    random = np.random.default_rng(5)

    def thing(first: tuple[float, float], second: tuple[float, float]) -> np.ndarray:
        mass = [weight * np.exp(-distances(np.array(ab), COLORS) / 72) for ab, weight in ((first, 0.6), (second, 0.4))]
        return np.log(sum(mass) + 1e-6)

    raw = np.empty((len(COLORS), 24, 32))
    raw[:, :, :16] = thing((50, 30), (-40, 40))[:, None, None]
    raw[:, :, 16:] = thing((10, -50), (0, 60))[:, None, None]
    raw += random.normal(0, 0.2, raw.shape)
    bins = Bins(COLORS, np.zeros(len(COLORS), np.float32))
    return Answer(raw.astype(np.float32), bins, Decode(0.5), np.full((96, 128), 60, np.float32), 128, 96, "made up")


def test_the_natural_look_is_what_colorize_gives(toy: Colorizer) -> None:
    photo, settings = Photo.open(EXAMPLES / "horses.jpg"), Settings(0.4, 1.2, warmth=0.3)
    looks = dict(toy.looks(photo, 2, settings=settings))
    np.testing.assert_array_equal(looks["natural"].to_array(), toy.colorize(photo, settings).to_array())
    assert looks["natural"].model == "toy"


def test_looks_are_the_same_for_the_same_seed(answer: Answer) -> None:
    one, same, other = (draw_looks(answer, 6, seed) for seed in (3, 3, 4))
    assert list(one) == ["natural", "conservative", "vivid", "sample-1", "sample-2", "sample-3"]
    for name, ab in one.items():
        np.testing.assert_array_equal(ab, same[name])
    assert any((ab != other[name]).any() for name, ab in one.items() if name.startswith("sample"))


def test_conservative_is_paler_and_vivid_stronger(answer: Answer) -> None:
    looks = draw_looks(answer, 3)
    strength = [np.hypot(*np.moveaxis(looks[name], -1, 0)).mean() for name in ("conservative", "natural", "vivid")]
    assert strength[0] < strength[1] < strength[2]


def test_whole_things_change_color(answer: Answer) -> None:
    looks = draw_looks(answer, 5, seed=1)
    natural = looks.pop("natural")
    changed = [ab for name, ab in looks.items() if name.startswith("sample")]
    for ab in changed:
        assert difference(answer, ab, natural) > DISTINCT
        for half in (np.s_[:, :14], np.s_[:, 18:]):
            shift = (ab - natural)[half]
            assert shift.std(axis=(0, 1)).max() < 0.25 * np.abs(shift.mean(axis=(0, 1))).max() + 2
    assert difference(answer, *changed) > DISTINCT


def test_samples_keep_to_what_the_model_thinks_possible(answer: Answer) -> None:
    for name, ab in draw_looks(answer, 8, seed=2).items():
        if name.startswith("sample"):
            left, right = ab[:, :12].mean(axis=(0, 1)), ab[:, 20:].mean(axis=(0, 1))
            assert min(np.hypot(*(left - np.array(color))) for color in ((50, 30), (-40, 40))) < 35
            assert min(np.hypot(*(right - np.array(color))) for color in ((10, -50), (0, 60))) < 35


def test_a_page_without_alternatives_still_gives_every_look() -> None:
    raw = np.zeros((3, 8, 8), np.float32)
    raw[1] = 30
    bins = Bins(np.array([[0, 0], [40, 40], [-40, 0]], np.float32), np.zeros(3, np.float32))
    looks = draw_looks(Answer(raw, bins, Decode(), np.full((32, 32), 50, np.float32), 32, 32, "sure"), 5)
    np.testing.assert_array_equal(looks["sample-2"], looks["natural"])


def test_every_page_has_every_look(toy: Colorizer) -> None:
    pages = [np.tile(np.linspace(0, 255, 60).astype(np.uint8), (40, 1)), np.full((30, 90), 120, np.uint8)]
    photos = [Photo.from_array(page).pages[0] for page in pages]
    two = Photo(photos[0].origin, tuple(photos))
    for name, look in toy.looks(two, 5):
        assert [page.chroma is not None for page in look.pages] == [True, True], name
        assert [(page.width, page.height) for page in look.pages] == [(60, 40), (90, 30)]


@pytest.mark.parametrize("count", [-1, 0, 1, 9])
def test_too_few_or_too_many_looks_are_refused(count: int) -> None:
    with pytest.raises(OptionError, match=f"{count} looks were asked for; expected 2 to 8"):
        look_names(count)


@pytest.mark.slow
@pytest.mark.skipif("default" not in shipped(), reason="no model is shipped yet")
@pytest.mark.parametrize(("name", "least"), [("coffee", DISTINCT), ("horses", 1.0)])
def test_looks_of_the_shipped_model_are_distinct_as_far_as_it_doubts(name: str, least: float) -> None:
    answer = Colorizer().answer(Photo.open(EXAMPLES / f"{name}.jpg").pages[0])
    looks = draw_looks(answer, 6)
    samples = [ab for look, ab in looks.items() if look.startswith("sample")]
    for number, ab in enumerate(samples):
        assert all(difference(answer, ab, other) > least for other in [looks["natural"], *samples[:number]])
