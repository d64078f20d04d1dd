"""The list of all photos with what was found about each: accepted, or rejected and why; train or val.

The same photos give the same CSV file, byte for byte, with any number of workers.
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
import multiprocessing
import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import AvifImagePlugin, Image

from photochrom.data.catalog import Entry, decode, list_entries
from photochrom.data.cleaning import judge
from photochrom.errors import DataError, OptionError, OutputUnwritable

UInt8Array = npt.NDArray[np.uint8]
Progress = Callable[[int, int], None]

BROKEN, DUPLICATE = "broken", "duplicate"
VALIDATION_SHARE = 0.02
CHUNK = 32

HASH_INPUT, HASH_SIDE = 32, 8
MOST_DIFFERENT_BITS = 3
"""Photos whose 64-bit hashes differ in no more bits than this are duplicates."""


@dataclass(frozen=True, slots=True)
class Row:
    """One photo: its key and file, its size in pixels, colorfulness, perceptual hash, split and reason.

    `split` is train or val. `reason` is empty for an accepted photo; otherwise one of the reasons of
    `cleaning.judge`, or broken (no complete photo: sizes, colorfulness and hash are 0) or duplicate.
    """

    key: str
    source: str
    width: int
    height: int
    colorfulness: float
    phash: int
    split: str
    reason: str


COLUMNS = tuple(field.name for field in fields(Row))


@dataclass(frozen=True, slots=True)
class Manifest:
    """All photos of a collection, in the order of their keys."""

    rows: tuple[Row, ...]

    def accepted(self, entries: Sequence[Entry], split: str | None = None) -> list[Entry]:
        """Return those of `entries` that the manifest accepts, and has in `split` if one is given.

        Raises DataError where an entry is not in the manifest.
        """
        rows = {row.key: row for row in self.rows}
        chosen = []
        for entry in entries:
            row = rows.get(entry.key)
            if row is None:
                raise DataError(f"{entry.key}: not in the manifest; make it again from the photos given now.")
            if not row.reason and split in (None, row.split):
                chosen.append(entry)
        return chosen

    def counts(self) -> dict[str, int]:
        """Return the number of photos for each reason, accepted first, then the most frequent reason."""
        counter = Counter(row.reason for row in self.rows)
        reasons = {reason: number for reason, number in sorted(counter.items(), key=lambda item: (-item[1], item))}
        return {"accepted": reasons.pop("", 0), **reasons}

    def save(self, target: Path) -> Path:
        """Write the CSV file in one step, replacing an older one; raises OutputUnwritable."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.rows:
            values = replace(row, source=_portable(row.source))
            writer.writerow(
                [*astuple(values)[:4], f"{row.colorfulness:.1f}", f"{row.phash:016x}", row.split, row.reason]
            )
        _replace_file(target, text.getvalue().encode("utf-8", "surrogateescape"))
        return target

    @classmethod
    def load(cls, source: Path) -> Manifest:
        """Read a CSV file that `save` wrote; raises DataError where it is none."""
        try:
            lines = list(csv.reader(io.StringIO(source.read_bytes().decode("utf-8", "surrogateescape"), newline="")))
        except OSError as error:
            raise DataError(f"{source}: cannot be read ({error.strerror}); give a manifest's path.") from error
        if not lines or tuple(lines[0]) != COLUMNS:
            raise DataError(f"{source}: not a manifest; expected a CSV file starting with {','.join(COLUMNS)}.")
        return cls(tuple(_row(source, number, line) for number, line in enumerate(lines[1:], 2)))


def clean(sources: Sequence[str], target: Path, *, workers: int = 1, progress: Progress | None = None) -> Manifest:
    """List the photos of `sources`, judge them all and write the manifest to `target`.

    `progress` is called with the numbers of photos done and to do. Raises DataError where there are no
    photos, RunError where a store cannot be read, and OutputUnwritable where `target` cannot be written.
    """
    if not target.absolute().parent.is_dir():
        raise OutputUnwritable(f"{target}: there is no such folder to write to; make it first.")
    manifest = build_manifest(list_entries(sources), workers=workers, progress=progress)
    manifest.save(target)
    return manifest


def build_manifest(
    entries: Sequence[Entry],
    *,
    workers: int = 1,
    progress: Progress | None = None,
    validation: float = VALIDATION_SHARE,
) -> Manifest:
    """Judge every photo with `workers` processes, 0 for the caller's own, then find duplicates.

    Of duplicates the largest is kept, the first key where sizes are equal. `validation` is the share of the
    keys, chosen by their hash, that goes to val. Raises OptionError where it is not in 0..1.
    """
    if not 0.0 <= validation <= 1.0 or workers < 0:
        raise OptionError(f"validation is {validation}, workers {workers}; expected 0 to 1, and 0 or more.")
    rows: list[Row] = []
    for entry, row in zip(entries, _rows(entries, workers), strict=True):
        rows.append(replace(row, split=split_of(entry.key, validation)))
        if progress is not None:
            progress(len(rows), len(entries))
    rows.sort(key=lambda row: row.key)
    return Manifest(tuple(_mark_duplicates(rows)))


def split_of(key: str, validation: float = VALIDATION_SHARE) -> str:
    """Return val for that share of all keys, otherwise train; the same key has the same split everywhere."""
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()
    return "val" if int.from_bytes(digest[:8], "big") < validation * 2**64 else "train"


def perceptual_hash(rgb: UInt8Array) -> int:
    """Return 64 bits that stay nearly the same when a photo (H, W, 3) is resized, recompressed or toned.

    The signs, relative to their median, of the 8 x 8 lowest frequencies of the cosine transform of the gray
    photo at 32 x 32 pixels (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions",
    2010, section 3.2.1).
    """
    gray = Image.fromarray(rgb).convert("L").resize((HASH_INPUT, HASH_INPUT), Image.Resampling.BOX)
    frequencies = (_COSINES @ np.asarray(gray, dtype=np.float64) @ _COSINES.T).ravel()
    bits = frequencies > np.median(frequencies[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def _cosines() -> npt.NDArray[np.float64]:
    """Rows of the cosine transform (DCT-II) for the lowest frequencies."""
    places = (2 * np.arange(HASH_INPUT) + 1) * math.pi / (2 * HASH_INPUT)
    rows: npt.NDArray[np.float64] = np.cos(np.outer(np.arange(HASH_SIDE), places))
    return rows


_COSINES = _cosines()


def _rows(entries: Sequence[Entry], workers: int) -> Iterator[Row]:
    """Judge the entries in their order."""
    if workers == 0:
        yield from map(_judged, entries)
        return
    with multiprocessing.Pool(workers, initializer=_one_thread) as pool:
        yield from pool.imap(_judged, entries, chunksize=CHUNK)


def _one_thread() -> None:
    """Let the processes, not the threads of each, share the cores."""
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1


def _judged(entry: Entry) -> Row:
    source = entry.source
    try:
        rgb = decode(entry)
    except DataError:
        return Row(entry.key, source, 0, 0, 0.0, 0, "", BROKEN)
    verdict = judge(rgb)
    colorful = round(verdict.measures.colorfulness, 1)
    height, width = rgb.shape[:2]
    return Row(entry.key, source, width, height, colorful, perceptual_hash(rgb), "", verdict.reason or "")


def _mark_duplicates(rows: Sequence[Row]) -> list[Row]:
    """Give the reason duplicate to accepted rows that look like a larger or earlier accepted one.

    Hashes that differ in 3 bits agree in one of 4 bands of 16 bits at least, so that only the photos that
    share a band are compared.
    """
    bands = MOST_DIFFERENT_BITS + 1
    width = 64 // bands
    seen: list[dict[int, list[int]]] = [{} for _ in range(bands)]
    marked = list(rows)
    for index in sorted(range(len(rows)), key=lambda index: (-rows[index].width * rows[index].height, index)):
        row = rows[index]
        if row.reason:
            continue
        near = [seen[band].setdefault(row.phash >> (band * width) & (2**width - 1), []) for band in range(bands)]
        if any((row.phash ^ other).bit_count() <= MOST_DIFFERENT_BITS for group in near for other in group):
            marked[index] = replace(row, reason=DUPLICATE)
            continue
        for group in near:
            group.append(row.phash)
    return marked


def _portable(source: str) -> str:
    return source.replace(os.sep, "/")


def _row(source: Path, number: int, line: list[str]) -> Row:
    try:
        key, path, width, height, colorful, phash, split, reason = line
        return Row(key, path, int(width), int(height), float(colorful), int(phash, 16), split, reason)
    except ValueError as error:
        raise DataError(f"{source}: line {number} is not a manifest's ({error}); make the manifest again.") from error


def _replace_file(target: Path, data: bytes) -> None:
    """Write to a temporary file beside the target, then put it in the target's place."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.absolute().parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(name, 0o644)
            os.replace(name, target)
        except BaseException:
            os.unlink(name)
            raise
    except OSError as error:
        raise OutputUnwritable(f"{target}: cannot be written ({error.strerror}); check the folder and disk.") from error
