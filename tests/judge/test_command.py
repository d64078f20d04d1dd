"""photochrom judge and judge-report, typed: what they say, what they refuse, and that they serve."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from photochrom.cli import main
from photochrom.judge.store import Store
from photochrom.judge.trials import Plan

PHOTOCHROM = Path(sys.executable).with_name("photochrom")


def heeds_interrupts() -> None:
    """Undo what a shell does to commands in its background: these ignore SIGINT, and so would their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def fails(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    """Type a command that must end with 2 and one line, and give that line."""
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    assert re.fullmatch(r"photochrom: [^\n]{10,400}\n", err), err
    return err


def test_bad_input_is_said_in_one_line_before_anything_starts(
    capsys: pytest.CaptureFixture[str], color_folder: Path, toy_model: Path, tmp_path: Path
) -> None:
    out, empty = tmp_path / "out", tmp_path / "empty"
    empty.mkdir()
    (tmp_path / "file").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for words, says in [
            (["--photos", empty], "no photos found"),
            (["--photos", "gone"], "no such file"),
            (["--models", "gone"], "no model 'gone'"),
            (["--models", empty], "no photos found"),
            (["--port", taken.getsockname()[1]], "taken"),
            (["--port", "99999"], "65535"),
            (["--out", tmp_path / "file" / "out"], "cannot be written"),
            (["--trials", "0"], "--trials is 0"),
            (["--trials", "400"], "smaller --trials"),
            (["--viewing", "long"], "--viewing"),
        ]:
            usual = {"--photos": color_folder, "--models": toy_model, "--out": out, "--port": 0, "--trials": 2}
            usual |= {words[0]: words[1]}
            assert says in fails(capsys, "judge", *(word for pair in usual.items() for word in pair))
            assert not out.exists() or not list(out.iterdir())


def test_missing_results_are_said(
    capsys: pytest.CaptureFixture[str], color_folder: Path, result_folder: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    (few / "03.webp").write_bytes((result_folder / "03.webp").read_bytes())
    words = ("judge", "--photos", color_folder, "--models", few, "--out", tmp_path / "out", "--port", 0)
    assert "23 of 24 photos" in fails(capsys, *words)


def test_a_missing_extra_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "photochrom.judge.web", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    assert "pip install 'photochrom[serve]'" in fails(capsys, "judge", "--photos", "p", "--out", "o")


def test_a_report_needs_a_test(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert "holds no test" in fails(capsys, "judge-report", tmp_path)


def test_neither_command_costs_the_others_anything() -> None:
    code = "import photochrom.cli, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    modules = set(run.stdout.split())
    assert not {"fastapi", "uvicorn", "sqlite3", "photochrom.judge"} & modules
    helped = (
        "from photochrom.cli import app; import sys; app(['--help'], result_action='return_value'); print(*sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", helped], capture_output=True, text=True, check=True)
    assert "judge-report" in run.stdout
    assert not {"fastapi", "photochrom.judge.command"} & set(run.stdout.split())


def test_the_report_is_printed(capsys: pytest.CaptureFixture[str], plan: Plan, play: object, store: Store) -> None:
    assert callable(play)
    play(lambda number: True)
    store.close()
    folder = store._path.parent
    (folder / "test").symlink_to(plan.folder / "test")
    with pytest.raises(SystemExit) as end:
        main(["judge-report", str(folder)])
    out, err = capsys.readouterr()
    assert (end.value.code, err) == (0, "")
    assert out == (folder / "report.md").read_text(encoding="utf-8")
    assert "| toy | 0.0% | 0.0% to 39.0% | 0 | 6 | 0.70 |" in out


@pytest.mark.skipif(os.name != "posix", reason="interrupts a process")
def test_the_command_serves_until_interrupted_and_goes_on_later(
    color_folder: Path, toy_model: Path, tmp_path: Path
) -> None:
    words = ["judge", "--photos", color_folder, "--models", toy_model, "--out", tmp_path / "new" / "out"]
    tokens = []
    for _ in range(2):
        command = [str(word) for word in (PHOTOCHROM, *words, "--trials", 2, "--port", 0)]
        options: dict[str, Any] = {"stderr": subprocess.PIPE, "text": True, "preexec_fn": heeds_interrupts}
        with subprocess.Popen(command, **options) as process:
            try:
                assert process.stderr is not None
                line = process.stderr.readline()
                address = re.search(r"http://localhost:\d+/", line)
                assert address, line + process.stderr.read()
                with urllib.request.urlopen(address[0]) as page:
                    assert b"Which one is the real photo?" in page.read()
                for token in tokens:
                    with urllib.request.urlopen(f"{address[0]}api/sessions/{token}") as reply:
                        assert json.load(reply)["answered"] == 0
                request = urllib.request.Request(f"{address[0]}api/sessions", method="POST")
                with urllib.request.urlopen(request) as reply:
                    tokens.append(json.load(reply)["session"])
                stranger = urllib.request.Request(address[0], headers={"Host": "elsewhere.example"})
                with contextlib.suppress(urllib.error.HTTPError), urllib.request.urlopen(stranger):
                    pytest.fail("a request that names another host was answered")
                process.send_signal(signal.SIGINT)
                rest = process.stderr.read()
            finally:
                process.kill()
        assert rest == "photochrom: interrupted; what was finished is kept, nothing is half written\n"
        assert process.returncode == 130
    assert len(set(tokens)) == 2
