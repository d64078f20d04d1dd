"""Palettes: fitting, looking up, keeping."""

import builtins
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from photochrom.color.palette import Palette
from photochrom.errors import DataError, OptionError, OutputUnwritable, RunError

THREE = np.array([[0.9, 0.1, 0.1], [0.1, 0.8, 0.2], [0.2, 0.2, 0.7]])


def clouds(count: int = 300) -> np.ndarray:
    """Three clouds of colors; the first holds half of the pixels, the last a sixth."""
    rng = np.random.default_rng(0)
    which = np.repeat([0, 1, 2], [count // 2, count // 3, count // 6])
    return np.clip(THREE[which] + rng.normal(0, 0.02, (len(which), 3)), 0, 1)


@st.composite
def palettes(draw: st.DrawFn) -> Palette:
    space = draw(st.sampled_from(["rgb", "ab"]))
    size, high = (3, 10_000) if space == "rgb" else (2, 1_280_000)
    whole = st.integers(0 if space == "rgb" else -high, high)
    rows = draw(st.lists(st.tuples(*[whole] * size), min_size=1, max_size=20, unique=True))
    return Palette(np.array(rows) / 10_000, space)


@given(palettes())
@settings(max_examples=60, deadline=None)
def test_every_color_is_nearest_to_itself(palette: Palette) -> None:
    np.testing.assert_array_equal(palette.nearest(palette.colors), np.arange(len(palette)))
    np.testing.assert_array_equal(palette.colors_of(palette.nearest(palette.colors)), palette.colors)


@given(palettes())
@settings(max_examples=30, deadline=None)
def test_saving_loses_nothing(tmp_path_factory: pytest.TempPathFactory, palette: Palette) -> None:
    path = tmp_path_factory.mktemp("palette") / "palette.json"
    assert palette.save(path) == path
    again = Palette.load(path)
    assert again == palette
    assert hash(again) == hash(palette)
    assert [entry.name for entry in path.parent.iterdir()] == ["palette.json"]


@given(palettes(), hnp.arrays(np.float32, (6, 3), elements=st.floats(0, 1, width=32)))
@settings(max_examples=30, deadline=None)
def test_no_color_is_nearer_than_the_nearest(palette: Palette, pixels: np.ndarray) -> None:
    pixels = pixels[:, : palette.colors.shape[1]]
    every = np.linalg.norm(pixels[:, None].astype(np.float64) - palette.colors, axis=-1)
    chosen = every[np.arange(6), palette.nearest(pixels)]
    np.testing.assert_allclose(chosen, every.min(axis=1), atol=1e-4)


def test_fitting_finds_the_clouds_the_most_frequent_first() -> None:
    palette = Palette.fit(clouds(), 3, "rgb")
    np.testing.assert_allclose(palette.colors, THREE, atol=0.02)


@pytest.mark.parametrize("count", [300, 120_000])
def test_fitting_twice_gives_the_same_palette(count: int) -> None:
    pixels = clouds(count)
    assert Palette.fit(pixels, 8, "rgb", seed=3) == Palette.fit(pixels, 8, "rgb", seed=3)


def test_many_pixels_fit_like_few() -> None:
    np.testing.assert_allclose(Palette.fit(clouds(120_000), 3, "rgb").colors, THREE, atol=0.02)


def test_fitting_in_ab_takes_photos_of_any_shape() -> None:
    ab = np.random.default_rng(1).uniform(-60, 60, (2, 16, 16, 2))
    palette = Palette.fit(ab, 4, "ab")
    assert palette.colors.shape == (4, 2)
    assert palette.colors.dtype == np.float32


def test_as_many_colors_as_pixels_gives_the_pixels() -> None:
    assert Palette.fit(THREE, 3, "rgb") == Palette(np.array(sorted(THREE.tolist())), "rgb")


def test_torch_tensors_are_looked_up_alike() -> None:
    palette = Palette.fit(clouds(), 3, "rgb")
    pixels = clouds().astype(np.float32).reshape(1, 30, 10, 3)
    planes = torch.from_numpy(np.moveaxis(pixels, -1, 1).copy())
    index = palette.nearest(planes, axis=1)
    assert index.dtype == torch.int64
    np.testing.assert_array_equal(index.numpy(), palette.nearest(pixels))
    colors = palette.colors_of(index, axis=1)
    assert colors.shape == planes.shape
    np.testing.assert_array_equal(np.moveaxis(colors.numpy(), 1, -1), palette.colors_of(index.numpy()))


def test_a_palette_cannot_be_changed() -> None:
    palette = Palette(THREE, "rgb")
    with pytest.raises(ValueError, match="read-only"):
        palette.colors[0] = 0


@pytest.mark.parametrize(
    ("colors", "space", "message"),
    [
        (THREE, "lab", "'rgb' or 'ab'"),
        (THREE, "ab", r"needs \(K, 2\)"),
        (np.zeros((0, 3)), "rgb", r"needs \(K, 3\)"),
        ([[0, 0, 2]], "rgb", "outside 0..1"),
        ([[0, np.nan]], "ab", "outside -128..128"),
        ([[0, 0], [0, 0.00001]], "ab", "two palette colors are equal"),
        ([["red", 0]], "ab", "not a table of numbers"),
    ],
)
def test_impossible_palettes_are_refused(colors: object, space: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        Palette(colors, space)


@pytest.mark.parametrize(
    ("pixels", "count", "space", "error", "message"),
    [
        (THREE, 0, "rgb", OptionError, "ask for 1 or more"),
        (THREE, 2, "hsv", OptionError, "'rgb' or 'ab'"),
        (THREE, 2, "ab", DataError, r"needs \(..., 2\)"),
        (THREE, 4, "rgb", DataError, "3 different colors, 4 were asked for"),
        (THREE * np.inf, 2, "rgb", DataError, "not finite"),
    ],
)
def test_impossible_fits_are_refused(pixels: np.ndarray, count: int, space: str, error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        Palette.fit(pixels, count, space)


def test_a_missing_scikit_learn_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: object) -> object:
        if name.startswith("sklearn"):
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(RunError, match=r"photochrom\[train\]"):
        Palette.fit(THREE, 2, "rgb")


def test_pixels_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(OptionError, match="needs 3"):
        Palette(THREE, "rgb").nearest(np.zeros((4, 2)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a palette"),
        ('{"photochrom_palette": 2}', "version 2, expected 1"),
        ('{"photochrom_palette": 1, "space": "ab"}', "misses"),
        ('{"photochrom_palette": 1, "space": "ab", "colors": [[1]]}', "shape"),
        ('{"photochrom_palette": 1, "space": ["ab"], "colors": [[1, 2]]}', "palette.json"),
        ('{"photochrom_palette": 1, "space": "ab", "colors": [[1, NaN]]}', "outside"),
        ('{"photochrom_palette": 1, "space": "ab", "colors": {"a": 1}}', "not a table"),
    ],
)
def test_broken_palette_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "palette.json"
    path.write_text(text)
    with pytest.raises(OptionError, match=message) as caught:
        Palette.load(path)
    assert str(path) in str(caught.value)


def test_a_missing_palette_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"none\.json"):
        Palette.load(tmp_path / "none.json")


def test_an_unwritable_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable, match="nowhere"):
        Palette(THREE, "rgb").save(tmp_path / "nowhere" / "palette.json")


def test_the_file_says_what_it_is(tmp_path: Path) -> None:
    stored = json.loads(Palette(THREE, "rgb").save(tmp_path / "p.json").read_text())
    assert stored == {"photochrom_palette": 1, "space": "rgb", "colors": THREE.tolist()}
