"""Two processes that train from shards at a URL, one of them killed: gone on with by two, and by one."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from photochrom.checkpoint import find_checkpoint, load_checkpoint
from photochrom.data import order
from photochrom.data.catalog import list_entries
from photochrom.data.loading import LoadPlan, batches
from photochrom.data.shelf import Shelf
from photochrom.recipes import find_recipe
from photochrom.runlog import read_log

pytest.importorskip("fsspec")
pytestmark = pytest.mark.slow
LAUNCH = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
          "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
          "--main_process_port", "0"]  # fmt: skip
STEPS, KILLED_AT, WINDOW = 12, 8, 8
RECORDER = f"""
import json, os, signal, sys
from pathlib import Path
from photochrom import train
from photochrom.cli import main
from photochrom.data import order

order.WINDOW = {WINDOW}
batches = train.Session._batches

def recorded(session, stage):
    rank = session.accelerator.process_index
    for photo, aged in batches(session, stage):
        if (session.at.step, rank) == (int(os.environ.get("KILLED_AT", -1)), 1):
            os.kill(os.getpid(), signal.SIGKILL)
        row = [session.at.step, rank, photo.flatten(1).long().sum(dim=1).tolist()]
        with Path(sys.argv[1], f"seen{{rank}}.jsonl").open("a") as file:
            print(json.dumps(row), file=file)
        yield photo, aged

train.Session._batches = recorded
main(sys.argv[2:])
"""
Seen = dict[tuple[int, int], list[int]]


@pytest.fixture
def shards(photo_folder: Path, tmp_path: Path) -> str:
    """Give the URL of six shards of four photos."""
    folder = tmp_path / "shards"
    folder.mkdir()
    photos = sorted(photo_folder.iterdir())
    for number in range(6):
        with tarfile.open(folder / f"train-{number:03}.tar", "w") as shard:
            for photo in photos[number * 4 : number * 4 + 4]:
                shard.add(photo, photo.name)
    return f"file://{folder}/train-{{000..005}}.tar"


def trained(launch: Sequence[str], photos: str, run: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    script = run.parent / "recorder.py"
    script.write_text(RECORDER)
    run.mkdir(exist_ok=True)
    words = ["train", "default_tiny", "--photos", photos, "--validation", photos.replace("{000..005}", "000"),
             "--run", str(run), "--cache", str(run.parent / "cache"), "--steps", str(STEPS),
             "--save-minutes", "0.00001", "--workers", "1"]  # fmt: skip
    command = [*launch, str(script), str(run), *words]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, env={**os.environ, **environment}
    )


def seen(run: Path) -> Seen:
    """Give what each process saw at each step; what it saw twice, before and after it was killed, must be the same."""
    found: Seen = {}
    for path in run.glob("seen*.jsonl"):
        for step, rank, photos in map(json.loads, path.read_text().splitlines()):
            assert found.setdefault((step, rank), photos) == photos, (
                f"other photos at step {step} when it was done anew"
            )
    return found


def expected(photos: str, cache: Path, log: list[dict[str, Any]]) -> list[list[int]]:
    """Give what one process would see at each step of a run that nothing stops."""
    recipe, entries = find_recipe("default_tiny"), list_entries([photos], Shelf(cache))
    stages = [row["stage"] for row in log]
    made = []
    for number, stage in enumerate(recipe.stages):
        plan = LoadPlan(stage.size, stage.batch, recipe.seed + number, 0, stages.count(number), aged=recipe.aged)
        made += [photo.flatten(1).long().sum(dim=1).tolist() for photo, _ in batches(entries, plan)]
    return made


def rows(run: Path) -> list[dict[str, Any]]:
    return [row for row in read_log(run) if row["kind"] == "train"]


def test_a_killed_run_of_two_processes_goes_on_with_two_or_one_at_the_photo_where_it_stood(
    shards: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order, "WINDOW", WINDOW)
    whole, killed, alone = (tmp_path / name for name in ("whole", "killed", "alone"))
    done = trained(LAUNCH, shards, whole)
    assert done.returncode == 0, done.stderr
    assert trained(LAUNCH, shards, killed, KILLED_AT=str(KILLED_AT)).returncode != 0
    folder = find_checkpoint(killed)
    assert folder is not None
    stood = load_checkpoint(folder)[1]["position"]["step"]
    assert 0 < stood <= KILLED_AT
    shutil.copytree(killed, alone, ignore=shutil.ignore_patterns("seen*"))
    for run, launch in ((killed, LAUNCH), (alone, [sys.executable])):
        done = trained(launch, shards, run)
        assert done.returncode == 0, done.stderr
        assert [row["step"] for row in rows(run)] == list(range(1, STEPS + 1))

    order_of_photos = expected(shards, tmp_path / "cache", rows(whole))
    assert len(order_of_photos) == STEPS
    for run in (whole, killed):
        found = seen(run)
        assert [found[step, 0] + found[step, 1] for step in range(STEPS)] == order_of_photos
    assert seen(alone) == {(step, 0): order_of_photos[step] for step in range(stood, STEPS)}

    for part in ("painter", "averaged", "painter_optimizer"):
        mine, theirs = (load_file(run / "checkpoint" / f"{part}.safetensors") for run in (killed, whole))
        assert all(torch.equal(mine[name], value) for name, value in theirs.items()), part
    assert [row["loss"] for row in rows(killed)] == [row["loss"] for row in rows(whole)]
