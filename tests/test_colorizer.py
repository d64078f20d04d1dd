"""The main job: any kind of photo in, the same kind out, with the model's colors and the photo's own lightness."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image
from skimage.color import deltaE_ciede2000

import photochrom
from photochrom import Colorizer, Hint, Hints, Photo, Settings, colorizer, session
from photochrom.card import Card, Decode
from photochrom.color.lab import rgb_to_lab
from photochrom.errors import HintError, ModelError, OptionError, OutputExists, PhotoNotFound
from photochrom.weights import shipped

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture(scope="module")
def toy(toy_model: Path) -> Colorizer:
    return Colorizer(toy_model, threads=1)


@pytest.fixture
def toy_is_default(toy_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(session, "shipped", lambda: {"default": toy_model})
    colorizer._default.cache_clear()
    yield
    colorizer._default.cache_clear()


def slope(width: int, height: int) -> np.ndarray:
    """Give a gray photo that goes from black to white, uint8 (H, W)."""
    return np.tile(np.linspace(0, 255, width).round().astype(np.uint8), (height, 1))


def ab_of(rgb: np.ndarray) -> np.ndarray:
    return rgb_to_lab(rgb.astype(np.float64) / (255 if rgb.dtype == np.uint8 else 65535))[..., 1:]


def changed_model(source: Path, target: Path, card: str | None) -> Path:
    model = onnx.load(source)
    del model.metadata_props[:]
    if card is not None:
        model.metadata_props.add(key="card", value=card)
    onnx.save(model, target)
    return target


def test_a_gray_photo_gets_the_colors_of_the_model(toy: Colorizer) -> None:
    ab = ab_of(toy.colorize(Photo.from_array(slope(96, 64))).to_array())
    blue, green, red = ab[:, 8], ab[:, 32], ab[:, 57]
    assert blue[:, 1].mean() < -10
    assert green[:, 0].mean() < -10
    assert red[:, 0].mean() > 20


def test_the_lightness_stays(toy: Colorizer) -> None:
    result = toy.colorize(Photo.from_array(slope(96, 64)), Settings(saturation=0.3)).to_array()
    before, after = (rgb_to_lab(rgb / 255.0)[..., 0] for rgb in (np.stack([slope(96, 64)] * 3, -1), result))
    assert abs(before - after).mean() < 0.3


def test_no_saturation_leaves_gray(toy: Colorizer) -> None:
    result = toy.colorize(Photo.from_array(slope(64, 48)), Settings(saturation=0)).to_array()
    np.testing.assert_array_equal(result, np.stack([slope(64, 48)] * 3, -1))


def test_temperature_goes_from_vivid_to_careful(toy: Colorizer) -> None:
    lightness = Photo.from_array(slope(128, 128)).pages[0].lightness(256, 256)
    strength = [np.hypot(*np.moveaxis(toy.chroma(lightness, Settings(t)), -1, 0)).mean() for t in (0.0, 0.5, 1.0)]
    assert strength[0] > strength[1] > strength[2]


@pytest.mark.parametrize("name", ["temperature", "saturation", "warmth"])
@pytest.mark.parametrize("value", [-1.1, 5.0, float("nan")])
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(OptionError, match=f"{name} is {value}"):
        Settings(**{name: value})  # type: ignore[arg-type]


def test_warmth_moves_the_whole_scene_and_leaves_gray_things_gray(toy: Colorizer) -> None:
    lightness = Photo.from_array(slope(128, 128)).pages[0].lightness(256, 256)
    cold, own, warm = (toy.chroma(lightness, Settings(warmth=warmth)) for warmth in (-1.0, 0.0, 1.0))
    np.testing.assert_array_equal(own, toy.chroma(lightness))
    assert cold[..., 1].mean() < own[..., 1].mean() - 2 < warm[..., 1].mean() - 4
    assert not toy.chroma(lightness, Settings(saturation=0, warmth=1.0)).any()


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (500, 1), (3000, 20), (20, 3000), (17, 33)], ids=str)
def test_every_shape_is_colorized(toy: Colorizer, size: tuple[int, int]) -> None:
    width, height = size
    result = toy.colorize(Photo.from_array(np.full((height, width), 60, np.uint8))).to_array()
    assert result.shape == (height, width, 3)
    assert (ab_of(result)[..., 1] < 35).all()


def test_the_working_size_keeps_the_aspect_and_the_area(toy: Colorizer) -> None:
    for width, height in [(640, 480), (480, 640), (1024, 1024), (300, 100), (6000, 4000), (33, 100)]:
        across, down = toy.working_size(width, height)
        assert across / down == pytest.approx(width / height, rel=0.04)
        assert across * down == pytest.approx(256 * 256, rel=0.03)


def test_the_working_size_is_bounded_for_panoramas(toy: Colorizer) -> None:
    assert toy.working_size(100_000, 10) == (512, 128)
    assert toy.working_size(10, 100_000) == (128, 512)


def test_color_does_not_depend_on_size(toy: Colorizer) -> None:
    with Image.open(EXAMPLES / "castle-clinton.jpg") as original:
        large = original.convert("L").resize((1024, 768), Image.Resampling.LANCZOS)
    fields = []
    for width in (256, 512, 1024):
        page = Photo.from_array(np.asarray(large.resize((width, width * 3 // 4), Image.Resampling.BOX))).pages[0]
        fields.append(toy.chroma(page.lightness(*toy.working_size(page.width, page.height))))
    assert fields[0].shape == fields[1].shape == fields[2].shape
    assert abs(fields[0] - fields[2]).mean() < 3  # the toy's colors lie 80 apart: a little sharpness shows
    assert abs(fields[1] - fields[2]).mean() < 1


def test_padding_repeats_the_photo_and_is_cut_off_again(toy: Colorizer) -> None:
    light = np.full((20, 36), 35, np.float32)
    assert toy.chroma(light).shape == (5, 9, 2)
    assert np.ptp(toy.chroma(light), axis=(0, 1)).max() < 1e-4
    padded = np.pad(light, ((0, 12), (0, 12)), mode="symmetric")
    np.testing.assert_allclose(toy.chroma(padded)[:5, :9], toy.chroma(light), atol=1e-4)


def test_a_hint_moves_the_color_of_its_place_and_of_no_other(toy: Colorizer) -> None:
    photo = Photo.from_array(np.full((256, 256), 80, np.uint8))
    hints = Hints(256, 256, (Hint(((64, 64),), (1.0, 0.0, 0.0), radius=16),))
    before, after = (ab_of(toy.colorize(photo, Settings(hints=given)).to_array()) for given in (None, hints))
    assert after[64, 64, 0] > before[64, 64, 0] + 30
    np.testing.assert_allclose(after[180:, 180:], before[180:, 180:], atol=0.5)


def test_hints_for_another_size_are_refused(toy: Colorizer) -> None:
    with pytest.raises(HintError, match="96 x 64"):
        toy.colorize(Photo.from_array(slope(96, 64)), Settings(hints=Hints(64, 96)))


def test_threads_share_a_colorizer(toy: Colorizer) -> None:
    grays = [np.roll(slope(120, 80), 11 * number, axis=1) for number in range(8)]
    alone = [toy.colorize(Photo.from_array(gray)).to_array() for gray in grays]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda gray: toy.colorize(Photo.from_array(gray)).to_array(), grays))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_every_page_of_a_tiff_is_colorized(toy: Colorizer, tmp_path: Path) -> None:
    pages = [Image.fromarray(slope(60, 40)), Image.fromarray(slope(30, 90)[:, ::-1].copy())]
    pages[0].save(tmp_path / "two.tif", save_all=True, append_images=pages[1:])
    toy.colorize(Photo.open(tmp_path / "two.tif")).save(tmp_path / "out.tif")
    result = Photo.open(tmp_path / "out.tif")
    assert [(page.width, page.height) for page in result.pages] == [(60, 40), (30, 90)]
    assert all(page.tint > 5 for page in result.pages)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32, np.float64, np.float16])
@pytest.mark.parametrize("bands", [0, 1, 3, 4])
@pytest.mark.usefixtures("toy_is_default")
def test_an_array_gives_an_array_of_its_type(kind: type, bands: int) -> None:
    gray = slope(48, 32).astype(np.float64) / 255
    array = gray if bands == 0 else np.repeat(gray[..., None], bands, axis=-1)
    full = np.iinfo(kind).max if issubclass(kind, np.integer) else 1
    given = (array * full).astype(kind)
    result = photochrom.colorize(given)
    assert result.dtype == kind
    assert result.shape == (32, 48, 4 if bands == 4 else 3)
    assert np.ptp(result[..., :3].astype(np.float64) / full, axis=-1).max() > 0.1
    if bands == 4:
        np.testing.assert_allclose(result[..., 3].astype(np.float64), given[..., 3].astype(np.float64), rtol=1e-3)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA", "P", "1", "I;16"])
@pytest.mark.usefixtures("toy_is_default")
def test_a_pil_image_gives_a_pil_image(mode: str) -> None:
    gray = Image.fromarray(slope(48, 32))
    given = Image.fromarray(slope(48, 32).astype(np.uint16) * 257) if mode == "I;16" else gray.convert(mode)
    assert given.mode == mode
    result = photochrom.colorize(given)
    assert isinstance(result, Image.Image)
    assert (result.mode, result.size) == ("RGBA" if "A" in mode else "RGB", (48, 32))
    lightness = np.asarray(result.convert("RGB").convert("L"), float)
    if mode != "1":
        assert abs(lightness - slope(48, 32)).mean() < 6


@pytest.mark.usefixtures("toy_is_default")
def test_bytes_give_bytes_of_the_same_format() -> None:
    file = BytesIO()
    Image.fromarray(slope(48, 32)).save(file, "WEBP")
    for given in (file.getvalue(), bytearray(file.getvalue()), memoryview(file.getvalue())):
        result = photochrom.colorize(given)
        assert isinstance(result, bytes)
        assert Photo.open(result).format == "webp"


@pytest.mark.usefixtures("toy_is_default")
def test_a_photo_gives_a_photo() -> None:
    assert photochrom.colorize(Photo.from_array(slope(48, 32))).is_colored


@pytest.mark.parametrize(("name", "stored", "expected"), [
    ("a.png", "PNG", "a-color.png"), ("a.b.JPG", "JPEG", "a.b-color.JPG"), ("a.gif", "GIF", "a-color.png"),
    ("scan", "JPEG", "scan-color.jpg"), ("wrong.jpg", "PNG", "wrong-color.png")])  # fmt: skip
@pytest.mark.usefixtures("toy_is_default")
def test_a_path_gives_the_path_of_a_new_file_beside_it(tmp_path: Path, name: str, stored: str, expected: str) -> None:
    Image.fromarray(slope(48, 32)).save(tmp_path / name, stored)
    for given in (str(tmp_path / name), tmp_path / name):
        result = photochrom.colorize(given)
        assert result == tmp_path / expected
        assert Photo.open(result).is_colored
        with pytest.raises(OutputExists):
            photochrom.colorize(given)
        result.unlink()


@pytest.mark.parametrize("thing", [3, None, [1, 2], pytest.param(object(), id="object")], ids=str)
@pytest.mark.usefixtures("toy_is_default")
def test_other_things_are_refused(thing: Any) -> None:
    with pytest.raises(OptionError, match="give a path"):
        photochrom.colorize(thing)


@pytest.mark.usefixtures("toy_is_default")
def test_a_missing_photo_is_named() -> None:
    with pytest.raises(PhotoNotFound, match=r"nowhere\.jpg"):
        photochrom.colorize("nowhere.jpg")


@pytest.mark.usefixtures("toy_is_default")
def test_a_model_is_found_by_name_or_by_path(toy_model: Path) -> None:
    assert Colorizer().card == Colorizer("default").card == Colorizer(str(toy_model)).card
    assert Colorizer(toy_model).card.name == "toy"


@pytest.mark.usefixtures("toy_is_default")
def test_an_unknown_model_is_answered_with_those_there_are(tmp_path: Path) -> None:
    for model in ("seventies", tmp_path):
        with pytest.raises(ModelError, match="one of: default"):
            Colorizer(model)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path, toy_model: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(b"no model at all")
    (tmp_path / "b.onnx").write_bytes(toy_model.read_bytes()[:100])
    changed_model(toy_model, tmp_path / "c.onnx", None)
    changed_model(toy_model, tmp_path / "d.onnx", "{}")
    chroma = {"kind": "bins", "colors": [[0, 0]], "log_weights": [0]}
    changed_model(toy_model, tmp_path / "e.onnx", Card("one bin", "", chroma).to_json())
    for letter in "abcde":
        with pytest.raises(ModelError) as caught:
            Colorizer(tmp_path / f"{letter}.onnx")
        assert "\n" not in str(caught.value)


def test_a_model_of_other_inputs_is_refused(tmp_path: Path, toy_model: Path, toy: Colorizer) -> None:
    model = onnx.load(toy_model)
    model.graph.input[0].name = model.graph.node[0].input[0] = "brightness"
    onnx.save(model, tmp_path / "other.onnx")
    with pytest.raises(ModelError, match="brightness"):
        Colorizer(tmp_path / "other.onnx")


def test_the_card_says_how_answers_are_decoded(tmp_path: Path, toy_model: Path, toy: Colorizer) -> None:
    card = replace(toy.card, decode=Decode(temperature=0.0, saturation=0.5, working_size=64))
    small = Colorizer(changed_model(toy_model, tmp_path / "small.onnx", card.to_json()))
    assert small.working_size(100, 100) == (64, 64)
    light = np.full((64, 64), 10, np.float32)
    np.testing.assert_allclose(small.chroma(light)[3, 3], [5, -20], atol=1e-4)
    np.testing.assert_allclose(small.chroma(light, Settings(saturation=2))[3, 3], [10, -40], atol=1e-4)


@pytest.mark.slow
@pytest.mark.skipif("default" not in shipped(), reason="no model is shipped yet")
def test_the_colors_of_the_shipped_model_do_not_depend_on_size() -> None:
    model = Colorizer()
    with Image.open(EXAMPLES / "castle-clinton.jpg") as original:
        large = original.convert("L").resize((2048, 1536), Image.Resampling.LANCZOS)
    seen = []
    for width in (256, 512, 1024, 2048):
        gray = np.asarray(large.resize((width, width * 3 // 4), Image.Resampling.LANCZOS))
        colored = Image.fromarray(model.colorize(Photo.from_array(gray)).to_array())
        seen.append(rgb_to_lab(np.asarray(colored.resize((256, 192), Image.Resampling.LANCZOS)) / 255.0))
    for one, other in combinations(seen, 2):
        assert deltaE_ciede2000(one, other).mean() <= 2.5
