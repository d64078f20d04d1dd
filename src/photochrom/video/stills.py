"""Single pictures of a film: the whole of it as numbered files, the first frames of its shots, or strips to look at."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import OptionError, OutputExists, OutputUnwritable, PhotoUnreadable
from photochrom.photo import Photo, SaveOptions
from photochrom.photo.target import make_folder, refuse_unusable, write_atomically
from photochrom.video.clip import Clip, Frame
from photochrom.video.container import NUMBER, numbered
from photochrom.video.planes import levels
from photochrom.video.shots import Shots

USUAL: Final = "%06d.png"
SUFFIXES: Final = {".png", ".tif", ".tiff", ".jpg", ".jpeg", ".webp", ".avif"}

SCRIPT: Final = "shots.json"
STILL: Final = "shot-{:04d}.png"

STRIP_EVERY: Final = 10
STRIP_WIDTH: Final = 200
STRIP_COLUMNS: Final = 8
STRIP_MOST: Final = 96
"""A strip has every tenth frame, so wide, so many a row; of long films fewer frames, at most so many."""


def pattern_of(target: Path) -> Path | None:
    """Return the pattern of names, such as ``folder/%06d.png``, where the target asks for pictures, or None."""
    if NUMBER.search(target.name):
        if target.suffix.lower() not in SUFFIXES:
            raise OptionError(f"{target.name} is no pattern of pictures; give one such as %06d.png")
        return target
    return target / USUAL if target.is_dir() or not target.suffix else None


def check_pattern(pattern: Path, overwrite: bool) -> None:
    """Make the folder; raises OutputExists where the first picture is there already."""
    make_folder(pattern.parent)
    first = numbered(pattern, 1)
    if first.exists() and not overwrite:
        raise OutputExists(f"{first} exists; give another folder, or --overwrite")


def save_picture(path: Path, rgb: NDArray[Any], bits: int) -> None:
    """Write RGB (H, W, 3) in 0..1, with 16 bits where the film has more than 8; an existing file is replaced."""
    most, kind = (
        (65535, np.uint16) if bits > 8 and path.suffix.lower() in (".png", ".tif", ".tiff") else (255, np.uint8)
    )
    Photo.from_array(np.rint(rgb * most).astype(kind)).save(path, options=SaveOptions(overwrite=True))


def check_folder(folder: Path, overwrite: bool) -> None:
    """Make the folder for :func:`write_first_frames`; raises OutputExists where a script or a picture is there."""
    make_folder(folder)
    for name in (SCRIPT, STILL.format(1)):
        if (folder / name).exists() and not overwrite:
            raise OutputExists(f"{folder / name} exists, perhaps with your hints; give another folder, or --overwrite")


def write_first_frames(clip: Clip, shots: Shots, folder: Path, overwrite: bool = False) -> Path:
    """Write the first frame of each shot, ``shot-0001.png``, and a script without hints, ``shots.json``; returns it.

    Raises OutputExists where the script is there already, with hints perhaps, and ``overwrite`` is not set.
    """
    check_folder(folder, overwrite)
    firsts = {0, *shots.cuts}
    entries: list[dict[str, Any]] = []
    for frame in clip.frames():
        if frame.number not in firsts:
            continue
        gray = clip.turn.upright(levels(frame.plane(), clip.coding))
        shown = cv2.resize(gray, clip.shown_size, interpolation=cv2.INTER_AREA)
        name = STILL.format(len(entries) + 1)
        save_picture(folder / name, shown[..., None].repeat(3, axis=-1), 8)
        time = round(float(frame.time * clip.time_base) + clip.span.start, 3)
        entries.append({"shot": len(entries) + 1, "time": time, "still": name, "hints": None})
    text = json.dumps({"start": clip.span.start, "shots": entries}, indent=1) + "\n"
    return write_atomically(folder / SCRIPT, overwrite, lambda part: cast(None, part.write_text(text, "utf-8")))


def check_strip(strip: Path, overwrite: bool) -> None:
    """Raise now what :func:`write_strip` would raise after hours: for a name, a folder or a file in the way."""
    if strip.suffix.lower() not in SUFFIXES:
        raise OptionError(f"the strip is {strip}; expected a picture, such as {strip.stem or 'strip'}.png")
    if not strip.parent.is_dir():
        raise OutputUnwritable(f"{strip}: its folder does not exist; create the folder first")
    refuse_unusable(strip, overwrite)


def write_strip(source: Clip, result: Path, strip: Path, overwrite: bool = False) -> None:
    """Write a picture of every tenth frame of a film, in rows: above as it was, below in color.

    ``result`` is the finished film, or the pattern of its pictures. Raises PhotoUnreadable where it cannot be read,
    OutputExists for a strip that is there already, unless ``overwrite`` is set.
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
    Photo.from_array(np.concatenate(rows)).save(strip, options=SaveOptions(overwrite=overwrite))


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
