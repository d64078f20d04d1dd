"""One run at a time writes to a target, and a run that was killed is in nobody's way."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("av")
pytest.importorskip("scenedetect")

from photochrom.colorizer import Colorizer
from photochrom.errors import OptionError, OutputUnwritable
from photochrom.video import Coder, Plan, Steadiness, colorize_film, segments
from photochrom.video.lock import Lock
from photochrom.video.segments import Record, Workshop

LOSSLESS = Plan(coder=Coder("ffv1"), steadiness=Steadiness(4))
WORDS = ["--codec", "ffv1", "--keys", "4"]

SLOW = """
import sys
from photochrom.colorizer import Colorizer
from photochrom.video import Coder, Plan, Steadiness, colorize_film, film

def tell(share, note):
    if note.startswith("frame 9 "):
        print("at work", flush=True)
        sys.stdin.read()

film.SEGMENT = 4
plan = Plan(coder=Coder("ffv1"), steadiness=Steadiness(4))
colorize_film(sys.argv[1], sys.argv[2], Colorizer(sys.argv[3], threads=1), plan=plan, tell=tell)
"""


def run(*words: object) -> "subprocess.CompletedProcess[str]":
    line = [sys.executable, "-m", "photochrom", "video", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, check=False)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_second_run_is_refused_and_a_killed_one_blocks_nobody(
    films: Any, tmp_path: Path, toy: Colorizer, toy_model: Path
) -> None:
    source, target = films.make_film(tmp_path / "a.mkv", films.pictures(20)), tmp_path / "b.mkv"
    line = [sys.executable, "-c", SLOW, str(source), str(target), str(toy_model)]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "at work\n"
        folder = tmp_path / ".b.mkv.photochrom"
        before = contents(folder)
        assert {"job.json", "lock", "00000.packets"} <= set(before)
        for more in ([], ["--saturation", "0.5"], ["--overwrite"]):
            second = run(source, target, "--model", toy_model, *WORDS, *more)
            assert (second.returncode, second.stdout) == (2, "")
            assert f"another run is writing {target} at this moment" in second.stderr
            assert len(second.stderr.splitlines()) == 1
            assert contents(folder) == before
        first.kill()
    assert (folder / "lock").exists()
    third = run(source, target, "--model", toy_model, *WORDS)
    assert (third.returncode, third.stdout.strip()) == (0, str(target))
    colorize_film(source, tmp_path / "whole.mkv", toy, plan=LOSSLESS)
    assert (films.chroma(target) == films.chroma(tmp_path / "whole.mkv")).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv", "b.mkv", "whole.mkv"]


def test_other_targets_are_free(films: Any, tmp_path: Path, toy: Colorizer) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(3))
    with Workshop(tmp_path / "b.mkv"):
        assert colorize_film(source, tmp_path / "c.mkv", toy).frames == 3
        with pytest.raises(OptionError, match=r"another run is writing .*b\.mkv"):
            colorize_film(source, tmp_path / "b.mkv", toy)
    assert colorize_film(source, tmp_path / "b.mkv", toy).frames == 3


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    one = Lock(path)
    with pytest.raises(BlockingIOError):
        Lock(path)
    one.let_go(remove=False)
    two = Lock(path)
    two.let_go(remove=True)
    assert not path.exists()
    Lock(path).let_go(remove=True)


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be removed there")
def test_a_lock_that_was_removed_meanwhile_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, real = tmp_path / "lock", os.open
    path.touch()
    old = path.stat().st_ino

    def opened(*words: Any) -> int:
        descriptor = real(*words)
        if os.fstat(descriptor).st_ino == old:
            path.rename(tmp_path / "old")  # whoever held it has ended just now
        return descriptor

    monkeypatch.setattr(os, "open", opened)
    lock = Lock(path)
    monkeypatch.undo()
    with pytest.raises(BlockingIOError):
        Lock(path)
    lock.let_go(remove=True)


def test_a_folder_that_is_removed_meanwhile_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(path: Path) -> Lock:
        monkeypatch.undo()
        path.parent.rmdir()  # the run before has ended just now
        return Lock(path)

    monkeypatch.setattr(segments, "Lock", late)
    with Workshop(tmp_path / "b.mkv") as workshop:
        assert (workshop.folder / "lock").exists()
    with pytest.raises(OutputUnwritable, match="cannot be written"):
        Workshop(tmp_path / "none" / "b.mkv")
    (tmp_path / ".c.mkv.photochrom").write_text("mine")
    with pytest.raises(OutputUnwritable, match=r"Not a directory|cannot be written"):
        Workshop(tmp_path / "c.mkv")
    assert (tmp_path / ".c.mkv.photochrom").read_text() == "mine"


def test_parts_that_no_notes_tell_of_are_thrown_away(tmp_path: Path) -> None:
    folder = tmp_path / ".b.mkv.photochrom"
    folder.mkdir()
    (folder / "00001.packets").write_bytes(b"of a run that was killed while it threw away another one's parts")
    with Workshop(tmp_path / "b.mkv") as workshop:
        assert not workshop.is_begun
        workshop.take_up({"film": "a"})
        assert (workshop.done, workshop.is_begun) == ([], True)
    with Workshop(tmp_path / "b.mkv") as workshop:
        workshop.take_up({"film": "a"})
        workshop.clear()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("text", ["", "[]", "null", '{"job": 1'])
def test_broken_notes_are_no_notes(tmp_path: Path, text: str) -> None:
    with Workshop(tmp_path / "b.mkv") as workshop:
        (workshop.folder / "job.json").write_text(text)
        workshop.take_up({"film": "a"})
        assert workshop.notes == {"job": {"film": "a"}}


def _fill(workshop: Workshop) -> None:
    with workshop.begin() as part:
        part.add(Record(0, 1, True, b"picture"))
        part.finish({})


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no full disk to try")
def test_a_full_disk_is_told_and_leaves_no_half_parts(tmp_path: Path) -> None:
    with Workshop(tmp_path / "b.mkv") as workshop:
        workshop.take_up({"film": "a"})
        for name in ("00000.part", "00000.state"):
            (workshop.folder / name).symlink_to("/dev/full")
            with pytest.raises(OutputUnwritable, match=r"No space left on device.*make room"):
                _fill(workshop)
            assert sorted(contents(workshop.folder)) == ["job.json", "lock"]


def test_a_refused_film_leaves_nothing(
    films: Any, tmp_path: Path, toy: Colorizer, stop_after: Callable[[int], Any]
) -> None:
    source = films.make_film(tmp_path / "a.mkv", films.pictures(9))
    script = tmp_path / "shots.json"
    script.write_text(
        '{"shots": [{"shot": 7, "hints": {"photochrom_hints": 1, "photo": {"width": 64, "height": 48}, "hints": []}}]}'
    )
    with pytest.raises(Exception, match="shot 7; the film has shots 1 to 1"):
        colorize_film(source, tmp_path / "b.mkv", toy, plan=Plan(script=script))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mkv", "shots.json"]
    with pytest.raises(KeyboardInterrupt):
        colorize_film(source, tmp_path / "b.mkv", toy, tell=stop_after(5))
    assert (tmp_path / ".b.mkv.photochrom" / "job.json").exists()
