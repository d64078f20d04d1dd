"""Files on their way to a client: one as it is, or many as one ZIP file that is never whole anywhere."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final, cast
from urllib.parse import quote

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


def pieces(file: BinaryIO, at_end: Callable[[], object]) -> Iterator[bytes]:
    """Yield an open file, then close it and call ``at_end``; also when the client leaves early, or never comes."""

    def flow() -> Iterator[bytes]:
        try:
            with file:
                yield b""
                while chunk := file.read(CHUNK):
                    yield chunk
        finally:
            at_end()

    started = flow()
    next(started)  # one that was never begun would never end
    return started


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
