"""The ledger: every result of a target and what became of its photo, in one SQLite file.

A row is a result by its name. It is claimed before anything is written under that name, and settled when it stands:
after a crash each photo is found waiting, begun (and begun again, its name being ours), or ended. The file is locked
while it is open, so that two runs never share a target.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from photochrom.archive.entry import Standing, Trouble
from photochrom.archive.tasks import Report, Task
from photochrom.errors import DataError, OptionError, OutputUnwritable

State = Literal["waiting", "begun", "done", "failed", "skipped"]
VERSION: Final = 1
NAME: Final = "ledger.sqlite"
_SCHEMA: Final = f"""
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
_SETTLED: Final = """
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


class Ledger:
    """The file. One process at a time has it, and one thread of that."""

    def __init__(self, path: Path | None, copied: Path | None = None) -> None:
        """Open the file, or make it; without ``path`` one that vanishes, begun as a copy of ``copied``.

        Raises OptionError when another run has it, DataError when it is none of ours, OutputUnwritable where it cannot
        be made.
        """
        self.path = path
        try:
            if path is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
            self._base = sqlite3.connect(path or "", isolation_level=None, timeout=0)
            if copied is not None and copied.exists():
                alone = "" if copied.with_name(f"{copied.name}-wal").exists() else "&immutable=1"  # makes no files
                other = sqlite3.connect(f"{copied.absolute().as_uri()}?mode=ro{alone}", uri=True, timeout=0)
                with closing(other):
                    other.backup(self._base)
            self._prepare()
        except OSError as error:
            raise OutputUnwritable(f"{path}: cannot be made ({error.strerror}); choose another --ledger") from error
        except sqlite3.OperationalError as error:
            raise OptionError(
                f"{path or copied} cannot be used ({error}); is another run at work on this target? else give --ledger"
            ) from error
        except sqlite3.DatabaseError as error:
            raise DataError(f"{path or copied}: {error}; expected the ledger of photochrom batch") from error

    def begin(self, source: str, made: str, said: dict[str, Any], moved: bool = False) -> int:
        """Begin a run on ``source`` and return its number; what a crash left begun waits again.

        Raises OptionError when the target holds the results of another source, unless that has ``moved``.
        """
        known = self._base.execute("SELECT value FROM facts WHERE name = 'source'").fetchone()
        if known is not None and known[0] != source and not moved:
            raise OptionError(
                f"this target holds the results of {known[0]}, and the source is {source}; give another target, or "
                "--moved if it is the same archive in another place"
            )
        with self._base:
            self._base.execute("BEGIN")
            self._base.execute("REPLACE INTO facts VALUES ('source', ?)", (source,))
            now, plain = _now(), json.dumps(said)
            cursor = self._base.execute("INSERT INTO runs (made, said, begun) VALUES (?, ?, ?)", (made, plain, now))
        return int(cursor.lastrowid or 0)

    def begun(self) -> list[str]:
        """Return the names of results that a killed run was at work on."""
        return [_name(row[0]) for row in self._base.execute("SELECT target FROM photos WHERE state = 'begun'")]

    def compare(self, standing: Iterable[Standing]) -> None:
        """Take note of what stands in the target now."""
        self._base.execute("DELETE FROM temp.standing")
        rows = ((_stored(one.name), one.size, one.stamp) for one in standing)
        with self._base:
            self._base.execute("BEGIN")
            self._base.executemany("REPLACE INTO temp.standing VALUES (?, ?, ?)", rows)

    def standing(self, names: Sequence[str]) -> dict[str, Standing]:
        """Return what stands in the target under some names."""
        query = f"SELECT name, size, stamp FROM temp.standing WHERE name IN ({_marks(names)})"
        found = self._base.execute(query, [_stored(name) for name in names])
        return {_name(name): Standing(_name(name), size, stamp) for name, size, stamp in found}

    def rows(self, names: Sequence[str]) -> dict[str, Row]:
        """Return the rows of some results."""
        fields = "target, source, state, run, size, stamp, content, made, mine, result_size, result_stamp"
        query = f"SELECT {fields} FROM photos WHERE target IN ({_marks(names)})"
        found = self._base.execute(query, [_stored(name) for name in names])
        return {_name(row[0]): Row(_name(row[0]), _name(row[1]), *row[2:]) for row in found}

    def is_result(self, name: str) -> bool:
        """Tell whether a name is that of a result of ours."""
        query = "SELECT 1 FROM photos WHERE target = ? AND mine = 1"
        return self._base.execute(query, (_stored(name),)).fetchone() is not None

    @contextmanager
    def hasty(self) -> Iterator[None]:
        """Do not wait for the disk with each write: what a power cut takes then is planned again."""
        self._base.execute("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            self._base.execute("PRAGMA synchronous = FULL")

    def put(self, planned: Iterable[Planned], run: int) -> None:
        """Write down what is planned."""
        rows = [
            (_stored(one.target), _stored(one.source), json.dumps(one.where), one.state, run, one.size, one.stamp,
             one.replaces, one.expected, one.kind, _told(one.reason))
            for one in planned
        ]  # fmt: skip
        self._many(
            "INSERT INTO photos (target, source, place, state, run, size, stamp, replaces, expected, kind, reason) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (target) DO UPDATE SET source = excluded.source, "
            "place = excluded.place, state = excluded.state, run = excluded.run, size = excluded.size, "
            "stamp = excluded.stamp, replaces = excluded.replaces, expected = excluded.expected, "
            "kind = excluded.kind, reason = excluded.reason, passing = 0", rows,
        )  # fmt: skip

    def trouble(self, troubles: Iterable[Trouble], run: int) -> None:
        """Write down what is no photo, or cannot be looked at."""
        rows = [(run, _stored(one.key), one.kind, _told(one.text), one.failed) for one in troubles]
        self._many("REPLACE INTO troubles VALUES (?, ?, ?, ?, ?)", rows)

    def take(self, run: int, count: int) -> list[Task]:
        """Return the next photos that wait, and claim their names."""
        query = (
            "SELECT number, source, place, target, replaces OR mine, expected, size FROM photos "
            "WHERE run = ? AND state = 'waiting' ORDER BY number LIMIT ?"
        )
        found = self._base.execute(query, (run, count)).fetchall()
        self._many("UPDATE photos SET state = 'begun', mine = 1 WHERE number = ?", [(row[0],) for row in found])
        return [
            Task(row[0], _name(row[1]), tuple(json.loads(row[2])), _name(row[3]), bool(row[4]), row[5], row[6])
            for row in found
        ]

    def give_back(self, tasks: Iterable[Task]) -> None:
        """Let tasks wait again that were taken and not begun."""
        rows = [(task.replaces, task.number) for task in tasks]
        self._many("UPDATE photos SET state = 'waiting', mine = ? WHERE number = ? AND state = 'begun'", rows)

    def settle(self, ends: Iterable[tuple[Task, Report]], made: str) -> None:
        """Write down what became of tasks."""
        self._many(_SETTLED, [_settled(task, report, made) for task, report in ends])

    def try_again(self, run: int) -> int:
        """Let photos wait again that failed for a reason that passes, once; returns how many."""
        query = "UPDATE photos SET state = 'waiting', passing = 0 WHERE run = ? AND state = 'failed' AND passing = 1"
        return self._base.execute(query, (run,)).rowcount

    def counts(self, run: int) -> dict[str, int]:
        """Return how many photos of a run are in each state; troubles count as failed or skipped."""
        found = dict.fromkeys(("waiting", "begun", "done", "failed", "skipped"), 0)
        found |= dict(self._base.execute("SELECT state, COUNT(*) FROM photos WHERE run = ? GROUP BY state", (run,)))
        for failed, count in self._base.execute(
            "SELECT failed, COUNT(*) FROM troubles WHERE run = ? GROUP BY failed", (run,)
        ):
            found["failed" if failed else "skipped"] += count
        return found

    def ask(self, query: str, values: Sequence[Any] = ()) -> Iterator[dict[str, Any]]:
        """Give the rows of a query of the table "photos", or "troubles", by field; names come as file names."""
        self._base.row_factory = sqlite3.Row
        found = self._base.execute(query, values)
        self._base.row_factory = None
        for row in found:
            yield {name: _name(row[name]) if name in ("source", "target") else row[name] for name in row.keys()}  # noqa: SIM118

    def end(self, run: int) -> None:
        """Write down that a run has ended by itself."""
        self._base.execute("UPDATE runs SET ended = ? WHERE number = ?", (_now(), run))

    def copy_to(self, path: Path) -> Path:
        """Write a whole copy of the ledger, for another place."""
        other = sqlite3.connect(path)
        self._base.backup(other)
        other.close()
        return path

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def _prepare(self) -> None:
        version = self._base.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"a ledger of version {version}, this photochrom knows {VERSION}")
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL", "temp_store = FILE"):
            self._base.execute(f"PRAGMA {setting}")
        self._base.executescript(_SCHEMA)
        self._base.execute("CREATE TEMP TABLE standing (name PRIMARY KEY, size INTEGER, stamp TEXT) WITHOUT ROWID")

    def _many(self, query: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        try:
            with self._base:
                self._base.execute("BEGIN")
                self._base.executemany(query, rows)
        except sqlite3.OperationalError as error:
            raise OutputUnwritable(f"{self.path}: {error}; check the folder's rights and room") from error


def _settled(task: Task, report: Report, made: str) -> tuple[Any, ...]:
    stands, done = report.standing, report.state == "done"
    mine = task.replaces or done or report.touched  # else nothing of ours can stand there
    return (
        report.state, report.kind, _told(report.reason), report.passing, report.content, report.width, report.height,
        report.tint, report.seconds, report.retries, report.preview, _now(), made if done else None,
        stands and stands.size, stands and stands.stamp, mine, task.number,
    )  # fmt: skip


def _marks(values: Sequence[object]) -> str:
    return ",".join("?" * len(values))


def _stored(name: str) -> str | bytes:
    """Return a name as it is stored: file names that are no Unicode as bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode("utf-8", "surrogatepass")
    return name


def _name(stored: Any) -> Any:
    return stored.decode("utf-8", "surrogatepass") if isinstance(stored, bytes) else stored


def _told(text: str | None) -> str | None:
    """Return a reason as it is stored: names in it that are no Unicode are spelled out."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode()


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
