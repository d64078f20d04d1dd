"""The command: what it prints, how it ends, and one line for everything that cannot be."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

from photochrom.archive.command import _teller, batch
from photochrom.archive.run import Progress
from photochrom.archive.tasks import Report
from photochrom.errors import OptionError, PhotochromError

Call = Callable[..., Any]


@pytest.fixture
def call(toy_model: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    """Give ``call(words)``: the command as it is typed, with workers that are threads; returns the exit code."""
    from photochrom.archive import engine

    real = engine.Means.__init__
    monkeypatch.setattr(engine.Means, "__init__", lambda self, jobs, memory: real(self, jobs, memory, False))
    app = App()
    app.command(batch, name="batch")

    def typed(*words: object) -> Any:
        line = ["batch", *map(str, words), "--model", str(toy_model)]
        return app(line, result_action="return_value", exit_on_error=False, print_error=False)

    return typed


def test_a_run_says_what_became_of_it(call: Call, archive: Path, tmp_path: Path, capsys: Any) -> None:
    assert call(archive, tmp_path / "t", "--jobs", 1) == 0
    told = capsys.readouterr()
    assert told.out.startswith("4 of 5 colorized, 1 no photos\n")
    for name in ("failures.csv", "report.json", "index.html", "sheet.jpg"):
        assert (tmp_path / "t" / ".photochrom" / name).exists()
        assert name in told.out.replace("\n", "")
    assert told.err == ""
    (archive / "bad.jpg").write_text("no photo")
    assert call(archive, tmp_path / "t", "--json", "--previews", 0) == 1
    told = capsys.readouterr()
    summary = json.loads(told.out)
    assert (summary["unchanged"], summary["failed"], summary["exit_code"]) == (4, 1, 1)
    assert told.err.count("\n") == 1
    assert "bad.jpg: not a photo this program knows" in told.err


def test_a_dry_run_writes_nothing(call: Call, archive: Path, tmp_path: Path, capsys: Any) -> None:
    target = tmp_path / "t"
    assert call(archive, target, "--dry-run", "--format", "png", "--limit", 2) == 0
    told = capsys.readouterr()
    assert told.out.splitlines() == ["1890/c.tif -> 1890/c.png", "1890/deep/d.webp -> 1890/deep/d.png"]
    assert told.err.startswith("5 of 5 would be colorized")
    assert not target.exists()
    call(archive, target)
    before = sorted((path, path.stat().st_mtime_ns) for path in target.rglob("*"))
    assert call(archive, target, "--dry-run", "--json") == 0
    assert '"unchanged": 4' in capsys.readouterr().out
    assert sorted((path, path.stat().st_mtime_ns) for path in target.rglob("*")) == before


def test_no_photos_at_all_is_told(call: Call, archive: Path, tmp_path: Path, capsys: Any) -> None:
    assert call(archive, tmp_path / "t", "--include", "*.gif") == 2
    assert "no photos in" in capsys.readouterr().err


def test_only_the_first_failures_are_told_one_by_one(call: Call, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "s").mkdir()
    for number in range(25):
        (tmp_path / "s" / f"{number}.png").write_text("no photo")
    assert call(tmp_path / "s", tmp_path / "t") == 2
    assert capsys.readouterr().err.count("\n") == 21


def test_settings_files_are_taken(call: Call, archive: Path, tmp_path: Path) -> None:
    from photochrom import Photo

    (tmp_path / "s.json").write_text('{"saturation": 0, "format": "png"}')
    assert call(archive, tmp_path / "gray", "--settings", tmp_path / "s.json") == 0
    assert not Photo.open(tmp_path / "gray" / "a.png").is_colored
    assert call(archive, tmp_path / "color", "--settings", tmp_path / "s.json", "--saturation", 2) == 0
    assert Photo.open(tmp_path / "color" / "a.png").is_colored


@pytest.mark.parametrize("words", [
    ("nowhere", "t"), ("nowhere/*.jpg", "t"), ("s", "s/a.jpg"), ("s", "s"), ("s", "t", "--jobs", "-1"),
    ("s", "t", "--limit", "0"), ("s", "t", "--include", ""), ("s", "t", "--format", "bmp"),
    ("s", "t", "--watch", "--dry-run"),
    ("s", "t", "--settings", "none.json"), ("s", "t", "--source-options", "s/a.jpg"), ("s", "t", "--every", "0"),
    ("s", "t", "--temperature", "2"), ("s", "t", "--reference", "none.jpg"), ("s", "s/a.jpg/t"),
    ("s", "t", "--ledger", "s/a.jpg"), ("s", "t.zip", "--ledger", "l.sqlite"), ("s", "t.tgz"),
    ("s", "t", "--look", "odd"),
])  # fmt: skip
def test_bad_input_is_one_line(
    words: tuple[str, ...], call: Call, draw: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    draw(tmp_path / "s" / "a.jpg")
    with pytest.raises(PhotochromError) as caught:
        call(*words)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) > 20
    assert not (tmp_path / "t").exists() or not list((tmp_path / "t").glob("*.jpg"))


def test_a_url_without_fsspec_says_what_to_install(
    call: Call, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(OptionError, match=r"photochrom\[batch\]"):
        call(archive, "s3://bucket/t", "--ledger", tmp_path / "l.sqlite")
    assert call(archive, tmp_path / "t") == 0, "folders need no fsspec"


@pytest.mark.slow
def test_watching_takes_new_files_when_they_are_whole(
    typed: Any, archive: Path, draw: Any, tmp_path: Path, contents: Any
) -> None:
    target = tmp_path / "t"
    with typed(archive, target, "--watch", "--every", 0.2, "--jobs", 1) as process:
        end = time.monotonic() + 60
        while len(contents(target)) < 4 and time.monotonic() < end:
            time.sleep(0.05)
        (archive / "new").mkdir()
        content = draw(tmp_path / "whole.png", 9, 300, 200).read_bytes()
        with (archive / "new" / "slow.png").open("wb", buffering=0) as file:
            for start in range(0, len(content), len(content) // 4 + 1):
                file.write(content[start : start + len(content) // 4 + 1])
                time.sleep(0.3)
        while not (target / "new" / "slow.png").exists() and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (0, "")
    assert said.startswith("5 of 6 colorized, 1 no photos\n")
    assert (target / ".photochrom" / "index.html").exists()


def test_what_fails_at_every_look_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    tell, progress = _teller(lambda share, note: None), Progress()
    for reason in ("in/: cannot be listed", "a.jpg: damaged", "in/: cannot be listed"):
        tell(progress, Report("failed", reason=reason))
    assert capsys.readouterr().err.splitlines() == ["photochrom: in/: cannot be listed", "photochrom: a.jpg: damaged"]
