"""A file that is either whole or not there."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from photochrom.errors import OutputExists, OutputUnwritable


def write_atomically(path: Path, overwrite: bool, write: Callable[[Path], None]) -> Path:
    """Let ``write`` fill a temporary neighbor of ``path``, then move it there; on failure leave nothing behind.

    A link is followed. A file that is replaced keeps its permissions. Raises OutputExists if ``path`` exists and
    ``overwrite`` is not set, also when it appears meanwhile; OutputUnwritable when the folder is missing or not
    writable, or the disk is full.
    """
    refuse_unusable(path, overwrite)
    final = Path(os.path.realpath(path))
    temporary = final.with_name(f"{part_start(final.name)}{os.urandom(6).hex()}.part")
    try:
        os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        write(temporary)
        _flush(temporary)
        if overwrite and final.exists():
            temporary.chmod(stat.S_IMODE(final.stat().st_mode))
        _move(temporary, final, overwrite)
    except OutputUnwritable as error:
        raise OutputUnwritable(str(error).replace(str(temporary), str(path))) from error
    except FileExistsError as error:
        raise _exists(path) from error
    except FileNotFoundError as error:
        raise OutputUnwritable(f"{path}: its folder does not exist; create the folder first") from error
    except OSError as error:
        raise unwritable(path, error.strerror or str(error)) from error
    finally:
        with suppress(OSError):
            temporary.unlink()
    return path


def part_start(name: str) -> str:
    """Return how the name of a file's temporary neighbor begins: no other file's does, and it is never too long."""
    return f".{name[:40]}.{crc32(os.fsencode(name)):08x}."


def refuse_unusable(path: Path, overwrite: bool) -> None:
    """Raise OutputExists if ``path`` is taken and must not be replaced, OutputUnwritable if it is a folder."""
    try:
        folder, taken = path.is_dir(), os.path.lexists(path)
    except (OSError, ValueError) as error:  # too long, or with a zero in it
        raise OutputUnwritable(f"{str(path)[:80]!r}: not a file name ({error.args[-1]}); choose another") from error
    if folder:
        raise OutputUnwritable(f"{path}: a folder, expected a file name; add one")
    if taken and not overwrite:
        raise _exists(path)


def make_folder(folder: Path) -> None:
    """Make a folder, and those it lies in, unless it is there; raises OutputUnwritable where that cannot be done."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputUnwritable(f"{folder}: a file, expected a folder; choose another name") from error
    except OSError as error:
        why = error.strerror or str(error)
        raise OutputUnwritable(f"{folder}: cannot be made ({why}); choose another place") from error


def flush_folder(folder: Path) -> None:
    """Wait until the disk knows what was renamed in a folder, where the system can tell."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def unwritable(path: Path, why: str) -> OutputUnwritable:
    """Return the error for a target that could not be filled."""
    return OutputUnwritable(f"{path}: cannot be written ({why}); make room or choose another place")


def _exists(path: Path) -> OutputExists:
    return OutputExists(f"{path}: exists already; choose another name or allow overwriting")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _move(temporary: Path, final: Path, overwrite: bool) -> None:
    if overwrite:
        os.replace(temporary, final)
        return
    try:
        os.link(temporary, final)  # fails where a rename would silently replace
    except FileExistsError:
        raise
    except OSError:  # no hard links on this file system
        if os.path.lexists(final):
            raise FileExistsError(str(final)) from None
        os.replace(temporary, final)
