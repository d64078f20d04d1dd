"""ZIP and TAR files as targets of real processes: killed at any moment, or watching, the archive is whole."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.archive.conftest import members, results

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="sends signals")]
Run = Callable[..., Any]
Draw = Callable[..., Path]
Contents = Callable[[Path], dict[str, bytes]]
KILLED = """
import os, signal, sys
from photochrom.archive import targets
from photochrom.cli import main

def die(*words):
    os.kill(os.getpid(), signal.SIGKILL)

real, unlink, seen = targets.merge, os.unlink, []

def unlinked(path, *words, **more):
    unlink(path, *words, **more)
    if ".parts/" in str(path) and str(path).endswith((".jpg", ".tif")):
        die()

def merging(old, new, fresh, told):
    real(old, new, fresh, lambda count: die() if count == 7 else None)

moment = sys.argv.pop(1)
if moment == "merging":
    targets.merge = merging
elif moment == "moved":
    targets.flush_folder = die
elif moment == "removing":
    targets.os.unlink = unlinked
elif moment == "clearing":
    targets.ArchiveTarget.clear = die
main()
"""


def test_a_kill_at_any_moment_of_packing_loses_nothing_and_doubles_nothing(
    run: Run, draw: Draw, archive: Path, tmp_path: Path, toy_model: Path, contents: Contents
) -> None:
    target = tmp_path / "out.tar"
    words = ["batch", str(archive), str(target), "--model", str(toy_model), "--jobs", "1"]
    for number, moment in enumerate(("merging", "moved", "merging", "removing", "clearing")):
        draw(archive / "new" / f"{number}.png", 50 + number)
        ended = subprocess.run([sys.executable, "-c", KILLED, moment, *words], check=False, timeout=200)
        assert ended.returncode == -signal.SIGKILL, moment
        if target.exists():
            members(target)
    summary = run(archive, target)
    assert (summary.done, summary.unchanged) == (0, 9), "a photo was done twice"
    run(archive, tmp_path / "folder")
    assert results(target) == contents(tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "out.tar", "source"]


def test_a_run_killed_at_work_goes_on(run: Run, draw: Draw, tmp_path: Path, typed: Any, contents: Contents) -> None:
    for number in range(12):
        draw(tmp_path / "many" / f"{number:02d}.tif", number, 900, 600)
    target, parts = tmp_path / "out.zip", tmp_path / "out.zip.parts"
    for least in (2, 5):
        with typed(tmp_path / "many", target, "--jobs", 2) as process:
            end = time.monotonic() + 200
            while len(list(parts.glob("*.tif"))) < least and process.poll() is None:
                assert time.monotonic() < end
                time.sleep(0.01)
            os.killpg(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
    with typed(tmp_path / "many", target, "--jobs", 2) as process:
        said, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    assert "unchanged" in said
    assert run(tmp_path / "many", tmp_path / "folder").done == 12
    assert results(target) == contents(tmp_path / "folder")
    assert not parts.exists()


def test_a_watched_source_is_packed_after_each_pass(
    typed: Any, archive: Path, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "out.zip"
    for path in archive.rglob("*.*"):
        os.utime(path, (1e9, 1e9))
    with typed(archive, target, "--watch", "--every", 0.2, "--jobs", 1) as process:
        end = time.monotonic() + 100
        while not target.exists() and time.monotonic() < end:
            time.sleep(0.05)
        assert len(results(target)) == 4
        os.utime(draw(archive / "new.png", 9), (1e9, 1e9))
        while len(results(target)) < 5 and time.monotonic() < end:
            time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert said.startswith("5 of 6 colorized, 1 no photos\n")
    assert len(results(target)) == 5
    assert not (tmp_path / "out.zip.parts").exists()
