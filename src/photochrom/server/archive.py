"""Files on their way to a client: one as it is, or many as one ZIP file that is never whole anywhere."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from urllib.parse import quote

from anyio import CancelScope
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

CHUNK: Final = 1 << 18


class _Outlet:
    """Takes what is written and gives it out in pieces; it cannot go back, and zipfile knows how to live with that."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Do nothing; zipfile calls it."""

    def taken(self) -> bytes:
        data = b"".join(self._pieces)
        self._pieces.clear()
        return data


def zipped(files: Iterable[tuple[str, Path]]) -> Iterator[bytes]:
    """Yield a ZIP file of (name, path), without compressing what is compressed; files that are gone are left out.

    Equal names get numbers.
    """
    outlet, names = _Outlet(), set[str]()
    with zipfile.ZipFile(cast(Any, outlet), "w", zipfile.ZIP_STORED) as archive:
        for name, path in files:
            try:
                source = path.open("rb")
            except OSError:
                continue
            entry = zipfile.ZipInfo(_unused(name, names))
            with source, archive.open(entry, "w", force_zip64=True) as target:
                while chunk := source.read(CHUNK):
                    target.write(chunk)
                    yield outlet.taken()
    yield outlet.taken()


class OpenFile(StreamingResponse):
    """Answers with an open file, then closes it and calls ``at_end``, in a thread; also when the client leaves early.

    That happens here and not at the end of a generator: one that a client left is ended by the garbage collector, in
    the middle of whatever a thread is doing, perhaps holding the very lock that ``at_end`` needs.
    """

    def __init__(self, file: BinaryIO, at_end: Callable[[], object], media_type: str, headers: dict[str, str]) -> None:
        super().__init__(iter(lambda: file.read(CHUNK), b""), media_type=media_type, headers=headers)
        self._file, self._at_end = file, at_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the file."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            with CancelScope(shield=True):
                await run_in_threadpool(self._end)

    def _end(self) -> None:
        self._file.close()
        self._at_end()


def attachment(name: str) -> str:
    """Return the Content-Disposition of a download (RFC 6266), for any name."""
    plain = "".join(
        letter if letter.isascii() and letter.isprintable() and letter not in '"\\%' else "_" for letter in name
    )
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _unused(name: str, names: set[str]) -> str:
    stem, suffix = Path(name).stem, Path(name).suffix
    number, unused = 1, name
    while unused.casefold() in names:
        number += 1
        unused = f"{stem}-{number}{suffix}"
    names.add(unused.casefold())
    return unused
