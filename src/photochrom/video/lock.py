"""A file that one process at a time holds; the system opens it when that process ends, however it ends."""

import os
import sys
from contextlib import suppress
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class Lock:
    """A held file. It may be removed by who holds it: others then make a new one."""

    def __init__(self, path: Path) -> None:
        """Hold the file, made if it is not there; raises BlockingIOError while another one holds it, OSError."""
        self._path = path
        while True:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
            try:
                _hold(self._descriptor)
                if _is_at(path, self._descriptor):
                    return
            except BaseException:
                os.close(self._descriptor)
                raise
            os.close(self._descriptor)  # removed since it was opened

    def let_go(self, remove: bool) -> None:
        """Open the lock, and remove its file before anybody else can hold it."""
        if remove and sys.platform != "win32":
            self._path.unlink(missing_ok=True)
        os.close(self._descriptor)
        if remove and sys.platform == "win32":
            with suppress(OSError):  # held by another one by now
                self._path.unlink()


if sys.platform == "win32":

    def _hold(descriptor: int) -> None:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(error.errno, "another process holds it") from error

else:

    def _hold(descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise
        except OSError:
            return  # a file system without locks


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
