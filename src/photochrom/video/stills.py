"""Single pictures of a film: the whole of it as numbered files, the first frames of its shots, or strips to look at."""

import json
import os
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
from photochrom.video.container import NUMBER, files_of, numbered, numbers_of
from photochrom.video.planes import levels
from photochrom.video.shots import Shots

USUAL: Final = "%06d.png"
SUFFIXES: Final = {".png", ".tif", ".tiff", ".jpg", ".jpeg", ".webp", ".avif"}

SCRIPT: Final = "shots.json"
STILL: Final = "shot-%04d.png"

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
    if target.is_dir() or not target.suffix:
        return target / USUAL
    if target.suffix.lower() in SUFFIXES:
        pattern = f"{target.stem}-{USUAL[:-4]}{target.suffix}"
        raise OptionError(f"{target.name} is one picture; give the name of a film, or a pattern such as {pattern}")
    return None


def check_pattern(pattern: Path, film: Path, overwrite: bool) -> None:
    """Raise OutputExists where a picture of the row is there already, OutputUnwritable where it is the film's own."""
    row = [numbered(pattern, number) for number in numbers_of(pattern)]
    if row and film.parent.resolve() == pattern.parent.resolve():
        own = {path.name for path in files_of(film)}
        if any(path.name in own for path in row):
            raise OutputUnwritable(f"{pattern} are the film's own pictures; give another folder")
    if row and not overwrite:
        more = f", and {len(row) - 1} more of the row" if len(row) > 1 else ""
        raise OutputExists(f"{row[0]} exists{more}; give another folder, or --overwrite")


def check_row(pattern: Path, frames: int) -> None:
    """Raise OutputExists where pictures of another film would stand in the same row, after or before the new ones."""
    others = [number for number in numbers_of(pattern) if not 1 <= number <= frames]
    if others:
        raise OutputExists(
            f"{numbered(pattern, others[0])} is there, {len(others)} of the row beside the {frames} to be written; "
            "remove what is of another film or part, or give another folder"
        )


def save_picture(path: Path, rgb: NDArray[Any], bits: int) -> None:
    """Write RGB (H, W, 3) in 0..1, with 16 bits where the film has more than 8; an existing file is replaced."""
    most, kind = (
        (65535, np.uint16) if bits > 8 and path.suffix.lower() in (".png", ".tif", ".tiff") else (255, np.uint8)
    )
    Photo.from_array(np.rint(rgb * most).astype(kind)).save(path, options=SaveOptions(overwrite=True))


def check_folder(folder: Path, overwrite: bool) -> None:
    """Make the folder for :func:`write_first_frames`; raises OutputExists where a script or a picture is there."""
    make_folder(folder)
    there = [path for path in [folder / SCRIPT, *_stills(folder)] if path.exists()]
    if there and not overwrite:
        raise OutputExists(f"{there[0]} exists, perhaps with your hints; give another folder, or --overwrite")


def _stills(folder: Path) -> list[Path]:
    return [numbered(folder / STILL, number) for number in numbers_of(folder / STILL)]


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
        name = numbered(folder / STILL, len(entries) + 1).name
        save_picture(folder / name, shown[..., None].repeat(3, axis=-1), 8)
        time = round(float(frame.time * clip.time_base) + clip.span.start, 3)
        entries.append({"shot": len(entries) + 1, "time": time, "still": name, "hints": None})
    for path in set(_stills(folder)) - {folder / entry["still"] for entry in entries}:
        path.unlink()  # what is replaced had more shots
    text = json.dumps({"start": clip.span.start, "shots": entries}, indent=1) + "\n"
    return write_atomically(folder / SCRIPT, overwrite, lambda part: cast(None, part.write_text(text, "utf-8")))


def check_strip(strip: Path, overwrite: bool) -> None:
    """Raise now what :func:`write_strip` would raise after hours: for a name, a folder or a file in the way."""
    if strip.suffix.lower() not in SUFFIXES:
        raise OptionError(f"the strip is {strip}; expected a picture, such as {strip.stem or 'strip'}.png")
    if not strip.parent.is_dir():
        raise OutputUnwritable(f"{strip}: its folder does not exist; create the folder first")
    refuse_unusable(strip, overwrite)
    if not os.access(strip.parent, os.W_OK):
        raise OutputUnwritable(f"{strip}: its folder cannot be written to; choose another place")


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
