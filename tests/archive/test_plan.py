"""Plans of archives that do not exist: quick, in little memory, and one verdict for each file."""

import time
import tracemalloc
from collections.abc import Iterator

import pytest

from photochrom.archive.entry import Entry, Standing, Trouble
from photochrom.archive.ledger import Ledger
from photochrom.archive.names import Globs
from photochrom.archive.plan import Counts, Rules, decide, plan
from photochrom.archive.rows import Row
from photochrom.archive.tasks import Report

MANY = 100_000
RULES = Rules("order")


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    ledger = Ledger(None)
    yield ledger
    ledger.close()


def made_up(count: int) -> Iterator[Entry]:
    for number in range(count):
        key = f"{number // 1000:03d}/photo-{number:06d}.jpg"
        yield Entry(key, (key,), 1000 + number, "1")


def test_a_hundred_thousand_files_are_planned_in_20_seconds_and_little_memory(ledger: Ledger) -> None:
    run = ledger.begin("made up", "order", {})
    start = time.process_time()
    tracemalloc.start()
    assert plan(ledger, made_up(2000), RULES, run) == Counts(2000, 2000)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10_000_000, "more than a batch is in memory"
    counts = plan(ledger, made_up(MANY), RULES, run)
    assert (counts.seen, counts.waiting) == (MANY, MANY - 2000)
    assert ledger.counts(run)["waiting"] == MANY
    assert time.process_time() - start < 20


def row(**more: object) -> Row:
    known = {"target": "a.jpg", "source": "a.jpg", "state": "done", "run": 1, "size": 5, "stamp": "s", "content": "c"}
    return Row(**(known | {"made": "order", "mine": True, "result_size": 9, "result_stamp": "r"} | more))  # type: ignore[arg-type]


OURS, OTHER = Standing("a.jpg", 9, "r"), Standing("a.jpg", 9, "x")


@pytest.mark.parametrize(("known", "verdict"), [
    ((None, None), ("waiting", False, None)),
    ((None, OTHER), ("failed", False, None)),
    ((row(), OURS), None),
    ((row(), OTHER), None),
    ((row(), None), ("waiting", False, None)),
    ((row(stamp="older"), OURS), ("waiting", True, "c")),
    ((row(stamp="older"), OTHER), ("failed", False, None)),
    ((row(made="other order"), OURS), ("waiting", True, None)),
    ((row(state="failed"), OURS), ("waiting", True, None)),
    ((row(state="failed", mine=False), OTHER), ("failed", False, None)),
    ((row(state="begun", result_stamp=None), OTHER), ("waiting", True, None)),
    ((row(state="begun"), OTHER), ("waiting", True, None)),
    ((row(state="skipped"), None), None),
])  # fmt: skip
def test_what_is_known_decides(
    known: tuple[Row | None, Standing | None], verdict: tuple[str, bool, str | None] | None
) -> None:
    planned = decide(Entry("a.jpg", ("a.jpg",), 5, "s"), "a.jpg", known, RULES)
    assert (planned and (planned.state, planned.replaces, planned.expected)) == verdict


def test_overwriting_replaces_everything_but_what_is_right(ledger: Ledger) -> None:
    entry, rules = Entry("a.jpg", ("a.jpg",), 5, "s"), Rules("order", overwrite=True)
    for known in ((None, OTHER), (row(stamp="older"), OTHER), (row(mine=False, state="failed"), OTHER)):
        planned = decide(entry, "a.jpg", known, rules)
        assert planned is not None
        assert (planned.state, planned.replaces) == ("waiting", True)
    assert decide(entry, "a.jpg", (row(), OURS), rules) is None


def test_a_failure_is_tried_again_and_a_name_that_was_never_ours_stays_strange(ledger: Ledger) -> None:
    run = ledger.begin("made up", "order", {})
    plan(ledger, made_up(3), RULES, run)
    tasks = ledger.take(run, 9)
    ends = [Report("failed", "PhotoUnreadable", "damaged"), Report("failed", "Timeout", "slow", True, touched=True)]
    ledger.settle(zip(tasks, ends, strict=False), "order")
    assert ledger.begun() == ["000/photo-000002.jpg"]
    ledger.compare(Standing(task.target, 1, "x") for task in tasks)
    again = ledger.begin("made up", "order", {})
    assert plan(ledger, made_up(3), RULES, again) == Counts(3, 2, 0, 0, 1)
    assert [task.replaces for task in ledger.take(again, 9)] == [True, True]


def test_globs_are_asked_first(ledger: Ledger) -> None:
    rules = Rules("order", Globs(["00[12]/**"], ["*5.jpg"]))
    troubles = [Trouble("001/deep", "FolderUnreadable", "no"), Trouble("003/deep", "FolderUnreadable", "no")]
    counts = plan(ledger, [*made_up(5000), *troubles], rules, ledger.begin("made up", "order", {}))
    assert (counts.seen, counts.waiting, counts.failed) == (1801, 1800, 1)


def test_a_ledger_of_something_else_is_refused(tmp_path: object) -> None:
    from pathlib import Path

    from photochrom.errors import DataError

    path = Path(str(tmp_path)) / "x.sqlite"
    path.write_text("no ledger at all" * 100)
    with pytest.raises(DataError, match="ledger"):
        Ledger(path)
