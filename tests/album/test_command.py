"""photochrom album, typed: what it writes, says and refuses; with a tiny model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cyclopts import App
from PIL import Image

from photochrom import Colorizer, Photo
from photochrom.album.command import album
from photochrom.errors import HintError, ModelError, OptionError, OutputExists, OutputUnwritable

EXAMPLES = Path(__file__).parents[2] / "examples"

app = App()
app.command(album, name="album")


def typed(*words: object) -> Any:
    call = ["album", *(str(word) for word in words)]
    return app(call, result_action="return_value", exit_on_error=False, print_error=False)


def test_an_album_is_written_whole_and_a_bad_photo_does_not_stop_it(
    folder: Path, exported_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, plan = tmp_path / "out", tmp_path / "plan.json"
    assert typed(folder, "-o", out, "--model", exported_model, "--plan", plan, "--similarity", "0") == 1
    said = capsys.readouterr()
    assert said.out.split() == [str(out / name) for name in ("a.png", "b.jpg", "c.tif")]
    assert "scene 1: a.png, b.jpg, c.tif" in said.err
    assert "3 of 4 photos colorized, 1 failed" in said.err
    for name in ("a.png", "b.jpg", "c.tif"):
        before, after = Photo.open(folder / name), Photo.open(out / name)
        assert (after.width, after.height, after.format) == (before.width, before.height, before.format)
    stored = json.loads(plan.read_text())
    assert [Path(member["photo"]).name for member in stored["members"]] == ["a.png", "b.jpg", "c.tif"]
    with Image.open(tmp_path / "plan-group-1.jpg") as sheet:
        assert sheet.height == 2 * 240 + 6


def test_a_named_thing_gets_its_color_on_its_photo(
    folder: Path, exported_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "d.jpg").unlink()
    thing = "--thing", "wall=#c03020@a.png:60,60"
    assert typed(folder, "-o", tmp_path / "out", "--model", exported_model, "--json", "--similarity", "1", *thing) == 0
    said = capsys.readouterr()
    rows = [json.loads(line) for line in said.out.splitlines()]
    assert [Path(row["source"]).name for row in rows] == ["a.png", "b.jpg", "c.tif"]
    assert "wall" in rows[0]["things"]
    assert "wall: a.png 1.00" in said.err
    lab = Photo.open(tmp_path / "out" / "a.png").pages[0].lab(128, 128)
    assert lab[56:64, 56:64, 1].mean() > 15


def example(name: str) -> Image.Image:
    with Image.open(EXAMPLES / f"{name}.jpg") as photo:
        photo.thumbnail((320, 320))
        return photo.convert("L")


def test_what_recurs_in_other_scenes_is_found_told_and_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The shipped model finds one dog in two photos that have nothing else in common, and in no third one."""
    folder, dog = tmp_path / "photos", example("dog")
    dog = dog.crop((96, 48, 224, 192))
    folder.mkdir()
    for name, place in (("castle-clinton", (20, 40)), ("chenonceau", (150, 70)), ("coffee", None)):
        photo = example(name)
        if place is not None:
            photo.paste(dog, place)
        photo.save(folder / f"{name}.png")
    words = folder, "-o", tmp_path / "out", "--similarity", "1", "--json"
    assert typed(*words, "--plan", tmp_path / "plan.json") == 0
    said = capsys.readouterr()
    assert "recurring 1: castle-clinton.png, chenonceau.png; " in said.err
    assert "scene 1" not in said.err
    assert [json.loads(line)["recurring"] for line in said.out.splitlines()] == [[1], [1], []]
    (thing,) = json.loads((tmp_path / "plan.json").read_text())["recurring"]
    places = [{place["member"]: (place["x"], place["y"]) for place in trace["places"]} for trace in thing["traces"]]
    moved = [np.subtract(place[1], place[0]) - (130, 30) for place in places]
    assert np.mean(np.abs(moved).max(axis=1) < 24) > 0.9  # a cell is some 23 pixels wide
    with Image.open(tmp_path / "plan-recurring-1.jpg") as sheet:
        assert sheet.height == 2 * 240 + 6
    assert typed(*words, "--recurring", "1", "--overwrite") == 0
    said = capsys.readouterr()
    assert "recurring" not in said.err
    assert [json.loads(line)["shared"] for line in said.out.splitlines()] == [0, 0, 0]


def test_photos_that_share_nothing_are_colored_as_by_themselves(
    folder: Path, exported_model: Path, tmp_path: Path
) -> None:
    (folder / "d.jpg").unlink()
    assert (
        typed(folder, "-o", tmp_path / "out", "--model", exported_model, "--similarity", "1", "--recurring", "1") == 0
    )
    alone = Colorizer(exported_model).colorize(Photo.open(folder / "a.png")).to_array()
    np.testing.assert_array_equal(Photo.open(tmp_path / "out" / "a.png").to_array(), alone)


def test_a_model_without_features_is_said(folder: Path, toy_model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="gives no features"):
        typed(folder, "-o", tmp_path / "out", "--model", toy_model)


def test_nothing_colorized_is_exit_code_2(tmp_path: Path, exported_model: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.jpg").write_bytes(b"junk")
    assert typed(tmp_path / "in", "-o", tmp_path / "out", "--model", exported_model) == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "needs a folder"),
        (["-o", "-"], "needs a folder"),
        (["-o", "out", "--hint", "1,1=#ffffff"], "--thing"),
        (["-o", "out", "--looks", "3"], "one look"),
        (["-o", "out", "--similarity", "2"], "--similarity is 2"),
        (["-o", "out", "--recurring", "-1"], "--recurring is -1"),
        (["-o", "photos"], "where the photos are"),
        (["-o", "out", "--thing", "a=#000000@gone.jpg:1,1"], "no photo of the album"),
        (["-o", "out", "--thing", "a=#000000@a.png:1000,1"], "outside its photo"),
    ],
)
def test_what_makes_no_sense_is_refused(
    folder: Path, exported_model: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], says: str
) -> None:
    monkeypatch.chdir(folder.parent)
    with pytest.raises((OptionError, HintError), match=says):
        typed("photos", "--model", exported_model, *words)


def test_a_plan_or_a_sheet_that_exists_is_not_replaced(
    folder: Path, exported_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("photochrom.options.Look.painter", lambda self: pytest.fail("the work began"))
    plan, *sheets = (tmp_path / f"plan{end}" for end in (".json", "-group-1.jpg", "-recurring-2.jpg"))
    words = folder, "-o", tmp_path / "out", "--model", exported_model, "--plan"
    for taken in (plan, *sheets):
        taken.write_text("mine")
        with pytest.raises(OutputExists, match=f"{taken.name}: exists already"):
            typed(*words, plan)
        assert taken.read_text() == "mine"
        taken.unlink()
    with pytest.raises(OptionError, match=r"expected a file of JSON, such as a\.json"):
        typed(*words, folder / "a.png", "--overwrite")
    with pytest.raises(OutputUnwritable, match="its folder does not exist"):
        typed(*words, tmp_path / "gone" / "plan.json")


def test_a_plan_may_lie_with_the_results_and_be_replaced(folder: Path, exported_model: Path, tmp_path: Path) -> None:
    plan = tmp_path / "out" / "plan.json"
    words = folder, "-o", tmp_path / "out", "--model", exported_model, "--similarity", "1", "--plan", plan
    assert typed(*words) == 1
    first = plan.read_text()
    assert typed(*words, "--overwrite") == 1
    assert plan.read_text() == first
    assert sorted(path.name for path in plan.parent.iterdir()) == ["a.png", "b.jpg", "c.tif", "plan.json"]


def test_a_folder_without_photos_is_said(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "gone"):
        with pytest.raises(OptionError, match="photos"):
            typed(place, "-o", tmp_path / "out")
