"""Measures `photochrom batch`: its rate beside the one that the cores allow, its memory, and how it plans.

    python -m benchmarks.batching --photos 60 --megapixels 12
    taskset -c 0,1 python -m benchmarks.batching --jobs 2

The rate that the cores allow is cores / (processor seconds a photo). What a photo costs is measured with one process
that has one core to itself, as the difference between a long and a short run, so that the start does not count; the
rate of all cores is measured in the same way, and once more with everything that a run takes. Planning is measured
with empty files: first all new, then all known.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.photos import CASES, make_photo
from benchmarks.process import ROOT, Cost, run
from photochrom.archive.memory import usual_jobs

COMMAND = """
from photochrom.cli import app, main
if "batch" not in list(app):
    app.command("photochrom.archive.command:batch", name="batch", help="Colorize an archive.")
main()
"""
PLAN = """
import resource, sys, time
from pathlib import Path
from photochrom.archive.ledger import Ledger
from photochrom.archive.places import LocalSource
from photochrom.archive.plan import Rules, plan
ledger, start = Ledger(Path(sys.argv[2])), time.perf_counter()
run = ledger.begin(sys.argv[1], "order", {})
counts = plan(ledger, LocalSource(sys.argv[1]).entries(), Rules("order"), run)
seconds = time.perf_counter() - start
ledger.close()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
print(counts.seen, round(seconds, 2), peak, time.process_time())
"""


def main() -> None:
    """Measure and print."""
    options = _options()
    options.work.mkdir(parents=True, exist_ok=True)
    jobs = options.jobs or usual_jobs()
    found = {"cores": usual_jobs(), "jobs": jobs, "load_before": os.getloadavg()[0]}
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        if options.photos:
            found |= measure_rate(Path(folder), options, jobs)
        if options.files:
            found["planning"] = measure_planning(Path(folder), options.files)
    sys.stdout.write(json.dumps(found, indent=1) + "\n")


def measure_rate(folder: Path, options: argparse.Namespace, jobs: int) -> dict[str, Any]:
    """Return rates in photos a second; ``share`` is what was reached of what the cores allow.

    ``busy`` is how much of the cores' time a whole run used, its start included: what both leave to one is lost where
    cores share memory and caches, not in waiting.
    """
    few, many = max(jobs, options.photos // 6), options.photos
    one = [batch(folder, options, count, 1, one_core=True) for count in (few, many)]
    all_cores = [batch(folder, options, count, jobs) for count in (few, many)]
    photos = many - few
    cost = (one[1].cpu - one[0].cpu) / photos
    allowed = min(jobs, usual_jobs()) / cost
    reached = photos / (all_cores[1].wall - all_cores[0].wall)
    return {
        "photos": many,
        "cpu_seconds_a_photo": round(cost, 4),
        "rate_allowed": round(allowed, 3),
        "rate": round(reached, 3),
        "share": round(reached / allowed, 3),
        "rate_with_start": round(many / all_cores[1].wall, 3),
        "busy": round(all_cores[1].cpu / all_cores[1].wall / min(jobs, usual_jobs()), 3),
        "run": asdict(all_cores[1]),
    }


def batch(folder: Path, options: argparse.Namespace, count: int, jobs: int, one_core: bool = False) -> Cost:
    """Return what a run over so many photos costs; ``peak_mb`` is that of its largest process."""
    source, target = folder / f"source-{count}", folder / "target"
    photo = make_photo(CASES[options.megapixels], options.work)
    if not source.exists():
        source.mkdir()
        for number in range(count):
            os.link(photo, source / f"{number:05d}{photo.suffix}")
    shutil.rmtree(target, ignore_errors=True)
    words = [sys.executable, "-c", COMMAND, "batch", source, target, "--jobs", jobs, "--model", options.model]
    pinned = ["taskset", "-c", str(max(os.sched_getaffinity(0)))] if one_core else []
    os.sync()
    return run(*(str(word) for word in (*pinned, *words)))


def measure_planning(folder: Path, count: int) -> dict[str, Any]:
    """Return seconds and MB for so many empty files, new and known."""
    source = folder / "files"
    for number in range(count):
        path = source / f"{number // 500:04d}" / f"photo-{number:06d}.jpg"
        if number % 500 == 0:
            path.parent.mkdir(parents=True)
        path.touch()
    found = {}
    for name in ("new", "again"):
        start = time.perf_counter()
        command = [sys.executable, "-c", PLAN, str(source), str(folder / "ledger.sqlite")]
        answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
        found[name] = {
            "files": int(answer[0]),
            "seconds": float(answer[1]),
            "with_start_s": round(time.perf_counter() - start, 2),
            "cpu_s": round(float(answer[3]), 2),
            "peak_mb": round(float(answer[2])),
        }
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks.batching", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=60, help="0 measures planning only")
    parser.add_argument("--megapixels", type=int, choices=CASES, default=12)
    parser.add_argument("--files", type=int, default=100_000, help="empty files to plan; 0 for none")
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--model", default="default")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "benchmarks", help="folder for made photos")
    return parser.parse_args()


if __name__ == "__main__":
    main()
