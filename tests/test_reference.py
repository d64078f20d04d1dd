"""The palette of another photo moves the model's colors, and leaves neutral and hinted ones alone."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from photochrom import Colorizer, Hint, Hints, Photo, Reference, Settings


@pytest.fixture(scope="module")
def toy(toy_model: Path) -> Colorizer:
    return Colorizer(toy_model, threads=1)


def slope() -> NDArray[np.uint8]:
    return np.tile(np.linspace(0, 255, 96).round().astype(np.uint8), (64, 1))


def seen(toy: Colorizer, settings: Settings) -> NDArray[np.float32]:
    return toy.answer(Photo.from_array(slope()).pages[0], settings).ab(settings)


def palette(toy: Colorizer, turn: float = 0.0, strength: float = 1.0) -> Reference:
    """Give the palette of the toy's own result with all hues turned by so many degrees."""
    photo = Photo.from_array(slope())
    c, s = strength * np.cos(np.radians(turn)), strength * np.sin(np.radians(turn))
    ab = (toy.chroma(photo.pages[0].lightness(256, 172)) @ np.array([[c, s], [-s, c]])).astype(np.float32)
    return toy.reference(photo.with_chroma([ab]))


def mean_chroma(ab: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(ab, axis=-1).mean())


def test_a_reference_that_looks_as_the_model_thinks_changes_little(toy: Colorizer) -> None:
    own = seen(toy, Settings(saturation=0.5))
    gentle = seen(toy, Settings(reference=palette(toy, 0, 0.5)))
    assert np.linalg.norm(gentle - own, axis=-1).mean() < 0.25 * mean_chroma(own)


def test_colors_move_as_those_of_the_reference_do(toy: Colorizer) -> None:
    own, moved = seen(toy, Settings()), seen(toy, Settings(reference=palette(toy, 30, 0.6)))
    z, w = own[..., 0] + 1j * own[..., 1], moved[..., 0] + 1j * moved[..., 1]
    turned = np.degrees(np.angle((w * z.conj()).sum()))
    assert 10 < turned < 45


def test_a_gray_reference_leaves_a_photo_nearly_gray(toy: Colorizer) -> None:
    gray = toy.reference(Photo.from_array(slope()))
    assert mean_chroma(seen(toy, Settings(reference=gray))) < 0.1 * mean_chroma(seen(toy, Settings()))
    elsewhere = toy.reference(Photo.from_array(np.full((64, 64), 30, np.uint8)))  # shows little of the slope
    assert mean_chroma(seen(toy, Settings(reference=elsewhere))) < 0.1 * mean_chroma(seen(toy, Settings()))


def test_neutral_things_stay_neutral() -> None:
    vivid = Reference(np.array([[50.0, 0, 0]] * 100, np.float32), np.array([[60.0, -40]] * 100, np.float32))
    light, ab = np.full((3, 3), 50, np.float32), np.zeros((3, 3, 2), np.float32)
    np.testing.assert_array_equal(vivid.moved(ab, light), ab)
    assert np.linalg.norm(vivid.moved(ab + 1, light), axis=-1).max() <= 4.01  # sqrt(2), doubled, turned


def test_no_hue_turns_by_more_than_45_degrees_and_chroma_at_most_doubles() -> None:
    random = np.random.default_rng(1)
    said = random.uniform([0, -60, -60], [100, 60, 60], (500, 3)).astype(np.float32)
    wild = Reference(said, random.uniform(-90, 90, (500, 2)).astype(np.float32))
    ab = random.uniform(-60, 60, (20, 20, 2)).astype(np.float32)
    moved = wild.moved(ab, random.uniform(0, 100, (20, 20)).astype(np.float32))
    z, w = ab[..., 0] + 1j * ab[..., 1], moved[..., 0] + 1j * moved[..., 1]
    assert abs(np.angle(w[abs(w) > 0.01] / z[abs(w) > 0.01])).max() <= np.pi / 4 + 1e-3
    assert (abs(w.real * z.real + w.imag * z.imag) <= 2.001 * abs(z) ** 2).all()


def test_hinted_colors_stay_as_hinted(toy: Colorizer) -> None:
    photo = Photo.from_array(np.full((256, 256), 80, np.uint8))
    hints = Hints(256, 256, (Hint(((128, 128),), (1.0, 0.0, 0.0), radius=40),))
    gray = toy.reference(Photo.from_array(np.full((256, 256), 80, np.uint8)))
    answer = toy.answer(photo.pages[0], Settings(hints=hints))
    red = hints.colors[0]
    own, moved = (answer.ab(Settings(hints=hints, reference=given)) for given in (None, gray))
    assert mean_chroma(moved[:8, :8]) < 0.2 * mean_chroma(own[:8, :8])
    near = gray.moved(np.tile(red, (2, 2, 1)), np.full((2, 2), 53, np.float32), hints.colors)
    np.testing.assert_allclose(near, np.tile(red, (2, 2, 1)), atol=1e-3)


def test_saturation_and_warmth_come_after_the_reference(toy: Colorizer) -> None:
    given = palette(toy, 30)
    one, half = (seen(toy, Settings(saturation=saturation, reference=given)) for saturation in (1.0, 0.5))
    np.testing.assert_allclose(half, one / 2, atol=1e-4)
    assert seen(toy, Settings(warmth=1.0, reference=given))[..., 1].mean() > one[..., 1].mean() + 2


def test_the_same_reference_gives_the_same_colors_and_the_lightness_stays(toy: Colorizer) -> None:
    photo = Photo.from_array(slope())
    first, second = (toy.colorize(photo, Settings(reference=palette(toy, 30))).to_array() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    assert abs(Photo.from_array(first).pages[0].lightness(96, 64) - photo.pages[0].lightness(96, 64)).mean() < 0.3
