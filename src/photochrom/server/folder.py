"""The folder of a server: the file of jobs, and for each job a folder with its photo and what was made of it.

    jobs.sqlite
    incoming/                   uploads on their way, emptied at every start
    photos/ID/source            the photo as it came
    photos/ID/reference, transplant
    photos/ID/result            the photo in color, in its own format
    photos/ID/chroma.npz        the colors of the result, small
    photos/ID/look-*            small and tiled copies for looking at

Names that come from clients are never used for files.
"""

import os
import secrets
import shutil
import zipfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_data_path

from photochrom.errors import OutputUnwritable
from photochrom.photo.target import flush_folder, write_atomically

JOBS: Final = "jobs.sqlite"
BESIDE: Final = ("reference", "transplant")
"""What may lie beside a photo: another photo whose palette, or colors, it is to get."""


def usual_folder() -> Path:
    """Return where a server keeps its photos if nothing else is said: where programs of this system keep their data."""
    return user_data_path("photochrom", appauthor=False)


class Folder:
    """The files of all jobs."""

    def __init__(self, root: Path) -> None:
        """Make the folder if need be; raises OutputUnwritable where that cannot be done."""
        self.root, self._incoming, self._photos = root, root / "incoming", root / "photos"
        try:
            for folder in (root, self._incoming, self._photos):
                folder.mkdir(parents=True, exist_ok=True)
            root.chmod(0o700)
        except OSError as error:
            raise OutputUnwritable(f"{root} cannot be used ({error.strerror}); give another --data") from error

    def file(self, id: str, name: str) -> Path:
        """Return the path of a job's file, there or not."""
        return self._photos / id / name

    def incoming(self) -> Path:
        """Return a new path for an upload."""
        return self._incoming / secrets.token_hex(16)

    def adopt(self, id: str, files: dict[str, Path]) -> None:
        """Move uploads, by the names they get, into the folder of a job; they are on disk by then."""
        folder = self._photos / id
        folder.mkdir(exist_ok=True)
        for name, path in files.items():
            os.replace(path, folder / name)
        for touched in (folder, self._photos):
            flush_folder(touched)

    def remove(self, id: str) -> None:
        """Delete everything of a job."""
        shutil.rmtree(self._photos / id, ignore_errors=True)

    def tidy(self, ids: Iterable[str]) -> None:
        """Delete what a crash may have left: uploads on their way, half-written files, folders without a job."""
        known = set(ids)
        for path in self._incoming.iterdir():
            path.unlink()
        for folder in self._photos.iterdir():
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
                continue
            for part in folder.glob(".*.part*"):
                part.unlink()

    def used(self) -> int:
        """Return the bytes of all files."""
        total = 0
        for folder, _, names in os.walk(self.root):
            for name in names:
                with suppress(OSError):
                    total += (Path(folder) / name).stat().st_size
        return total

    def made(self, id: str, name: str, make: Callable[[Path], object]) -> Path:
        """Return a file that can be made again at any time; ``make`` fills it where it is missing."""
        path = self.file(id, name)
        return path if path.exists() else write_atomically(path, True, lambda part: _ignore(make(part)))

    def keep_chroma(self, id: str, revision: int, pages: Sequence[NDArray[np.float32]]) -> None:
        """Keep the colors of a result: ``pages`` are (h, w, 2), in Lab units."""
        named = {f"page{number}": page.astype(np.float32) for number, page in enumerate(pages)}

        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.savez(file, revision=np.int64(revision), **named)  # type: ignore[arg-type]

        write_atomically(self.file(id, "chroma.npz"), True, write)

    def chroma(self, id: str, revision: int, page: int) -> NDArray[np.float32] | None:
        """Return the colors of a page of the result, None where there is no result of that revision."""
        with suppress(OSError, KeyError, ValueError, zipfile.BadZipFile), np.load(self.file(id, "chroma.npz")) as kept:
            if int(kept["revision"]) == revision:
                return np.asarray(kept[f"page{page}"], dtype=np.float32)
        return None


def _ignore(_made: object) -> None:
    return None
