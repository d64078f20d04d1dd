"""What a film's job leaves on disk while it runs, so that it can go on after an interruption.

Beside the target lies a hidden folder, ``.NAME.photochrom``: ``job.json`` says for which film and settings it is and
where the shots are; ``00000.packets`` and on hold the finished segments, encoded, each with ``00000.npz``, the colors
from which the next one goes on. A segment counts once its packets have their name, which they get last.

A packet file is a row of records: time, duration (ticks, signed 64 bits), flag of a key frame, length, and the bytes.
"""

import json
import os
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.photo.target import make_folder

HEAD: Final = struct.Struct("<qqBI")


@dataclass(frozen=True, slots=True)
class Record:
    """An encoded picture: its time and duration in ticks, whether decoding can begin with it, and its bytes."""

    time: int
    duration: int
    is_key: bool
    data: bytes


def read_records(path: Path, heads_only: bool = False) -> Iterator[Record]:
    """Give the records of a packet file; with ``heads_only`` their bytes are skipped."""
    with path.open("rb") as file:
        while head := file.read(HEAD.size):
            time, duration, is_key, length = HEAD.unpack(head)
            if heads_only:
                file.seek(length, os.SEEK_CUR)
            yield Record(time, duration, bool(is_key), b"" if heads_only else file.read(length))


class Workshop:
    """The hidden folder of one job; what another job left there is thrown away."""

    def __init__(self, target: Path, job: dict[str, Any]) -> None:
        """Take the folder; raises OutputUnwritable where none can be made."""
        self.folder = target.with_name(f".{target.name}.photochrom")
        self._file = self.folder / "job.json"
        known = self._known()
        if known.get("job") != job:
            shutil.rmtree(self.folder, ignore_errors=True)
            known = {"job": job}
        make_folder(self.folder)
        self.notes: dict[str, Any] = known
        self.save_notes()

    def _known(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def save_notes(self) -> None:
        """Write what is known of the job."""
        temporary = self._file.with_suffix(".part")
        temporary.write_text(json.dumps(self.notes), encoding="utf-8")
        os.replace(temporary, self._file)

    @property
    def done(self) -> list[Path]:
        """The packet files of finished segments, in order."""
        return sorted(self.folder.glob("*.packets"))

    def begin(self) -> "Segment":
        """Return the next segment, to be filled."""
        return Segment(self.folder / f"{len(self.done):05d}")

    def state(self) -> dict[str, NDArray[Any]]:
        """Return the arrays that the last finished segment left; none before the first."""
        if not self.done:
            return {}
        with np.load(self.done[-1].with_suffix(".npz"), allow_pickle=False) as found:
            return dict(found)

    def clear(self) -> None:
        """Remove the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Segment:
    """A segment that is being written: its records go to disk as they come, and it gets its name when it is whole."""

    def __init__(self, path: Path) -> None:
        """Begin the file; what a broken run left there is replaced. ``path`` has no ending."""
        self._path = path
        self._file = path.with_suffix(".part").open("wb")

    def __enter__(self) -> "Segment":
        """Go on."""
        return self

    def __exit__(self, *problem: object) -> None:
        """Close the file, whole or not."""
        self._file.close()

    def add(self, record: Record) -> None:
        """Write a record."""
        self._file.write(HEAD.pack(record.time, record.duration, record.is_key, len(record.data)))
        self._file.write(record.data)

    def finish(self, state: dict[str, NDArray[Any]]) -> None:
        """Keep the segment and the arrays from which the next one goes on."""
        self._file.close()
        temporary = self._path.with_suffix(".state")
        with temporary.open("wb") as file:
            np.savez(file, **state)  # type: ignore[arg-type]
        os.replace(temporary, self._path.with_suffix(".npz"))
        os.replace(self._path.with_suffix(".part"), self._path.with_suffix(".packets"))
