"""What hints are worth, with a model of one convolution that follows them."""

from pathlib import Path

import numpy as np
import pytest

from photochrom import Colorizer
from photochrom.data.catalog import list_entries
from photochrom.evaluate.hinting import measure_hints
from photochrom.evaluate.truth import Truth, load_truth


@pytest.fixture(scope="module")
def truth(photo_folder: Path) -> Truth:
    return load_truth(list_entries([str(photo_folder)])[:4])


def test_true_colors_at_some_places_bring_the_photo_nearer(toy_model: Path, truth: Truth) -> None:
    found = measure_hints(Colorizer(toy_model), truth)
    assert found.gain.shape == (4,)
    assert (found.gain > 0.2).all()
    assert np.median(found.distance) < 4
    assert found.distance.shape == (4, 10)


def test_no_hints_change_nothing_and_the_same_seed_gives_the_same_places(toy_model: Path, truth: Truth) -> None:
    model = Colorizer(toy_model)
    one, again, other = (measure_hints(model, truth, count=3, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.with_hints, again.with_hints)
    assert not np.array_equal(one.with_hints, other.with_hints)
    assert np.array_equal(one.without, other.without)
