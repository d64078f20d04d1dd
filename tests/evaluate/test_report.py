"""What an evaluation writes: files that agree with the rows, and one page that needs nothing else."""

import csv
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from photochrom.errors import OutputUnwritable
from photochrom.evaluate import report
from photochrom.evaluate.command import evaluate_files
from photochrom.evaluate.options import Options
from photochrom.evaluate.plots import curves
from photochrom.evaluate.sheets import file_name


@pytest.fixture(scope="module")
def out(photo_folder: Path, toy_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scores")
    model = out / "<b>&toy.onnx"
    model.write_bytes(toy_model.read_bytes())
    evaluate_files(
        [str(model)], [str(photo_folder)], out / "page", Options(limit=9, skip_speed=True), lambda share: None
    )
    return out / "page"


def test_json_and_csv_hold_the_same_rows(out: Path) -> None:
    page = json.loads((out / "scores.json").read_text("utf-8"))
    lines = list(csv.DictReader((out / "scores.csv").open(encoding="utf-8")))
    assert len(lines) == len(page["rows"]) == 7
    for line, row in zip(lines, page["rows"], strict=True):
        assert line["name"] == row["name"]
        assert float(line["psnr"]) == row["psnr"]
        assert float(line["psnr_low"]) == row["intervals"]["psnr"][0]
        assert (line["ssim"] == "") == (row["ssim"] is None) == (row["share"] is not None)
        assert line["frechet"] == ""
    assert len(page["photos"]) == 9
    mean = sum(page["per_photo"]["gray"]["ciede2000"]) / 9
    assert mean == pytest.approx(page["rows"][0]["ciede2000"], abs=1e-4)


def test_the_markdown_says_the_protocol_and_what_was_not_measured(out: Path) -> None:
    text = (out / "scores.md").read_text("utf-8")
    assert text.startswith("9 photos, 256 px center squares")
    assert "the mean chroma of the evaluated photos themselves" in text
    for missing in ("--features", "--inception", "--lpips"):
        assert missing in text
    assert "| gray, own setting | 0.0 (0.0..0.0) |" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("| gray")}) == 2


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_the_page_asks_no_host_for_anything(out: Path) -> None:
    text = (out / "report.html").read_text("utf-8")
    page = Page(text)
    assert all(str(image["src"]).startswith("data:image/jpeg;base64,") for image in page.all("img"))
    assert not page.all("link")
    assert not any("src" in script for script in page.all("script"))
    assert all(str(link["href"]).startswith("#") for link in page.all("a"))
    assert not re.search(r"https?://|url\(|@import|fetch\(", text)
    assert any("default-src 'none'" in str(meta.get("content")) for meta in page.all("meta"))


def test_the_page_holds_table_curves_sliders_and_every_photo(out: Path) -> None:
    text = (out / "report.html").read_text("utf-8")
    page = Page(text)
    assert sum("data-setting" in row for row in page.all("tr")) == 7
    assert len(page.all("svg")) == 3
    assert sum(found.get("type") == "range" for found in page.all("input")) == 8
    assert sum(image.get("loading") == "lazy" for image in page.all("img")) == 9 * 3
    assert len(text) < 9 * 3 * 12_000 + 8 * 3 * 40_000


def test_names_cannot_break_the_page(out: Path) -> None:
    page = Page((out / "report.html").read_text("utf-8"))
    assert not page.all("b")


def test_the_sheets_show_all_photos(out: Path) -> None:
    (sheet,) = out.glob("sheet-*.jpg")
    with Image.open(sheet) as image:
        assert image.size == (8 * 160, 6 * 160)
    assert file_name("a/b c.onnx") == "a-b-c.onnx"


def test_curves_stay_inside_their_frame_and_go_the_right_way() -> None:
    svg = curves({"one": [(0, 10), (40, 30)], "flat": [(3, 20)]}, "across", "down <dB>")
    left, right, alone = re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', svg)
    assert float(left[0]) < float(alone[0]) < float(right[0])
    assert float(left[1]) > float(alone[1]) > float(right[1])
    assert all(0 <= float(x) <= 560 and 0 <= float(y) <= 340 for x, y in (left, right, alone))
    assert "down &lt;dB&gt;" in svg
    assert curves({"one": [(0, 0)]}, "x", "y").endswith("</svg>")


def test_an_evaluation_that_cannot_be_written_whole_leaves_the_older_one(
    out: Path, photo_folder: Path, toy_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, scores: object) -> None:
        raise OSError(28, "No space left on device")

    before = {path.name: path.read_bytes() for path in out.iterdir()}
    monkeypatch.setattr(report, "write_report", full)
    with pytest.raises(OutputUnwritable, match="No space left"):
        evaluate_files(
            [str(toy_model)], [str(photo_folder)], out, Options(limit=4, skip_speed=True), lambda share: None
        )
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
