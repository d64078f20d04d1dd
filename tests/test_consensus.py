"""Effort "best": one answer from several looks, mirrored with the photo, and everything else works on it as before."""

from copy import copy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from photochrom import Colorizer, Hint, Hints, Photo, Settings
from photochrom.chroma import Regression
from photochrom.color.resample import downsample_area, upsample_chroma
from photochrom.consensus import EFFORTS, consensus, resized
from photochrom.errors import HintError, OptionError

BEST = Settings(effort="best")


@pytest.fixture(scope="module")
def toy(toy_model: Path) -> Colorizer:
    return Colorizer(toy_model, threads=1)


class Lopsided(Colorizer):
    """A model that errs more and more to the right."""

    def raw(self, lightness: np.ndarray, hints: np.ndarray) -> np.ndarray:
        raw = super().raw(lightness, hints)
        return raw + np.linspace(0, 3, raw.shape[2], dtype=np.float32) * np.arange(4, dtype=np.float32)[:, None, None]


@pytest.fixture(scope="module")
def lopsided(toy_model: Path) -> Lopsided:
    return Lopsided(toy_model, threads=1)


def picture(width: int = 96, height: int = 64) -> np.ndarray:
    """Give a gray picture of stripes and noise, uint8 (H, W)."""
    random = np.random.default_rng(3)
    return (np.linspace(20, 200, width) + random.integers(0, 40, (height, width))).astype(np.uint8)


def hints(width: int = 96, height: int = 64, mirrored: bool = False) -> Hints:
    x = width / 4
    return Hints(width, height, (Hint(((width - x if mirrored else x, height / 2),), (1.0, 0.0, 0.0), 10),))


def looked(lightness: np.ndarray, hints: np.ndarray) -> np.ndarray:
    """Give a made-up answer, (3, h/2, w/2), that is not the same from left and right."""
    both = np.concatenate([lightness[None], np.cumsum(lightness, axis=1)[None], hints[:1]])
    return both[:, ::2, ::2].astype(np.float32)


@hypothesis_settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 12), st.integers(2, 12))
def test_mirrored_sights_give_the_mirrored_answer_to_the_last_bit(seed: int, height: int, width: int) -> None:
    random = np.random.default_rng(seed)
    shapes = [(4 * height, 4 * width), (2 * height, 2 * width), (6 * height, 6 * width)]
    sights = [tuple(random.uniform(0, 100, (*more, *shape)) for more in ((), (3,))) for shape in shapes]
    mirrored = [(lightness[:, ::-1], field[..., ::-1]) for lightness, field in sights]
    answer = consensus(looked, sights)
    assert answer.shape == (3, 2 * height, 2 * width)
    np.testing.assert_array_equal(consensus(looked, mirrored), answer[..., ::-1])
    assert (looked(*mirrored[0]) != looked(*sights[0])[..., ::-1]).any()


def test_looks_that_agree_are_the_consensus() -> None:
    raw = np.arange(3, dtype=np.float32)[:, None, None]
    sights = [(np.zeros((8 * size, 12 * size)), np.zeros((3, 8 * size, 12 * size))) for size in (2, 1, 3)]
    found = consensus(lambda lightness, field: np.broadcast_to(raw, (3, *lightness.shape)) + 0, sights)
    np.testing.assert_allclose(found, np.broadcast_to(raw, (3, 16, 24)), atol=1e-6)


@pytest.mark.parametrize("size", [(5, 7), (9, 4), (20, 31), (12, 9)], ids=str)
def test_maps_are_shrunk_by_area_and_enlarged_bicubically(size: tuple[int, int]) -> None:
    maps = np.random.default_rng(0).normal(0, 5, (4, 12, 9)).astype(np.float32)
    last = np.moveaxis(maps, 0, -1)
    between = downsample_area(last, size[0], 9) if size[0] < 12 else upsample_chroma(last, size[0], 9)
    both = downsample_area(between, *size) if size[1] < 9 else upsample_chroma(between, *size)
    np.testing.assert_allclose(np.moveaxis(resized(maps, *size), 0, -1), both, atol=1e-4)


def test_normal_effort_is_one_look_to_the_last_bit(toy: Colorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Photo.from_array(picture()).pages[0]
    width, height = toy.working_size(page.width, page.height)
    once = toy.raw(page.lightness(width, height), np.zeros((3, height, width), np.float32))
    seen, raw = [], Colorizer.raw
    monkeypatch.setattr(Colorizer, "raw", lambda *given: seen.append(given[1].shape) or raw(*given))  # type: ignore[func-returns-value]
    np.testing.assert_array_equal(toy.answer(page).raw, once)
    assert seen == [(height, width)]
    toy.answer(page, BEST)
    assert len(seen) == 1 + 2 * len(EFFORTS["best"])
    assert len(set(seen)) == len(EFFORTS["best"])


@pytest.mark.parametrize("size", [(96, 64), (100, 68), (64, 112)], ids=str)
def test_a_mirrored_photo_gets_the_mirrored_colors(lopsided: Colorizer, size: tuple[int, int]) -> None:
    straight, mirrored = (Settings(hints=hints(*size, flipped), effort="best") for flipped in (False, True))
    lightness = picture(*size).astype(np.float32) / 2.55
    ab = lopsided.chroma(lightness, straight)
    np.testing.assert_allclose(lopsided.chroma(lightness[:, ::-1], mirrored), ab[:, ::-1], atol=1e-3)
    once = lopsided.chroma(lightness, Settings(hints=straight.hints))
    assert abs(lopsided.chroma(lightness[:, ::-1], Settings(hints=mirrored.hints)) - once[:, ::-1]).max() > 5


def test_a_mirrored_file_gets_the_mirrored_colors(lopsided: Colorizer) -> None:
    gray = picture(256, 256)
    apart = []
    for settings in (Settings(), BEST):
        one, other = (lopsided.colorize(Photo.from_array(of), settings).to_array() for of in (gray, gray[:, ::-1]))
        apart.append(abs(one.astype(int) - other[:, ::-1]).mean())
    assert apart[1] < 0.5  # libvips rounds what it makes smaller
    assert apart[0] > 5


def test_hints_move_their_place_and_no_other(toy: Colorizer) -> None:
    photo = Photo.from_array(np.full((256, 256), 80, np.uint8))
    given = Settings(hints=Hints(256, 256, (Hint(((64, 64),), (1.0, 0.0, 0.0), radius=16),)), effort="best")
    before, after = (np.moveaxis(toy.answer(photo.pages[0], wanted).ab(), -1, 0) for wanted in (BEST, given))
    quarter, half = after.shape[1] // 4, after.shape[1] // 2
    assert after[0, quarter, quarter] > before[0, quarter, quarter] + 20
    np.testing.assert_allclose(after[:, half:, half:], before[:, half:, half:], atol=0.5)
    with pytest.raises(HintError, match="96 x 64"):
        toy.colorize(Photo.from_array(picture()), Settings(hints=Hints(64, 96), effort="best"))


def test_looks_guess_maps_and_alternatives_are_read_from_the_consensus(lopsided: Colorizer) -> None:
    photo = Photo.from_array(picture())
    natural = dict(lopsided.looks(photo, 4, settings=BEST))["natural"].to_array()
    np.testing.assert_array_equal(natural, lopsided.colorize(photo, BEST).to_array())
    assert (natural != lopsided.colorize(photo).to_array()).any()
    doubts = [lopsided.guess_map(photo, wanted).doubt for wanted in (Settings(), BEST)]
    assert doubts[0].size < doubts[1].size  # the largest look gives the grid
    assert doubts[0].mean() != doubts[1].mean()
    assert [one.color for one in lopsided.alternatives(photo, 90, 30, BEST)]


def test_a_palette_is_seen_with_the_effort_that_it_is_for(lopsided: Colorizer) -> None:
    photo = Photo.from_array(np.stack([picture()] * 3, axis=-1))
    once, best = lopsided.reference(photo), lopsided.reference(photo, "best")
    assert (once.said != best.said).any()
    np.testing.assert_array_equal(once.true, best.true)


def test_a_model_without_bins_is_asked_several_times_too(toy: Colorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, raw = copy(toy), Colorizer.raw
    plain._chroma = Regression()
    monkeypatch.setattr(Colorizer, "raw", lambda *given: raw(*given)[:2] / 10)
    lightness = np.full((64, 64), 30, np.float32)
    even = plain.chroma(lightness)
    np.testing.assert_allclose(plain.chroma(lightness, BEST)[:16, :16], even, atol=1e-4)
    assert plain.colorize(Photo.from_array(picture()), BEST).is_colored


@pytest.mark.parametrize("effort", ["", "BEST", "high", "6"])
def test_another_effort_is_refused(effort: str) -> None:
    with pytest.raises(OptionError, match=f"the effort is '{effort}'; expected normal or best"):
        Settings(effort=effort)
