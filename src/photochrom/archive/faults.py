"""Faults that pass: a network that hangs, a store that throttles; and those that do not."""

import errno
import math
from collections.abc import Callable
from typing import Final, TypeVar

from photochrom import urls
from photochrom.archive.tasks import Report
from photochrom.errors import RunError
from photochrom.urls import is_hopeless, status_of

T = TypeVar("T")

IN_A_ROW: Final = 30
"""So many failures one after another to reach the source or the target end a run: neither is there any more."""

_LASTING: Final = {
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.EISDIR, errno.ENOTDIR, errno.EEXIST, errno.ENOSPC, errno.EROFS,
    errno.EDQUOT, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL, errno.EFBIG, errno.EILSEQ,
}  # fmt: skip
_NETWORK: Final = {
    "aiobotocore", "aiohttp", "asyncssh", "azure", "botocore", "concurrent", "fsspec", "gcsfs", "google", "paramiko",
    "requests", "s3fs", "socket", "urllib3",
}  # fmt: skip


def is_passing(error: BaseException) -> bool:
    """Tell whether the same may succeed a moment later: time-outs, broken connections, errors of a busy server."""
    if is_hopeless(error):
        return False
    if isinstance(error, OSError):
        return error.errno not in _LASTING and not isinstance(error, (FileNotFoundError, PermissionError))
    status = status_of(error)
    if status is not None:
        return status >= 500 or status in (408, 425, 429)
    return type(error).__module__.partition(".")[0] in _NETWORK


def retry(do: Callable[[], T], times: int, note: Callable[[], None] = lambda: None, patience: float = math.inf) -> T:
    """Return what ``do`` does, tried up to ``times`` more while what it raises is passing; ``note`` hears of each.

    No try begins after ``patience``, in seconds.
    """
    return urls.retry(do, times, is_passing, note, patience)


class Streak:
    """The failures since the last photo that was fetched and written; what is wrong with a photo alone is none."""

    def __init__(self) -> None:
        self._count, self._last = 0, ""

    def hear(self, report: Report) -> None:
        """Count a photo that has ended."""
        lost = report.state == "failed" and (report.passing or report.kind == "OutputUnwritable")
        self._count, self._last = (self._count + 1, report.reason or "") if lost else (0, "")

    @property
    def is_hopeless(self) -> bool:
        """Whether neither source nor target seems to be there any more."""
        return self._count >= IN_A_ROW

    def require_hope(self) -> None:
        """Raise RunError where it is hopeless."""
        if self.is_hopeless:
            raise RunError(f"{self._count} photos in a row failed, the last with: {self._last}; the run ends")
