"""Hints: reading, checking, painting."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photochrom.color.lab import rgb_to_lab
from photochrom.errors import HintError
from photochrom.hints import Hint, Hints, parse_color

RED = (1.0, 0.0, 0.0)
BLUE = (0.0, 0.0, 1.0)

levels = st.tuples(*[st.integers(0, 255).map(lambda level: level / 255)] * 3)
points = st.tuples(st.floats(0, 640), st.floats(0, 480))
hints = st.builds(
    Hint,
    st.lists(points, min_size=1, max_size=4).map(tuple),
    levels,
    st.none() | st.floats(0.01, 100),
)


def dot(x: float, y: float, rgb: tuple[float, float, float] = RED, radius: float | None = None) -> Hint:
    return Hint(((x, y),), rgb, radius)


def ab_of(rgb: tuple[float, float, float]) -> np.ndarray:
    return rgb_to_lab(np.array(rgb))[1:]


@given(st.lists(hints, max_size=5))
@settings(max_examples=50, deadline=None)
def test_json_keeps_every_hint(items: list[Hint]) -> None:
    original = Hints(640, 480, tuple(items))
    assert Hints.from_json(original.to_json()) == original


@given(st.lists(hints, max_size=4), st.integers(1, 60), st.integers(1, 60))
@settings(max_examples=50, deadline=None)
def test_a_field_is_zero_wherever_its_mask_is(items: list[Hint], width: int, height: int) -> None:
    field = Hints(640, 480, tuple(items)).field(width, height)
    assert field.shape == (3, height, width)
    assert field.dtype == np.float32
    assert set(np.unique(field[0])) <= {0.0, 1.0}
    assert (field[1:, field[0] == 0] == 0).all()
    assert bool(field[0].any()) == bool(items)


@given(points, st.integers(1, 40), st.integers(1, 40))
@settings(max_examples=50, deadline=None)
def test_the_smallest_point_covers_its_own_pixel(point: tuple[float, float], width: int, height: int) -> None:
    field = Hints(640, 480, (dot(*point, RED, 0.001),)).field(width, height)
    column = min(int(point[0] / (640 / width)), width - 1)
    row = min(int(point[1] / (480 / height)), height - 1)
    assert field[0, row, column] == 1
    np.testing.assert_allclose(field[1:, row, column], ab_of(RED), rtol=1e-5)


@given(levels)
@settings(max_examples=50, deadline=None)
def test_color_text_survives_the_round_trip(rgb: tuple[float, float, float]) -> None:
    assert parse_color(dot(1, 1, rgb).color) == pytest.approx(rgb)
    assert Hint.parse(f"1,2={dot(1, 1, rgb).color}") == dot(1, 2, rgb)


def test_the_command_line_form_is_read() -> None:
    assert Hint.parse("120,80=#3A6EA5") == dot(120, 80, (0x3A / 255, 0x6E / 255, 0xA5 / 255))
    assert Hint.parse(" 1.5, 2 , 8=#ff0000 ") == dot(1.5, 2, RED, 8)
    assert Hints.parse(["1,2=#ff0000", "3,4=#0000ff"], (640, 480)).items == (dot(1, 2), dot(3, 4, BLUE))


@pytest.mark.parametrize(
    "text", ["", "1,2", "=#ff0000", "1=#ff0000", "a,b=#ff0000", "1,2=red", "1,2=#f00", "nan,2=#ff0000",
             "1,2,0=#ff0000", "1,2,inf=#ff0000", "1,2,3,4=#ff0000"]
)  # fmt: skip
def test_broken_command_line_hints_are_named(text: str) -> None:
    with pytest.raises(HintError) as caught:
        Hint.parse(text)
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_later_hints_win() -> None:
    field = Hints(64, 64, (dot(32, 32, RED, 20), dot(32, 32, BLUE, 5))).field(64, 64)
    np.testing.assert_allclose(field[1:, 32, 32], ab_of(BLUE), rtol=1e-5)
    np.testing.assert_allclose(field[1:, 32, 45], ab_of(RED), rtol=1e-5)


def test_a_dot_is_a_disc_of_its_radius() -> None:
    mask = Hints(100, 100, (dot(50, 50, RED, 20),)).field(100, 100)[0]
    assert mask.sum() == pytest.approx(np.pi * 400, rel=0.02)
    np.testing.assert_array_equal(mask, mask.T)
    np.testing.assert_array_equal(mask, mask[::-1, ::-1])


def test_a_dot_stays_round_on_a_stretched_grid() -> None:
    mask = Hints(200, 100, (dot(100, 50, RED, 40),)).field(50, 50)[0]
    assert mask[25].sum() * 4 == pytest.approx(80, abs=8)
    assert mask[:, 25].sum() * 2 == pytest.approx(80, abs=4)


def test_without_a_radius_a_hundredth_of_the_long_side_is_painted() -> None:
    mask = Hints(1000, 500, (dot(500, 250),)).field(1000, 500)[0]
    assert mask.sum() == pytest.approx(np.pi * 100, rel=0.05)


@pytest.mark.parametrize("end", [(100.0, 100.0), (100.0, 37.0), (100.0, 0.0), (13.0, 100.0)])
def test_a_thin_stroke_leaves_no_gap(end: tuple[float, float]) -> None:
    mask = Hints(100, 100, (Hint(((0.0, 0.0), end), RED, 0.01),)).field(25, 25)[0]
    long_axis = 0 if end[0] == 100 else 1
    assert mask.any(axis=long_axis).all()
    assert mask.sum() <= 3 * 25


def test_a_stroke_turns_at_its_points() -> None:
    stroke = Hint(((5.0, 5.0), (95.0, 5.0), (95.0, 95.0)), RED, 2)
    mask = Hints(100, 100, (stroke,)).field(100, 100)[0]
    assert mask[5, 5:95].all()
    assert mask[5:95, 94].all()
    assert not mask[20:, :80].any()


def test_points_on_the_border_are_painted() -> None:
    mask = Hints(640, 480, (dot(640, 480), dot(0, 0))).field(16, 12)[0]
    assert mask[-1, -1] == mask[0, 0] == 1


def test_a_layer_becomes_the_field_that_was_painted() -> None:
    layer = np.zeros((40, 60, 4), dtype=np.uint8)
    layer[10:20, 30:45] = (255, 0, 0, 255)
    layer[30, 5] = (0, 0, 255, 200)
    layer[0, 0] = (9, 9, 9, 127)
    field = Hints.from_overlay(layer, (60, 40)).field(60, 40)
    np.testing.assert_array_equal(field[0], layer[..., 3] >= 128)
    np.testing.assert_allclose(field[1:, 15, 40], ab_of(RED), rtol=1e-5)
    np.testing.assert_allclose(field[1:, 30, 5], ab_of(BLUE), rtol=1e-5)


def test_a_large_layer_is_read_in_cells() -> None:
    layer = np.zeros((900, 2100, 4), dtype=np.uint8)
    layer[100:300, 200:1200] = (0, 128, 0, 255)
    hints = Hints.from_overlay(layer, (2100, 900))
    assert len(hints) < 60
    field = hints.field(210, 90)
    np.testing.assert_array_equal(field[0, 11:29, 21:119], 1)
    assert field[0].sum() == pytest.approx(20 * 100, rel=0.1)


def test_an_empty_layer_gives_no_hints() -> None:
    hints = Hints.from_overlay(np.zeros((4, 4, 4), dtype=np.uint8), (4, 4))
    assert len(hints) == 0
    assert not hints.field(8, 8).any()


def test_a_layer_of_another_size_names_both_sizes() -> None:
    with pytest.raises(HintError, match="60 x 40 pixels, the photo 640 x 480"):
        Hints.from_overlay(np.zeros((40, 60, 4), dtype=np.uint8), (640, 480))


@pytest.mark.parametrize("layer", [np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4, 4)), np.zeros((4, 4), np.uint8)])
def test_a_layer_without_transparency_is_refused(layer: np.ndarray) -> None:
    with pytest.raises(HintError, match="RGBA"):
        Hints.from_overlay(layer, (4, 4))


def test_hints_for_another_photo_name_both_sizes() -> None:
    hints = Hints(640, 480)
    hints.require_size(640, 480)
    with pytest.raises(HintError, match="640 x 480 pixels, this one has 480 x 640 pixels"):
        hints.require_size(480, 640)


def test_a_hint_outside_the_photo_is_named() -> None:
    with pytest.raises(HintError, match=r"hint 2 lies at \(641, 3\), outside the photo of 640 x 480 pixels"):
        Hints(640, 480, (dot(1, 1), dot(641, 3)))


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Hint((), RED), "no points"),
        (lambda: Hint(((1.0, float("nan")),), RED), "finite"),
        (lambda: Hint(((1.0, True),), RED), "finite"),
        (lambda: dot(1, 1, (1.0, 0.0, 1.5)), "each 0..1"),
        (lambda: dot(1, 1, (1.0, 0.0)), "each 0..1"),
        (lambda: dot(1, 1, RED, -1), "above 0"),
        (lambda: Hints(0, 480), "1 or more"),
        (lambda: Hints(640.5, 480), "1 or more"),
    ],
)
def test_impossible_hints_are_refused(build: object, message: str) -> None:
    with pytest.raises(HintError, match=message):
        build()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("{}", "holds no hints"),
        ('{"photochrom_hints": 9}', "version 9; expected 1"),
        ('{"photochrom_hints": 1, "hints": []}', "misses the key 'photo'"),
        ('{"photochrom_hints": 1, "photo": {"width": 4}, "hints": []}', "misses the key 'height'"),
        ('{"photochrom_hints": 1, "photo": 4, "hints": []}', "another shape"),
        ('{"photochrom_hints": 1, "photo": {"width": 4, "height": "x"}, "hints": []}', "'x'"),
        ('{"photochrom_hints": 1, "photo": {"width": 4, "height": 4}, "hints": 7}', "another shape"),
        ('{"photochrom_hints": 1, "photo": {"width": 4, "height": 4}, "hints": [7]}', "another shape"),
        (
            '{"photochrom_hints": 1, "photo": {"width": 4, "height": 4},'
            ' "hints": [{"points": [[1, NaN]], "color": "#000000"}]}',
            "finite",
        ),
        (
            '{"photochrom_hints": 1, "photo": {"width": 4, "height": 4},'
            ' "hints": [{"points": [["1", 1]], "color": "#000000"}]}',
            "finite",
        ),
        (
            '{"photochrom_hints": 1, "photo": {"width": 4, "height": 4}, "hints": [{"points": [[1, 1]], "color": 7}]}',
            "color is 7",
        ),
        (
            '{"photochrom_hints": 1, "photo": {"width": 4, "height": 4},'
            ' "hints": [{"points": [[1, 9]], "color": "#000000"}]}',
            "outside the photo of 4 x 4",
        ),
    ],
)
def test_broken_hint_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "hints.json"
    path.write_text(text)
    with pytest.raises(HintError, match=message) as caught:
        Hints.from_json(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_hint_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(HintError, match=r"none\.json cannot be read"):
        Hints.from_json(tmp_path / "none.json")
    with pytest.raises(HintError, match="cannot be read"):
        Hints.from_json(str(tmp_path))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "hints.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(HintError, match="not text"):
        Hints.from_json(path)
