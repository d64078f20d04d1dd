"""What exported models give besides colors: the deepest map of their encoder."""

from pathlib import Path

import numpy as np
import onnx
import pytest

from photochrom import Colorizer, Photo
from photochrom.errors import ModelError
from photochrom.export import with_features


def gray(width: int = 90, height: int = 64) -> Photo:
    return Photo.from_array(np.random.default_rng(0).integers(0, 255, (height, width), np.uint8))


def test_features_are_of_cells_of_16_pixels_of_what_is_looked_at(exported_model: Path) -> None:
    colorizer, page = Colorizer(exported_model), gray().pages[0]
    height, width = colorizer.answer(page).lightness.shape
    features = colorizer.features(page)
    assert features.shape[1:] == (-(-height // 16), -(-width // 16))
    assert features.std() > 0
    assert features.min() >= 0
    finer = colorizer.features(page, 2.0)
    assert finer.shape[1:] == (-(-2 * height // 16), -(-2 * width // 16))


def test_a_model_without_features_says_so(toy_model: Path) -> None:
    with pytest.raises(ModelError, match="the model toy gives no features; export it again"):
        Colorizer(toy_model).features(gray().pages[0])


def test_a_model_of_another_network_stays_as_it_is(toy_model: Path) -> None:
    assert with_features(onnx.load(toy_model)) == onnx.load(toy_model)


def test_features_are_given_once_and_weights_stay(exported_model: Path) -> None:
    model = onnx.load(exported_model)
    assert [port.name for port in model.graph.output] == ["raw", "features"]
    again = with_features(onnx.load(exported_model))
    assert again == model
