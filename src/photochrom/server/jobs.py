"""Every photo given to the server and what became of it, in one SQLite file.

A job is a photo, what was chosen for it and its result. It is written before it is acknowledged, and its state changes
in one transaction, so that after a crash each job is found queued, running (and queued again), or ended. The file is
locked while it is open: two servers never share one.
"""

import json
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

from photochrom.errors import DataError, OptionError, OutputUnwritable

State = Literal["queued", "running", "done", "failed", "canceled"]
STATES: Final = get_args(State)
ENDED: Final = ("done", "failed", "canceled")
ATTEMPTS: Final = 2
"""A photo that the server did not survive this often is reported failed instead of tried again."""

VERSION: Final = 1
_SCHEMA: Final = f"""
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN {STATES}), turn INTEGER NOT NULL,
    photo TEXT NOT NULL, choice TEXT NOT NULL, revision INTEGER NOT NULL DEFAULT 1, made INTEGER,
    need INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, problem TEXT,
    kept INTEGER NOT NULL, key TEXT UNIQUE, fingerprint TEXT NOT NULL,
    created TEXT NOT NULL, finished TEXT, seconds REAL);
CREATE INDEX IF NOT EXISTS jobs_in_turn ON jobs (state, turn);
PRAGMA user_version = {VERSION};
"""
_NEXT_TURN: Final = "(SELECT COALESCE(MAX(turn), 0) + 1 FROM jobs)"
_FOUND: Final = (
    "(:search = '' OR instr(folded(name), folded(:search))) AND (:state IS NULL OR state = :state) AND kept = 1"
)


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a job begins with: ``photo`` are plain facts of it, ``choice`` the JSON of a Choice, ``need`` MB of memory.

    ``kept`` is not set for jobs that are forgotten once answered; ``key`` is the client's idempotency key, and
    ``fingerprint`` tells two requests with one key apart.
    """

    id: str
    name: str
    photo: dict[str, Any]
    choice: str
    need: int
    fingerprint: str
    key: str | None = None
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands in the file.

    ``revision`` counts the changes of ``choice``, ``made`` is the revision that the result shows, None where there is
    no result. ``problem`` is (kind, text) of a failure.
    """

    number: int
    id: str
    name: str
    state: State
    photo: dict[str, Any]
    choice: str
    revision: int
    made: int | None
    need: int
    attempts: int
    problem: tuple[str, str] | None
    kept: bool
    fingerprint: str
    created: str
    finished: str | None
    seconds: float | None

    @property
    def ready(self) -> bool:
        """Whether there is a result, and it shows what was chosen last."""
        return self.state == "done" and self.made == self.revision


class JobStore:
    """The file of jobs; any number of threads may share one. ``told`` hears the id of each job that changes."""

    def __init__(self, path: Path, told: Callable[[str], None]) -> None:
        """Open the file, or make it; raises OptionError when another server has it, DataError when it is none."""
        self._path, self._lock, self._told = path, threading.Lock(), told
        try:
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=0)
            self._base.row_factory = sqlite3.Row
            self._base.create_function("folded", 1, str.casefold, deterministic=True)
            self._base.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.executescript(_SCHEMA)
        except sqlite3.OperationalError as error:
            raise OptionError(
                f"{path} cannot be used ({error}); is a server running already? give another --data"
            ) from error
        except sqlite3.DatabaseError as error:
            raise DataError(f"{path}: {error}; expected the jobs of photochrom serve, give another --data") from error

    def add(self, new: NewJob) -> Job:
        """Put a job at the end of the queue; it is on disk by then."""
        values = (new.id, new.name, json.dumps(new.photo), new.choice, new.need, new.kept, new.key, new.fingerprint)
        self._write(
            "INSERT INTO jobs (id, name, photo, choice, need, kept, key, fingerprint, created, state, turn) "
            f"VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', {_NEXT_TURN})", (*values, _now()), new.id,
        )  # fmt: skip
        return self.require(new.id)

    def get(self, id: str) -> Job | None:
        """Return a job, None where there is none."""
        return self._one("SELECT * FROM jobs WHERE id = ?", (id,))

    def require(self, id: str) -> Job:
        """Return a job; raises KeyError where there is none."""
        if (job := self.get(id)) is None:
            raise KeyError(id)
        return job

    def by_key(self, key: str) -> Job | None:
        """Return the job that was made with an idempotency key."""
        return self._one("SELECT * FROM jobs WHERE key = ?", (key,))

    def page(self, search: str = "", state: str | None = None, before: int | None = None, limit: int = 50) -> list[Job]:
        """Return kept jobs, newest first: names that hold ``search``, numbers below ``before``."""
        older = "(:before IS NULL OR number < :before) ORDER BY number DESC LIMIT :limit"
        query = f"SELECT * FROM jobs WHERE {_FOUND} AND {older}"
        return self._all(query, {"search": search, "state": state, "before": before, "limit": limit})

    def total(self, search: str = "", state: str | None = None) -> int:
        """Return how many jobs :meth:`page` would give without a limit."""
        return int(self._value(f"SELECT COUNT(*) FROM jobs WHERE {_FOUND}", {"search": search, "state": state}))

    def counts(self) -> dict[str, int]:
        """Return how many jobs are in each state."""
        with self._guarded():
            rows = self._base.execute("SELECT state, COUNT(*) FROM jobs GROUP BY state").fetchall()
        return dict.fromkeys(STATES, 0) | {row[0]: row[1] for row in rows}

    def before(self, id: str) -> int:
        """Return how many jobs wait before one that waits."""
        query = "SELECT COUNT(*) FROM jobs WHERE state = 'queued' AND turn < (SELECT turn FROM jobs WHERE id = ?)"
        return int(self._value(query, (id,)))

    def next(self) -> Job | None:
        """Return the job whose turn it is."""
        return self._one("SELECT * FROM jobs WHERE state = 'queued' ORDER BY turn LIMIT 1", ())

    def oldest_ended(self, spared: str = "") -> Job | None:
        """Return the ended job that was touched longest ago, but not the one of the id ``spared``."""
        ended = f"state IN {ENDED} AND id != ?"
        return self._one(f"SELECT * FROM jobs WHERE {ended} ORDER BY finished, number LIMIT 1", (spared,))

    def start(self, id: str) -> None:
        """Count an attempt at a job that is queued."""
        self._write(
            "UPDATE jobs SET state = 'running', attempts = attempts + 1 WHERE id = ? AND state = 'queued'", (id,), id
        )

    def finish(self, id: str, revision: int, seconds: float, colored: bool) -> bool:
        """Say that a running job has a result; tells whether it still exists."""
        return self._write(
            "UPDATE jobs SET state = 'done', made = ?, seconds = ?, finished = ?, attempts = 0, problem = NULL, "
            "photo = json_set(photo, '$.colored', json(?)) WHERE id = ? AND state = 'running'",
            (revision, seconds, _now(), json.dumps(colored), id), id,
        )  # fmt: skip

    def fail(self, id: str, kind: str, text: str) -> bool:
        """Say that a job has failed, and why; tells whether it still exists."""
        problem = json.dumps([kind, text])
        return self._write(
            "UPDATE jobs SET state = 'failed', problem = ?, finished = ? WHERE id = ?", (problem, _now(), id), id
        )

    def cancel(self, id: str, was: State) -> bool:
        """End a job in the state ``was``; tells whether it was in that state."""
        return self._write(
            "UPDATE jobs SET state = 'canceled', finished = ? WHERE id = ? AND state = ?", (_now(), id, was), id
        )

    def queue(self, id: str, again: bool = False) -> bool:
        """Put an ended job at the end of the queue, or with ``again`` a running one back to its turn."""
        query = "UPDATE jobs SET state = 'queued', attempts = 0 WHERE id = ? AND state = 'running'"
        if not again:
            query = (
                f"UPDATE jobs SET state = 'queued', attempts = 0, problem = NULL, finished = NULL, turn = {_NEXT_TURN} "
                f"WHERE id = ? AND state IN {ENDED}"
            )
        return self._write(query, (id,), id)

    def choose(self, id: str, choice: str) -> bool:
        """Keep what was chosen for a photo."""
        return self._write("UPDATE jobs SET choice = ?, revision = revision + 1 WHERE id = ?", (choice, id), id)

    def delete(self, id: str) -> bool:
        """Forget a job; tells whether there was one."""
        return self._write("DELETE FROM jobs WHERE id = ?", (id,), id)

    def recover(self) -> list[str]:
        """After a crash: queue again what was running, once; forget what nobody waits for; return the ids left."""
        text = json.dumps(["Interrupted", f"the server ended {ATTEMPTS} times while it worked on this photo"])
        with self._guarded():
            self._base.execute("BEGIN")
            self._base.execute("DELETE FROM jobs WHERE kept = 0")
            self._base.execute(
                "UPDATE jobs SET state = 'failed', problem = ?, finished = ? WHERE state = 'running' AND attempts >= ?",
                (text, _now(), ATTEMPTS),
            )
            self._base.execute("UPDATE jobs SET state = 'queued' WHERE state = 'running'")
            self._base.execute("COMMIT")
            return [row[0] for row in self._base.execute("SELECT id FROM jobs")]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._base.close()

    def _write(self, query: str, values: tuple[Any, ...], id: str) -> bool:
        with self._guarded():
            changed = self._base.execute(query, values).rowcount > 0
        if changed:
            self._told(id)
        return changed

    def _value(self, query: str, values: Any) -> Any:
        with self._guarded():
            return self._base.execute(query, values).fetchone()[0]

    def _one(self, query: str, values: Any) -> Job | None:
        found = self._all(query, values)
        return found[0] if found else None

    def _all(self, query: str, values: Any) -> list[Job]:
        with self._guarded():
            return [_job(row) for row in self._base.execute(query, values)]

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Let one thread in, and turn SQLite's errors into ours."""
        with self._lock:
            try:
                yield
            except sqlite3.IntegrityError:
                raise
            except sqlite3.DatabaseError as error:
                raise OutputUnwritable(f"{self._path}: {error}; check the folder's rights and room") from error


def new_id() -> str:
    """Return a random id of 128 bits."""
    return secrets.token_hex(16)


def _job(row: sqlite3.Row) -> Job:
    values = {key: row[key] for key in row.keys() if key not in ("turn", "key")}  # noqa: SIM118 - a Row is no mapping
    values["photo"] = json.loads(row["photo"])
    values["problem"] = None if row["problem"] is None else tuple(json.loads(row["problem"]))
    return Job(**values | {"kept": bool(row["kept"])})


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
