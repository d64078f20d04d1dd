"""Measures `photochrom serve` under load: many photos from many clients, every result fetched and looked at.

    python -m benchmarks.serving --photos 200 --clients 32

Prints how long photos took from upload to download (p50, p95), photos a second, and the server's peak memory. Ends with
code 1 when a photo was lost, doubled or broken.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from benchmarks.photos import CASES, EXAMPLES, make_photo
from benchmarks.process import ROOT
from photochrom import Photo
from photochrom.client import Client

PHOTOCHROM = Path(sys.executable).with_name("photochrom")


def main() -> None:
    """Start a server, load it, say what it cost."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        command = [PHOTOCHROM, "serve", "--data", folder, "--port", 0, "--rate", 0, "--memory", options.memory]
        command += ["--jobs", options.jobs, "--models", options.model]
        process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            address = re.search(r"http://\S+(?=/)", process.stderr.readline())
            assert address is not None
            results = load(address[0], _photos(options), options.clients)
            results["peak_mb"] = _peak_mb(process.pid)
        finally:
            process.terminate()
            process.wait()
    sys.stdout.write(json.dumps(results, indent=1) + "\n")
    sys.exit(0 if results["whole"] == options.photos == results["jobs"] else 1)


def load(address: str, photos: list[Path], clients: int) -> dict[str, Any]:
    """Send all photos from so many clients at once, and return what became of them."""

    def send(photo: Path) -> tuple[float, bool]:
        client, start = Client(address, patience=3600), time.perf_counter()
        job = client.wait(client.submit(photo).id, seconds=3600)
        result = client.result(job.id)
        seconds, given = time.perf_counter() - start, Photo.open(photo)
        found = Photo.open(result)
        return seconds, (found.width, found.height, found.format) == (given.width, given.height, given.format)

    start = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        ends = list(pool.map(send, photos))
    wall = time.perf_counter() - start
    seconds = sorted(seconds for seconds, _ in ends)
    return {
        "photos": len(photos),
        "clients": clients,
        "whole": sum(whole for _, whole in ends),
        "jobs": Client(address).count(),
        "p50_s": round(statistics.median(seconds), 3),
        "p95_s": round(seconds[max(0, int(0.95 * len(seconds)) - 1)], 3),
        "photos_a_second": round(len(photos) / wall, 2),
    }


def _photos(options: argparse.Namespace) -> list[Path]:
    samples = sorted(EXAMPLES.glob("*.jpg"))
    if options.megapixels:
        options.work.mkdir(parents=True, exist_ok=True)
        samples = [make_photo(CASES[options.megapixels], options.work)]
    return list(islice(cycle(samples), options.photos))


def _peak_mb(pid: int) -> float | None:
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s*(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 / 1e6 if found else None


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument(
        "--megapixels", type=int, choices=CASES, help="photos of this size; the sample photos if not given"
    )
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--memory", type=int, default=2000)
    parser.add_argument("--model", default="default")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "benchmarks", help="folder for made photos")
    return parser.parse_args()


if __name__ == "__main__":
    main()
