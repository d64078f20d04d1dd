"""Targets of this computer: a folder of results, or one ZIP or TAR file of them."""

import glob
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, cast

from photochrom.archive.entry import STATE_FOLDER, Entry, Standing
from photochrom.archive.members import is_archive
from photochrom.archive.packing import KINDS, Packed, even_seconds, is_packable, merge, packed_in, unpack
from photochrom.archive.places import LocalSource, Unpacked, is_text
from photochrom.errors import OptionError, OutputError
from photochrom.photo import Photo, SaveOptions
from photochrom.photo.target import flush_folder, make_folder, part_start, write_atomically

WORKING: Final = "working.sqlite"
"""Name of the ledger of an archive's working folder; the copy in the archive has that of any other ledger."""
FOLDER_ENDING: Final = ".parts"


@dataclass
class LocalTarget(Unpacked):
    """A folder of results."""

    root: str
    is_remote: bool = field(default=False, init=False)
    is_archive: bool = field(default=False, init=False)

    @property
    def identity(self) -> str:
        """The folder's path."""
        return self.root

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths of all that belongs to it."""
        return (self.root,)

    def standing(self) -> Iterator[Standing]:
        """Give every file that stands there, without those of the ledger."""
        for entry in LocalSource(self.root).entries() if os.path.isdir(self.root) else ():
            if isinstance(entry, Entry):
                yield Standing(entry.key, entry.size, entry.stamp)

    def writer(self, photo: Photo, name: str, options: SaveOptions) -> Callable[[bool], Standing]:
        """Return what writes a result; pixels are computed while it does."""
        path = Path(self.root, name)

        def write(overwrite: bool) -> Standing:
            make_folder(path.parent)
            if is_text(name):
                photo.save(path, options=replace(options, overwrite=overwrite))
            else:
                content = photo.encode(options)
                write_atomically(path, overwrite, lambda part: cast(None, part.write_bytes(content)))
            found = path.stat()
            return Standing(name, found.st_size, str(found.st_mtime_ns))

        return write

    def tidy(self, names: list[str]) -> None:
        """Remove what killed processes left beside results that they had begun."""
        for name in names:
            sweep(Path(self.root, name))

    def keep(self, name: str, content: Path) -> None:
        """Put a file of the report into the state folder, whole or not at all."""
        path = Path(self.root, STATE_FOLDER, name)
        make_folder(path.parent)
        write_atomically(path, True, lambda part: cast(None, shutil.copyfile(content, part)))

    def place(self, name: str) -> str:
        """Return the path of a file of the report."""
        return os.path.join(self.root, STATE_FOLDER, name)

    def restore(self, name: str, into: Path) -> bool:
        """Do nothing: what was kept is there."""
        return False


@dataclass
class ArchiveTarget(LocalTarget):
    """A ZIP or TAR file, ``path``, of results, its name says which; ``root`` is a folder beside it.

    That folder is a target like any other, with a ledger, as long as a run is at work. At its end what the archive
    holds and what is new are written into a new archive, which takes the place of the old one in one step; then the
    folder is emptied. A file of the folder comes before that of the archive: so whenever a run is killed, both together
    hold everything, once.
    """

    path: str = ""

    def __post_init__(self) -> None:
        """It is one."""
        self.is_archive = True

    @property
    def identity(self) -> str:
        """The archive's path."""
        return self.path

    @property
    def paths(self) -> tuple[str, ...]:
        """The folder and the archive."""
        return self.root, self.path

    def standing(self) -> Iterator[Standing]:
        """Give every file of the folder, and those of the archive that it has not; raises DataError for a damaged one.

        The time of a file is the same in both.
        """
        if os.path.exists(self.path):
            for one in packed_in(Path(self.path)):
                if not one.is_state and not os.path.lexists(os.path.join(self.root, one.name)):
                    yield Standing(one.name, one.size, str(one.seconds * 10**9))
        yield from super().standing()

    def writer(self, photo: Photo, name: str, options: SaveOptions) -> Callable[[bool], Standing]:
        """Return what writes a result into the folder, with a time that an archive can hold."""
        if not is_packable(Path(self.path), name):
            raise OutputError(f"{name}: a name that is no Unicode fits no ZIP; rename it, or make a TAR")
        write = super().writer(photo, name, options)

        def written(overwrite: bool) -> Standing:
            stands = write(overwrite)
            seconds = even_seconds(int(stands.stamp))
            os.utime(Path(self.root, name), (seconds, seconds))
            return replace(stands, stamp=str(seconds * 10**9))

        return written

    def tidy(self, names: list[str]) -> None:
        """Remove what killed processes left, also of an archive that was being written."""
        super().tidy(names)
        sweep(Path(self.path))

    def place(self, name: str) -> str:
        """Return the path of a file of the report: in the archive, where it is packed."""
        path = super().place(name)
        return path if os.path.exists(path) else os.path.join(self.path, STATE_FOLDER, name)

    def restore(self, name: str, into: Path) -> bool:
        """Write to a path what the archive has under a name of the state folder; returns whether there is an archive.

        Raises DataError for a damaged one, OptionError for one that was not made here, and where the folder holds
        files that nothing is known of.
        """
        if next(LocalTarget.standing(self), None) is not None:
            raise OptionError(f"{self.root}: holds files, and no ledger of them; move this folder away")
        if not os.path.exists(self.path):
            return False
        if not unpack(Path(self.path), f"{STATE_FOLDER}/{name}", into):
            raise OptionError(f"{self.path}: was not made by photochrom batch; choose another name, or move it away")
        return True

    @property
    def is_packed(self) -> bool:
        """Whether the archive is there, and the folder holds no results."""
        return os.path.exists(self.path) and next(LocalTarget.standing(self), None) is None

    def pack(self, told: Callable[[int], None]) -> None:
        """Put what the folder holds into the archive, and remove it there; ``told`` hears how many files are in it."""
        fresh = {one.name: one for one in self._fresh()}
        path = Path(self.path)
        write_atomically(path, True, lambda part: merge(path, part, (fresh, self.root), told))
        flush_folder(path.parent)
        for name in fresh:
            with suppress(OSError):
                os.unlink(os.path.join(self.root, name))

    def clear(self) -> None:
        """Remove the folder, unless something is in it."""
        for folder, _, _ in os.walk(self.root, topdown=False):
            with suppress(OSError):
                os.rmdir(folder)

    def _fresh(self) -> Iterator[Packed]:
        """Give the files of the folder, and of its report."""
        for one in LocalTarget.standing(self):
            if not is_left(one.name):
                yield Packed(one.name, one.size, even_seconds(int(one.stamp)))
        with suppress(FileNotFoundError), os.scandir(os.path.join(self.root, STATE_FOLDER)) as found:
            for file in found:
                if not file.name.startswith(WORKING) and not is_left(file.name):
                    stat = file.stat()
                    yield Packed(f"{STATE_FOLDER}/{file.name}", stat.st_size, even_seconds(stat.st_mtime_ns))


def local_target(name: str) -> LocalTarget:
    """Return a folder or an archive as a target; raises OptionError for a file, or an archive that is not written."""
    path = os.path.abspath(name)
    if os.path.isdir(path) or not is_archive(path):
        if os.path.exists(path) and not os.path.isdir(path):
            raise OptionError(f"{name}: a file, expected a folder for results, a .zip, a .tar or a URL")
        return LocalTarget(path)
    if os.path.splitext(path)[1].lower() not in KINDS:
        raise OptionError(f"{name}: not written, as photos are packed themselves; expected {' or '.join(KINDS)}")
    return ArchiveTarget(path + FOLDER_ENDING, path)


def is_left(name: str) -> bool:
    """Tell whether a name is that of a file which a killed process was writing."""
    return re.fullmatch(r"\..*\.[0-9a-f]{12}\.part[^/]*", name.rpartition("/")[2], re.DOTALL) is not None


def sweep(path: Path) -> None:
    """Remove what killed processes left beside a file that they were writing."""
    final = Path(os.path.realpath(path))
    for left in glob.iglob(glob.escape(str(final.with_name(part_start(final.name)))) + "*.part*"):
        with suppress(OSError):
            os.unlink(left)
