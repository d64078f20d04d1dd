"""Archives to work on, and a run of the batch engine in this process: quick, and the same lines as with processes."""

import csv
import os
import signal
import sqlite3
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from photochrom.archive.campaign import Campaign, conduct, open_source, open_target, usual_ledger, with_lanes
from photochrom.archive.engine import Means
from photochrom.archive.order import Order
from photochrom.archive.report import Summary
from photochrom.archive.work import Job

TYPED = """
from photochrom.cli import app, main
if "batch" not in list(app):
    app.command("photochrom.archive.command:batch", name="batch", help="Colorize an archive.")
main()
"""
Made = Callable[..., Campaign]
Run = Callable[..., Summary]
Typed = Callable[..., "subprocess.Popen[str]"]


def counts(summary: Any) -> tuple[int, int, int, int]:
    """Give how many photos were done, unchanged, skipped and failed."""
    return summary.done, summary.unchanged, summary.skipped, summary.failed


def failures(target: Path) -> dict[str, str]:
    """Give the kind of each failure that a target's table tells, by photo."""
    with (target / ".photochrom" / "failures.csv").open(encoding="utf-8", newline="") as file:
        return {row["source"]: row["kind"] for row in csv.DictReader(file)}


def age(path: Path) -> None:
    """Make a file look written a minute later."""
    found = path.stat()
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns + 60 * 10**9))


def members(path: Path) -> dict[str, bytes]:
    """Read an archive as anybody does, its files in their order; raises where one is damaged or there twice."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            found = [(name, archive.read(name)) for name in archive.namelist()]
    else:
        with tarfile.open(path, "r:", encoding="utf-8") as tar:
            found = [(info.name, tar.extractfile(info).read()) for info in tar]  # type: ignore[union-attr]
    assert len(dict(found)) == len(found), "a file is there twice"
    return dict(found)


def results(path: Path) -> dict[str, bytes]:
    """Read the results out of an archive, without the ledger and the report."""
    return {name: content for name, content in members(path).items() if not name.startswith(".photochrom/")}


def draw_photo(path: Path, seed: int = 0, width: int = 60, height: int = 40) -> Path:
    """Write a small gray photo; its name says the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (4, 6), dtype=np.uint8)
    Image.fromarray(pixels).resize((width, height)).save(path)
    return path


def contents_of(folder: Path) -> dict[str, bytes]:
    """Give what stands in a target, without the ledger and the report."""
    files = (path for path in folder.rglob("*") if path.is_file() and ".photochrom" not in path.parts)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def states_of(ledger: Path) -> list[tuple[Any, str]]:
    """Give each row of a ledger: the result's name and its state."""
    with sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True) as base:
        found = base.execute("SELECT target, state FROM photos ORDER BY target").fetchall()
    base.close()
    return found


@pytest.fixture
def draw() -> Callable[..., Path]:
    """Give ``draw(path, seed, width, height)``: writes a small gray photo."""
    return draw_photo


@pytest.fixture
def contents() -> Callable[[Path], dict[str, bytes]]:
    """Give ``contents(target)``: the results by name."""
    return contents_of


@pytest.fixture
def states() -> Callable[[Path], list[tuple[Any, str]]]:
    """Give ``states(ledger)``: what the ledger says of each result."""
    return states_of


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Give a place for results."""
    return tmp_path / "target"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Give a folder with four photos in two folders, and a text."""
    for number, name in enumerate(("a.jpg", "b.png", "1890/c.tif", "1890/deep/d.webp")):
        draw_photo(tmp_path / "source" / name, number)
    (tmp_path / "source" / "1890" / "notes.txt").write_text("found in the attic")
    return tmp_path / "source"


@pytest.fixture
def campaign(toy_model: Path) -> Made:
    """Give ``campaign(source, target, order=..., ...)``: two workers that are threads."""

    def made(source: object, target: object, options: Any = None, **more: Any) -> Campaign:
        options = options or {}
        job_words = {name: more.pop(name) for name in ("retries", "max_pixels", "lanes") if name in more}
        order = more.pop("order", Order(str(toy_model)))
        place = open_target(str(target), options.get("target", {}))
        job = with_lanes(Job(open_source(str(source), place, options.get("source", {})), place, order))
        means = more.pop("means", Means(2, 4000, isolated=False))
        ledger = more.pop("ledger", None) or usual_ledger(place)
        return Campaign(replace(job, **job_words), means, ledger, **more)

    return made


@pytest.fixture
def run(campaign: Made) -> Run:
    """Give ``run(source, target, ...)``: does it and returns the summary."""
    return lambda source, target, **more: conduct(campaign(source, target, **more))[0]


def hear_interrupts() -> None:
    """Undo what a shell does to commands in its background: these ignore SIGINT, and so would their children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def typed(toy_model: Path) -> Typed:
    """Give ``typed(words)``: photochrom batch in a process group of its own, with the toy model."""

    def start(*words: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", TYPED, "batch", "--model", str(toy_model), *map(str, words)]
        pipe = subprocess.PIPE
        return subprocess.Popen(
            command,
            stdout=pipe,
            stderr=pipe,
            text=True,
            start_new_session=True,
            preexec_fn=hear_interrupts,  # noqa: PLW1509 - it does one system call
        )

    return start
