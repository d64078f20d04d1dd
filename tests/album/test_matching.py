"""What photos show in common: things that hold together, and no lawn or sky."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tests.album.conftest import COAT, SIDE, Make, scene, wearing

from photochrom.album.candidates import NEIGHBORS
from photochrom.album.cells import elsewhere, steps
from photochrom.album.matching import compare, parts


def test_a_coat_is_found_in_another_scene_and_at_another_place(make: Make) -> None:
    (found,) = compare([make("a", wearing(0, COAT, 1, 1)), make("b", wearing(1, COAT, 4, 5))])
    assert (found.one, found.other) == (0, 1)
    assert found.certainty > 0.9
    pairs = sorted(zip(found.here.tolist(), found.there.tolist(), strict=True))
    own = [10, 11, 12, 19, 20, 21, 28, 29, 30, 37, 38, 39]
    assert pairs == [(cell, cell + 3 * SIDE + 4) for cell in own]
    assert (found.score > 0.99).all()


def test_scenes_with_nothing_in_common_do_not_meet(make: Make) -> None:
    members = [make(str(number), scene(number).ravel().tolist()) for number in range(3)]
    assert compare(members) == []


def test_what_is_everywhere_on_a_photo_proves_nothing(make: Make) -> None:
    lawn = np.full((SIDE - 3, SIDE), 450)
    assert compare([make("a", wearing(0, lawn, 3, 0)), make("b", wearing(1, lawn, 2, 0))]) == []


def test_cells_that_do_not_hold_together_prove_nothing(make: Make) -> None:
    one, other = scene(0), scene(1)
    one[::2, ::2] = other[::2, ::2] = 0
    places = [(row, column) for row in range(0, SIDE, 3) for column in range(0, SIDE, 3)]
    for look, place in enumerate(places, 400):
        one[place] = look
    for look, place in zip(range(400, 409), places[4:] + places[:4], strict=True):
        other[place] = look
    assert compare([make("a", one.ravel().tolist()), make("b", other.ravel().tolist())]) == []


def test_a_black_coat_is_no_white_one(make: Make) -> None:
    assert compare([make("a", wearing(0, COAT, 1, 1), light=15), make("b", wearing(1, COAT, 4, 5), light=85)]) == []


def test_a_region_grows_over_cells_that_are_alike_but_not_distinct(make: Make) -> None:
    striped = COAT.copy()
    striped[:, 1] = 420  # one look, down the middle: no cell of it is like one of the other coat alone
    (found,) = compare([make("a", wearing(0, striped, 1, 1)), make("b", wearing(1, striped, 4, 5))])
    assert len(found.here) == 12


def test_two_things_are_two_encounters(make: Make) -> None:
    both = [np.array(wearing(number, COAT, 0, 0)).reshape(SIDE, SIDE) for number in range(2)]
    both[0][6:9, 6:9] = both[1][5:8, 0:3] = np.arange(430, 439).reshape(3, 3)
    found = compare([make(str(number), cells.ravel().tolist()) for number, cells in enumerate(both)])
    assert sorted(len(one.here) for one in found) == [9, 12]


def test_matching_is_the_same_from_both_sides(make: Make) -> None:
    one, other = make("a", wearing(0, COAT, 1, 1)), make("b", wearing(1, COAT, 4, 5))
    ((there,), (back,)) = compare([one, other]), compare([other, one])
    assert sorted(zip(there.here, there.there, strict=True)) == sorted(zip(back.there, back.here, strict=True))
    assert there.certainty == pytest.approx(back.certainty)


def test_likeness_does_not_depend_on_the_scale_of_features(make: Make) -> None:
    one, other = make("a", wearing(0, COAT, 1, 1)), make("b", wearing(1, COAT, 4, 5))
    paler = replace(other, features=other.features // 2)
    ((strong,), (pale,)) = compare([one, other]), compare([one, paler])
    assert_allclose(np.sort(pale.score), np.sort(strong.score), atol=0.02)


def test_in_a_large_album_photos_are_compared_that_share_a_scene_or_but_a_thing(make: Make) -> None:
    random = np.random.default_rng(5)
    pages = [random.permutation(400)[: SIDE**2].reshape(SIDE, SIDE) for _ in range(60)]
    pages += [pages[-1].copy(), *(random.permutation(400)[: SIDE**2].reshape(SIDE, SIDE) for _ in range(2))]
    for number, page in enumerate(pages[-2:]):
        page[number : number + 4, 2 + number : 5 + number] = COAT
    found = compare([make(str(number), page.ravel().tolist()) for number, page in enumerate(pages)])
    assert len(pages) > NEIGHBORS + 1
    assert {(one.one, one.other) for one in found if len(one.here) >= COAT.size} == {(59, 60), (61, 62)}


def test_an_album_of_nothing_and_of_one_has_no_encounters(make: Make) -> None:
    assert compare([]) == []
    assert compare([make("a", wearing(0, COAT, 1, 1))]) == []


def test_parts_are_what_is_joined_by_others(make: Make) -> None:
    joined = np.eye(5, dtype=bool)
    for one, other in ((0, 3), (3, 4), (1, 2)):
        joined[one, other] = joined[other, one] = True
    assert parts(joined).tolist() == [0, 1, 1, 0, 0]
    assert parts(np.zeros((0, 0), bool)).tolist() == []


def test_likeness_elsewhere_on_a_page() -> None:
    same = np.repeat(np.eye(3, dtype=np.float32), [1, 5, 1], axis=0)  # seven cells in a row: a, five of b, c
    assert_allclose(elsewhere(same, 7), [0, 1, 0, 1, 0, 1, 0])
    assert_allclose(elsewhere(same[:4], 4), 1)  # where nothing is far, nothing is known to be distinct
    assert steps(3, np.arange(6), np.array([0])).ravel().tolist() == [0, 1, 2, 1, 1, 2]


@pytest.mark.parametrize("count", [3, NEIGHBORS + 4])
def test_progress_goes_from_nothing_to_all(make: Make, count: int) -> None:
    members = [make(str(number), wearing(number % 3, COAT, number % 5, number % 4)) for number in range(count)]
    told: list[float] = []
    compare(members, told.append)
    assert told == sorted(told)
    assert 0 < told[0] <= 0.5
    assert 0.5 < told[-1] <= 1
