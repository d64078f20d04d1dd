"""Which photos are one scene, and which of their places are one thing."""

from dataclasses import replace

import numpy as np
from numpy.testing import assert_allclose
from tests.album.conftest import Make

from photochrom.album.matching import Matches, compare, match, scenes, traces

SCENE = list(range(25))
SHIFTED = [*range(5, 25), *range(100, 105)]  # the same scene, one row of cells further down
OTHER = list(range(50, 75))


def test_the_same_cells_match_and_nothing_else(make: Make) -> None:
    found = match(make("a", SCENE), make("b", SHIFTED))
    good = found.score > 0.99
    assert good.sum() == 20
    assert (found.here[good] == found.there[good] + 5).all()
    assert found.likeness > 0.9


def test_matching_is_the_same_from_both_sides(make: Make) -> None:
    one, other = match(make("a", SCENE), make("b", SHIFTED)), match(make("b", SHIFTED), make("a", SCENE))
    assert sorted(zip(one.here, one.there, strict=True)) == sorted(zip(other.there, other.here, strict=True))
    assert_allclose(one.score, other.score, rtol=1e-5)


def test_photos_of_one_scene_are_grouped_and_unlike_ones_left_alone(make: Make) -> None:
    members = [make("a", SCENE), make("x", OTHER), make("b", SHIFTED), make("c", SCENE)]
    matches = compare(members)
    assert scenes(4, matches) == [[0, 2, 3], [1]]
    assert scenes(4, matches, similarity=1.01) == [[0], [1], [2], [3]]
    assert scenes(4, matches, similarity=0.0) == [[0, 1, 2, 3]]


def test_one_likeness_does_not_chain_strangers_together() -> None:
    def alike(score: float) -> Matches:
        return Matches(np.arange(20), np.arange(20), np.full(20, score, np.float32))

    pairs = {(0, 1): alike(0.95), (2, 3): alike(0.95), (1, 2): alike(0.8), (0, 2): alike(0.3)}
    pairs |= {(0, 3): alike(0.3), (1, 3): alike(0.3)}
    assert scenes(4, pairs, 0.72) == [[0, 1], [2, 3]]


def test_an_album_of_nothing_and_of_one_has_no_pairs(make: Make) -> None:
    assert scenes(0, compare([])) == []
    assert scenes(1, compare([make("a", SCENE)])) == [[0]]


def test_a_trace_has_one_place_of_each_photo(make: Make) -> None:
    members = [make("a", SCENE), make("b", SHIFTED), make("c", SCENE)]
    found = traces(members, [0, 1, 2], compare(members))
    assert [(0, 7), (1, 2), (2, 7)] in found
    assert all(len({member for member, _ in trace}) == len(trace) for trace in found)
    places = [place for trace in found for place in trace]
    assert len(places) == len(set(places))


def test_a_black_coat_is_no_white_one(make: Make) -> None:
    members = [make("a", SCENE, light=15), make("b", SCENE, light=85)]
    assert traces(members, [0, 1], compare(members)) == []


def test_a_large_album_finds_the_same_pairs_by_embedding(make: Make) -> None:
    random = np.random.default_rng(5)
    members = [make(str(number), random.permutation(200)[:25].tolist()) for number in range(40)]
    members += [make("a", SCENE), make("b", SHIFTED)]
    matches = compare(members)
    assert (40, 41) in matches
    assert len(matches) < 42 * 41 / 2
    assert [40, 41] in scenes(42, matches, 0.8)


def test_likeness_does_not_depend_on_the_scale_of_features(make: Make) -> None:
    one, other = make("a", SCENE), make("b", SHIFTED)
    paler = replace(other, features=other.features // 2)
    assert_allclose(match(one, paler).likeness, match(one, other).likeness, atol=0.02)
