"""Many photos: names of results, collisions, and bad photos that do not stop good ones."""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom import Colorizer, Photo, SaveOptions, Settings
from photochrom.errors import OptionError, OutputExists, OutputUnwritable, PhotoNotFound, PhotoTooLarge
from photochrom.many import ReadAhead, colorize_files, format_asked, plan_targets

LIMIT = 10_000_000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, stored in [("a.jpg", "JPEG"), ("b.png", "PNG"), ("c.GIF", "GIF"), ("scan", "TIFF"), ("d.tif", "PNG")]:
        Image.fromarray(np.tile(np.arange(0, 240, 5, np.uint8), (32, 1))).save(name, stored)
    return tmp_path


def targets(*names: str, output: str | None = None, format: str | None = None) -> list[str]:
    return [str(target) for _, target in plan_targets([Path(name) for name in names], output, format)]


def run(*names: str, output: str | None = None, options: SaveOptions = SaveOptions(), model: Path) -> list[str]:  # noqa: B008
    pairs = plan_targets([Path(name) for name in names], output)
    found = colorize_files(Colorizer(model), pairs, lambda width, height: Settings(), options, ReadAhead(LIMIT))
    return [type(outcome.error).__name__ if outcome.error else str(outcome.target) for outcome in found]


def test_results_stand_beside_their_photos() -> None:
    assert targets("a.jpg", "x/b.png") == ["a-color.jpg", "x/b-color.png"]


def test_the_ending_is_that_of_the_content() -> None:
    assert targets("c.GIF", "scan", "d.tif", "gone.bmp") == [
        "c-color.png",
        "scan-color.tif",
        "d-color.png",
        "gone-color.bmp",
    ]


def test_a_format_decides_the_ending() -> None:
    assert targets("a.jpg", "b.png", format="webp") == ["a-color.webp", "b-color.webp"]
    assert targets("a.jpg", output="out", format="tiff") == ["out/a.tif"]


@pytest.mark.parametrize("output", ["new", "new/", "new/deep", "there", "there.png"])
def test_a_name_without_the_ending_of_a_format_is_a_folder(output: str) -> None:
    Path("there").mkdir()
    Path("there.png").mkdir()
    assert targets("a.jpg", output=output) == [str(Path(output) / "a.jpg")]
    assert Path(output).is_dir()


def test_a_name_with_the_ending_of_a_format_is_a_file() -> None:
    assert targets("a.jpg", output="x/new.png") == ["x/new.png"]
    assert not Path("x").exists()


def test_several_photos_do_not_go_into_one_file() -> None:
    with pytest.raises(OptionError, match="give a folder"):
        targets("a.jpg", "b.png", output="new.jpg")


@pytest.mark.parametrize("names", [("a.jpg", "x/a.jpg"), ("a.jpg", "a.jpg"), ("a.jpg", "./x/../a.jpg")], ids=str)
def test_two_photos_do_not_go_to_one_target(names: tuple[str, str]) -> None:
    with pytest.raises(OptionError, match="would both be written"):
        targets(*names, output="out")
    assert not Path("out").exists()


def test_a_result_does_not_replace_another_of_the_photos() -> None:
    with pytest.raises(OptionError, match="would replace the photo"):
        targets("a.jpg", "a-color.jpg")


def test_a_photo_may_be_replaced_by_its_own_result_when_asked(toy_model: Path) -> None:
    assert run("a.jpg", output=".", model=toy_model) == ["OutputExists"]
    assert not Photo.open("a.jpg").is_colored
    assert run("a.jpg", output=".", options=SaveOptions(overwrite=True), model=toy_model) == ["a.jpg"]
    assert Photo.open("a.jpg").is_colored


def test_a_folder_that_cannot_be_made_is_named() -> None:
    for output in ("scan", "scan/deeper"):
        with pytest.raises(OutputUnwritable, match="scan"):
            targets("a.jpg", "b.png", output=output)


@pytest.mark.parametrize(("output", "format", "asked"), [
    (None, None, None), (None, "JPG", "jpeg"), (None, ".tif", "tiff"), ("x.webp", None, "webp"),
    ("x.tif", "tiff", "tiff"), ("folder", None, None), ("folder", "png", "png"), ("x.y", "avif", "avif")])  # fmt: skip
def test_the_format_comes_from_the_option_or_the_ending(
    output: str | None, format: str | None, asked: str | None
) -> None:
    assert format_asked(output, format) == asked


@pytest.mark.parametrize(
    ("output", "format"), [(None, "bmp"), (None, "gif"), (None, ""), ("x.bmp", None), ("x.png", "jpeg")]
)
def test_formats_that_cannot_be_are_refused(output: str | None, format: str | None) -> None:
    with pytest.raises(OptionError):
        format_asked(output, format)


def test_a_bad_photo_does_not_stop_the_others(toy_model: Path) -> None:
    Path("bad.jpg").write_bytes(Path("a.jpg").read_bytes()[:300])
    Path("text.png").write_text("no picture")
    Path("b-color.png").touch()
    got = run("bad.jpg", "gone.jpg", "a.jpg", "text.png", "b.png", "scan", model=toy_model)
    assert got == [
        "PhotoUnreadable",
        "PhotoNotFound",
        "a-color.jpg",
        "PhotoUnreadable",
        "OutputExists",
        "scan-color.tif",
    ]
    assert not [name for name in os.listdir() if name.startswith(".")]


def test_an_outcome_says_what_became_of_a_photo(toy_model: Path) -> None:
    tinted = np.uint8(np.stack([np.full((32, 48), level) for level in (200, 160, 100)], axis=-1))
    Image.fromarray(tinted).save("sepia.png")
    pairs = plan_targets([Path("sepia.png"), Path("a.jpg"), Path("gone.jpg")], "out")
    found = list(
        colorize_files(Colorizer(toy_model), pairs, lambda width, height: Settings(), SaveOptions(), ReadAhead(LIMIT))
    )
    sepia, gray, gone = (outcome.to_dict() for outcome in found)
    assert sepia["tint"] > 20
    assert (sepia["source"], sepia["target"], sepia["error"]) == ("sepia.png", "out/sepia.png", None)
    assert (sepia["width"], sepia["height"]) == (48, 32)
    assert gray["tint"] is None
    assert gone["target"] is None
    assert "gone.jpg" in gone["error"]


def test_errors_are_returned_with_their_photo(toy_model: Path) -> None:
    pairs = [(Path("a.jpg"), Path("x.jpg")), (Path("gone.jpg"), Path("y.jpg")), (Path("b.png"), Path("scan"))]
    found = list(
        colorize_files(Colorizer(toy_model), pairs, lambda width, height: Settings(), SaveOptions(), ReadAhead(100))
    )
    assert [type(outcome.error) for outcome in found] == [PhotoTooLarge, PhotoNotFound, PhotoTooLarge]
    found = list(
        colorize_files(
            Colorizer(toy_model), pairs[2:], lambda width, height: Settings(), SaveOptions(), ReadAhead(LIMIT)
        )
    )
    assert [type(outcome.error) for outcome in found] == [OutputExists]


def test_settings_are_asked_for_with_the_size_of_each_photo(toy_model: Path) -> None:
    asked = []

    def settings(width: int, height: int) -> Settings:
        asked.append((width, height))
        return Settings()

    Image.new("L", (20, 70)).save("e.png")
    pairs = plan_targets([Path("a.jpg"), Path("e.png")], "out")
    assert all(
        outcome.target
        for outcome in colorize_files(Colorizer(toy_model), pairs, settings, SaveOptions(), ReadAhead(LIMIT))
    )
    assert asked == [(48, 32), (20, 70)]


def test_a_photo_that_was_begun_ahead_is_opened_with_its_pixels_read() -> None:
    ahead = ReadAhead(LIMIT)
    ahead.begin(Path("a.jpg"))
    photo = ahead.open(Path("a.jpg"))
    assert "tint" in vars(photo.pages[0])
    again = ahead.open(Path("a.jpg"))
    assert "tint" not in vars(again.pages[0])
    np.testing.assert_array_equal(photo.pages[0].lightness(24, 16), again.pages[0].lightness(24, 16))


@pytest.mark.parametrize(
    ("name", "limit"), [("gone.jpg", LIMIT), ("a.jpg", 100), ("cut.png", LIMIT), ("cut.jpg", LIMIT)]
)
def test_what_is_wrong_with_a_photo_is_said_in_its_turn(name: str, limit: int, toy_model: Path) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8))
    for ending in ("jpg", "png"):
        noise.save(f"cut.{ending}")
        Path(f"cut.{ending}").write_bytes(Path(f"cut.{ending}").read_bytes()[:9000])
    errors = []
    for begun in (False, True):
        ahead = ReadAhead(limit)
        if begun:
            ahead.begin(Path(name))
        pairs = [(Path(name), Path("x.jpg"))]
        (outcome,) = colorize_files(Colorizer(toy_model), pairs, lambda width, height: Settings(), SaveOptions(), ahead)
        errors.append((type(outcome.error), str(outcome.error)))
    assert errors[0] == errors[1]
    assert name in errors[0][1]
