"""All families on one table: every measure at equal budget and at their best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import torch

from photochrom.evaluate.measures import MEASURES, Row, setting, shown
from photochrom.evaluate.score import Scores
from photochrom.evaluate.truth import BASELINES
from photochrom.recipe import build_network
from photochrom.studies import figures
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.page import Page
from photochrom.studies.study import Study
from photochrom.studies.tables import compared, scored
from photochrom.studies.trial import Trained
from photochrom.studies.trials import FAMILIES, SHIPPED, with_shipped

PHOTOS: Final = Selection("test", limit=96)
SHOWN: Final = 8
TILE: Final = 108
SHARE: Final = 0.6
ACCURACY: Final = (
    "colorfulness",
    "colorfulness_difference",
    "mse",
    "psnr",
    "ssim",
    "ciede2000",
    "auc",
    "auc_rebalanced",
)
LOOKS: Final = ("bleeding", "lpips", "frechet", "fid", "agreement_top1", "agreement_top5", "two_sample")
STEADINESS: Final = ("stability_512", "stability_1024", "stability_2048")
MATCHED: Final = ("psnr", "ciede2000", "mse", "auc", "auc_rebalanced", "frechet")


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    models, truth = with_shipped(trained), laboratory.truth(PHOTOS)
    scores = laboratory.score(models, PHOTOS)
    own = [row for row in scores.rows if row.share is None]
    page.heading("What each one is and costs")
    _costs(laboratory, page, models, own)
    page.heading("Accuracy, at equal colorfulness too")
    scored(page, scores, ("colorfulness", *MATCHED))
    page.heading("Everything else, at each model's own setting")
    for measures in (ACCURACY, LOOKS, STEADINESS):
        compared(page, own, measures)
    page.text("\n".join(f"* **{MEASURES[name].heading}**: {MEASURES[name].meaning}" for name in _taken(own)))
    page.heading("The trade-off between colorfulness and accuracy")
    _trade_off(page, scores)
    page.heading("Which family wins what")
    _winners(page, scores, list(trained))
    page.heading("The same photos by all")
    places = figures.spread(len(truth.rgb), SHOWN)
    caption = "Test photos at even distances, at each model's own setting."
    page.picture("sheet", figures.sheet(figures.results(models, truth, places), TILE), caption)


def _costs(laboratory: Laboratory, page: Page, models: Mapping[str, Trained], own: Sequence[Row]) -> None:
    """Write what a model is made of, what its training took, and how fast it is."""
    row_of = {row.name: row for row in own}
    rows = []
    for name, model in models.items():
        recipe, training = model.trial.recipe, model.card.training
        weights = training.get("parameters") or _count(model)
        cost = (shown(row_of[name], measure) for measure in ("photos_per_second", "peak_memory"))
        rows.append([
            name, recipe.network, recipe.chroma["kind"], "game" if recipe.critic else "supervised",
            model.trial.encoder or "random weights", f"{weights / 1e6:.1f}", training["minutes"], training["steps"],
            training["photo_passes"], *cost,
        ])  # fmt: skip
    page.table(
        ["model", "network", "color as", "training", "starts from", "parameters (M)", "minutes", "steps",
         "photo passes", "photos/s", "memory MB"],
        rows,
    )  # fmt: skip
    longest = models[SHIPPED].card.training
    most = max(one.card.training["minutes"] for name, one in models.items() if name != SHIPPED)
    page.text(
        f"Equal budget means {laboratory.budget} on one computer: {laboratory.fairness}. {SHIPPED} is the "
        f"default family at its best: {longest['photo_passes']} photo passes in {longest['minutes']:g} minutes, "
        f"against {most:g} minutes at most for the others; how good those become with as much time is not "
        "known. Speed and memory are those of the exported model in use, photos of 256 px, a process for each."
    )


def _count(model: Trained) -> int:
    """Return how many parameters the network of a model's recipe has, for a card that does not tell."""
    with torch.device("meta"):
        network = build_network(model.trial.recipe, model.colorizer.outputs)
    return sum(value.numel() for value in network.parameters())


def _taken(rows: Sequence[Row]) -> list[str]:
    wanted = (*ACCURACY, *LOOKS, *STEADINESS)
    return [name for name in wanted if any(row.value(name) is not None for row in rows)]


def _trade_off(page: Page, scores: Scores) -> None:
    """Draw the trade-off, and write where on it each model is nearest to the truth."""
    figure = figures.trade_off(scores, ("psnr", "ciede2000"))
    page.figure("trade-off", figure, "A line a model, chroma scaled; a cross at its own setting.")
    rows, timid = [], 0
    for name in scores.candidates:
        of_model = [row for row in scores.rows if row.name == name]
        best = min(of_model, key=lambda row: row.ciede2000)
        own = next(row for row in of_model if row.share is None)
        timid += best.colorfulness < own.colorfulness
        if name not in BASELINES:
            rows.append([name, setting(best), *(shown(best, key) for key in ("colorfulness", "ciede2000", "psnr"))])
    page.table(
        ["model", "nearest to the truth", *(MEASURES[key].heading for key in ("colorfulness", "ciede2000", "psnr"))],
        rows,
    )
    page.text(
        f"Each at the setting, of those measured, where its CIEDE2000 is lowest. For {timid} of {len(rows)} models "
        "that is paler than their own setting. Being careful is what pixel measures reward."
    )


@dataclass(frozen=True)
class Contest:
    """Who is best and second at a measure; ``overlap`` of their 95% intervals, None where there are none."""

    measure: str
    best: Row
    second: Row
    overlap: bool | None


def contest(rows: Sequence[Row], measure: str) -> Contest | None:
    """Find the best two rows at a measure; None where it has no better side or fewer than two rows have it."""
    better = MEASURES[measure].better
    having = [row for row in rows if row.value(measure) is not None]
    if not better or len(having) < 2:
        return None
    best, second = sorted(having, key=lambda row: badness(row, measure))[:2]
    if measure not in best.intervals or measure not in second.intervals:
        return Contest(measure, best, second, None)
    (low, high), (other_low, other_high) = best.intervals[measure], second.intervals[measure]
    return Contest(measure, best, second, low <= other_high and other_low <= high)


def badness(row: Row, measure: str) -> float:
    """Return a number that is lower the better the row is at a measure that it has."""
    value, better = row.value(measure), MEASURES[measure].better
    assert value is not None
    if better == "1":
        return abs(value - 1)
    return -value if better == "more" else value


def _winners(page: Page, scores: Scores, names: Sequence[str]) -> None:
    """Say which family wins each measure, at its own setting and at equal colorfulness, and how surely."""
    for title, share in (("At their own settings", None), (f"At {SHARE:.0%} of the truth's colorfulness", SHARE)):
        rows = [row for row in scores.rows if row.share == share and row.name in names]
        contests = [found for name in MEASURES if name != "factor" and (found := contest(rows, name)) is not None]
        page.text(f"**{title}**, families at equal budget ({SHIPPED} left out):")
        page.table(["measure", "best", "", "second", "", "intervals"], [_line(one) for one in contests])
        page.text(tally(contests))
    page.text(
        "A model that hardly colors is steady over sizes, and never far from the truth, for free: read its wins beside "
        "its colorfulness, or at equal colorfulness.",
        _against_gray(scores, names),
    )


def _line(one: Contest) -> list[Any]:
    overlap = "none" if one.overlap is None else "overlap" if one.overlap else "apart"
    first, second = (shown(row, one.measure) for row in (one.best, one.second))
    return [MEASURES[one.measure].heading, one.best.name, first, one.second.name, second, overlap]


def tally(contests: Sequence[Contest]) -> str:
    """Say in a sentence how often each family is best, and how often that is sure."""
    won: dict[str, list[Contest]] = {}
    for one in contests:
        won.setdefault(one.best.name, []).append(one)
    order = sorted(won, key=lambda name: -len(won[name]))
    told = [
        f"{name} {len(won[name])} ({', '.join(MEASURES[one.measure].heading for one in won[name])})" for name in order
    ]
    apart = sum(one.overlap is False for one in contests)
    with_interval = sum(one.overlap is not None for one in contests)
    return (
        f"Measures won: {'; '.join(told)}. Of the {with_interval} with intervals, {apart} have a winner whose interval "
        "does not overlap with that of the second; the others of these may be luck of the photos."
    )


def _against_gray(scores: Scores, names: Sequence[str]) -> str:
    """Say which families do better than leaving photos gray, where that can be compared."""
    own = {row.name: row for row in scores.rows if row.share is None}
    said = []
    for measure in ("psnr", "ciede2000"):
        gray = own["gray"]
        better = [name for name in names if badness(own[name], measure) < badness(gray, measure)]
        said.append(
            f"in {MEASURES[measure].heading} ({shown(gray, measure)} for gray) {len(better)} of {len(names)} families"
            f"{': ' + ', '.join(better) if better else ''}"
        )
    return f"Better than leaving the photos gray, at their own settings: {'; '.join(said)}."


STUDY: Final = Study(
    name="families",
    title="All families on one table",
    question=(
        "From the regression network to the pre-trained U-Net with attention: every family of colorizers, trained by "
        "one trainer for the same time, used by one Colorizer, measured by one evaluation. Which one should be used?"
    ),
    trials=FAMILIES,
    write=write,
    photos=(PHOTOS,),
)
