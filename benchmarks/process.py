"""Whole processes: wall and processor time and the most memory, as the operating system counts them."""

import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of wall and processor time (user and system), and the peak of resident memory in MB (10^6 bytes)."""

    wall: float
    cpu: float
    peak_mb: float


def run(*command: str | Path) -> Cost:
    """Run a fresh process to its end and return what it cost; raises RuntimeError when it fails."""
    start = time.perf_counter()
    process = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"exit code {process.returncode}: {' '.join(map(str, command))}")
    unit = 1 if sys.platform == "darwin" else 1024  # Linux counts kibibytes
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * unit / 1e6)


def run_often(times: int, *command: str | Path) -> Cost:
    """Return the run of median wall time."""
    costs = sorted((run(*command) for _ in range(times)), key=lambda cost: cost.wall)
    return costs[(len(costs) - 1) // 2]


def ask(module: str, *arguments: str | Path) -> dict[str, Any]:
    """Run a module of this package in a fresh process, telling it the time, and return the JSON it prints."""
    command = [sys.executable, "-m", f"benchmarks.{module}", repr(time.time()), *(str(word) for word in arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"benchmarks.{module} failed: {done.stderr[-2000:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def ask_often(times: int, module: str, *arguments: str | Path) -> dict[str, Any]:
    """Return the median of each number that :func:`ask` gives."""
    answers = [ask(module, *arguments) for _ in range(times)]
    return {key: statistics.median(answer[key] for answer in answers) for key in answers[0]}
