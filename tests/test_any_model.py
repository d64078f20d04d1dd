"""The Colorizer with models unlike the default: no hints, other strides and multiples, other ways to say color."""

from typing import Any

import numpy as np
import pytest

from photochrom import Colorizer, Hint, Hints, Photo, Settings
from photochrom.card import Card, Decode
from photochrom.errors import HintError, ModelError
from photochrom.export import as_kept, write_model
from photochrom.prior import fit_chroma
from photochrom.recipes import find_recipe
from photochrom.trainee import build_painter, load_weights

CHROMA: dict[str, Any] = {
    "regression_lab": {"kind": "regression"},
    "pix2pix": {"kind": "regression"},
    "rgb_unet": {"kind": "rgb"},
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Colorizer]:
    """Give untrained toys of three families as model files."""
    folder, made = tmp_path_factory.mktemp("models"), {}
    for name, chroma in CHROMA.items():
        recipe = find_recipe(f"{name}_tiny")
        painter = build_painter(recipe, fit_chroma(recipe, [])).eval()
        load_weights(painter, {key: as_kept(key, value) for key, value in painter.state_dict().items()})
        card = Card(name, "untrained", chroma, Decode(working_size=64), int(painter.multiple))  # type: ignore[arg-type]
        write_model(painter, card, folder / f"{name}.onnx")
        made[name] = Colorizer(folder / f"{name}.onnx")
    return made


@pytest.mark.parametrize("name", CHROMA)
@pytest.mark.parametrize("size", [(64, 64), (90, 51), (20, 130)], ids=str)
def test_chroma_covers_the_photo_whatever_the_network_needs(
    models: dict[str, Colorizer], name: str, size: tuple[int, int]
) -> None:
    width, height = size
    lightness = np.random.default_rng(0).uniform(0, 100, (height, width)).astype(np.float32)
    ab = models[name].chroma(lightness)
    assert ab.shape == (height, width, 2)
    assert np.isfinite(ab).all()


@pytest.mark.parametrize("name", CHROMA)
def test_a_whole_photo_is_colorized(models: dict[str, Colorizer], name: str) -> None:
    gray = np.tile(np.linspace(0, 255, 120, dtype=np.uint8), (80, 1))
    colored = models[name].colorize(Photo.from_array(gray)).to_array()
    assert colored.shape == (80, 120, 3)


def test_hints_for_a_model_that_takes_none_are_an_error(models: dict[str, Colorizer]) -> None:
    hints = Hints(120, 80, (Hint(((5, 5),), (1.0, 0.0, 0.0)),))
    photo = Photo.from_array(np.full((80, 120), 90, np.uint8))
    with pytest.raises(HintError, match="the model pix2pix takes no hints; use the model default, or no hints"):
        models["pix2pix"].colorize(photo, Settings(hints=hints))


def test_another_decoding_needs_no_other_session(models: dict[str, Colorizer]) -> None:
    own = models["regression_lab"]
    double = own.decoded_as(Decode(saturation=2.0, working_size=64))
    lightness = np.random.default_rng(1).uniform(0, 100, (32, 32)).astype(np.float32)
    np.testing.assert_allclose(double.chroma(lightness), 2 * own.chroma(lightness), rtol=1e-5)
    assert own.card.decode.saturation == 1.0
    assert double._session is own._session


def test_a_card_with_an_impossible_multiple_is_refused() -> None:
    card = Card("a", "b", {"kind": "rgb"}).to_json().replace('"multiple": 16', '"multiple": 0')
    with pytest.raises(ModelError, match="the multiple is 0, expected 1 to 1024"):
        Card.from_json(card)
