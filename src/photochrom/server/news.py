"""What changed, from the threads that work to the connections that listen."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from time import monotonic

EVERY = 0.1
"""Seconds between two reports of a job's progress."""


class Listener:
    """Hears the ids of jobs that change; ids wait here once each, however slow the reader is."""

    def __init__(self) -> None:
        self._loop, self._event, self._ids = asyncio.get_running_loop(), asyncio.Event(), dict[str, None]()

    def tell(self, id: str | None) -> None:
        """Let it hear an id, or (None) that the server ends; from any thread."""
        with suppress(RuntimeError):  # its loop has ended
            self._loop.call_soon_threadsafe(self._add, id)

    async def changes(self, seconds: float) -> list[str]:
        """Return the ids that changed since the last call; none after some seconds of silence."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._event.wait(), seconds)
        self._event.clear()
        ids, self._ids = list(self._ids), {}
        return ids

    def _add(self, id: str | None) -> None:
        if id is not None:
            self._ids[id] = None
        self._event.set()


class News:
    """Passes on which jobs change, and keeps how far the running ones are."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._lock = threading.Lock()
        self._progress: dict[str, tuple[float, float]] = {}
        self.ended = False

    def tell(self, id: str | None) -> None:
        """Say that a job changed; from any thread."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener.tell(id)

    def progress(self, id: str) -> float:
        """Return how much of a running job is done, 0..1."""
        return self._progress.get(id, (0.0, 0.0))[0]

    def move(self, id: str, share: float) -> None:
        """Say how much of a running job is done; told on at most ten times a second."""
        now, (before, at) = monotonic(), self._progress.get(id, (0.0, 0.0))
        if now - at >= EVERY and share > before:
            self._progress[id] = (share, now)
            self.tell(id)

    def forget(self, id: str) -> None:
        """Drop a job's progress: it has ended."""
        self._progress.pop(id, None)

    def end(self) -> None:
        """Let all listeners go home; nothing more will come."""
        self.ended = True
        self.tell(None)

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        """Give a listener for the running event loop."""
        listener = Listener()
        with self._lock:
            self._listeners.add(listener)
        try:
            yield listener
        finally:
            with self._lock:
                self._listeners.discard(listener)

    async def heard(self, seconds: float) -> AsyncIterator[list[str]]:
        """Yield the ids that change, or none after some seconds of silence, until the server ends."""
        with self.listen() as listener:
            yield []
            while not self.ended:
                yield await listener.changes(seconds)
