import numpy as np
import pytest

pytest.importorskip("cv2")

from photochrom.color.lab import lab_to_rgb, rgb_to_lab
from photochrom.video.planes import (
    WEIGHTS,
    Coding,
    at_depth,
    chroma_codes,
    chroma_differences,
    levels,
    likely_matrix,
    rgb_of,
    smaller,
)
from photochrom.video.turning import Turn

STUDIO = Coding(8, False, 1)


@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize(("bits", "is_full"), [(8, False), (8, True), (10, False), (12, True)])
def test_gray_stays_gray(matrix: int, bits: int, is_full: bool) -> None:
    coding = Coding(bits, is_full, matrix)
    luma = np.linspace(0, (1 << bits) - 1, 60).reshape(6, 10).astype(np.uint8 if bits == 8 else np.uint16)
    cb, cr = chroma_codes(np.zeros((6, 10, 2), np.float32), luma, coding)
    assert (cb == 1 << (bits - 1)).all()
    assert (cr == 1 << (bits - 1)).all()


@pytest.mark.parametrize("matrix", [1, 6, 9])
def test_the_color_that_is_seen_is_the_one_that_was_meant(matrix: int) -> None:
    ab = np.array([[[20, 25], [-15, 20], [-5, -25], [10, -5]]], np.float32)
    coding = Coding(16, True, matrix)
    luma = np.full((1, 4), 33000, np.uint16)
    cb, cr = chroma_differences(ab, levels(luma, coding), matrix)
    seen = rgb_to_lab(rgb_of(luma, cb, cr, coding))[..., 1:]
    assert np.abs(seen - ab).max() < 1.5  # luma is kept instead of lightness


@pytest.mark.parametrize("matrix", [1, 6])
def test_every_color_fits_and_keeps_its_luma(matrix: int) -> None:
    random = np.random.default_rng(3)
    ab = random.uniform(-100, 100, (40, 50, 2)).astype(np.float32)
    level = random.uniform(0, 1, (40, 50)).astype(np.float32)
    cb, cr = chroma_differences(ab, level, matrix)
    kr, kb = WEIGHTS[matrix]
    red, blue = level + 2 * (1 - kr) * cr, level + 2 * (1 - kb) * cb
    green = (level - kr * red - kb * blue) / (1 - kr - kb)
    assert min(red.min(), green.min(), blue.min()) > -1e-4
    assert max(red.max(), green.max(), blue.max()) < 1 + 1e-4


def test_black_and_white_take_no_color() -> None:
    ab = np.full((1, 2, 2), 60, np.float32)
    cb, cr = chroma_codes(ab, np.array([[16, 235]], np.uint8), STUDIO)
    assert cb.tolist() == cr.tolist() == [[128, 128]]


def test_studio_range_runs_from_16_to_235() -> None:
    assert levels(np.array([[0, 16, 235, 255]], np.uint8), STUDIO).tolist() == [[0, 0, 1, 1]]
    assert levels(np.array([[64, 940]], np.uint16), Coding(10, False, 1)).tolist() == [[0, 1]]


@pytest.mark.parametrize(("size", "matrix"), [((720, 576), 6), ((1920, 1080), 1), ((1280, 544), 1), ((640, 480), 6)])
def test_an_untagged_film_has_the_matrix_players_take(size: tuple[int, int], matrix: int) -> None:
    assert likely_matrix(2, *size) == matrix
    assert likely_matrix(9, *size) == 9


def test_each_field_of_an_interlaced_film_is_made_smaller_by_itself() -> None:
    luma = np.zeros((8, 4), np.uint8)
    luma[1::2] = 200
    small = smaller(luma, 2, 4, interlaced=True)
    assert (small[0::2] == 0).all()
    assert (small[1::2] == 200).all()
    assert (smaller(luma, 2, 4) == 100).all()


def test_more_bits_and_back_are_the_same_codes() -> None:
    codes = np.arange(256, dtype=np.uint8)
    assert (at_depth(at_depth(codes, 8, 12), 12, 8) == codes).all()
    assert at_depth(codes, 8, 8) is codes
    assert at_depth(np.array([1023], np.uint16), 10, 8).tolist() == [255]


@pytest.mark.parametrize("exchanged", [False, True])
@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("down", [False, True])
def test_turning_back_undoes_turning(exchanged: bool, across: bool, down: bool) -> None:
    turn, picture = Turn(exchanged, across, down), np.arange(12).reshape(3, 4)
    assert (turn.stored(turn.upright(picture)) == picture).all()


def test_a_phone_held_upright_is_turned_clockwise() -> None:
    turn = Turn.from_matrix((0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30))
    picture = np.arange(6).reshape(2, 3)
    assert (turn.upright(picture) == np.rot90(picture, -1)).all()


def test_upside_down_is_half_a_turn() -> None:
    picture = np.arange(6).reshape(2, 3)
    turned = Turn.from_matrix((-65536, 0, 0, 0, -65536, 0, 0, 0, 1 << 30)).upright(picture)
    assert (turned == np.rot90(picture, 2)).all()


def test_the_gray_of_a_level_is_the_lightness_the_network_sees() -> None:
    from photochrom.video.planes import lightness_of

    level = np.linspace(0, 1, 11, dtype=np.float32)[None]
    gray = np.stack([level] * 3, axis=-1)
    assert np.abs(lightness_of(level) - rgb_to_lab(gray)[..., 0]).max() < 1e-3
    assert np.abs(lab_to_rgb(rgb_to_lab(gray)) - gray).max() < 1e-3
