"""A source that is looked at again and again, for files as they arrive."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from photochrom.archive.entry import Entry, Trouble
from photochrom.archive.places import Source

SETTLED: Final = 2.0
"""Seconds for which a watched file must not have changed before it is taken: it may be on its way still."""
SHARE: Final = 4.0
"""What took long is not done again before so many times as long."""
LONGEST: Final = 3600.0


def looks(source: Source, every: float | None) -> Iterator[Iterable[Entry | Trouble]]:
    """Give what a source holds; where it is watched, again and again, with so many seconds in between."""
    if every is None:
        yield source.entries()
        return
    while True:
        look = Look(source)
        yield look
        time.sleep(max(every, min(LONGEST, SHARE * look.seconds)) if not look.fresh else min(every, SETTLED))


@dataclass
class Look:
    """One look at a source, without ``fresh`` files, which may be on their way; it took so many ``seconds``."""

    source: Source
    fresh: int = 0
    seconds: float = 0.0

    def __iter__(self) -> Iterator[Entry | Trouble]:
        """Give what may be taken."""
        start = time.monotonic()
        for entry in self.source.entries():
            if isinstance(entry, Entry) and _is_fresh(entry):
                self.fresh += 1
            else:
                yield entry
        self.seconds = time.monotonic() - start


class Rest:
    """Tells when to do again what may take long."""

    def __init__(self) -> None:
        """Nothing was done yet."""
        self._again = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self._again

    def begin(self, seconds: float) -> None:
        """Rest after what took so many seconds."""
        self._again = time.monotonic() + min(LONGEST, SHARE * seconds)


def _is_fresh(entry: Entry) -> bool:
    """Tell whether a local file was changed within the last seconds; objects of a store appear whole."""
    return entry.stamp.isdigit() and abs(time.time() - int(entry.stamp) / 1e9) < SETTLED
