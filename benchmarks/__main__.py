"""Measures `photochrom colorize` for photos of 1, 12 and 100 megapixels; run it on a quiet machine.

Writes benchmarks/results/latest.json and prints Markdown. Every number comes from fresh processes: the whole command
(wall and processor time, peak memory, by wait4), its stages (see stages.py) and its floors (see floors.py).
"""

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.floors import __doc__ as floors_text
from benchmarks.photos import CASES, Case, make_photo
from benchmarks.process import ROOT, ask_often, run, run_often
from benchmarks.report import markdown
from benchmarks.stages import __doc__ as stages_text

PHOTOCHROM = Path(sys.executable).with_name("photochrom")
RESULTS = Path(__file__).parent / "results" / "latest.json"


def main() -> None:
    """Measure, write, print."""
    options = _options()
    load = os.getloadavg()[0]
    if load > 0.5:
        sys.stderr.write(f"the machine is busy (load {load:.1f}): these numbers will be too high\n")
    options.work.mkdir(parents=True, exist_ok=True)
    rows = [measure(CASES[size], options) for size in options.sizes]
    results = {"machine": describe(options, load), "rows": rows}
    options.results.parent.mkdir(parents=True, exist_ok=True)
    options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(markdown(results))


def measure(case: Case, options: argparse.Namespace) -> dict[str, Any]:
    """Return everything about one photo."""
    sys.stderr.write(f"{case.megapixels} MP\n")
    photo = make_photo(case, options.work)
    target = options.work / f"out-{case.name}"
    command = [PHOTOCHROM, "colorize", photo, "--model", options.model, "-o", target, "--overwrite"]
    times = 1 if case.megapixels >= 100 else options.repeat
    if times > 1:
        run(*command)  # reads everything into the disk cache
    row = {
        "photo": f"{case.megapixels} MP {'16-bit gray TIFF' if case.is_tiff else 'RGB JPEG'}",
        "megapixels": case.megapixels,
        "cost": asdict(run_often(times, *command)),
        "stages": ask_often(times, "stages", photo, options.model, target),
        "floors": ask_often(times, "floors", photo, options.model, target),
    }
    target.unlink()
    return row


def describe(options: argparse.Namespace, load: float) -> dict[str, Any]:
    """Return what a reader must know to compare these numbers with others."""
    import pyvips

    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_before": load,
        "python": platform.python_version(),
        "libvips": ".".join(str(pyvips.version(part)) for part in range(3)),
        "onnxruntime": version("onnxruntime"),
        "photochrom": version("photochrom"),
        "model": f"{options.model.stem} ({options.model.stat().st_size / 1e6:.1f} MB)",
        "repeat": options.repeat,
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = [line for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0].partition(":")[2].strip() if names else platform.processor() or platform.machine()


def _options() -> argparse.Namespace:
    text = f"{__doc__}\nStages. {stages_text}\nFloors. {floors_text}"
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    default = ROOT / "src" / "photochrom" / "weights" / "default.onnx"
    parser.add_argument("--sizes", type=int, nargs="+", choices=CASES, default=list(CASES), help="megapixels")
    parser.add_argument("--repeat", type=int, default=5, help="fresh processes for each number (100 MP: 1)")
    parser.add_argument("--model", type=Path, default=default, help="the model file")
    parser.add_argument(
        "--work", type=Path, default=ROOT / "build" / "benchmarks", help="folder for photos and results"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="the JSON file to write")
    options = parser.parse_args()
    options.model, options.work = options.model.resolve(), options.work.resolve()
    return options


if __name__ == "__main__":
    main()
