"""Single pictures of a film: the whole of it as numbered files, the first frames of its shots, or strips to look at."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import OptionError, OutputExists, OutputUnwritable, PhotoUnreadable
from photochrom.photo import Photo, SaveOptions
from photochrom.video.clip import Clip, Frame
from photochrom.video.planes import levels
from photochrom.video.shots import Shots

USUAL: Final = "%06d.png"
SUFFIXES: Final = {".png", ".tif", ".tiff", ".jpg", ".jpeg", ".webp", ".avif"}

STRIP_EVERY: Final = 10
STRIP_WIDTH: Final = 200
STRIP_COLUMNS: Final = 8
STRIP_MOST: Final = 96
"""A strip has every tenth frame, so wide, so many a row; of long films fewer frames, at most so many."""

_NUMBER = re.compile(r"%(0\d+)?d")


def pattern_of(target: Path) -> Path | None:
    """Return the pattern of names, such as ``folder/%06d.png``, where the target asks for pictures, or None."""
    if _NUMBER.search(target.name):
        if target.suffix.lower() not in SUFFIXES:
            raise OptionError(f"{target.name} is no pattern of pictures; give one such as %06d.png")
        return target
    return target / USUAL if target.is_dir() or not target.suffix else None


def name_of(pattern: Path, number: int) -> Path:
    """Return the file of a picture, counted from 1."""
    return pattern.with_name(_NUMBER.sub(lambda found: f"{number:{found[1] or ''}d}", pattern.name, count=1))


def check_pattern(pattern: Path, overwrite: bool) -> None:
    """Make the folder; raises OutputExists where the first picture is there already."""
    try:
        pattern.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(
            f"the folder {pattern.parent} cannot be made ({error.strerror}); give another"
        ) from error
    first = name_of(pattern, 1)
    if first.exists() and not overwrite:
        raise OutputExists(f"{first} exists; give another folder, or --overwrite")


def save_picture(path: Path, rgb: NDArray[Any], bits: int) -> None:
    """Write RGB (H, W, 3) in 0..1, with 16 bits where the film has more than 8; an existing file is replaced."""
    most, kind = (
        (65535, np.uint16) if bits > 8 and path.suffix.lower() in (".png", ".tif", ".tiff") else (255, np.uint8)
    )
    Photo.from_array(np.rint(rgb * most).astype(kind)).save(path, options=SaveOptions(overwrite=True))


def write_first_frames(clip: Clip, shots: Shots, folder: Path) -> Path:
    """Write the first frame of each shot, ``shot-0001.png``, and a script without hints, ``shots.json``; returns it."""
    firsts = {0, *shots.cuts}
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputUnwritable(f"the folder {folder} cannot be made ({error.strerror}); give another") from error
    entries: list[dict[str, Any]] = []
    for frame in clip.frames():
        if frame.number not in firsts:
            continue
        gray = clip.turn.upright(levels(frame.plane(), clip.coding))
        shown = cv2.resize(gray, clip.shown_size, interpolation=cv2.INTER_AREA)
        name = f"shot-{len(entries) + 1:04d}.png"
        save_picture(folder / name, shown[..., None].repeat(3, axis=-1), 8)
        time = round(float(frame.time * clip.time_base) + clip.span.start, 3)
        entries.append({"shot": len(entries) + 1, "time": time, "still": name, "hints": None})
    script = folder / "shots.json"
    script.write_text(json.dumps({"shots": entries}, indent=1) + "\n", encoding="utf-8")
    return script


def write_strip(source: Clip, result: Path, strip: Path) -> None:
    """Write a picture of every tenth frame of a film, in rows: above as it was, below in color.

    ``result`` is the finished film, or the pattern of its pictures. Raises PhotoUnreadable where it cannot be read.
    """
    every = STRIP_EVERY
    while source.expected // every > STRIP_MOST:
        every *= 2
    colored = Clip.open(result)
    pairs = [
        np.concatenate([_thumb(before, source), _thumb(after, colored)])
        for before, after in zip(_each(source, every), _each(colored, every), strict=False)
    ][:STRIP_MOST]
    if not pairs:
        raise PhotoUnreadable(f"{result} has no frames to show")
    while len(pairs) % STRIP_COLUMNS and len(pairs) > STRIP_COLUMNS:
        pairs.append(np.zeros_like(pairs[0]))
    rows = [np.concatenate(pairs[at : at + STRIP_COLUMNS], axis=1) for at in range(0, len(pairs), STRIP_COLUMNS)]
    Photo.from_array(np.concatenate(rows)).save(strip, options=SaveOptions(overwrite=True))


def _each(clip: Clip, every: int) -> Iterator[Frame]:
    return (frame for frame in clip.frames() if frame.number % every == 0)


def _thumb(frame: Frame, clip: Clip) -> NDArray[np.uint8]:
    """Return a small upright picture, (h, w, 3), of a frame as it is."""
    width, height = clip.shown_size
    if clip.turn.exchanged:
        width, height = height, width
    scale = STRIP_WIDTH / clip.shown_size[0]
    sides = (max(1, round(width * scale)), max(1, round(height * scale)))
    if clip.planar.startswith("gray"):
        gray = cv2.resize(levels(frame.plane(), clip.coding), sides, interpolation=cv2.INTER_AREA)
        return clip.turn.upright(np.rint(255 * gray[..., None].repeat(3, axis=-1)).astype(np.uint8))
    matrix = 5 if clip.coding.matrix == 6 else clip.coding.matrix
    picture = frame.picture.reformat(
        *sides, "rgb24", src_colorspace=matrix, src_color_range=2 if clip.coding.is_full else 1, interpolation="AREA"
    )
    return clip.turn.upright(picture.to_ndarray())
