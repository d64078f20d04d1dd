"""The photo's own lightness survives; chroma arrives where it belongs and never leaves sRGB."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from photochrom.color.lab import lab_to_rgb
from photochrom.color.resample import fit_gamut, upsample_chroma
from photochrom.photo import Photo
from photochrom.photo.recompose import enlarge, with_chroma

FULL = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535, np.dtype(np.float32): 1}


def lab_of(array: Any) -> Any:
    return rgb2lab(array.astype(np.float64) / FULL[array.dtype])


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", ["gray", "color"])
def test_lightness_survives(bits: int, kind: str, make: Any) -> None:
    array = getattr(make, kind)(bits, 240, 320)
    result = Photo.from_array(array).with_chroma([make.gentle()]).to_array()
    assert result.dtype == array.dtype
    difference = np.abs(make.lightness(result) - make.lightness(array))
    assert difference.mean() <= (0.3 if bits == 8 else 0.01)
    assert np.percentile(difference, 99.9) <= (2 if bits == 8 else 0.05)


def test_lightness_survives_in_floats(make: Any) -> None:
    array = make.smooth().astype(np.float32)
    result = Photo.from_array(array).with_chroma([make.gentle()]).to_array()
    assert result.dtype == np.float32
    assert np.abs(make.lightness(result) - make.lightness(array)).max() < 0.05


def test_lightness_survives_a_jpeg_file(make: Any) -> None:
    photo = Photo.open(make.jpeg(make.gray(8, 240, 320)))
    saved = Photo.open(photo.with_chroma([make.gentle()]).encode())
    difference = np.abs(make.lightness(saved.to_array()) - make.lightness(photo.to_array()))
    assert difference.mean() <= 0.3
    assert np.percentile(difference, 99.9) <= 2


@pytest.mark.parametrize("bits", [8, 16])
def test_lightness_survives_where_color_is_out_of_reach(bits: int, make: Any) -> None:
    array = make.gray(bits)
    result = Photo.from_array(array).with_chroma([make.strong()]).to_array()
    difference = np.abs(make.lightness(result) - make.lightness(array))
    assert difference.mean() <= 0.3
    assert difference.max() <= (2.5 if bits == 8 else 0.1)


@pytest.mark.parametrize("bits", [8, 16])
def test_every_gray_level_with_no_chroma_comes_back_as_it_was(bits: int) -> None:
    levels = np.arange(2**bits).astype(np.uint8 if bits == 8 else np.uint16).reshape(2 ** (bits // 2), -1)
    result = Photo.from_array(levels).with_chroma([np.zeros((3, 4, 2), np.float32)]).to_array()
    assert (result.max(axis=-1) == result.min(axis=-1)).all()
    off = np.abs(result[..., 0].astype(int) - levels.astype(int)).max()
    assert off <= (0 if bits == 8 else 1)


def test_colored_input_without_chroma_becomes_neutral(make: Any) -> None:
    result = Photo.from_array(make.color()).with_chroma([np.zeros((3, 4, 2), np.float32)]).to_array()
    assert (result.max(axis=-1) == result.min(axis=-1)).all()


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("chroma", ["gentle", "strong"])
def test_colors_are_those_of_the_reference(bits: int, chroma: str, make: Any) -> None:
    array = make.gray(bits)
    ab = getattr(make, chroma)()
    result = Photo.from_array(array).with_chroma([ab]).to_array()
    lightness = make.lightness(array)[..., None]
    wanted = fit_gamut(np.concatenate([lightness, upsample_chroma(ab, *array.shape)], axis=-1))
    expected = np.clip(lab_to_rgb(wanted), 0, 1)
    off = np.abs(result / FULL[result.dtype] - expected)
    assert off.mean() < (0.0015 if bits == 8 else 0.0005)
    assert off.max() < 0.01


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 255), st.floats(-120, 120), st.floats(-120, 120))
def test_any_color_asked_of_any_level_keeps_its_lightness(level: int, a: float, b: float) -> None:
    gray = np.full((2, 2), level, np.uint8)
    result = Photo.from_array(gray).with_chroma([np.full((1, 1, 2), (a, b), np.float32)]).to_array()
    own = lab_of(np.stack([gray] * 3, axis=-1))[..., 0]
    assert np.abs(lab_of(result)[..., 0] - own).max() < 1.5


def test_the_hue_asked_for_is_the_hue_given(make: Any) -> None:
    gray = np.full((32, 32), 128, np.uint8)
    for a, b in ((30, 0), (-30, 0), (0, 30), (0, -30), (15, -20)):
        result = Photo.from_array(gray).with_chroma([np.full((4, 4, 2), (a, b), np.float32)]).to_array()
        assert np.abs(lab_of(result)[..., 1:] - (a, b)).max() < 1


SIZES = [(30, 40, 1), (96, 128, 1), (100, 131, 1), (12, 16, 1), (400, 530, 2), (700, 900, 1), (1001, 1333, 2)]


@pytest.mark.parametrize(("height", "width", "bands"), SIZES)
def test_chroma_is_enlarged_like_the_reference(height: int, width: int, bands: int, make: Any) -> None:
    plane = make.strong()[..., bands - 1]
    found = enlarge(plane, width, height).numpy().reshape(height, width)
    expected = upsample_chroma(np.stack([plane, plane], axis=-1), height, width)[..., 0]
    assert np.abs(found - expected).max() < 1.2
    assert np.abs(found - expected).mean() < 0.4


def test_a_step_in_chroma_stays_where_it_is(make: Any) -> None:
    plane = np.zeros((4, 8), np.float32)
    plane[:, 4:] = 40
    for width in (64, 200, 640, 1000):
        row = enlarge(plane, width, width // 2).numpy().reshape(width // 2, width)[0]
        assert np.abs(np.argmax(row > 20) - width / 2) <= 1


def test_flat_chroma_stays_flat_to_the_edges() -> None:
    plane = np.full((6, 8), 25, np.float32)
    for height, width in ((6, 8), (61, 83), (240, 320), (600, 799)):
        found = enlarge(plane, width, height).numpy()
        assert (found.min(), found.max()) == (25, 25)


def test_chroma_larger_than_the_photo_is_taken_too(make: Any) -> None:
    result = Photo.from_array(make.gray(8, 24, 32)).with_chroma([make.gentle(96, 128)]).to_array()
    assert result.shape == (24, 32, 3)


def test_chroma_of_one_cell_is_taken(make: Any) -> None:
    result = Photo.from_array(make.gray()).with_chroma([np.full((1, 1, 2), 5, np.float32)]).to_array()
    assert np.abs(lab_of(result)[..., 1:] - 5).mean() < 0.6


def test_working_in_tiles_leaves_no_seams(make: Any) -> None:
    from photochrom.photo.engine import from_array

    gray = np.full((300, 400), 140, np.uint8)
    result = with_chroma(from_array(gray).copy(interpretation="b-w"), np.full((3, 4, 2), 12, np.float32), 8).numpy()
    assert (result == result[0, 0]).all()
