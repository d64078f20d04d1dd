"""What a film's job leaves on disk while it runs, so that it can go on after an interruption.

Beside the target lies a hidden folder, ``.NAME.photochrom``: ``job.json`` says for which film and settings it is and
where the shots are; ``00000.packets`` and on hold the finished segments, encoded, each with ``00000.npz``, the colors
from which the next one goes on. A segment counts once its packets have their name, which they get last. While a run is
at work it holds the file ``lock``, so that no other one writes to the same target.

A packet file is a row of records: time, duration (ticks, signed 64 bits), flag of a key frame, length, and the bytes.
"""

import json
import os
import shutil
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.errors import OptionError, OutputUnwritable
from photochrom.video.lock import Lock

HEAD: Final = struct.Struct("<qqBI")
LOCK: Final = "lock"


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
    """The hidden folder of one target, held by one run at a time; as a context it is let go at the end.

    It vanishes then, unless there is something in it to go on with.
    """

    def __init__(self, target: Path) -> None:
        """Take the folder; raises OptionError while another run has it, OutputUnwritable where none can be made."""
        self.folder = target.with_name(f".{target.name}.photochrom")
        self._file = self.folder / "job.json"
        self._lock = _held(self.folder, target)
        self.notes: dict[str, Any] = {}

    def __enter__(self) -> "Workshop":
        """Go on."""
        return self

    def __exit__(self, *problem: object) -> None:
        """Let the next run in."""
        is_bare = False
        with suppress(OSError):  # somebody removed it
            is_bare = [path.name for path in self.folder.iterdir()] == [LOCK]
        self._lock.let_go(remove=is_bare)
        if is_bare:
            with suppress(OSError):  # the next run is in already
                self.folder.rmdir()

    @property
    def is_begun(self) -> bool:
        """Whether an interrupted run left something here."""
        return self._file.exists()

    def take_up(self, job: dict[str, Any]) -> None:
        """Go on with a job, or begin it; what another job left here is thrown away."""
        self.notes = self._known()
        if self.notes.get("job") != job:
            self.clear()
            self.notes = {"job": job}
        self.save_notes()

    def _known(self) -> dict[str, Any]:
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    def save_notes(self) -> None:
        """Write what is known of the job."""
        temporary = self._file.with_suffix(".part")
        with _writing(self.folder):
            temporary.write_text(json.dumps(self.notes), encoding="utf-8")
            os.replace(temporary, self._file)

    @property
    def done(self) -> list[Path]:
        """The packet files of finished segments, in order."""
        return sorted(self.folder.glob("*.packets"))

    def forget_parts(self) -> None:
        """Throw the finished segments away, and keep the notes."""
        for path in self.done:
            path.unlink()

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
        """Remove what is in the folder: the notes first, so that the rest is never taken for theirs."""
        self._file.unlink(missing_ok=True)
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != LOCK:
                path.unlink(missing_ok=True)


class Segment:
    """A segment that is being written: its records go to disk as they come, and it gets its name when it is whole."""

    def __init__(self, path: Path) -> None:
        """Begin the file; what a broken run left there is replaced. ``path`` has no ending."""
        self._path = path
        with _writing(path.parent):
            self._file = path.with_suffix(".part").open("wb", buffering=0)

    def __enter__(self) -> "Segment":
        """Go on."""
        return self

    def __exit__(self, *problem: object) -> None:
        """Close the file; what did not become whole is removed."""
        self._file.close()
        for suffix in (".part", ".state"):
            with suppress(OSError):
                self._path.with_suffix(suffix).unlink(missing_ok=True)

    def add(self, record: Record) -> None:
        """Write a record; raises OutputUnwritable where the disk is full, as :meth:`finish`."""
        data = memoryview(HEAD.pack(record.time, record.duration, record.is_key, len(record.data)) + record.data)
        with _writing(self._path.parent):
            while data:
                data = data[self._file.write(data) :]

    def finish(self, state: dict[str, NDArray[Any]]) -> None:
        """Keep the segment and the arrays from which the next one goes on."""
        temporary = self._path.with_suffix(".state")
        with _writing(self._path.parent):
            self._file.close()
            with temporary.open("wb") as file:
                np.savez(file, **state)  # type: ignore[arg-type]
            os.replace(temporary, self._path.with_suffix(".npz"))
            os.replace(self._path.with_suffix(".part"), self._path.with_suffix(".packets"))


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Make the system's errors ones of ours."""
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputUnwritable(
            f"{folder}: finished parts cannot be kept there ({why}); make room, then the same command goes on"
        ) from error


def _held(folder: Path, target: Path) -> Lock:
    """Make the folder and hold it."""
    while True:
        try:
            with suppress(FileExistsError):
                folder.mkdir()
            return Lock(folder / LOCK)
        except BlockingIOError as error:
            raise OptionError(
                f"another run is writing {target} at this moment; wait for its end, or give another name"
            ) from error
        except OSError as error:
            if isinstance(error, FileNotFoundError) and folder.parent.is_dir():
                continue  # the run before has just removed it
            why = error.strerror or str(error)
            raise OutputUnwritable(f"{folder}: cannot be written ({why}); choose another place") from error
