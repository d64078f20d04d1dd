"""How much memory a photo takes, estimated before its pixels are decoded."""

import os
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

from photochrom.photo import Photo

MEGABYTE: Final = 1_000_000

WORKER: Final = 250
"""MB that a worker takes before it has a photo: Python, libvips, ONNX Runtime, the model."""

_EVERY_PHOTO: Final = 150
"""MB that any photo takes while it is processed: the network, the strips being worked on, the encoder."""

_WHOLE_BYTES: Final = 8
"""Bytes a pixel of photos that their decoder or encoder holds whole."""

_HELD_WHOLE: Final = ("webp", "avif", "gif")
_STREAMED_ORIENTATIONS: Final = 2


def megabytes_for(photo: Photo, content: Path | bytes, format: str | None, is_remote: bool) -> int:
    """Return about how much memory processing a photo takes, in MB.

    Photos are processed in strips, but some can only be decoded or encoded whole: WebP, AVIF, GIF, progressive JPEG,
    interlaced PNG, photos stored on their side. A photo out of an archive or from a URL is held as the bytes of its
    file, and a result for a URL as well.
    """
    largest = max(page.width * page.height for page in photo.pages)
    samples = max(1, max(page.header.bits for page in photo.pages) // 8)
    turned = photo.pages[0].header.orientation > _STREAMED_ORIENTATIONS
    held = len(content) if isinstance(content, bytes) else 0
    if photo.format in _HELD_WHOLE or turned or "interlaced" in photo.origin.load().get_fields():
        held += largest * _WHOLE_BYTES
    if format in _HELD_WHOLE:
        held += largest * _WHOLE_BYTES
    if is_remote:
        pixels = sum(page.width * page.height for page in photo.pages)
        held += pixels * (3 * samples if format in ("png", "tiff") else 1)
    return _EVERY_PHOTO + held // MEGABYTE


def usual_memory() -> int:
    """Return the MB that a run may take if nothing is said: half of what this computer, or its container, has."""
    found = [4000 * MEGABYTE]
    with suppress(AttributeError, ValueError, OSError):
        found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    with suppress(OSError, ValueError):
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return min(found) // 2 // MEGABYTE


def usual_jobs() -> int:
    """Return how many cores this process may use."""
    with suppress(AttributeError):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Rooms:
    """Shares out memory, in MB, among photos.

    A photo that comes as bytes asks first for room to hold them, then, once its pixels are counted, for all that it
    takes. Whoever asks first is let in first. One photo alone is always let in, however much it takes: so the bound is
    exceeded by one photo at most.
    """

    def __init__(self, room: int) -> None:
        self._room, self._waiting = room, deque[tuple[int, int, bool]]()
        self._taken: dict[int, int] = {}
        self._working: set[int] = set()
        self.most = 0

    def ask(self, number: int, megabytes: int, working: bool) -> None:
        """Let a photo wait for room to be held, or to be worked on."""
        self._waiting.append((number, megabytes, working))

    def leave(self, number: int) -> None:
        """Give back what a photo has, or let it wait no more."""
        self._taken.pop(number, None)
        self._working.discard(number)
        self._waiting = deque(one for one in self._waiting if one[0] != number)

    def admitted(self) -> Iterator[int]:
        """Give the photos that have room now."""
        for working in (True, False):
            for one in [one for one in self._waiting if one[2] == working]:
                number, megabytes, _ = one
                used = sum(self._taken.values()) - self._taken.get(number, 0)
                alone = not self._working if working else not self._taken
                if used + megabytes > self._room and not alone:
                    break
                self._waiting.remove(one)
                self._taken[number] = megabytes
                self._working |= {number} if working else set()
                self.most = max(self.most, used + megabytes)
                yield number
