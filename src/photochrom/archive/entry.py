"""What a source says it holds."""

from dataclasses import dataclass
from typing import Final

STATE_FOLDER: Final = ".photochrom"
"""Folder of a target that holds the ledger and the report; never taken as photos."""

NOT_A_PHOTO: Final = "NotAPhoto"
"""The kind of what is passed over because it is nothing this program reads."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that may be a photo.

    ``key`` is its path below the source, with slashes, unique within it; ``where`` is how the source finds it again;
    ``size`` is in bytes; ``stamp`` is another text when the file was changed: its time, an ETag, a checksum.
    """

    key: str
    where: tuple[str, ...]
    size: int
    stamp: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something in a source that is no entry: ``failed`` where a photo may be lost by it, else passed over."""

    key: str
    kind: str
    text: str
    failed: bool = True


@dataclass(frozen=True, slots=True)
class Standing:
    """A file that stands in a target: its ``name`` there, ``size`` in bytes, and ``stamp`` as an entry has it."""

    name: str
    size: int
    stamp: str
