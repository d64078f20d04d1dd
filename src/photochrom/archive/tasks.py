"""What goes to a worker, and what comes back."""

from dataclasses import dataclass
from typing import Literal

from photochrom.archive.entry import Standing


@dataclass(frozen=True, slots=True)
class Task:
    """A photo to be done, and the name of its result.

    ``replaces`` allows to replace what stands under that name. Where the photo's content is ``expected`` (SHA-256),
    its result stands already and is right. ``size`` is that of the file, in bytes. ``preview`` asks for a small
    picture.
    """

    number: int
    source: str
    where: tuple[str, ...]
    target: str
    replaces: bool
    expected: str | None
    size: int
    preview: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What became of a task; ``passing`` tells a failure that may be none later.

    ``touched`` tells a failure after which something of ours may stand under the result's name all the same.
    ``content`` is the SHA-256 of the photo's file; ``tint`` its mean chroma where it was colored already;
    ``standing`` is the result, None where it stood already; ``preview`` a JPEG of photo and result side by side.
    """

    state: Literal["done", "failed", "skipped"]
    kind: str | None = None
    reason: str | None = None
    passing: bool = False
    touched: bool = False
    content: str | None = None
    width: int | None = None
    height: int | None = None
    tint: float | None = None
    seconds: float = 0.0
    retries: int = 0
    standing: Standing | None = None
    preview: bytes | None = None
