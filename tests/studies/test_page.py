"""The page of a study."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from photochrom.errors import OutputUnwritable
from photochrom.studies.page import Page


def a_page() -> Page:
    page = Page("made_up", "Made up")
    page.text("First.", "Second.")
    page.heading("Numbers")
    page.table(["name", "value", "none"], [["a|b", 1.23456789, None], ["c", 3, "x"]])
    page.code("photochrom study made_up")
    figure = Figure()
    figure.add_subplot().plot([0, 1])
    page.figure("curve", figure, "A curve.")
    page.picture("sheet", np.full((8, 8, 3), (1.0, 0.0, 0.0)), "Red.")
    return page


def test_a_page_holds_everything_in_its_order(tmp_path: Path) -> None:
    target = a_page().save(tmp_path / "pages")
    assert target.read_text() == (
        "# Made up\n\nFirst.\n\nSecond.\n\n## Numbers\n\n| name | value | none |\n|---|--:|--:|\n"
        "| a\\|b | 1.235 |  |\n| c | 3 | x |\n\n```sh\nphotochrom study made_up\n```\n\n"
        "![A curve.](made_up/curve.png)\n\n*A curve.*\n\n![Red.](made_up/sheet.jpg)\n\n*Red.*\n"
    )
    assert sorted(path.name for path in (tmp_path / "pages" / "made_up").iterdir()) == ["curve.png", "sheet.jpg"]
    with Image.open(tmp_path / "pages" / "made_up" / "sheet.jpg") as picture:
        assert picture.getpixel((4, 4))[0] > 250  # type: ignore[index]


def test_a_new_page_takes_the_place_of_the_old_one_whole(tmp_path: Path) -> None:
    a_page().save(tmp_path)
    page = Page("made_up", "Shorter")
    page.picture("other", np.zeros((8, 8, 3)), "Black.")
    page.save(tmp_path)
    assert [path.name for path in (tmp_path / "made_up").iterdir()] == ["other.jpg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["made_up", "made_up.md"]


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputUnwritable, match=r"made_up.md cannot be written .*; give a folder with room"):
        a_page().save(tmp_path / "file")
