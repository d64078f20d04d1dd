"""Numbered pictures: nobody's are lost, and those of two films never stand in one row."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("av")
pytest.importorskip("scenedetect")

from photochrom.colorizer import Colorizer
from photochrom.errors import OutputExists, OutputUnwritable, PhotoNotFound, PhotoUnreadable
from photochrom.photo import Photo
from photochrom.video import Coder, Plan, Span, Steadiness, colorize_film
from photochrom.video.command import Part, shots


@pytest.fixture
def film(films: Any, tmp_path: Path) -> Path:
    """Give a film of 10 frames."""
    path: Path = films.make_film(tmp_path / "a.mkv", films.pictures(10))
    return path


def row(folder: Path, count: int, name: str = "{:06d}.png", first: int = 1) -> list[Path]:
    folder.mkdir()
    paths = [folder / name.format(number) for number in range(first, first + count)]
    for number, path in enumerate(paths):
        Image.fromarray(np.full((48, 64), 20 * number, np.uint8)).save(path)
    return paths


def test_no_picture_of_a_row_is_replaced_unasked(film: Path, tmp_path: Path, toy: Colorizer) -> None:
    (tmp_path / "out").mkdir()
    mine = tmp_path / "out" / "000003.png"
    mine.write_text("mine")
    with pytest.raises(OutputExists, match=r"000003\.png exists; give another folder, or --overwrite"):
        colorize_film(film, tmp_path / "out", toy)
    assert (mine.read_text(), len(list(mine.parent.iterdir()))) == ("mine", 1)
    (tmp_path / "out" / "notes.txt").write_text("mine")
    assert colorize_film(film, tmp_path / "out", toy, plan=Plan(overwrite=True)).frames == 10
    assert (tmp_path / "out" / "notes.txt").read_text() == "mine"
    assert Photo.open(mine).is_colored


def test_a_shorter_film_never_stands_in_a_longer_ones_row(
    film: Path, tmp_path: Path, toy: Colorizer, stop_after: Callable[[int], Any]
) -> None:
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        colorize_film(film, out, toy, tell=stop_after(8))
    part = Plan(Span(0, 0.12), overwrite=True)
    with pytest.raises(OutputExists, match=r"000004\.png is there, 5 of the row beside the 3 to be written; remove"):
        colorize_film(film, out, toy, plan=part)
    assert not list(out.glob(".*"))
    for path in sorted(out.iterdir())[3:]:
        path.unlink()
    assert colorize_film(film, out, toy, plan=part).frames == 3
    assert len(list(out.iterdir())) == 3


@pytest.mark.parametrize("gone", [False, True])
def test_pictures_that_are_gone_after_an_interruption_are_made_again(
    films: Any, tmp_path: Path, toy: Colorizer, stop_after: Callable[[int], Any], monkeypatch: Any, *, gone: bool
) -> None:
    from photochrom.video import film

    monkeypatch.setattr(film, "SEGMENT", 4)
    source, out = films.make_film(tmp_path / "a.mkv", films.pictures(20)), tmp_path / "out"
    plan = Plan(steadiness=Steadiness(4))
    with pytest.raises(KeyboardInterrupt):
        colorize_film(source, out, toy, plan=plan, tell=stop_after(14))
    if gone:
        (out / "000002.png").unlink()
    rest = colorize_film(source, out, toy, plan=plan)
    assert rest.asked == (6 if gone else 2)
    assert len(list(out.iterdir())) == 20


@pytest.mark.parametrize("overwrite", [False, True])
def test_the_films_own_pictures_are_never_replaced(tmp_path: Path, toy: Colorizer, overwrite: bool) -> None:
    paths = row(tmp_path / "in", 4, "{}.png", 5)
    before = [path.read_bytes() for path in paths]
    with pytest.raises(OutputUnwritable, match="the film's own pictures; give another folder"):
        colorize_film(tmp_path / "in" / "%d.png", tmp_path / "in" / "%d.png", toy, plan=Plan(overwrite=overwrite))
    assert [path.read_bytes() for path in paths] == before
    assert len(list((tmp_path / "in").iterdir())) == 4


def test_pictures_of_two_sizes_are_no_film(tmp_path: Path, toy: Colorizer) -> None:
    paths = row(tmp_path / "in", 4, first=3)
    Image.fromarray(np.zeros((40, 60), np.uint8)).save(paths[2])
    with pytest.raises(PhotoUnreadable, match=r"000005\.png has 60 x 40 pixels, the first one 64 x 48"):
        colorize_film(tmp_path / "in" / "%06d.png", tmp_path / "b.mkv", toy)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("in", r"in is a folder, expected a film; of numbered pictures give the names, such as .*in/%06d\.png"),
        ("in/*.png", r"as a pattern of their names, such as .*in/%06d\.png"),
        ("in/%06d.png", r"000002\.png is missing, as are 1 more; a row of pictures has no gaps"),
        ("in/%06d.tif", "there are no pictures"),
    ],
)
def test_what_is_no_row_of_pictures_is_told(tmp_path: Path, toy: Colorizer, name: str, says: str) -> None:
    paths = row(tmp_path / "in", 4)
    paths[1].unlink()
    paths[2].unlink()
    with pytest.raises(PhotoNotFound, match=says):
        colorize_film(tmp_path / name, tmp_path / "b.mkv", toy)


@pytest.mark.parametrize(("codec", "name"), [("prores", "b.mov"), ("mpeg2", "b.mpg"), ("mpeg4", "b.avi")])
def test_full_range_is_brought_to_where_players_expect_it(
    films: Any, tmp_path: Path, toy: Colorizer, codec: str, name: str
) -> None:
    row(tmp_path / "in", 12)
    made = colorize_film(
        tmp_path / "in" / "%06d.png", tmp_path / name, toy, plan=Plan(coder=Coder(codec), rate=Fraction(25))
    )
    assert [note for note in made.notes if "from full to studio range" in note]
    for number, picture in enumerate(films.frames_of(made.target)):
        assert int(picture.color_range) != 2
        bits = picture.format.components[0].bits
        level = (films.luma(picture) / (1 << (bits - 8)) - 16) / 219
        assert abs(level.mean() * 255 - 20 * number) < 1.5


def test_pictures_of_shots_are_replaced_only_when_asked_and_then_all(films: Any, tmp_path: Path) -> None:
    planes = films.pictures(12, seed=1) + [255 - plane for plane in films.pictures(12, seed=2)]
    source, folder = films.make_film(tmp_path / "a.mkv", planes), tmp_path / "shots"
    folder.mkdir()
    (folder / "shot-0002.png").write_text("mine")
    with pytest.raises(OutputExists, match=r"shot-0002\.png exists"):
        shots(source, output=folder)
    assert [path.read_text() for path in folder.iterdir()] == ["mine"]
    shots(source, output=folder, overwrite=True)
    assert len(list(folder.iterdir())) == 3
    shots(source, output=folder, part=Part(end="0.4"), overwrite=True)
    assert sorted(path.name for path in folder.iterdir()) == ["shot-0001.png", "shots.json"]


def test_pictures_of_pixels_that_are_not_square_are_told(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    def dress(container: Any, stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(4, 3)

    source = films.make_film(tmp_path / "a.mp4", films.pictures(3), codec="libx264", dress=dress)
    made = colorize_film(source, tmp_path / "out", toy)
    assert [note for note in made.notes if "not square, 4/3 as wide as high" in note]
    assert Photo.open(tmp_path / "out" / "000001.png").width == 64
