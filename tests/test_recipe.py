"""Recipes: to JSON and back, toy sizes, and what is said of impossible ones."""

import json
from dataclasses import FrozenInstanceError, replace
from pathlib import Path

import pytest

from photochrom.errors import RunError
from photochrom.networks import NETWORKS
from photochrom.objectives import Supervised
from photochrom.recipe import Recipe, Stage
from photochrom.recipes import RECIPES, find_recipe

TINY = find_recipe("default_tiny")
every_recipe = pytest.mark.parametrize("name", RECIPES)


@every_recipe
def test_every_recipe_is_possible_and_named_as_in_the_list(name: str) -> None:
    RECIPES[name].check()
    assert RECIPES[name].name == name


@every_recipe
def test_every_recipe_survives_json(name: str) -> None:
    text = RECIPES[name].to_json()
    again = Recipe.from_json(text)
    assert again.to_json() == text
    assert again.stages == RECIPES[name].stages


def test_objectives_keep_their_kind_and_weights_in_json() -> None:
    recipe = replace(TINY, stages=(Stage(32, 1.0, 4, Supervised(1.5, 0.0, 3.0)),))
    entry = json.loads(recipe.to_json())["stages"][0]["objective"]
    expected = {"kind": "supervised", "cross_entropy": 1.5, "huber": 0.0, "gradient": 3.0, "l1": 0.0, "l2": 0.0}
    assert entry == expected | {"perceptual": 0.0, "reading": {"temperature": 1.0, "balance": 0.0}}
    assert Recipe.from_json(recipe.to_json()).stages == recipe.stages


def test_a_recipe_is_found_by_name_and_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(replace(TINY, name="mine").to_json())
    assert find_recipe("default_tiny") == TINY
    assert find_recipe(str(path)).name == "mine"


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b"7", b"\xff\xd8\xff\xe0 a photo", b'{"stages": [{"objective": {"kind": "no"}}]}']
)
def test_a_file_that_is_no_recipe_is_an_error_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "junk.json"
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"^this recipe cannot be read \(.*\); was it written by another version\?$"):
        find_recipe(str(path))


def test_an_unknown_recipe_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(RunError, match="there is no recipe 'defualt'; give a JSON file or one of: default"):
        find_recipe("defualt")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"network": "nothing"}, "unknown network 'nothing'; choose one of: .*encoder_unet"),
        ({"stages": (Stage(40, 1.0),)}, "crops of 40 px; encoder_unet needs a multiple of 16"),
        ({"stages": (Stage(0, 1.0),)}, "crops of 0 px"),
        ({"stages": (Stage(32, 0.5), Stage(32, 0.4))}, "add up to 0.9, not to 1"),
        ({"stages": ()}, "add up to 0, not to 1"),
    ],
)
def test_an_impossible_recipe_is_an_error(change: dict[str, object], message: str) -> None:
    with pytest.raises(RunError, match=message):
        replace(TINY, **change).check()  # type: ignore[arg-type]


def test_the_toy_recipe_keeps_everything_but_sizes() -> None:
    default = RECIPES["default"]
    tiny = default.tiny()
    tiny.check()
    assert [stage.share for stage in tiny.stages] == [stage.share for stage in default.stages]
    assert [stage.objective for stage in tiny.stages] == [stage.objective for stage in default.stages]
    assert {stage.size for stage in tiny.stages} == {32, 64}
    assert (tiny.rate, tiny.ema, tiny.seed) == (default.rate, default.ema, default.seed)
    network = NETWORKS[tiny.network](313, **tiny.network_options)
    assert sum(value.numel() for value in network.parameters()) < 100_000


def test_a_recipe_cannot_be_changed_in_place() -> None:
    with pytest.raises(FrozenInstanceError):
        TINY.rate = 1.0  # type: ignore[misc]
