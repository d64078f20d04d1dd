"""What the default model is to reach, and what it reaches: one line a number, measured or left out, never typed."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final, NamedTuple

import numpy as np

from photochrom.colorizer import Colorizer
from photochrom.evaluate.candidate import Scored
from photochrom.evaluate.hinting import COUNT, SIDE, Hinted
from photochrom.evaluate.measures import MEASURES, Row, setting
from photochrom.studies.families import badness
from photochrom.studies.trial import Trained

RUNS: Final = 15
MATCHED: Final = ("psnr", "ciede2000", "frechet")
SHARES: Final = (0.6, 1.0)


class Goal(NamedTuple):
    """A number to reach, what was measured, and whether that is enough."""

    what: str
    wanted: str
    measured: str
    reached: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the goals are judged by: all rows of all models, the shipped and the small model and what was seen of them.

    ``rows`` are by (name, share), share None for a model's own setting.
    """

    rows: Mapping[tuple[str, float | None], Row]
    families: Sequence[str]
    shipped: Trained
    small: Trained
    hinted: Hinted
    stability: float


def judge_goals(seen: Evidence) -> list[Goal]:
    """Return all goals."""
    name, small = seen.shipped.trial.name, seen.small.trial.name
    gray, own = seen.rows["gray", None], seen.rows[name, None]
    at = {share: seen.rows[name, share] for share in SHARES}
    goals = [_against_families(seen, name, measure, share) for share in SHARES for measure in MATCHED]
    goals += [
        _least("PSNR at 60% less gray's, dB", 1.5, at[0.6].psnr - gray.psnr),
        _least("PSNR at 100% less gray's, dB", 0.0, at[1.0].psnr - gray.psnr),
    ]
    if gray.frechet and at[1.0].frechet is not None:
        goals.append(_most("Fréchet distance at 100% over gray's", 0.25, at[1.0].frechet / gray.frechet))
    if own.agreement_top1 is not None and gray.agreement_top1 is not None:
        closed = (own.agreement_top1 - gray.agreement_top1) / (1 - gray.agreement_top1)
        goals.append(_least("share of the gap in the classifier's answers that is closed", 0.5, closed))
    if own.two_sample is not None:
        goals.append(_most("told from true photos, share", 0.75, own.two_sample))
    goals += [
        _least("AuC, rebalanced, % (at 100%)", 67.3, at[1.0].auc_rebalanced),
        _most("size stability, CIEDE2000 (256 to 2048 px)", 1.5, seen.stability),
        _least(f"{COUNT} hints of {SIDE} px, dB", 3.5, float(seen.hinted.gain.mean())),
        _most("CIEDE2000 at the hint", 3.0, float(seen.hinted.distance.mean())),
        _most("default model, MB", 40.0, seen.shipped.model.stat().st_size / 1e6),
        _most("default model, one pass, ms", 150.0, 1000 * pass_seconds(seen.shipped.colorizer)),
        _most("small model, MB", 12.0, seen.small.model.stat().st_size / 1e6),
        _most("small model, one pass, ms", 40.0, 1000 * pass_seconds(seen.small.colorizer)),
        _most("small model's CIEDE2000 at 60% over the default's", 1.05,
              seen.rows[small, 0.6].ciede2000 / at[0.6].ciede2000),
    ]  # fmt: skip
    return goals


def pass_seconds(colorizer: Colorizer) -> float:
    """Return the median seconds of one run of the network at its working size, on all cores, after one to warm up."""
    side = colorizer.card.decode.working_size
    inputs: tuple[Any, Any] = np.full((side, side), 50, np.float32), np.zeros((3, side, side), np.float32)
    colorizer.raw(*inputs)
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        colorizer.raw(*inputs)
        taken.append(time.perf_counter() - start)
    return median(taken)


def _against_families(seen: Evidence, name: str, measure: str, share: float) -> Goal:
    """Say whether the model is better than every family, with intervals apart where there are intervals."""
    own = seen.rows[name, share]
    others = [row for family in seen.families if (row := seen.rows.get((family, share))) and row.value(measure)]
    what = f"{MEASURES[measure].heading} {setting(own)}, better than every family"
    if own.value(measure) is None or not others:
        return Goal(what, "better", "not measured", False)
    best = min(others, key=lambda row: badness(row, measure))
    better = badness(own, measure) < badness(best, measure)
    told = f"{_number(own, measure)}; the best family, {best.name}: {_number(best, measure)}"
    if measure not in own.intervals:
        return Goal(what, "better", told, better)
    (low, high), (other_low, other_high) = own.intervals[measure], best.intervals[measure]
    return Goal(what, "intervals apart", told, better and (low > other_high or high < other_low))


def _number(row: Row, measure: str) -> str:
    value = row.value(measure)
    return "" if value is None else f"{value:.2f}"


def _least(what: str, wanted: float, measured: float) -> Goal:
    return Goal(what, f"{wanted:g} or more", f"{measured:.2f}", measured >= wanted)


def _most(what: str, wanted: float, measured: float) -> Goal:
    return Goal(what, f"{wanted:g} or less", f"{measured:.2f}", measured <= wanted)


def by_setting(scored: Mapping[str, Sequence[Scored]]) -> dict[tuple[str, float | None], Row]:
    """Return the rows of scored candidates by name and share."""
    return {(name, one.row.share): one.row for name, many in scored.items() for one in many}
