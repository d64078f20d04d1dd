"""The ledger: every result of a target and what became of its photo, in one SQLite file.

A row is a result by its name. It is claimed before anything is written under that name, and settled when it stands:
after a crash each photo is found waiting, begun (and begun again, its name being ours), or ended. The file is locked
while it is open, so that two runs never share a target.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence, Set
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from photochrom.archive.entry import Standing, Trouble
from photochrom.archive.rows import SCHEMA, SETTLED, VERSION, Planned, Row, marks, named, now, settled, stored, told
from photochrom.archive.tasks import Report, Task
from photochrom.errors import DataError, OptionError, OutputUnwritable
from photochrom.photo.target import make_folder

NAME: Final = "ledger.sqlite"


class Ledger:
    """The file. One process at a time has it, and one thread of that."""

    def __init__(self, path: Path | None, copied: Path | None = None) -> None:
        """Open the file, or make it; without ``path`` one that vanishes, begun as a copy of ``copied``.

        Raises OptionError when another run has it, DataError when it is none of ours, OutputUnwritable where it cannot
        be made.
        """
        self.path = path
        if path is not None:
            make_folder(path.parent)
        with _usable(path or copied):
            self._base = sqlite3.connect(path or "", isolation_level=None, timeout=0)
            if copied is not None and copied.exists():
                self._fill(copied)
            self._prepare()
            if path is not None and not path.exists():
                raise sqlite3.OperationalError("it was removed a moment ago")

    @property
    def is_new(self) -> bool:
        """Whether no run was ever begun."""
        return self._base.execute("SELECT 1 FROM runs").fetchone() is None

    def load(self, copied: Path) -> None:
        """Begin a new ledger as a copy of another one, in one step; raises DataError where that is none."""
        with _usable(copied):
            self._fill(copied)
            self._prepare()

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
            begun, plain = now(), json.dumps(said)
            cursor = self._base.execute("INSERT INTO runs (made, said, begun) VALUES (?, ?, ?)", (made, plain, begun))
        return int(cursor.lastrowid or 0)

    def begun(self) -> list[str]:
        """Return the names of results that a killed run was at work on."""
        return [named(row[0]) for row in self._base.execute("SELECT target FROM photos WHERE state = 'begun'")]

    def compare(self, standing: Iterable[Standing]) -> None:
        """Take note of what stands in the target now."""
        self._base.execute("DELETE FROM temp.standing")
        rows = ((stored(one.name), one.size, one.stamp) for one in standing)
        with self._base:
            self._base.execute("BEGIN")
            self._base.executemany("REPLACE INTO temp.standing VALUES (?, ?, ?)", rows)

    def standing(self, names: Sequence[str]) -> dict[str, Standing]:
        """Return what stands in the target under some names."""
        query = f"SELECT name, size, stamp FROM temp.standing WHERE name IN ({marks(names)})"
        found = self._base.execute(query, [stored(name) for name in names])
        return {named(name): Standing(named(name), size, stamp) for name, size, stamp in found}

    def rows(self, names: Sequence[str]) -> dict[str, Row]:
        """Return the rows of some results."""
        fields = "target, source, state, run, size, stamp, content, made, mine, result_size, result_stamp"
        query = f"SELECT {fields} FROM photos WHERE target IN ({marks(names)})"
        found = self._base.execute(query, [stored(name) for name in names])
        return {named(row[0]): Row(named(row[0]), named(row[1]), *row[2:]) for row in found}

    def is_result(self, name: str) -> bool:
        """Tell whether a name is that of a result of ours."""
        query = "SELECT 1 FROM photos WHERE target = ? AND mine = 1"
        return self._base.execute(query, (stored(name),)).fetchone() is not None

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
            (stored(one.target), stored(one.source), json.dumps(one.where), one.state, run, one.size, one.stamp,
             one.replaces, one.expected, one.kind, told(one.reason))
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
        rows = [(run, stored(one.key), one.kind, told(one.text), one.failed) for one in troubles]
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
            Task(row[0], named(row[1]), tuple(json.loads(row[2])), named(row[3]), bool(row[4]), row[5], row[6])
            for row in found
        ]

    def give_back(self, tasks: Iterable[Task]) -> None:
        """Let tasks wait again that were taken and not begun."""
        rows = [(task.replaces, task.number) for task in tasks]
        self._many("UPDATE photos SET state = 'waiting', mine = ? WHERE number = ? AND state = 'begun'", rows)

    def give_back_rest(self, run: int, given: Set[int]) -> None:
        """Let all tasks wait again that were taken, but for those ``given`` to somebody who may be at them still."""
        found = self._base.execute("SELECT number FROM photos WHERE run = ? AND state = 'begun'", (run,)).fetchall()
        rows = [row for row in found if row[0] not in given]
        self._many("UPDATE photos SET state = 'waiting' WHERE number = ?", rows)

    def settle(self, ends: Iterable[tuple[Task, Report]], made: str) -> None:
        """Write down what became of tasks."""
        self._many(SETTLED, [settled(task, report, made) for task, report in ends])

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
            yield {name: named(row[name]) if name in ("source", "target") else row[name] for name in row.keys()}  # noqa: SIM118

    def end(self, run: int) -> None:
        """Write down that a run has ended by itself."""
        self._base.execute("UPDATE runs SET ended = ? WHERE number = ?", (now(), run))

    def copy_to(self, path: Path) -> Path:
        """Write a whole copy of the ledger, for another place."""
        other = sqlite3.connect(path)
        self._base.backup(other)
        other.close()
        return path

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    def remove(self) -> None:
        """Close the file and remove it; nobody else gets it in between."""
        self._base.execute("PRAGMA journal_mode = MEMORY")  # so that to close it touches no other file
        files = [Path(f"{self.path}{ending}") for ending in ("-journal", "-wal", "-shm", "")]
        try:
            for file in files:
                file.unlink(missing_ok=True)
        except OSError:  # where open files cannot be removed
            self._base.close()
            for file in files:
                file.unlink(missing_ok=True)
        self._base.close()

    def _fill(self, copied: Path) -> None:
        alone = "" if copied.with_name(f"{copied.name}-wal").exists() else "&immutable=1"  # makes no files
        with closing(sqlite3.connect(f"{copied.absolute().as_uri()}?mode=ro{alone}", uri=True, timeout=0)) as other:
            other.backup(self._base)

    def _prepare(self) -> None:
        version = self._base.execute("PRAGMA user_version").fetchone()[0]
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError(f"a ledger of version {version}, this photochrom knows {VERSION}")
        for setting in ("locking_mode = EXCLUSIVE", "journal_mode = WAL", "synchronous = FULL", "temp_store = FILE"):
            self._base.execute(f"PRAGMA {setting}")
        self._base.executescript(SCHEMA)
        fields = "name PRIMARY KEY, size INTEGER, stamp TEXT"
        self._base.execute(f"CREATE TEMP TABLE IF NOT EXISTS standing ({fields}) WITHOUT ROWID")

    def _many(self, query: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        try:
            with self._base:
                self._base.execute("BEGIN")
                self._base.executemany(query, rows)
        except sqlite3.OperationalError as error:
            raise OutputUnwritable(f"{self.path}: {error}; check the folder's rights and room") from error


@contextmanager
def _usable(path: Path | None) -> Iterator[None]:
    """Say what a file is that cannot be used: locked, or no ledger."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise OptionError(
            f"{path} cannot be used ({error}); is another run at work on this target? else give --ledger"
        ) from error
    except sqlite3.DatabaseError as error:
        raise DataError(f"{path}: {error}; expected the ledger of photochrom batch") from error
