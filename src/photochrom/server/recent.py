"""Keeps what was made last, up to a number; each thing is made once, even when many ask for it at once."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

Made = TypeVar("Made")
Key = tuple[Hashable, ...]


class Recent(Generic[Made]):
    """The ``most`` things used last, by keys whose first part tells what they belong to."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, threading.Lock()
        self._kept: OrderedDict[Key, Future[Made]] = OrderedDict()
        self.hits = self.misses = 0

    def get(self, key: Key, make: Callable[[], Made]) -> Made:
        """Return what is kept, or make it; an error is raised to all who wait, and not kept."""
        with self._lock:
            known = self._kept.get(key)
            future = Future() if known is None else known
            self._kept[key] = future
            self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
            self.hits, self.misses = self.hits + (known is not None), self.misses + (known is None)
        if known is None:
            try:
                future.set_result(make())
            except BaseException as error:
                future.set_exception(error)
                with self._lock:
                    self._kept.pop(key, None)
        return future.result()

    def forget(self, owner: Hashable) -> None:
        """Drop everything that belongs to ``owner``."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == owner]:
                del self._kept[key]
