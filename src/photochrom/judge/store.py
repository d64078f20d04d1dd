"""Who answered what, in one SQLite file: written before it is acknowledged, once, and never changed.

Nothing personal is stored: a participant is a number and a random token, neither address nor browser. WAL with full
synchronization survives a crash of the program and of the computer.
"""

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from photochrom.errors import DataError, OutputUnwritable
from photochrom.judge.trials import Side

FILE: Final = "answers.sqlite"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS test (identity TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS sessions (
    participant INTEGER PRIMARY KEY AUTOINCREMENT, token TEXT NOT NULL UNIQUE, started TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS answers (
    participant INTEGER NOT NULL REFERENCES sessions, trial INTEGER NOT NULL, photo TEXT NOT NULL, model TEXT,
    true_side TEXT NOT NULL CHECK (true_side IN ('left', 'right')),
    answer TEXT NOT NULL CHECK (answer IN ('left', 'right')),
    response_ms INTEGER NOT NULL, answered TEXT NOT NULL, PRIMARY KEY (participant, trial)) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Session:
    """One participant: the number, counted from 1, decides what is shown; the token is the key to it."""

    participant: int
    token: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; ``model`` is None in a sanity trial, ``response_ms`` counts from when answering was possible."""

    participant: int
    trial: int
    photo: str
    model: str | None
    true_side: Side
    answer: Side
    response_ms: int
    answered: str = ""

    @property
    def right(self) -> bool:
        """Whether the real photo was recognized."""
        return self.answer == self.true_side


class Store:
    """The file of answers of one test; any number of threads may share one."""

    def __init__(self, path: Path, identity: str) -> None:
        """Open the file, or make it.

        Raises OutputUnwritable when that cannot be done, DataError when the file is none of ours or of another test.
        """
        self._path, self._lock = path, threading.Lock()
        with self._guarded():
            self._base = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
            self._base.execute("PRAGMA journal_mode = WAL")
            self._base.execute("PRAGMA synchronous = FULL")
            self._base.execute("PRAGMA foreign_keys = ON")
            self._base.executescript(_SCHEMA)
            self._base.execute("INSERT INTO test SELECT ? WHERE NOT EXISTS (SELECT * FROM test)", (identity,))
            (found,) = self._base.execute("SELECT identity FROM test").fetchone()
        if found != identity:
            self.close()
            raise DataError(f"{path} holds the answers of another test; give another folder")

    def start(self) -> Session:
        """Begin the session of a new participant."""
        token = secrets.token_urlsafe(16)
        with self._guarded():
            row = self._base.execute("INSERT INTO sessions (token, started) VALUES (?, ?)", (token, _now()))
        return Session(int(row.lastrowid or 0), token)

    def session(self, token: str) -> Session | None:
        """Return the session of a token, None where there is none."""
        with self._guarded():
            row = self._base.execute("SELECT participant FROM sessions WHERE token = ?", (token,)).fetchone()
        return None if row is None else Session(row[0], token)

    def participants(self) -> list[int]:
        """Return the numbers of all participants, also of those who gave no answer."""
        with self._guarded():
            return [row[0] for row in self._base.execute("SELECT participant FROM sessions ORDER BY participant")]

    def answers(self, participant: int | None = None) -> list[Answer]:
        """Return the answers of one participant, or of all, in order."""
        query = "SELECT * FROM answers WHERE ? IS NULL OR participant = ? ORDER BY participant, trial"
        with self._guarded():
            return [Answer(*row) for row in self._base.execute(query, (participant, participant))]

    def record(self, answer: Answer) -> Answer:
        """Store the answer to a trial unless it has one, and return what is stored; it is on disk by then."""
        values = astuple(answer)[:-1]
        with self._guarded():
            self._base.execute(
                "INSERT INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", (*values, _now())
            )
            key = (answer.participant, answer.trial)
            row = self._base.execute("SELECT * FROM answers WHERE participant = ? AND trial = ?", key).fetchone()
        return Answer(*row)

    def close(self) -> None:
        """Close the file."""
        self._base.close()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """Let one thread in, and turn SQLite's errors into ours."""
        with self._lock:
            try:
                yield
            except sqlite3.OperationalError as error:
                raise OutputUnwritable(f"{self._path}: {error}; check the folder's rights and room") from error
            except sqlite3.DatabaseError as error:
                raise DataError(f"{self._path}: {error}; expected the answers of photochrom judge") from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
