"""Killed at any moment, a run goes on as if nothing had happened: nothing lost, doubled or half written."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from photochrom.archive import engine
from photochrom.archive.campaign import conduct
from photochrom.archive.ledger import Ledger
from photochrom.archive.tasks import Report
from photochrom.errors import OptionError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")

PHOTOS = 16
Typed = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def many(draw: Callable[..., Path], tmp_path: Path) -> Path:
    """Give a folder of photos that take a moment each."""
    first = draw(tmp_path / "many" / "00.tif", 0, 1000, 700)
    for number in range(1, PHOTOS):
        content = bytearray(first.read_bytes())
        content[-100:] = bytes([number]) * 100
        (first.parent / f"{number:02d}.tif").write_bytes(content)
    return first.parent


def wait_for(target: Path, least: int, process: "subprocess.Popen[str]") -> None:
    end = time.monotonic() + 200
    while len(list(target.glob("*.tif"))) < least and process.poll() is None:
        assert time.monotonic() < end
        time.sleep(0.01)


def workers_of(process: "subprocess.Popen[str]") -> list[int]:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    return [int(pid) for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_like_one_that_was_not(
    many: Path, typed: Typed, run: Any, contents: Any, states: Any, tmp_path: Path
) -> None:
    target = tmp_path / "killed"
    for least, whole_group in ((3, True), (6, False), (9, True)):
        with typed(many, target, "--jobs", 2) as process:
            wait_for(target, least, process)
            (os.killpg if whole_group else os.kill)(process.pid, signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
    assert len(contents(target)) < PHOTOS, "it was never killed at work"
    (target / ".00.tif.0123456789ab.part").write_bytes(b"left by a kill")
    with typed(many, target, "--jobs", 2) as process:
        said, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    assert re.match(rf"\d+ of {PHOTOS} colorized, \d+ unchanged\n", said)
    assert run(many, tmp_path / "whole").done == PHOTOS
    left = contents(target)
    left.pop(".00.tif.0123456789ab.part", None)  # of a photo that was done: not ours to judge
    assert left == contents(tmp_path / "whole")
    assert states(target / ".photochrom" / "ledger.sqlite") == [(f"{n:02d}.tif", "done") for n in range(PHOTOS)]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for processes in /proc")
def test_a_worker_that_dies_costs_nothing(many: Path, typed: Typed, contents: Any, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with typed(many, target, "--jobs", 2) as process:
        wait_for(target, 2, process)
        os.kill(workers_of(process)[0], signal.SIGKILL)
        said, errors = process.communicate(timeout=300)
    assert (process.returncode, errors) == (0, "")
    assert said.startswith(f"{PHOTOS} of {PHOTOS} colorized\n")
    assert len(contents(target)) == PHOTOS


@pytest.mark.slow
def test_an_interrupt_ends_it_in_order(many: Path, typed: Typed, contents: Any, states: Any, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with typed(many, target, "--jobs", 1) as process:
        wait_for(target, 2, process)
        os.kill(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=200)
    assert (process.returncode, errors) == (
        130,
        "photochrom: interrupted; what was finished is kept, nothing is half written\n",
    )
    kept = dict(states(target / ".photochrom" / "ledger.sqlite"))
    assert {name for name, state in kept.items() if state == "done"} == set(contents(target))
    assert set(kept.values()) <= {"done", "waiting"}, "a busy machine may have done all by then"


@pytest.mark.parametrize("place", ["_give", "_settle"])
def test_an_interrupt_at_a_bad_moment_leaves_nothing_begun(
    run: Any, archive: Path, states: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    really, calls = getattr(engine.Engine, place), iter(range(10**6))

    def interrupted(one: engine.Engine, *values: Any) -> None:
        if (place == "_give" or one._ends) and next(calls) == 1:
            raise KeyboardInterrupt
        really(one, *values)

    monkeypatch.setattr(engine.Engine, place, interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(archive, tmp_path / "t")
    kept = states(tmp_path / "t" / ".photochrom" / "ledger.sqlite")
    assert "begun" not in dict(kept).values()
    assert all((state == "done") == (tmp_path / "t" / name).exists() for name, state in kept if name)
    monkeypatch.undo()
    assert run(archive, tmp_path / "t").failed == 0


def test_two_runs_never_share_a_target(run: Any, archive: Path, tmp_path: Path) -> None:
    run(archive, tmp_path / "t")
    ledger = Ledger(tmp_path / "t" / ".photochrom" / "ledger.sqlite")
    ledger.begin(str(archive), "x", {})
    with pytest.raises(OptionError, match="another run at work"):
        run(archive, tmp_path / "t")
    ledger.close()


class Fragile:
    """A crew whose workers end as soon as one of them has the photo b.png."""

    def __init__(self, job: Any, size: int, isolated: bool) -> None:
        self.members = [self._member() for _ in range(size)]
        self.ended = 0

    def _member(self) -> Any:
        return SimpleNamespace(given={}, ready=False, alone=False, say=lambda message: None, ended=lambda: "by SIGSEGV")

    def __enter__(self) -> "Fragile":
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def listen(self, seconds: float) -> Iterator[tuple[Any, Any]]:
        for member in list(self.members):
            if not member.ready:
                yield member, ("ready",)
            elif any(task.source == "b.png" for task in member.given.values()):
                self.ended += 1
                assert self.ended < 5
                yield member, None
            elif member.given:
                yield member, ("end", next(iter(member.given)), Report("done"))

    def replace(self, member: Any) -> None:
        self.members[self.members.index(member)] = self._member()

    def dismiss(self) -> None:
        pass


def test_the_photo_that_ends_workers_is_found(
    campaign: Any, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "Crew", Fragile)
    summary, _ = conduct(campaign(archive, tmp_path / "t", previews=0))
    assert (summary.done, summary.failed) == (4, 1)
    (line,) = (tmp_path / "t" / ".photochrom" / "failures.csv").read_text().splitlines()[1:]
    assert line.startswith('b.png,b.png,WorkerEnded,"b.png: the process that worked on it ended by SIGSEGV;')


def test_what_waits_is_planned_anew_when_its_source_is_gone(run: Any, archive: Path, tmp_path: Path) -> None:
    run(archive, tmp_path / "t", limit=1)
    (archive / "b.png").unlink()
    summary = run(archive, tmp_path / "t")
    assert (summary.done + summary.unchanged, summary.failed) == (3, 0)
