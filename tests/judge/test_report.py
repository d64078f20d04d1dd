"""Fool rates: counted by hand, intervals against scipy and a published table, excluded participants left out."""

import csv
import json
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from photochrom.errors import DataError
from photochrom.judge.report import Exclusion, make_report, wilson_interval, write_report
from photochrom.judge.store import FILE, Store
from photochrom.judge.trials import Plan

Play = Callable[..., int]


@given(st.integers(1, 5000).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))))
def test_the_interval_is_that_of_scipy(counts: tuple[int, int]) -> None:
    expected = binomtest(*counts).proportion_ci(0.95, "wilson")
    assert wilson_interval(*counts) == pytest.approx((expected.low, expected.high), abs=1e-12)


# Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3.
PUBLISHED = [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]


@pytest.mark.parametrize(("successes", "trials", "low", "high"), PUBLISHED)
def test_the_interval_is_as_published(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_no_trials_say_nothing() -> None:
    assert wilson_interval(0, 0) == (0, 1)
    with pytest.raises(DataError, match="3 successes in 2 trials"):
        wilson_interval(3, 2)


def test_fool_rates_are_counted(plan: Plan, store: Store, play: Play) -> None:
    play(lambda number: True)
    play(lambda number: False)
    report = make_report(plan, store.participants(), store.answers())
    assert (report.participants, report.finished, report.excluded) == (2, 2, ())
    assert (report.answers, report.sanity_answers, report.sanity_right) == (24, 4, 4)
    assert [(rate.model, rate.trials, rate.fooled, rate.fool_rate) for rate in report.models] == [
        ("toy", 12, 6, 0.5), ("swapped", 12, 6, 0.5)]  # fmt: skip
    assert report.models[0].seconds == 0.7
    assert len(report.photos) == 24
    assert {(rate.trials, rate.fooled) for rate in report.photos[:12]} == {(1, 1)}
    assert {(rate.trials, rate.fooled) for rate in report.photos[12:]} == {(1, 0)}


def test_who_fails_sanity_trials_is_excluded_with_all_answers(plan: Plan, store: Store, play: Play) -> None:
    good = play(lambda number: True)
    bad = play(lambda number: False, sane=False)
    report = make_report(plan, store.participants(), store.answers())
    assert report.excluded == (Exclusion(bad, 0, 2),)
    assert [rate.fooled for rate in report.models] == [0, 0]
    assert report.answers == 12
    assert (report.sanity_right, report.sanity_answers, good) == (2, 4, 1)


def test_answers_without_any_sanity_trial_do_not_count(plan: Plan, store: Store, play: Play) -> None:
    before = next(trial.number for trial in plan.trials_for(1) if trial.model is None)
    store_only = play(lambda number: False, count=before)
    report = make_report(plan, store.participants(), store.answers())
    assert before > 0, "this seed puts a sanity trial first: choose another"
    assert report.excluded == (Exclusion(store_only, 0, 0),)
    assert report.answers == 0
    assert [rate.fool_rate for rate in report.models] == [None, None]


def test_who_stopped_early_counts_and_who_never_began_is_no_exclusion(plan: Plan, store: Store, play: Play) -> None:
    play(lambda number: False, count=11)
    store.start()
    report = make_report(plan, store.participants(), store.answers())
    assert (report.participants, report.finished, report.excluded, report.answers) == (2, 0, (), 10)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.sources: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.sources += [value or "" for name, value in attributes if name in {"src", "href"}]
        if tag not in {"meta", "img"}:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_is_written_in_every_form(plan: Plan, store: Store, play: Play, tmp_path: Path) -> None:
    play(lambda number: number % 2 == 0)
    folder = tmp_path / "copy"
    shutil.copytree(plan.folder, folder)
    store.close()
    shutil.copy(tmp_path / FILE, folder)
    report = write_report(folder)
    assert json.loads((folder / "report.json").read_text())["models"][0]["trials"] == report.models[0].trials == 6
    with (folder / "report.csv").open(newline="") as file:
        assert [row["model"] for row in csv.DictReader(file)] == ["toy", "swapped"]
    with (folder / "report-photos.csv").open(newline="") as file:
        assert sum(int(row["fooled"]) for row in csv.DictReader(file)) == sum(rate.fooled for rate in report.models)
    assert "| toy | " in (folder / "report.md").read_text()
    tags = Tags()
    tags.feed((folder / "report.html").read_text())
    assert tags.open == []
    assert len(tags.sources) == 24
    assert all((folder / source).is_file() for source in tags.sources)


def test_a_folder_without_answers_is_refused(plan: Plan, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no test"):
        write_report(tmp_path)
    shutil.copytree(plan.folder, tmp_path / "copy")
    with pytest.raises(DataError, match="no answers yet"):
        write_report(tmp_path / "copy")
    assert not (tmp_path / "copy" / FILE).exists()
