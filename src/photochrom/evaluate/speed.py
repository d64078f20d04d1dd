"""How many photos a second a model colorizes and how much memory that takes.

Measured in a fresh process that does nothing else, on the way that every photo takes: array, Colorizer, array. Only
what a user's process needs is loaded there, no torch.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.colorizer import Colorizer
from photochrom.errors import ModelError
from photochrom.photo import Photo

PHOTOS = 24
_CHILD = "import sys; from photochrom.evaluate.speed import answer; answer(*sys.argv[1:])"
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Speed:
    """Photos per second after the first one, and the highest resident memory in MB (None: cannot be read here)."""

    photos_per_second: float
    peak_memory: float | None


def measure_speed(model: str | Path, grays: Sequence[NDArray[np.uint8]]) -> Speed:
    """Colorize up to 24 gray photos (H, W) of one size in a process of its own.

    Raises ModelError when that process fails, with its last words.
    """
    with TemporaryDirectory() as folder:
        given, taken = Path(folder) / "grays.npy", Path(folder) / "speed.json"
        np.save(given, np.stack(grays[:PHOTOS]))
        words = [sys.executable, "-c", _CHILD, str(model), str(given), str(taken)]
        run = subprocess.run(words, capture_output=True, text=True, check=False)
        if run.returncode or not taken.is_file():
            said = (run.stderr.strip().splitlines() or ["nothing said"])[-1]
            raise ModelError(f"{model}: its speed cannot be measured ({said}); try photochrom colorize with it")
        values: dict[str, Any] = json.loads(taken.read_text(encoding="utf-8"))
    return Speed(**values)


def answer(model: str, given: str, taken: str) -> None:
    """Measure and write the answer into the file ``taken``: what the process of its own runs."""
    grays = np.load(given)
    colorizer = Colorizer(model)
    colorizer.colorize(Photo.from_array(grays[0])).to_array()
    start = time.perf_counter()
    for gray in grays:
        colorizer.colorize(Photo.from_array(gray)).to_array()
    seconds = time.perf_counter() - start
    Path(taken).write_text(json.dumps(asdict(Speed(len(grays) / seconds, peak_memory()))), encoding="utf-8")


def peak_memory() -> float | None:
    """Return this process's highest resident memory so far in MB (VmHWM), or None where Linux's /proc is missing."""
    if not _STATUS.is_file():
        return None
    lines = [line for line in _STATUS.read_text(encoding="utf-8").splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1024 if lines else None
