"""What photos share gets one color: the surest member's, never the gray between them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from tests.album.conftest import BLUE, COAT, COLORS, GREEN, RED, SIDE, Make, scene, wearing

from photochrom.album.member import Member
from photochrom.album.sharing import Rules, make_plan
from photochrom.album.things import Thing, find, read_things
from photochrom.color.lab import rgb_to_lab
from photochrom.errors import HintError
from photochrom.hints import parse_color

SCENE, OTHER = list(range(25)), list(range(50, 75))
NAMED = Thing("coat", parse_color("#4a5568"), "a", 10.0, 10.0)


def test_the_surest_member_decides(make: Make) -> None:
    plan = make_plan([make("a", SCENE, RED, sure=12), make("b", SCENE, BLUE, sure=2)])
    for part in plan.parts:
        assert_allclose(part.colors[7], COLORS[RED], atol=3)


def test_all_members_get_the_same_colors(make: Make) -> None:
    members = [make("a", SCENE, RED), make("b", SCENE, GREEN, sure=3), make("x", OTHER, BLUE)]
    plan = make_plan(members)
    assert plan.parts[0].colors == plan.parts[1].colors
    assert plan.groups == [[0, 1]]
    first, second = (part.hints(member) for part, member in zip(plan.parts[:2], members[:2], strict=True))
    assert first is not None
    assert second is not None
    assert_allclose(first.colors, second.colors, atol=2)


def test_what_is_alone_stays_as_it_is(make: Make) -> None:
    members = [make("a", SCENE), make("b", SCENE), make("x", OTHER, BLUE)]
    part = make_plan(members).parts[2]
    ab = np.full((20, 20, 2), 30, np.float32)
    assert part.hints(members[2]) is None
    assert part.moved(ab, members[2]) is ab


def test_photos_that_agree_already_do_not_move(make: Make) -> None:
    members = [make("a", SCENE, RED), make("b", SCENE, RED)]
    plan = make_plan(members)
    assert_allclose(plan.parts[0].drift, 0, atol=0.1)
    hints = plan.parts[0].hints(members[0])
    assert hints is not None
    assert_allclose(hints.colors, members[0].answer.ab()[0, :1], atol=2)


def test_a_small_thing_within_a_cell_keeps_its_difference(make: Make) -> None:
    members = [make("a", SCENE, GREEN), make("b", SCENE, GREEN)]
    face = members[0].ab.copy()
    face[4:6, 4:6] = (20, 20)  # the middle of cell 12, as a face in the grass
    members[0] = replace(members[0], ab=face)
    hints = make_plan(members).parts[0].hints(members[0])
    assert hints is not None
    assert_allclose(rgb_to_lab(np.array(hints.items[12].rgb))[1:], (20, 20), atol=3)
    assert rgb_to_lab(np.array(hints.items[7].rgb))[1] < -15


def test_the_rest_follows_the_mood_and_gray_stays_gray(make: Make) -> None:
    part_of_it = [*range(10), *range(100, 115)]
    members = [make("a", SCENE, GREEN, sure=2), make("b", part_of_it, RED, sure=12)]
    plan = make_plan(members, rules=Rules(similarity=0.3))
    part = plan.parts[0]
    assert part.drift[0] > 20
    ab = np.zeros((20, 20, 2), np.float32)
    assert not part.moved(ab, members[0]).any()
    ab[:] = (-20, 15)
    moved = part.moved(ab, members[0]) - ab
    assert moved[-1, 0, 0] > 5 * abs(moved[0, 0, 0])


def coats(make: Make) -> list[Member]:
    """Return two different scenes with one coat, which the first tells more surely, and a third scene."""
    return [
        make("a", wearing(0, COAT, 1, 1), RED, sure=12),
        make("b", wearing(1, COAT, 4, 5), GREEN, sure=2),
        make("x", scene(2).ravel().tolist(), BLUE),
    ]


def test_a_coat_gets_one_color_in_all_scenes_and_the_scenes_keep_theirs(make: Make) -> None:
    plan = make_plan(coats(make))
    assert plan.groups == []
    assert [(one.members, len(one.traces)) for one in plan.recurring] == [([0, 1], COAT.size)]
    for part in plan.parts[:2]:
        assert len(part.colors) == COAT.size
        assert_allclose(list(part.colors.values()), np.broadcast_to(COLORS[RED], (COAT.size, 2)), atol=3)
        assert part.drift == (0.0, 0.0)  # a coat says nothing of the light of a room
    assert plan.parts[2].colors == {}


def test_more_certainty_may_be_asked_of_what_recurs(make: Make) -> None:
    members = coats(make)
    certainty = make_plan(members).recurring[0].certainty
    assert make_plan(members, rules=Rules(recurring=certainty)).recurring != []
    for more in ((certainty + 1) / 2, 1.0):
        plan = make_plan(members, rules=Rules(recurring=more))
        assert plan.recurring == plan.traces == []


def test_the_plan_tells_what_recurs_as_json(make: Make) -> None:
    plan = make_plan(coats(make))
    stored = json.loads(json.dumps(plan.to_dict()))
    assert stored["groups"] == []
    (thing,) = stored["recurring"]
    assert thing["members"] == [0, 1]
    assert thing["certainty"] == round(plan.recurring[0].certainty, 3)
    assert [{place["member"] for place in trace["places"]} for trace in thing["traces"]] == [{0, 1}] * COAT.size
    assert stored["rules"] == {"similarity": 0.25, "found": 0.85, "recurring": 0.75}


def test_a_named_thing_is_found_and_keeps_its_color(make: Make) -> None:
    elsewhere = [*range(150, 160), 0, 1, 5, 6, *range(160, 171)]
    shown = replace(make("a", SCENE), things={"coat": np.array([0, 1, 5, 6])})
    members = [shown, make("b", elsewhere), make("x", OTHER)]
    plan = make_plan(members, [(NAMED, 0)])
    ((_, finds),) = plan.things
    assert [one.member for one in finds] == [0, 1]
    assert finds[1].cells.tolist() == [10, 11, 12, 13]
    assert finds[1].score > 0.95
    hints = plan.parts[1].hints(members[1])
    assert hints is not None
    assert {hint.color for hint in hints.items} == {"#4a5568"}
    assert plan.parts[2].hints(members[2]) is None


def test_a_named_thing_wins_over_what_is_shared_and_follows_it(make: Make) -> None:
    shown = replace(make("a", SCENE), things={"coat": np.array([3])})
    members = [shown, make("b", SCENE)]
    assert len(find("coat", 0, members)) == 1  # a single cell is chance ...
    plan = make_plan(members, [(NAMED, 0)])
    assert [part.named for part in plan.parts] == [{3: NAMED}, {3: NAMED}]  # ... but the scene says that it is the same


def test_the_plan_is_plain_json(make: Make) -> None:
    shown = replace(make("a", SCENE), things={"coat": np.array([0, 1])})
    plan = make_plan([shown, make("b", SCENE)], [(NAMED, 0)])
    stored = json.loads(json.dumps(plan.to_dict()))
    assert stored["groups"][0]["members"] == [0, 1]
    assert stored["members"][0]["hints"]["photo"] == {"width": 100, "height": 80}
    assert stored["things"][0]["found"][1]["score"] > 0.95
    assert stored["kept_bytes"] == plan.bytes


@pytest.mark.parametrize(
    "text",
    ["", "coat", "coat=#4a5568", "coat=#4a5568@a.jpg", "coat=blue@a.jpg:1,2", "=#4a5568@a.jpg:1,2", "c=#4a5568@a:1"],
)
def test_a_thing_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(HintError, match="expected"):
        Thing.parse(text)


def test_things_are_read_from_the_command_line_and_from_json(tmp_path: Path) -> None:
    assert Thing.parse("my coat=#4a5568@x:y.jpg:1.5,2") == Thing("my coat", NAMED.rgb, "x:y.jpg", 1.5, 2)
    path = tmp_path / "things.json"
    entry = {"name": "coat", "color": "#4a5568", "photo": "a", "x": 10, "y": 10}
    path.write_text(json.dumps({"photochrom_things": 1, "things": [entry]}))
    assert read_things([], path) == [NAMED]
    with pytest.raises(HintError, match="two things are named 'coat'"):
        read_things(["coat=#000000@b:1,1"], path)
    for text in ("", "[]", "{}", '{"photochrom_things": 1, "things": [{"name": "coat"}]}', '{"photochrom_things": 9}'):
        path.write_text(text)
        with pytest.raises(HintError, match=r"things\.json .*expected"):
            read_things([], path)


def test_what_a_scene_shares_is_told_once_and_what_recurs_beside_it(make: Make) -> None:
    pages = [wearing(0, COAT, 1, 1), wearing(0, COAT, 1, 1), wearing(1, COAT, 4, 5)]
    plan = make_plan([make(str(number), page) for number, page in enumerate(pages)])
    assert plan.groups == [[0, 1]]
    (coat,) = plan.recurring
    assert (coat.members, len(coat.traces)) == ([0, 1, 2], COAT.size)
    assert len(plan.within([0, 1])) == len(plan.traces) - COAT.size == SIDE**2 - COAT.size
