"""The study palette24: what it measures on made-up answers."""

import numpy as np
import pytest

from photochrom.studies.palette24 import PALETTES, Chosen, by_chance, distance, entropy, nearest
from photochrom.studies.views import Views

PALETTE = np.array([[0, 0, 0], [1, 1, 1], [1, 0, 0]], np.float32)


def chosen(right: list[list[int]], given: list[list[int]]) -> Chosen:
    return Chosen(PALETTE, np.array([right]), np.array([given]), np.zeros(1))


def test_the_nearest_color_of_a_palette_color_is_itself() -> None:
    assert nearest(PALETTE, PALETTE).tolist() == [0, 1, 2]
    assert nearest(np.array([[[0.9, 0.1, 0.2]]], np.float32), PALETTE).tolist() == [[2]]


def test_the_nearest_color_agrees_with_distances() -> None:
    random = np.random.default_rng(3)
    rgb, palette = random.random((50, 3)).astype(np.float32), random.random((7, 3)).astype(np.float32)
    away = np.linalg.norm(rgb[:, None] - palette, axis=-1)
    assert nearest(rgb, palette).tolist() == away.argmin(axis=1).tolist()


def test_black_is_as_far_from_white_as_it_gets() -> None:
    assert distance(PALETTE[0], PALETTE[1]) == pytest.approx(3**0.5)
    assert distance(PALETTE, PALETTE) == 0


def test_accuracy_counts_pixels_of_the_right_color() -> None:
    assert chosen([[0, 1], [2, 2]], [[0, 1], [2, 0]]).accuracy.tolist() == [0.75]


def test_confusion_has_a_row_for_the_right_and_a_column_for_the_given_color() -> None:
    confusion = chosen([[0, 1], [2, 2]], [[0, 1], [2, 0]]).confusion
    assert confusion.tolist() == [[0.25, 0, 0], [0, 0.25, 0], [0.25, 0, 0.25]]


def test_entropy_of_equal_shares_is_the_logarithm_of_their_number() -> None:
    assert entropy(np.full(8, 1 / 8)) == pytest.approx(np.log(8))
    assert entropy(np.array([1.0, 0.0])) == 0


def test_wrong_colors_by_chance_are_weighed_by_how_often_they_are_given() -> None:
    confusion = np.array([[0.5, 0.0, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]])  # color 0 is all that is given
    apart = np.array([[0.0, 3.0, 9.0], [3.0, 0.0, 9.0], [9.0, 9.0, 0.0]])
    assert by_chance(confusion, apart) == pytest.approx(3.0)


def test_the_ablation_changes_the_number_of_colors_alone() -> None:
    for colors, trial in PALETTES.items():
        assert trial.recipe.chroma == {"kind": "palette", "colors": colors, "space": "rgb"}
        assert trial.recipe.stages == PALETTES[24].recipe.stages
        trial.recipe.check()


def test_part_of_views_takes_the_same_photos_of_everything() -> None:
    many = np.arange(3.0)[:, None, None, None] * np.ones((3, 2, 2, 3))
    part = Views(many, many[..., 0].astype(np.float32), many * 2).part([2, 0])
    assert part.rgb[:, 0, 0, 0].tolist() == [2, 0]
    assert part.lightness[:, 0, 0].tolist() == [2, 0]
    assert part.lab[:, 0, 0, 0].tolist() == [4, 0]
