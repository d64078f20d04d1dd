"""Training as its own processes: killed without warning, and two at once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from photochrom.checkpoint import find_checkpoint, load_checkpoint
from photochrom.runlog import read_log

pytestmark = pytest.mark.slow
PYTHON = [sys.executable, "-m", "photochrom"]
LAUNCH = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
          "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
          "--main_process_port", "0"]  # fmt: skip
"""With --cpu accelerate starts a single process, without mpirun; this starts two, on CPUs where there are no GPUs."""
RECORDER = """
import json, sys
from pathlib import Path
import torch
from photochrom import train
from photochrom.cli import main

batches, save = train.Session._batches, train.Session.save

def recorded(session, stage):
    rank = session.accelerator.process_index
    for photo, aged in batches(session, stage):
        with Path(sys.argv[1], f"seen{rank}.jsonl").open("a") as file:
            print(json.dumps(photo.flatten(1).long().sum(dim=1).tolist()), file=file)
        yield photo, aged

def kept(session):
    rank = session.accelerator.process_index
    torch.save(session.trainee.tensors(), Path(sys.argv[1], f"rank{rank}.pt"))
    save(session)

train.Session._batches, train.Session.save = recorded, kept
main(sys.argv[2:])
"""


def arguments(photos: Path, run: Path, steps: int) -> list[str]:
    return ["train", "default_tiny", "--photos", str(photos), "--validation", str(photos / "00.png"),
            "--run", str(run), "--steps", str(steps), "--save-minutes", "0.00001"]  # fmt: skip


def rows(run: Path) -> list[dict[str, Any]]:
    return [row for row in read_log(run) if row["kind"] == "train"]


def finished(command: list[str]) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done


def killed_after(steps: int, command: list[str], run: Path) -> None:
    """Start a command and end it with signal 9 as soon as its log has that many steps."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    log = run / "log.jsonl"
    end = time.monotonic() + 300
    while time.monotonic() < end and process.poll() is None:
        if log.exists() and log.read_bytes().count(b"\n") >= steps:
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL, process.stderr.read().decode() if process.stderr else ""


def test_a_run_killed_without_warning_goes_on_to_the_same_curve(photo_folder: Path, tmp_path: Path) -> None:
    whole, killed, steps = tmp_path / "whole", tmp_path / "killed", 60
    finished([*PYTHON, *arguments(photo_folder, whole, steps)])
    killed_after(38, [*PYTHON, *arguments(photo_folder, killed, steps)], killed)
    folder = find_checkpoint(killed)
    assert folder is not None
    position = load_checkpoint(folder)[1]["position"]
    assert 30 <= position["step"] < steps
    finished([*PYTHON, *arguments(photo_folder, killed, steps)])
    assert [row["step"] for row in rows(killed)] == list(range(1, steps + 1))
    for name in ("loss", "cross_entropy", "huber", "gradient", "rate", "stage"):
        mine, theirs = ([row[name] for row in rows(run)] for run in (killed, whole))
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=2e-6, err_msg=name)


def test_the_command_trains_on_two_processes_which_agree(photo_folder: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    script = tmp_path / "recorder.py"
    script.write_text(RECORDER)
    finished([*LAUNCH, str(script), str(tmp_path), *arguments(photo_folder, run, 6), "--workers", "0"])
    ranks = [torch.load(tmp_path / f"rank{rank}.pt", weights_only=True) for rank in range(2)]
    for part in ("painter", "averaged", "painter_optimizer"):
        assert all(torch.equal(value, ranks[1][part][name]) for name, value in ranks[0][part].items())
    kept = load_file(run / "checkpoint" / "painter.safetensors")
    assert all(torch.equal(value, ranks[1]["painter"][name]) for name, value in kept.items())
    seen = [list(map(json.loads, (tmp_path / f"seen{rank}.jsonl").read_text().splitlines())) for rank in range(2)]
    for step, (mine, theirs) in enumerate(zip(*seen, strict=True)):
        assert len(mine) == len(theirs) == 2, "a batch of four is shared"
        assert mine != theirs, f"both processes saw the same photos at step {step}"


def test_the_command_runs_under_accelerate_launch_and_leaves_one_log_and_one_checkpoint(
    photo_folder: Path, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    done = finished([*LAUNCH, "-m", "photochrom", *arguments(photo_folder, run, 4), "--workers", "0"])
    assert [row["step"] for row in read_log(run)] == [0, 1, 2, 3, 4, 4]
    assert [path.name for path in run.glob("checkpoint*")] == ["checkpoint"]
    assert load_checkpoint(run / "checkpoint")[1]["position"]["photos"] == 16
    assert sorted(path.name for path in (run / "samples").iterdir()) == ["0000000.png", "0000004.png"]
    assert "Traceback" not in done.stderr
    assert os.path.exists(run / "curves.png")
