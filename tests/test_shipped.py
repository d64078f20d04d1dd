"""The models in the package: small enough, with whole cards, and of one mind."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom import Colorizer
from photochrom.color.difference import ciede2000
from photochrom.color.lab import rgb_to_lab
from photochrom.photo import Photo
from photochrom.weights import shipped

EXAMPLES = Path(__file__).parents[1] / "examples"
LARGEST = {"default": 40e6, "small": 12e6}
"""Bytes that a model's file may have."""

every_model = pytest.mark.parametrize("name", LARGEST)


def test_these_models_are_shipped() -> None:
    assert shipped().keys() == LARGEST.keys()


@every_model
def test_a_model_is_small_and_its_card_is_whole(name: str) -> None:
    path = shipped()[name]
    assert path.stat().st_size <= LARGEST[name]
    card = Colorizer(path).card
    assert card.name == name
    assert card.training["photo_passes"] > 0
    assert all({"what", "name", "terms"} <= origin.keys() for origin in card.origins if "weights" not in origin)
    assert "protocol" in card.metrics
    assert card.guess
    assert path.with_suffix(".card.json").exists()


def test_the_small_model_colors_much_like_the_default_one() -> None:
    apart = []
    for path in sorted(EXAMPLES.glob("*.jpg")):
        gray = np.asarray(Image.open(path).convert("L").resize((256, 256)))
        one, other = (Colorizer(name).colorize(Photo.from_array(gray)).to_array() / 255 for name in LARGEST)
        apart.append(float(ciede2000(rgb_to_lab(one), rgb_to_lab(other)).mean()))
    assert len(apart) >= 5
    assert 0.1 < np.mean(apart) < 5
