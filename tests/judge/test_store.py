"""Answers are stored once, for good, before they are acknowledged: also when the program is killed."""

import re
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from photochrom.errors import DataError, OutputUnwritable
from photochrom.judge.store import Answer, Store

ANSWER = Answer(1, 0, "a.jpg", "toy", "left", "right", 812)

WRITER = """
import sys
from pathlib import Path
from photochrom.judge.store import Answer, Store
store = Store(Path(sys.argv[1]), "test")
participant = store.start().participant
for trial in range(100000):
    store.record(Answer(participant, trial, "a.jpg", "toy", "left", "left", trial))
    print(trial, flush=True)
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "answers.sqlite"


def test_an_answer_comes_back_with_its_time(path: Path) -> None:
    store = Store(path, "test")
    assert store.start().participant == 1
    stored = store.record(ANSWER)
    assert replace(stored, answered="") == ANSWER
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", stored.answered)
    assert not stored.right
    assert store.answers(1) == store.answers() == [stored]
    assert store.answers(2) == []


def test_the_first_answer_stays(path: Path) -> None:
    store = Store(path, "test")
    store.start()
    first = store.record(ANSWER)
    assert store.record(replace(ANSWER, answer="left", response_ms=1)) == first
    assert store.answers() == [first]


def test_many_threads_store_each_answer_once(path: Path) -> None:
    store = Store(path, "test")
    store.start()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda count: store.record(replace(ANSWER, trial=count % 10)), range(80)))
    assert [answer.trial for answer in store.answers()] == list(range(10))


def test_sessions_go_on_after_a_restart(path: Path) -> None:
    store = Store(path, "test")
    session = store.start()
    store.record(ANSWER)
    store.close()
    again = Store(path, "test")
    assert again.session(session.token) == session
    assert again.session("x" * 22) is None
    assert len(again.answers(session.participant)) == 1
    assert again.start().participant == 2
    assert again.participants() == [1, 2]


def test_tokens_cannot_be_guessed(path: Path) -> None:
    store = Store(path, "test")
    tokens = {store.start().token for _ in range(20)}
    assert len(tokens) == 20
    assert all(re.fullmatch(r"[\w-]{22}", token) for token in tokens)


def test_what_was_acknowledged_survives_a_kill(path: Path) -> None:
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(20)][-1]
    writer.kill()
    writer.wait()
    writer.stdout.close()
    trials = [answer.trial for answer in Store(path, "test").answers()]
    assert trials == list(range(len(trials)))
    assert len(trials) > acknowledged


def test_nothing_personal_is_stored(path: Path) -> None:
    Store(path, "test").start()
    base = sqlite3.connect(path)
    columns = {row[1] for name in ("test", "sessions", "answers") for row in base.execute(f"PRAGMA table_info({name})")}
    about = {"identity", "participant", "token", "started", "trial", "photo", "model", "true_side"}
    assert columns == about | {"answer", "response_ms", "answered"}
    assert base.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    base.close()


def test_answers_of_another_test_are_not_mixed(path: Path) -> None:
    Store(path, "test").close()
    with pytest.raises(DataError, match="another test"):
        Store(path, "other")


def test_a_file_that_is_none_of_ours_is_refused(path: Path) -> None:
    path.write_bytes(b"Dear diary, " * 100)
    with pytest.raises(DataError, match="expected the answers"):
        Store(path, "test")
    assert path.read_bytes() == b"Dear diary, " * 100


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputUnwritable, match="unable to open"):
        Store(tmp_path / "gone" / "answers.sqlite", "test")
