"""What the page of the shipped model computes itself: kinds of faults, hues, photos by dice, goals."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from photochrom.color.lab import lab_to_rgb
from photochrom.colorizer import Colorizer
from photochrom.evaluate.hinting import Hinted
from photochrom.evaluate.measures import Row
from photochrom.studies.default import thrown, wide
from photochrom.studies.faults import HUES, KINDS, find_faults, hue_sector, kinds
from photochrom.studies.goals import Evidence, judge_goals, pass_seconds

NAMES = list(KINDS)


def flat(a: float, b: float) -> np.ndarray[Any, Any]:
    return np.full((4, 4, 3), (60.0, a, b), np.float32)


def row(name: str, share: float | None = None, **values: Any) -> Row:
    numbers = dict.fromkeys(("factor", "mse", "colorfulness", "colorfulness_difference", "auc"), 1.0)
    numbers |= {"psnr": 22.0, "ciede2000": 11.0, "auc_rebalanced": 60.0, "frechet": 100.0}
    return Row(name=name, share=share, photos=9, **{**numbers, **values})


@pytest.mark.parametrize(
    ("result", "truth", "kind"),
    [
        ((0, 0), (0, 0), "right"),
        ((20, 0), (3, 0), "tinted"),
        ((8, 0), (40, 0), "missed"),
        ((0, 40), (40, 0), "other hue"),
        ((30, 0), (40, 0), "right"),
        ((70, 0), (40, 0), "exaggerated"),
        ((30, -10), (30, 10), "right"),
    ],
)
def test_each_fault_is_told_by_its_name(result: tuple[float, float], truth: tuple[float, float], kind: str) -> None:
    assert set(kinds(flat(*result), flat(*truth)).ravel().tolist()) == {NAMES.index(kind)}


@pytest.mark.parametrize(("degrees", "hue"), [(40, "red"), (60, "orange, brown, skin"), (100, "yellow"), (355, "pink")])
def test_a_hue_belongs_to_its_sector(degrees: float, hue: str) -> None:
    angle = np.radians(degrees)
    assert set(hue_sector(flat(30 * np.cos(angle), 30 * np.sin(angle))).ravel()) == {list(HUES).index(hue)}
    assert set(hue_sector(flat(2, 2)).ravel()) == {-1}


def test_faults_add_up_over_photos() -> None:
    truth = [flat(40, 20), flat(0, 0)]
    pictures = [np.rint(np.clip(lab_to_rgb(lab), 0, 1) * 255).astype(np.uint8) for lab in (flat(4, 2), flat(20, 0))]
    found = find_faults(pictures, truth)
    assert found.pixels[0, NAMES.index("missed")] == found.pixels[1, NAMES.index("tinted")] == 1
    assert found.share().sum() == pytest.approx(1)
    assert found.worst("missed", 1) == [0]
    assert found.worst("tinted", 1) == [1]
    reds = found.hues[0, list(HUES).index("red")]
    assert reds[0] == 1
    assert reds[2] / reds[1] == pytest.approx(0.1, abs=0.02)


def test_dice_choose_the_same_photos_each_time_and_none_twice() -> None:
    chosen = thrown(100, 60)
    assert chosen == thrown(100, 60) == sorted(set(chosen))
    assert len(chosen) == 60
    assert thrown(3, 60) == [0, 1, 2]


def test_columns_are_broken_into_blocks_that_lose_nothing() -> None:
    photos = [np.full((2, 2, 3), value) for value in range(5)]
    blocks = wide({"gray": photos, "truth": photos}, 2)
    assert list(blocks) == ["gray 1", "truth 1", "gray 3", "truth 3", "gray 5", "truth 5"]
    assert [int(photo[0, 0, 0]) for name, block in blocks.items() if "truth" in name for photo in block] == [
        0,
        1,
        2,
        3,
        4,
    ]


def test_goals_compare_what_was_measured_with_what_was_wanted(toy_model: Path) -> None:
    close = {"psnr": (23.0, 24.0), "ciede2000": (9.0, 10.0)}
    far = {"psnr": (21.0, 22.0), "ciede2000": (10.5, 12.0)}
    rows = [row("gray", agreement_top1=0.5), row("shipped", agreement_top1=0.8, two_sample=0.8)]
    rows += [row("shipped", 0.6, psnr=23.6, ciede2000=9.5, frechet=30.0, intervals=close)]
    rows += [row("shipped", 1.0, psnr=21.9, ciede2000=9.9, frechet=20.0, auc_rebalanced=68.0, intervals=close)]
    rows += [row("old", share, psnr=21.5, ciede2000=11.0, frechet=25.0, intervals=far) for share in (0.6, 1.0)]
    rows += [row("small", 0.6, ciede2000=9.6)]
    model = Colorizer(toy_model)
    trained = {
        name: cast(Any, SimpleNamespace(trial=SimpleNamespace(name=name), model=toy_model, colorizer=model))
        for name in ("shipped", "small")
    }
    hinted = Hinted(np.array([20.0]), np.array([24.0]), np.array([[4.0]]))
    table = {(one.name, one.share): one for one in rows}
    goals = judge_goals(Evidence(table, ["old"], trained["shipped"], trained["small"], hinted, 0.4))
    reached = {goal.what: goal.reached for goal in goals}
    assert reached["PSNR dB at 60%, better than every family"]
    assert not reached["Fréchet at 60%, better than every family"]
    assert reached["Fréchet at 100%, better than every family"]
    assert reached["PSNR at 60% less gray's, dB"]
    assert not reached["PSNR at 100% less gray's, dB"]
    assert reached["share of the gap in the classifier's answers that is closed"]
    assert not reached["told from true photos, share"]
    assert reached["10 hints of 7 px, dB"]
    assert not reached["CIEDE2000 at the hint"]


def test_a_pass_takes_time(toy_model: Path) -> None:
    assert 0 < pass_seconds(Colorizer(toy_model)) < 5
