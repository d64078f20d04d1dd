"""The file of jobs: queue in turn, states that end, recovery, one owner."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from photochrom.errors import DataError, OptionError
from photochrom.server.jobs import ATTEMPTS, Job, JobStore, NewJob, new_id

Told = list[str]


@pytest.fixture
def told() -> Told:
    return []


@pytest.fixture
def store(tmp_path: Path, told: Told) -> Iterator[JobStore]:
    store = JobStore(tmp_path / "jobs.sqlite", told.append)
    yield store
    store.close()


def add(store: JobStore, name: str = "a.jpg", key: str | None = None, kept: bool = True) -> Job:
    return store.add(NewJob(new_id(), name, {"width": 1, "pages": 1}, "{}", 200, "fingerprint", key, kept))


def test_jobs_have_their_turn_in_order_and_go_to_the_end_when_they_run_again(store: JobStore) -> None:
    first, second = add(store), add(store)
    assert store.next() == first
    store.start(first.id)
    assert store.next() == second
    assert store.finish(first.id, 1, 0.5, False)
    assert store.queue(first.id)
    assert store.next() == second
    assert [store.before(job.id) for job in (second, first)] == [0, 1]
    assert not store.queue(first.id), "it waits already"


def test_a_result_is_ready_while_nothing_else_is_chosen(store: JobStore) -> None:
    job = add(store)
    store.start(job.id)
    store.choose(job.id, '{"warmth": 1}')
    store.finish(job.id, job.revision, 1.0, True)
    done = store.require(job.id)
    assert (done.state, done.made, done.revision, done.ready) == ("done", 1, 2, False)
    assert done.photo["colored"] is True


def test_only_running_jobs_finish_and_only_waiting_ones_are_canceled(store: JobStore) -> None:
    job = add(store)
    assert not store.finish(job.id, 1, 0.1, False)
    assert store.cancel(job.id, "queued")
    assert not store.cancel(job.id, "queued")
    assert store.require(job.id).state == "canceled"
    assert not store.fail("no such job", "ModelError", "text")


def test_after_a_crash_each_job_is_queued_again_or_reported(tmp_path: Path, told: Told) -> None:
    store = JobStore(tmp_path / "jobs.sqlite", told.append)
    waiting, running, done, passing = add(store), add(store), add(store), add(store, kept=False)
    store.start(running.id)
    store.start(done.id)
    store.finish(done.id, 1, 1.0, False)
    for attempt in range(ATTEMPTS + 1):
        store.close()
        store = JobStore(tmp_path / "jobs.sqlite", told.append)
        assert set(store.recover()) == {waiting.id, running.id, done.id}, passing
        found = store.require(running.id)
        assert found.state == ("queued" if attempt < ATTEMPTS - 1 else "failed")
        if found.state == "queued":
            store.start(running.id)
    assert found.problem == ("Interrupted", "the server ended 2 times while it worked on this photo")
    assert (store.require(waiting.id).state, store.require(done.id).state) == ("queued", "done")
    store.close()


def test_names_are_found_whatever_their_case(store: JobStore) -> None:
    names = ["Großmutter.jpg", "100%.tif", "über_1900.png"]
    for name in names:
        add(store, name)
    assert [job.name for job in store.page()] == names[::-1]
    assert [job.name for job in store.page("GROSSMUTTER")] == ["Großmutter.jpg"]
    assert [job.name for job in store.page("Über")] == ["über_1900.png"]
    assert [job.name for job in store.page("%")] == ["100%.tif"]
    assert store.page("_1") != []
    assert store.page("x' OR 1=1 --") == []
    assert (store.total(), store.total("e"), store.total(state="done")) == (3, 2, 0)
    assert [job.name for job in store.page(before=2)] == names[:1]


def test_a_key_makes_one_job(store: JobStore) -> None:
    job = add(store, key="k")
    assert store.by_key("k") == job
    with pytest.raises(sqlite3.IntegrityError):
        add(store, key="k")
    assert store.total() == 1


def test_every_change_is_told(store: JobStore, told: Told) -> None:
    job = add(store)
    store.start(job.id)
    store.fail(job.id, "PhotoUnreadable", "damaged")
    store.delete(job.id)
    store.delete(job.id)
    assert told == [job.id] * 4


def test_two_servers_never_share_a_folder(store: JobStore, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="running already"):
        JobStore(tmp_path / "jobs.sqlite", print)


def test_another_file_is_no_file_of_jobs(tmp_path: Path) -> None:
    (tmp_path / "jobs.sqlite").write_text("not a database, but long enough to look like a file of something else\n" * 9)
    with pytest.raises(DataError, match="--data"):
        JobStore(tmp_path / "jobs.sqlite", print)
