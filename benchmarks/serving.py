"""Measures `photochrom serve`: how soon one client is answered, and what becomes of many photos from many clients.

    python -m benchmarks.serving --photos 200 --clients 32

Prints one Markdown table: what was measured, what was wanted, what was found. Quickness is the median of ``--times``
requests over HTTP, one after the other, on an otherwise idle server that has seen the photo once. Then all photos are
sent at once and every result is fetched and opened. Ends with code 1 when a photo was lost, doubled or broken, or
memory went beyond its bound: what the server takes before the first photo, and ``--memory``. Times that are too long
are marked only, as they depend on the computer.
"""

import argparse
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from benchmarks.photos import CASES, EXAMPLES, make_photo
from benchmarks.process import ROOT
from photochrom import Photo
from photochrom.client import Client, Options

PHOTOCHROM = Path(sys.executable).with_name("photochrom")
WARM_MS, UPDATE_MS = 400, 250


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; ``most`` is what was wanted, None where nothing was, and ``must`` fails the run."""

    what: str
    found: float
    unit: str
    most: float | None = None
    must: bool = False

    @property
    def is_kept(self) -> bool:
        """Whether what was found is within what was wanted."""
        return self.most is None or self.found <= self.most

    def line(self) -> str:
        """Return the row as Markdown."""
        wanted = "" if self.most is None else f"at most {self.most:,.0f} {self.unit}"
        digits = 2 if 0 < self.found < 10 else 0
        mark = "" if self.is_kept else " (too much)"
        return f"| {self.what} | {wanted} | {self.found:,.{digits}f} {self.unit}{mark} |"


def main() -> None:
    """Start a server, ask it, load it, say what it cost."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        command = [PHOTOCHROM, "serve", "--data", folder, "--port", 0, "--rate", 0, "--memory", options.memory]
        command += ["--jobs", options.jobs, "--models", options.model]
        process = subprocess.Popen([str(word) for word in command], stderr=subprocess.PIPE, text=True)
        try:
            assert process.stderr is not None
            address = re.search(r"http://\S+(?=/)", process.stderr.readline())
            assert address is not None
            idle = _memory_mb(process.pid, "VmRSS")
            rows = quickness(Client(address[0]), make_photo(CASES[1], _folder(options)), options.times)
            rows += load(address[0], _photos(options), options.clients)
            rows.append(Row("memory before the first photo", idle, "MB"))
            most = idle + options.memory
            rows.append(Row("most memory", _memory_mb(process.pid, "VmHWM"), "MB", most if idle else None, True))
        finally:
            process.terminate()
            process.wait()
    where = f"{platform.machine()}, {os.cpu_count()} cores, {options.photos} photos, {options.clients} clients"
    lines = [f"| `photochrom serve` ({where}) | wanted | found |", "|---|--:|--:|", *(row.line() for row in rows)]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.exit(0 if all(row.is_kept for row in rows if row.must) else 1)


def quickness(client: Client, photo: Path, times: int) -> list[Row]:
    """Return how long answers take for one photo of a megapixel that the server has seen, in milliseconds."""
    job = client.wait(client.submit(photo).id)
    client.field(job.id, Options())

    def slider(number: int) -> None:
        client.field(job.id, Options(saturation=0.5 + number / times))

    def hint(number: int) -> None:
        client.field(job.id, Options(hints=((((100.0 + 7 * number, 300.0),), "#3a6ea5", None),)))

    def whole(_number: int) -> None:
        client.colorize(photo)

    rows = []
    for what, act, most in (
        ("1 megapixel, sent, colored and received", whole, WARM_MS),
        ("a hint, to new colors", hint, UPDATE_MS),
        ("a slider, to new colors", slider, UPDATE_MS),
    ):
        act(0)
        found = sorted(_seconds(act, number) * 1000 for number in range(1, times + 1))
        rows.append(Row(f"{what}: p50", statistics.median(found), "ms", most))
        rows.append(Row(f"{what}: p95", _p95(found), "ms"))
    client.delete(job.id)
    return rows


def load(address: str, photos: list[Path], clients: int) -> list[Row]:
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
    seconds, whole = sorted(seconds for seconds, _ in ends), sum(whole for _, whole in ends)
    return [
        Row("photos lost, or not whole", len(photos) - whole, "photos", 0, True),
        Row("photos doubled", Client(address).count() - len(photos), "photos", 0, True),
        Row("from sending a photo to its result: p50", statistics.median(seconds), "s"),
        Row("from sending a photo to its result: p95", _p95(seconds), "s"),
        Row("photos a second", len(photos) / wall, "/s"),
    ]


def _seconds(act: Callable[[int], None], number: int) -> float:
    start = time.perf_counter()
    act(number)
    return time.perf_counter() - start


def _p95(found: list[float]) -> float:
    return found[max(0, int(0.95 * len(found)) - 1)]


def _folder(options: argparse.Namespace) -> Path:
    folder: Path = options.work
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _photos(options: argparse.Namespace) -> list[Path]:
    samples = sorted(EXAMPLES.glob("*.jpg"))
    if options.megapixels:
        samples = [make_photo(CASES[options.megapixels], _folder(options))]
    return list(islice(cycle(samples), options.photos))


def _memory_mb(pid: int, which: str) -> float:
    """Return the memory of a process, now (VmRSS) or at most so far (VmHWM); 0 where the system does not tell."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(rf"{which}:\s*(\d+)", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 / 1e6 if found else 0.0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--times", type=int, default=20, help="requests for each measure of quickness")
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
