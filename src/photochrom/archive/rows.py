"""What the ledger keeps, as SQLite has it and as it is used."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from photochrom.archive.tasks import Report, Task

State = Literal["waiting", "begun", "done", "failed", "skipped"]
VERSION: Final = 1
SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS photos (
    number INTEGER PRIMARY KEY, target NOT NULL UNIQUE, source NOT NULL, place TEXT NOT NULL,
    state TEXT NOT NULL, run INTEGER NOT NULL, size INTEGER NOT NULL, stamp TEXT NOT NULL,
    content TEXT, made TEXT, mine INTEGER NOT NULL DEFAULT 0, replaces INTEGER NOT NULL DEFAULT 0, expected TEXT,
    result_size INTEGER, result_stamp TEXT, kind TEXT, reason TEXT, passing INTEGER NOT NULL DEFAULT 0,
    width INTEGER, height INTEGER, tint REAL, seconds REAL, retries INTEGER, changed TEXT, preview BLOB);
CREATE INDEX IF NOT EXISTS photos_by_run ON photos (run, state, number);
CREATE TABLE IF NOT EXISTS troubles (run INTEGER, source, kind TEXT, reason TEXT, failed INTEGER,
    PRIMARY KEY (run, source, kind));
CREATE TABLE IF NOT EXISTS runs (number INTEGER PRIMARY KEY, made TEXT, said TEXT, begun TEXT, ended TEXT);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);
PRAGMA user_version = {VERSION};
"""
SETTLED: Final = """
UPDATE photos SET state = ?, kind = ?, reason = ?, passing = ?, content = COALESCE(?, content), width = ?, height = ?,
    tint = ?, seconds = ?, retries = ?, preview = COALESCE(?, preview), changed = ?, made = COALESCE(?, made),
    result_size = COALESCE(?, result_size), result_stamp = COALESCE(?, result_stamp), mine = ? WHERE number = ?"""


@dataclass(frozen=True, slots=True)
class Row:
    """What the ledger knows of a result, as far as a plan needs it; ``made`` is the order it was made for."""

    target: str
    source: str
    state: State
    run: int
    size: int
    stamp: str
    content: str | None
    made: str | None
    mine: bool
    result_size: int | None
    result_stamp: str | None


@dataclass(frozen=True, slots=True)
class Planned:
    """A row as a plan wants it: "waiting" for work, or "failed" at once for a reason.

    ``expected`` is the content that the result that stands was made of, where it stands as it was made.
    """

    target: str
    source: str
    where: tuple[str, ...]
    size: int
    stamp: str
    state: State = "waiting"
    replaces: bool = False
    expected: str | None = None
    kind: str | None = None
    reason: str | None = None


def settled(task: Task, report: Report, made: str) -> tuple[Any, ...]:
    """Return the values of SETTLED."""
    stands, done = report.standing, report.state == "done"
    mine = task.replaces or done or report.touched  # else nothing of ours can stand there
    return (
        report.state, report.kind, told(report.reason), report.passing, report.content, report.width, report.height,
        report.tint, report.seconds, report.retries, report.preview, now(), made if done else None,
        stands and stands.size, stands and stands.stamp, mine, task.number,
    )  # fmt: skip


def marks(values: Sequence[object]) -> str:
    """Return so many question marks."""
    return ",".join("?" * len(values))


def stored(name: str) -> str | bytes:
    """Return a name as it is stored: file names that are no Unicode as bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogatepass")
    return name


def named(value: Any) -> Any:
    """Return the name that was stored."""
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value


def told(text: str | None) -> str | None:
    """Return a reason as it is stored: names in it that are no Unicode are spelled out."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def now() -> str:
    """Return the time as it is written."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
