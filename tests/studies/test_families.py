"""What the table of families computes itself: who wins a measure, and how surely."""

from dataclasses import replace
from typing import Any

from photochrom.evaluate.measures import Row
from photochrom.studies.families import badness, contest, tally

ROW = Row("", None, 1.0, 96, 0.01, 20.0, 10.0, 30.0, -10.0, 85.0, 70.0)


def rows(measure: str, **values: float | None) -> list[Row]:
    """Make a row for each name; intervals reach 1 to both sides."""
    found = []
    for name, value in values.items():
        own: dict[str, Any] = {measure: value}
        intervals = {} if value is None else {measure: (value - 1, value + 1)}
        found.append(replace(ROW, name=name, intervals=intervals, **own))
    return found


def winner(measure: str, **values: float | None) -> str:
    found = contest(rows(measure, **values), measure)
    assert found is not None
    return found.best.name


def test_each_measure_has_its_better_side() -> None:
    assert winner("psnr", a=20.0, b=22.0, c=21.0) == "b"
    assert winner("ciede2000", a=20.0, b=22.0, c=19.0) == "c"
    assert winner("bleeding", a=0.2, b=1.1, c=3.0) == "b"


def test_intervals_decide_whether_a_win_is_sure() -> None:
    near, far = (contest(rows("psnr", a=20.0, b=value), "psnr") for value in (21.5, 23.0))
    assert near is not None
    assert far is not None
    assert (near.overlap, far.overlap) == (True, False)
    without = contest([replace(row, intervals={}) for row in rows("psnr", a=20.0, b=21.0)], "psnr")
    assert without is not None
    assert without.overlap is None


def test_there_is_no_contest_of_one_or_about_nothing() -> None:
    assert contest(rows("ssim", a=0.9, b=None), "ssim") is None
    assert contest(rows("colorfulness", a=20.0, b=30.0), "colorfulness") is None


def test_the_tally_names_winners_by_their_number_of_wins() -> None:
    contests = [
        contest(rows(measure, a=first, b=second), measure)
        for measure, first, second in (("psnr", 30.0, 20.0), ("ssim", 0.9, 0.8), ("ciede2000", 9.0, 3.0))
    ]
    said = tally([one for one in contests if one is not None])
    assert said.startswith("Measures won: a 2 (PSNR dB, SSIM); b 1 (CIEDE2000).")
    assert "Of the 3 with intervals, 2 have a winner" in said


def test_badness_orders_all_measures_alike() -> None:
    good, poor = rows("two_sample", good=0.5, poor=0.9)
    assert badness(good, "two_sample") < badness(poor, "two_sample")
