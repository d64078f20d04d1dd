"""Measures how long it takes until the first frame of a part of a film is there, against decoding from the beginning.

    python -m benchmarks.seeking --minutes 20

A film of 640 x 480 is made, with a key frame every ten seconds, in containers that lead to a moment in three ways: an
index (.mp4), packets that are read and thrown away (.ts), and decoding everything (bare .h264, which has no times).
"""

import argparse
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from benchmarks.process import ROOT
from photochrom.video import Span
from photochrom.video.clip import Clip

WIDTH, HEIGHT, RATE = 640, 480, 25


def main() -> None:
    """Make the films, look for a moment near their ends, print the table."""
    parser = argparse.ArgumentParser("python -m benchmarks.seeking", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20, help="how long the films are")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "seeking", help="folder for the films")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    start = 60 * options.minutes * 0.9
    sys.stdout.write("| film | MB | first frame at 90% | from the beginning |\n|---|--:|--:|--:|\n")
    for ending in ("mp4", "ts", "h264"):
        path = options.work / f"{options.minutes:g}-minutes.{ending}"
        if not path.exists():
            write_film(path, round(60 * options.minutes * RATE))
        here, all_of_it = seconds_until(path, start), seconds_until(path, start, all_of_it=True)
        megabytes = path.stat().st_size / 1e6
        sys.stdout.write(f"| {ending} | {megabytes:.0f} | {here:.2f} s | {all_of_it:.2f} s |\n")


def seconds_until(path: Path, start: float, all_of_it: bool = False) -> float:
    """Return how long it takes until a moment's first frame is there; ``all_of_it`` decodes everything before."""
    began = time.perf_counter()
    clip = Clip.open(path, Span(0 if all_of_it else start))
    next(frame for frame in clip.frames() if frame.time * clip.time_base >= (start if all_of_it else 0))
    return time.perf_counter() - began


def write_film(path: Path, count: int) -> None:
    """Write a film of so many frames, in which a texture wanders."""
    ground = np.random.default_rng(0).integers(0, 255, (HEIGHT // 8, WIDTH // 8 + 64)).repeat(8, 0).repeat(8, 1)
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "g": "250"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(count):
            left = number % 500
            picture = av.VideoFrame.from_ndarray(
                np.ascontiguousarray(ground[:, left : left + WIDTH], dtype=np.uint8), "gray"
            )
            picture.pts, picture.time_base = number, Fraction(1, RATE)
            container.mux(stream.encode(picture.reformat(format="yuv420p")))
        container.mux(stream.encode(None))


if __name__ == "__main__":
    main()
