"""Measures films whose true colors are known: how steady, how true, how fast; run it on a quiet machine.

    python -m benchmarks.filming --photos photos.tar --films street.mp4 face.mp4 --model small

Clips are made from color photos by a pan, a zoom, or a second photo's cut-out that moves over a panning one, with a
little grain; of real films in color the first seconds are taken. Only their luma is used to color them, once each
frame by itself and once steadily. Flicker, CDC and CIEDE2000 are those of photochrom.video.measures; the flicker of the
truth is what the measure itself cannot tell from none. Speed and memory are those of a fresh process over a film of
640 x 480.
"""

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.process import ROOT, Cost, run
from photochrom.colorizer import Colorizer
from photochrom.data.catalog import decode, list_entries
from photochrom.video import Coder, Plan, Span, Steadiness, colorize_film
from photochrom.video.clip import FULL, Clip, Frame
from photochrom.video.film import find_shots
from photochrom.video.measures import Scores, film_scores

Pixels = NDArray[np.uint8]

WIDTH, HEIGHT, GRAIN = 320, 240, 1.5
KINDS = ("pan", "zoom", "layers")


def main() -> None:
    """Make the clips, color them both ways, print the tables."""
    options = _options()
    if options.one:
        colorize_film(
            options.one, options.work / "speed-color.mp4", Colorizer(options.model), plan=Plan(overwrite=True)
        )
        return
    if (load := os.getloadavg()[0]) > 0.5:
        sys.stderr.write(f"the machine is busy (load {load:.1f}): speeds will be too low\n")
    options.work.mkdir(parents=True, exist_ok=True)
    photos = [decode(entry) for entry in _some(list_entries(options.photos), max(1, 2 * options.clips))]
    clips = list(make_clips(photos, options)) + [(film.stem, film) for film in options.films]
    rows = [(name, *measured(path, options)) for name, path in clips]
    if rows:
        sys.stdout.write(markdown(rows))
    if options.speed_frames:
        sys.stdout.write(speed(photos[0], options))


def make_clips(photos: list[Pixels], options: argparse.Namespace) -> Iterator[tuple[str, Path]]:
    """Write made-up clips, lossless, each with its name."""
    for number in range(options.clips):
        kind = KINDS[number % len(KINDS)]
        path = options.work / f"{kind}-{number}.mkv"
        pair = photos[2 * number], photos[2 * number + 1]
        write_clip(path, moving(kind, *pair, options.frames, np.random.default_rng(number)))
        yield f"{kind} {number}", path


def moving(kind: str, one: Pixels, other: Pixels, frames: int, random: np.random.Generator) -> Iterator[Pixels]:
    """Give the frames, (HEIGHT, WIDTH, 3), of a clip."""
    ground, thing = _filling(one, 1.4), _filling(other, 0.5)
    top = (np.array(ground.shape[:2]) - (HEIGHT, WIDTH)) / 2
    mask = np.zeros(thing.shape[:2], np.float32)
    cv2.ellipse(
        mask, (mask.shape[1] // 2, mask.shape[0] // 2), (mask.shape[1] // 3, mask.shape[0] // 3), 0, 0, 360, 1, -1
    )
    for number in range(frames):
        way = 2 * number / max(1, frames - 1) - 1  # -1..1
        scale = 1 + 0.2 * (way + 1) if kind == "zoom" else 1.0
        drift = np.array([0.3, 1.0]) * way * top if kind != "zoom" else np.zeros(2)
        down, across = top * scale + drift
        matrix = np.array([[scale, 0, -across], [0, scale, -down]], np.float32)
        picture = cv2.warpAffine(ground, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR).astype(np.float32)
        if kind == "layers":
            place = np.array([[1, 0, 90 - 80 * way], [0, 1, 60 + 20 * way]], np.float32)
            alpha = cv2.warpAffine(cv2.GaussianBlur(mask, (0, 0), 1.0), place, (WIDTH, HEIGHT))[..., None]
            picture += alpha * (cv2.warpAffine(thing, place, (WIDTH, HEIGHT)).astype(np.float32) - picture)
        picture += random.normal(0, GRAIN, (HEIGHT, WIDTH, 1))
        yield np.rint(picture).clip(0, 255).astype(np.uint8)


def write_clip(path: Path, frames: Iterator[Pixels], codec: str = "ffv1") -> None:
    """Write RGB frames as a film of 25 frames a second with full chroma, or H.264 as cameras write it."""
    with av.open(str(path), "w") as container:
        stream: Any = None
        for rgb in frames:
            if stream is None:
                stream = container.add_stream(codec, rate=25)
                stream.height, stream.width = rgb.shape[:2]
                stream.pix_fmt = "yuv444p" if codec == "ffv1" else "yuv420p"
                stream.codec_context.colorspace, stream.codec_context.color_range = 1, 1
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), "rgb24")
            container.mux(stream.encode(picture.reformat(format=stream.pix_fmt, dst_colorspace=1, dst_color_range=1)))
        container.mux(stream.encode(None))


def measured(path: Path, options: argparse.Namespace) -> tuple[Scores, Scores, Scores]:
    """Return the scores of the truth, of each frame by itself, and of steady colors."""
    sys.stderr.write(f"{path.name}\n")
    span = Span(0, options.seconds)
    source, colorizer = Clip.open(path, span), Colorizer(options.model)
    shots, _ = find_shots(source)
    found = [film_scores(((rgb, rgb) for rgb in rgb_frames(source)), shots.cuts)]
    for name, steadiness in (("alone", Steadiness(1, 0)), ("steady", Steadiness(options.keys, options.memory))):
        target = options.work / f"{path.stem}-{name}.mkv"
        plan = Plan(span, Coder("ffv1"), steadiness, overwrite=True)
        colorize_film(path, target, colorizer, plan=plan)
        pairs = zip(rgb_frames(source), rgb_frames(Clip.open(target)), strict=True)
        found.append(film_scores(pairs, shots.cuts))
    return found[0], found[1], found[2]


def rgb_frames(clip: Clip) -> Iterator[Pixels]:
    """Give a film's frames as RGB, (H, W, 3)."""
    return (_rgb(frame, clip) for frame in clip.frames())


def _rgb(frame: Frame, clip: Clip) -> Pixels:
    matrix, full = 5 if clip.coding.matrix == 6 else clip.coding.matrix, FULL if clip.coding.is_full else 1
    picture = frame.picture.reformat(format="rgb24", src_colorspace=matrix, src_color_range=full)
    return np.asarray(picture.to_ndarray(), np.uint8)


def markdown(rows: list[tuple[str, Scores, Scores, Scores]]) -> str:
    """Return the table: each frame by itself against steady, and the share of flicker that is left."""
    lines = [
        "| clip | frames | flicker: true | alone | steady | left | CDC: true | alone | steady "
        "| CIEDE2000: alone | steady | chroma: true | alone | steady |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, true, alone, steady in [*rows, ("mean", *(_mean([row[index] for row in rows]) for index in (1, 2, 3)))]:
        left = steady.flicker / alone.flicker if alone.flicker else 0
        lines.append(
            f"| {name} | {true.frames} | {true.flicker:.2f} | {alone.flicker:.2f} | {steady.flicker:.2f} | {left:.0%} "
            f"| {true.cdc:.5f} | {alone.cdc:.5f} | {steady.cdc:.5f} | {alone.ciede2000:.2f} | {steady.ciede2000:.2f} "
            f"| {true.chroma:.1f} | {alone.chroma:.1f} | {steady.chroma:.1f} |"
        )
    return "\n".join(lines) + "\n"


def _mean(scores: list[Scores]) -> Scores:
    names = ("flicker", "cdc", "ciede2000", "chroma")
    means = {name: float(np.mean([getattr(score, name) for score in scores])) for name in names}
    return Scores(**means, frames=sum(score.frames for score in scores))


def speed(photo: Pixels, options: argparse.Namespace) -> str:
    """Return a line on the speed and memory of a fresh process over a film of 640 x 480."""
    source, ground = options.work / "speed.mp4", _filling(photo, 2.6)
    count = options.speed_frames
    frames = (ground[2 : 2 + 480, 2 + place : 2 + place + 640] for place in np.linspace(0, 150, count).astype(int))
    write_clip(source, frames, "libx264")
    command = [sys.executable, "-m", "benchmarks.filming", "--one", source, "--model", options.model]
    cost: Cost = run(*command, "--work", options.work)
    return (
        f"\n640 x 480, {count} frames, model {options.model}, {os.cpu_count()} cores: {count / cost.wall:.1f} frames/s "
        f"({cost.wall:.1f} s, of processor time {cost.cpu:.1f} s), peak {cost.peak_mb:.0f} MB\n"
    )


def _filling(photo: Pixels, share: float) -> Pixels:
    """Return a photo enlarged so that it covers ``share`` times a clip's frame."""
    scale = share * max(WIDTH / photo.shape[1], HEIGHT / photo.shape[0])
    size = (max(1, round(photo.shape[1] * scale)), max(1, round(photo.shape[0] * scale)))
    return np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _some(entries: list[Any], count: int) -> list[Any]:
    """Return so many entries, evenly spread."""
    return [entries[round(place)] for place in np.linspace(0, len(entries) - 1, count)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m benchmarks.filming", description=__doc__)
    parser.add_argument("--photos", nargs="*", default=[], help="color photos: folders, files, tar shards")
    parser.add_argument("--films", type=Path, nargs="*", default=[], help="films in color")
    parser.add_argument("--model", default="small", help="a shipped model's name or a model file")
    parser.add_argument("--clips", type=int, default=6, help="made-up clips")
    parser.add_argument("--frames", type=int, default=48, help="frames of a made-up clip")
    parser.add_argument("--seconds", type=float, default=4, help="seconds of a film")
    parser.add_argument("--keys", type=int, default=Steadiness().every, help="frames from key to key")
    parser.add_argument("--memory", type=float, default=Steadiness().memory, help="key frames that are averaged over")
    parser.add_argument("--speed-frames", type=int, default=300, help="frames of the film for speed; 0: none")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "filming", help="folder for clips and results")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.one and not options.photos:
        parser.error("give --photos")
    options.work = options.work.resolve()
    return options


if __name__ == "__main__":
    main()
