"""What encounters make: scenes, traces with one place of each photo, and things that recur."""

import numpy as np
from tests.album.conftest import COAT, SIDE, Make, scene, wearing

from photochrom.album.matching import Encounter, compare
from photochrom.album.scenes import gather, scenes, shares, traces

Row = tuple[int, int, float]


def met(one: int, other: int, *rows: Row, certainty: float = 0.9) -> Encounter:
    """Return an encounter of matches (here, there, score)."""
    here, there, score = (np.array(column) for column in zip(*rows, strict=True))
    return Encounter(one, other, here, there, score.astype(np.float32), certainty)


def shifted() -> list[int]:
    """Return scene 0, two columns of cells further to the right."""
    cells = scene(1)
    cells[:, 2:] = scene(0)[:, :-2]
    return [int(cell) for cell in cells.ravel()]


def test_photos_of_one_scene_are_grouped_and_unlike_ones_left_alone(make: Make) -> None:
    pages = [scene(0).ravel().tolist(), scene(2).ravel().tolist(), shifted(), scene(0).ravel().tolist()]
    members = [make(str(number), page) for number, page in enumerate(pages)]
    share = shares(members, compare(members))
    assert share == {(0, 2): 63 / 81, (0, 3): 1.0, (2, 3): 63 / 81}
    assert scenes(4, share) == [[0, 2, 3], [1]]
    assert scenes(4, share, similarity=0.9) == [[0, 3], [1], [2]]
    assert scenes(4, share, similarity=0.0) == [[0, 1, 2, 3]]


def test_a_coat_makes_no_scene(make: Make) -> None:
    members = [make("a", wearing(0, COAT, 1, 1)), make("b", wearing(1, COAT, 4, 5))]
    share = shares(members, compare(members))
    assert share == {(0, 1): COAT.size / SIDE**2}
    assert scenes(2, share) == [[0], [1]]


def test_a_cell_counts_once_for_the_share(make: Make) -> None:
    members = [make("a", scene(0).ravel().tolist()), make("b", scene(1).ravel().tolist())]
    twice = [met(0, 1, (5, 6, 0.9), (6, 7, 0.9)), met(0, 1, (5, 20, 0.8))]
    assert shares(members, twice) == {(0, 1): 2 / 81}


def test_one_likeness_does_not_chain_strangers_together() -> None:
    assert scenes(4, {(0, 1): 0.9, (2, 3): 0.9, (1, 2): 0.6}, 0.25) == [[0, 1], [2, 3]]


def test_an_album_of_nothing_has_no_scenes() -> None:
    assert scenes(0, {}) == []
    assert scenes(1, {}) == [[0]]


def test_a_trace_has_one_place_of_each_photo(make: Make) -> None:
    pages = [scene(0).ravel().tolist(), shifted(), scene(0).ravel().tolist()]
    found = traces(compare([make(str(number), page) for number, page in enumerate(pages)]))
    assert [(0, 10), (1, 12), (2, 10)] in found
    assert all(len({member for member, _ in trace}) == len(trace) for trace in found)
    places = [place for trace in found for place in trace]
    assert len(places) == len(set(places))


def test_the_most_alike_is_joined_first_and_an_earlier_rank_before_all() -> None:
    weak, strong, other = met(0, 1, (1, 1, 0.6)), met(0, 1, (1, 2, 0.9)), met(1, 2, (1, 5, 0.7))
    assert traces([weak, strong, other]) == [[(0, 1), (1, 2)], [(1, 1), (2, 5)]]
    assert traces([weak], [strong, other]) == [[(0, 1), (1, 1), (2, 5)]]


def test_what_recurs_are_encounters_with_a_place_in_common() -> None:
    chain = [met(0, 1, (1, 2, 0.9), (2, 3, 0.9)), met(1, 2, (3, 4, 0.8), certainty=0.7)]
    apart = met(0, 2, (30, 31, 0.9))
    coat, hat = gather([*chain, apart], traces([*chain, apart]))
    assert (coat.members, coat.certainty) == ([0, 1, 2], 0.7)
    assert coat.traces == [[(0, 1), (1, 2)], [(0, 2), (1, 3), (2, 4)]]
    assert (hat.members, hat.traces) == ([0, 2], [[(0, 30), (2, 31)]])
    assert gather([], []) == []
