"""The command line: what it writes where, what it says, and how it ends."""

import io
import json
import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom import Hint, Hints, Photo
from photochrom.card import Card
from photochrom.cli import main


class Shell:
    """Types commands: gives the exit code, and standard output and standard error as bytes."""

    def __init__(self, capsys: pytest.CaptureFixture[bytes], patch: pytest.MonkeyPatch, model: Path) -> None:
        self.capsys, self.patch, self.model = capsys, patch, str(model)

    def type(self, *words: object, stdin: bytes = b"") -> tuple[object, bytes, str]:
        self.patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        out, err = self.capsys.readouterr()
        return end.value.code, out, err.decode()

    def colorize(self, *words: object, stdin: bytes = b"") -> tuple[object, bytes, str]:
        return self.type("colorize", "--model", self.model, *words, stdin=stdin)

    def fails(self, *words: object, stdin: bytes = b"") -> str:
        """Type ``photochrom colorize ...``, which must end with 2 and one line, and give that line."""
        code, out, err = self.colorize(*words, stdin=stdin)
        assert (code, out) == (2, b"")
        assert re.fullmatch(r"photochrom: [^\n]{10,400}\n", err), err
        assert "Error" not in err
        return err


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes], toy_model: Path
) -> Shell:
    monkeypatch.chdir(tmp_path)
    gray = Image.fromarray(np.tile(np.arange(0, 240, 5, np.uint8), (32, 1)))
    for name in ("a.jpg", "b.png", "c.tif"):
        gray.save(name)
    return Shell(capsysbinary, monkeypatch, toy_model)


def color_at(name: str, x: int, y: int) -> list[int]:
    return [int(level) for level in Photo.open(name).to_array()[y, x]]


def test_a_result_stands_beside_its_photo(shell: Shell) -> None:
    assert shell.colorize("a.jpg") == (0, b"a-color.jpg\n", "")
    result = Photo.open("a-color.jpg")
    assert result.is_colored
    assert (result.format, result.width, result.height) == ("jpeg", 48, 32)
    assert b"toy" in Path("a-color.jpg").read_bytes()


def test_o_names_a_file_or_a_folder(shell: Shell) -> None:
    assert shell.colorize("a.jpg", "-o", "x.png") == (0, b"x.png\n", "")
    assert Photo.open("x.png").format == "png"
    assert shell.colorize("a.jpg", "--output", "new/deep")[1] == b"new/deep/a.jpg\n"
    assert shell.colorize("b.png", "-o", "new")[1] == b"new/b.png\n"


def test_photos_come_from_stdin_and_go_to_stdout(shell: Shell) -> None:
    photo = Path("b.png").read_bytes()
    code, whole, err = shell.colorize("-", stdin=photo)
    assert (code, err) == (0, "")
    assert Photo.open(whole).format == "png"
    assert Photo.open(whole).is_colored
    assert shell.colorize("-", "-o", "-", stdin=photo)[1] == whole
    assert shell.colorize("b.png", "-o", "-")[1] == whole
    assert shell.colorize("-", "-o", "x.png", stdin=photo) == (0, b"x.png\n", "")
    assert Path("x.png").read_bytes() == whole
    assert Photo.open(shell.colorize("-", "--format", "jpeg", stdin=photo)[1]).format == "jpeg"


def test_a_picture_is_not_poured_over_a_terminal(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "> FILE" in shell.fails("a.jpg", "-o", "-")


def test_format_and_quality_are_followed(shell: Shell) -> None:
    sizes = []
    for quality in (20, 95):
        assert shell.colorize("b.png", "--format", "jpg", "--quality", quality, "--overwrite")[:2] == (
            0,
            b"b-color.jpg\n",
        )
        sizes.append(Path("b-color.jpg").stat().st_size)
    assert sizes[0] < sizes[1]


def test_the_best_effort_gives_other_colors(shell: Shell) -> None:
    for effort in ("normal", "best"):
        assert shell.colorize("b.png", "--effort", effort, "-o", f"{effort}.png")[0] == 0
    shell.colorize("b.png", "-o", "plain.png")
    plain, normal, best = (Path(f"{name}.png").read_bytes() for name in ("plain", "normal", "best"))
    assert plain == normal
    assert plain != best


def test_results_are_replaced_only_when_asked(shell: Shell) -> None:
    Path("x.jpg").write_bytes(b"precious")
    assert "exists" in shell.fails("a.jpg", "-o", "x.jpg")
    assert Path("x.jpg").read_bytes() == b"precious"
    assert shell.colorize("a.jpg", "-o", "x.jpg", "--overwrite")[0] == 0
    assert Photo.open("x.jpg").is_colored


def test_json_gives_one_row_a_photo(shell: Shell) -> None:
    code, out, err = shell.colorize("a.jpg", "gone.jpg", "b.png", "--json", "-o", "out")
    rows = [json.loads(line) for line in out.splitlines()]
    assert [row["target"] for row in rows] == ["out/a.jpg", None, "out/b.png"]
    assert [row["error"] is None for row in rows] == [True, False, True]
    assert (code, "2 of 3 photos colorized, 1 failed" in err) == (1, True)


def test_one_bad_photo_does_not_stop_the_others(shell: Shell) -> None:
    Path("bad.png").write_bytes(Path("b.png").read_bytes()[:60])
    code, out, err = shell.colorize("bad.png", "a.jpg", "c.tif")
    assert (code, out) == (1, b"a-color.jpg\nc-color.tif\n")
    assert re.fullmatch(r"photochrom: bad\.png: [^\n]+\n2 of 3 photos colorized, 1 failed\n", err)


def test_only_bad_photos_end_with_two(shell: Shell) -> None:
    code, out, err = shell.colorize("gone.jpg", "lost.jpg")
    assert (code, out) == (2, b"")
    assert err.endswith("\n0 of 2 photos colorized, 2 failed\n")


def test_a_photo_that_has_color_already_is_announced(shell: Shell) -> None:
    Image.new("RGB", (40, 30), (200, 160, 100)).save("sepia.png")
    note = "sepia.png has color already"
    assert note in shell.colorize("sepia.png")[2]
    assert note in shell.colorize("sepia.png", "-o", "-")[2]
    assert "standard input has color" in shell.colorize("-", stdin=Path("sepia.png").read_bytes())[2]
    assert "has color" not in shell.colorize("a.jpg")[2]


def test_hints_are_followed(shell: Shell) -> None:
    Image.new("L", (64, 64), 60).save("flat.png")
    (Path("hints.json")).write_text(Hints(64, 64, (Hint(((16, 16),), (1, 0, 0), 8),)).to_json())
    layer = np.zeros((64, 64, 4), np.uint8)
    layer[8:24, 8:24] = (255, 0, 0, 255)
    Image.fromarray(layer).save("layer.PNG")
    shell.colorize("flat.png", "-o", "none.png")
    for number, words in enumerate(
        [("--hint", "16,16,8=#ff0000"), ("--hints", "hints.json"), ("--hints", "layer.PNG")]
    ):
        assert shell.colorize("flat.png", *words, "-o", f"{number}.png")[0] == 0
        red, green, _ = color_at(f"{number}.png", 16, 16)
        assert red > green + 40
        assert color_at(f"{number}.png", 56, 56) == color_at("none.png", 56, 56)
    words = ("--hint", "16,16,8=#ff0000", "--hint", "48,48,8=#ff0000", "--saturation", "0.5", "--temperature", "0")
    assert shell.colorize("flat.png", *words, "-o", "two.png")[0] == 0
    assert color_at("two.png", 48, 48) == color_at("two.png", 16, 16)


@pytest.mark.parametrize(("name", "says"), [
    ("gone.jpg", "no such file"), (".", "not a file"), ("empty.jpg", "0 bytes"), ("text.jpg", "not a photo"),
    ("other.bmp", "not a photo"), ("cut.jpg", "cut"), ("cut.png", "cut"), ("cut.tif", "cut")])  # fmt: skip
def test_a_photo_that_cannot_be_read_is_one_line(shell: Shell, name: str, says: str) -> None:
    Path("empty.jpg").touch()
    Path("text.jpg").write_text("Dear diary,\n")
    Image.new("L", (9, 9)).save("other.bmp")
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 255, (200, 200), np.uint8))
    for ending in ("jpg", "png", "tif"):
        noise.save(f"whole.{ending}")
        whole = Path(f"whole.{ending}").read_bytes()
        Path(f"cut.{ending}").write_bytes(whole[: len(whole) // 2])
    line = shell.fails(name, "-o", "out.jpg")
    assert says in line
    assert name in line
    assert not Path("out.jpg").exists()
    assert not [left for left in os.listdir() if left.startswith(".")]


@pytest.mark.parametrize(("words", "says"), [
    (["a.jpg", "--max-pixels", "1000"], "at most 1,000"),
    (["a.jpg", "--max-pixels", "0"], "--max-pixels is 0"), (["a.jpg", "--max-pixels", "many"], "--max-pixels"),
    (["a.jpg", "-o", "gone/x.jpg"], "gone/x.jpg"), (["a.jpg", "-o", "b.png/x.jpg"], "b.png/x.jpg"),
    (["a.jpg", "b.png", "-o", "x.jpg"], "give a folder"), (["a.jpg", "./a.jpg"], "would both be written"),
    (["a.jpg", "-o", "x.bmp"], ".bmp"), (["a.jpg", "-o", "x.png", "--format", "tiff"], "leave one of them out"),
    (["a.jpg", "-o", "--json"], "./--json"), (["a.jpg", "-o"], "-o requires"),
    (["a.jpg", "--format", "bmp"], "'bmp'"), (["a.jpg", "--quality", "0"], "1 to 100"),
    (["b.png", "--quality", "50"], "lossless"), (["a.jpg", "--temperature", "warm"], "--temperature"),
    (["a.jpg", "--temperature", "-1"], "temperature is -1"), (["-", "a.jpg"], "one photo at a time"),
    (["a.jpg", "--saturation", "nan"], "saturation is nan"), (["a.jpg", "--warmth", "2"], "warmth is 2"),
    (["a.jpg", "--effort", "high"], "fast, normal, best"), (["gone.jpg", "--effort", "6"], "the effort is '6'"),
    (["a.jpg", "--effort", "fast"], "means the small model"),
    (["a.jpg", "--hint", "red"], "X,Y=#RRGGBB"), (["a.jpg", "--hint", "99,1=#ff0000"], "outside the photo of 48 x 32"),
    (["a.jpg", "--hint", "9,1=#ff0000", "--hints", "h.json"], "both --hint and --hints"),
    (["a.jpg", "--hints", "gone.json"], "gone.json"), (["a.jpg", "--hints", "wrong.json"], "480 x 320"),
    (["a.jpg", "--hints", "wrong.png"], "48 x 31"),
    (["a.jpg", "--sepia"], "--sepia"), (["--sepia", "a.jpg"], "--sepia"),
    (["-", "--json"], "--json"), (["-"], "0 bytes"),
])  # fmt: skip
def test_what_cannot_be_done_is_said_in_one_line(shell: Shell, words: list[str], says: str) -> None:
    Path("wrong.json").write_text(Hints(480, 320, (Hint(((1, 1),), (1, 0, 0)),)).to_json())
    Image.new("RGBA", (48, 31)).save("wrong.png")
    before = sorted(os.listdir())
    assert says in shell.fails(*words)
    assert sorted(os.listdir()) == before


def test_a_model_that_cannot_be_used_is_said_in_one_line(shell: Shell) -> None:
    Path("broken.onnx").write_bytes(Path(shell.model).read_bytes()[:99])
    for name in ("broken.onnx", "a.jpg", "gone.onnx"):
        shell.model = name
        assert name in shell.fails("a.jpg")
        assert name in shell.fails("gone.jpg", "-o", "new")  # the model comes first, and nothing is made
        assert not Path("new").exists()


def test_bad_options_are_said_once_for_many_photos(shell: Shell) -> None:
    shell.fails("a.jpg", "b.png", "c.tif", "--saturation", "9")
    shell.fails("a.jpg", "b.png", "c.tif", "--quality", "101")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_said_in_one_line(shell: Shell) -> None:
    Path("locked").mkdir(mode=0o500)
    assert "locked" in shell.fails("a.jpg", "-o", "locked/x.jpg")


def test_an_interruption_keeps_what_is_finished_and_nothing_half(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []

    def interrupted_at_the_second(file: int) -> None:
        flushed.append(file)
        if len(flushed) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted_at_the_second)
    code, out, err = shell.colorize("a.jpg", "b.png", "c.tif", "-o", "out")
    assert (code, out) == (130, b"out/a.jpg\n")
    assert err == "photochrom: interrupted; what was finished is kept, nothing is half written\n"
    assert os.listdir("out") == ["a.jpg"]


def test_an_interruption_within_libvips_is_not_lost(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGINT)
    code = compile("import signal\ndef press(file): signal.raise_signal(signal.SIGINT)", "pyvips/callback.py", "exec")
    names: dict[str, Callable[[int], None]] = {}
    exec(code, names)
    monkeypatch.setattr(os, "fsync", names["press"])
    assert shell.colorize("a.jpg", "b.png", "-o", "out")[:2] == (130, b"out/a.jpg\n")
    assert os.listdir("out") == ["a.jpg"]
    assert signal.getsignal(signal.SIGINT) == before


def test_colorize_alone_gives_its_help_and_one_line(shell: Shell) -> None:
    code, out, err = shell.type("colorize")
    assert (code, out) == (2, b"")
    assert err.startswith("Usage: photochrom colorize")
    assert err.splitlines()[-1].startswith("photochrom: ")


def test_photochrom_alone_gives_its_help(shell: Shell) -> None:
    code, out, err = shell.type()
    assert (code, out[:17], err) == (0, b"Usage: photochrom", "")


def test_an_unknown_command_is_said_in_one_line(shell: Shell) -> None:
    code, out, err = shell.type("colour", "a.jpg")
    assert (code, out, err.count("\n")) == (2, b"", 1)


def test_info_prints_what_a_photo_is(shell: Shell) -> None:
    code, out, err = shell.type("info", "c.tif")
    assert (code, err) == (0, "")
    assert {"format": "tiff", "width": 48, "height": 32, "pages": 1, "bits": 8}.items() <= json.loads(out).items()
    assert shell.type("info", "-", stdin=Path("c.tif").read_bytes())[1] == out
    assert shell.type("info", "gone.jpg")[::2] == (2, "photochrom: gone.jpg: no such file; check the name\n")


def test_models_lists_cards(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("photochrom.weights.shipped", lambda: {"toy": Path(shell.model)})
    code, out, _ = shell.type("models")
    assert (code, b"toy" in out, b"For tests." in out) == (0, True, True)
    cards = json.loads(shell.type("models", "--json")[1])
    assert Card.from_json(json.dumps(cards["toy"])).name == "toy"


def test_a_sheet_shows_photos_beside_their_results(shell: Shell) -> None:
    shell.colorize("a.jpg", "b.png", "-o", "out")
    assert shell.type("sheet", ".", "out", "-o", "sheet.jpg") == (0, b"sheet.jpg\n", "")
    assert Photo.open("sheet.jpg").is_colored
