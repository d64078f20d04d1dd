"""The command line's looks, guess maps and alternatives: what they write where, and what they refuse."""

import io
import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from photochrom import Hint, Photo
from photochrom.cli import main

Typed = Callable[..., tuple[object, str, str]]


@pytest.fixture
def typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], toy_model: Path
) -> Typed:
    """Give a function that types a command with the toy model and gives exit code, standard output and error."""
    monkeypatch.chdir(tmp_path)
    gray = Image.fromarray(np.tile(np.arange(0, 240, 5, np.uint8), (32, 1)))
    for name in ("a.jpg", "a.png", "b.tif"):
        gray.save(name)

    def type_in(*words: object) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
        with pytest.raises(SystemExit) as end:
            main([*map(str, words), "--model", str(toy_model)])
        out, err = capsys.readouterr()
        return end.value.code, out, err

    return type_in


def test_looks_stand_beside_the_photo_or_in_a_folder(typed: Typed) -> None:
    names = ["natural", "conservative", "vivid", "sample-1"]
    assert typed("colorize", "a.jpg", "--looks", 4) == (0, "".join(f"a-{name}.jpg\n" for name in names), "")
    assert typed("colorize", "b.tif", "--looks", 4, "-o", "out")[0] == 0
    assert sorted(os.listdir("out")) == sorted(f"b-{name}.tif" for name in names)
    typed("colorize", "a.jpg", "-o", "plain.jpg")
    assert Path("plain.jpg").read_bytes() == Path("a-natural.jpg").read_bytes()


def test_a_seed_draws_the_same_looks_again(typed: Typed) -> None:
    for folder, seed in (("one", 5), ("two", 5)):
        typed("colorize", "a.png", "--looks", 5, "--seed", seed, "-o", folder)
    for name in os.listdir("one"):
        assert Path("one", name).read_bytes() == Path("two", name).read_bytes()


def test_the_guess_map_stands_beside_the_result(typed: Typed) -> None:
    assert typed("colorize", "a.jpg", "--guess-map")[1] == "a-color.jpg\na-guess.png\n"
    assert typed("colorize", "a.jpg", "--guess-map", "-o", "out/")[1] == "out/a.jpg\nout/a-guess.png\n"
    assert Photo.open("a-guess.png").width == 48
    assert Photo.open("a-guess.png").is_colored


def test_json_names_every_file(typed: Typed) -> None:
    row = json.loads(typed("colorize", "a.jpg", "--looks", 2, "--guess-map", "--json")[1])
    assert (row["target"], row["more"]) == ("a-natural.jpg", ["a-conservative.jpg", "a-guess.png"])
    assert json.loads(typed("colorize", "b.tif", "--json")[1])["more"] == []


@pytest.mark.parametrize(("words", "says"), [
    (["a.jpg", "--looks", "1"], "expected 2 to 8"), (["a.jpg", "--looks", "9"], "expected 2 to 8"),
    (["a.jpg", "--looks", "3", "-o", "-"], "--looks writes further files"), (["-", "--looks", "3"], "--looks writes"),
    (["-", "--guess-map"], "--guess-map writes further files"), (["a.jpg", "--looks", "3", "-o", "x.jpg"], "a folder"),
    (["a.jpg", "a.png", "--guess-map", "-o", "out"], "would both be written to out/a-guess.png")])  # fmt: skip
def test_looks_that_cannot_be_written_are_refused_in_one_line(typed: Typed, words: list[str], says: str) -> None:
    before = sorted(os.listdir())
    code, out, err = typed("colorize", *words)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err
    assert sorted(os.listdir()) == before


def test_nothing_is_written_when_one_of_the_files_exists(typed: Typed) -> None:
    Path("a-vivid.jpg").write_bytes(b"precious")
    assert "a-vivid.jpg: exists already" in typed("colorize", "a.jpg", "--looks", 3)[2]
    assert not Path("a-natural.jpg").exists()
    assert typed("colorize", "a.jpg", "--looks", 3, "--overwrite")[0] == 0


def test_alternatives_are_listed_with_the_hint_to_type(typed: Typed) -> None:
    code, out, err = typed("alternatives", "a.jpg", "--at", "24,16")
    assert (code, err) == (0, "")
    for line in out.splitlines():
        row = re.fullmatch(r"(#[0-9a-f]{6}) +(\d+)%  a +-?\d+  b +-?\d+  --hint (\S+)", line)
        assert row is not None, line
        assert Hint.parse(row[3]).color == row[1]
        assert typed("colorize", "a.jpg", "--hint", row[3], "-o", "x.jpg", "--overwrite")[0] == 0
    rows = json.loads(typed("alternatives", "a.jpg", "--at", "24,16", "--json")[1])
    assert [row["color"] for row in rows] == [line.split()[0] for line in out.splitlines()]
    assert 0 < sum(row["probability"] for row in rows) <= 1


@pytest.mark.parametrize(("at", "says"), [
    ("99,1", "outside the photo of 48 x 32 pixels"), ("1", "expected X,Y"), ("here", "expected X,Y"),
    ("1,2,3", "expected X,Y"), ("nan,1", "outside")])  # fmt: skip
def test_a_point_that_cannot_be_is_refused_in_one_line(typed: Typed, at: str, says: str) -> None:
    code, out, err = typed("alternatives", "a.jpg", "--at", at)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert says in err


def test_the_fast_effort_is_the_small_model(typed: Typed) -> None:
    for name, words in {"fast": ["--effort", "fast"], "small": ["--model", "small"]}.items():
        with pytest.raises(SystemExit) as end:
            main(["colorize", "a.png", "-o", f"{name}.png", *words])
        assert end.value.code == 0
    assert Path("fast.png").read_bytes() == Path("small.png").read_bytes()
    assert "means the small model" in typed("colorize", "a.jpg", "--effort", "fast")[2]
