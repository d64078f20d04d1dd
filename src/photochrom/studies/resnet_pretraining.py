"""ResNet-18 U-Net: what pre-training brings at equal budget, how well a scene's mood is kept, and a control for it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.warmth import STRENGTH
from photochrom.evaluate.measures import Row
from photochrom.evaluate.score import Scores
from photochrom.objectives import Adversarial
from photochrom.recipe import Stage
from photochrom.recipes import RECIPES
from photochrom.studies import figures
from photochrom.studies.game import means_of_parts
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.mood import MEANING, Kept, Mood, as_lab, at_warmth, kept, moods, scatter
from photochrom.studies.page import Page
from photochrom.studies.paired import SHARE, difference, matched
from photochrom.studies.study import Study
from photochrom.studies.tables import scored
from photochrom.studies.trial import Trained, Trial
from photochrom.studies.trials import RESNET18, RESNET18_GAN, RESNET18_SCRATCH

Floats = NDArray[np.floating[Any]]

GAN_ONLY: Final = replace(
    RESNET18_GAN,
    name="resnet18_gan_only",
    recipe=replace(
        RECIPES["resnet18_gan"],
        name="resnet18_gan_only",
        stages=(Stage(size=128, share=1.0, objective=Adversarial(l1=100.0), rate=0.5),),
    ),
)
"""The game from the first step on: what is left out is the painter's own pre-training."""

PHOTOS: Final = Selection("test", limit=64)
SHOWN: Final = 8
WARMTHS: Final = (-1.0, 0.0, 1.0)
NEUTRAL: Final = 2.0
"""Chroma, in Lab units, below which a result's pixel is taken for neutral."""

MEASURED: Final = ("colorfulness", "psnr", "ciede2000", "auc", "auc_rebalanced", "bleeding", "frechet")
STEPS: Final = ((RESNET18_SCRATCH, RESNET18), (RESNET18, RESNET18_GAN), (GAN_ONLY, RESNET18_GAN))
SAID: Final = (
    "An encoder pre-trained for classification, instead of random weights",
    "A game as the last part of the same budget, instead of L1 to the end",
    "A painter pre-trained with L1 before the game, instead of a game from the first step",
)


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    page.heading("Four ways to spend the same budget")
    scores = laboratory.score(trained, PHOTOS)
    scored(page, scores, MEASURED)
    equal = matched(trained, scores.truth)
    page.text(*(step(scores, equal, pair, said) for pair, said in zip(STEPS, SAID, strict=True)))
    places = figures.spread(len(scores.truth.rgb), SHOWN)
    caption = "Photos at even distances of the test set, at each model's own setting."
    page.picture("sheet", figures.sheet(figures.results(trained, scores.truth, places)), caption)
    page.heading("How much sooner")
    _sooner(page, trained)
    page.heading("The scene's mood")
    best = _mood(page, trained, scores)
    page.heading("A control for the mood")
    _control(page, trained[best], scores)


def step(scores: Scores, equal: Mapping[str, Floats], pair: tuple[Trial, Trial], said: str) -> str:
    """Return sentences on what the second trial of a pair gains over the first one.

    ``equal`` is the CIEDE2000 of each photo at equal colorfulness, by trial.
    """
    own, same = ({row.name: row for row in scores.rows if row.share == share} for share in (None, SHARE))
    (before, after), (few, more) = ([rows[trial.name] for trial in pair] for rows in (own, same))
    found = difference(equal[before.name], equal[after.name])
    return (
        f"{said} ({before.name} → {after.name}): colorfulness {before.colorfulness:.1f} → {after.colorfulness:.1f} "
        f"and CIEDE2000 {before.ciede2000:.2f} → {after.ciede2000:.2f} at their own settings. At {SHARE:.0%} of the "
        f"truth's colorfulness CIEDE2000 goes {few.ciede2000:.2f} → {more.ciede2000:.2f}, photo by photo {found.text}: "
        f"{found.verdict}.{_frechet(few, more)}"
    )


def _frechet(few: Row, more: Row) -> str:
    if few.frechet is None or more.frechet is None:
        return ""
    return f" The Fréchet distance there goes {few.frechet:.1f} → {more.frechet:.1f}."


def _sooner(page: Page, trained: Mapping[str, Trained]) -> None:
    """Compare the learning curves."""
    scratch, started = trained[RESNET18_SCRATCH.name], trained[RESNET18.name]
    share = reached(started.curve("l1")[1], scratch.curve("l1")[1])
    told = "not at all within the same budget" if share is None else f"after {share:.0%} of its steps"
    page.text(
        f"{scratch.trial.name} ended with a training L1 that {started.trial.name}, which starts from an ImageNet "
        f"encoder, reached {told} (both smoothed over twentieths of the run). On the validation photos L1 ended at "
        f"{_last(scratch)} from scratch and {_last(started)} pre-trained."
    )
    page.figure("l1", figures.curves([scratch, started], ["l1"]), "Training L1 over photo passes.")
    caption = "PSNR and colorfulness on the validation photos over photo passes."
    page.figure("looks", figures.curves(trained.values(), ["psnr", "colorfulness"], "check"), caption)


def reached(values: list[float], other: list[float], parts: int = 20) -> float | None:
    """Return the share of its steps after which ``values`` came down to where ``other`` ended; None if never."""
    mine, theirs = ([mean for mean in means_of_parts(one, parts) if mean is not None] for one in (values, other))
    if not mine or not theirs:
        return None
    below = [place for place, mean in enumerate(mine) if mean <= theirs[-1]]
    return (below[0] + 1) / len(mine) if below else None


def _last(one: Trained) -> str:
    value = one.last("l1", "check")
    return "?" if value is None else f"{value:.4f}"


def _mood(page: Page, trained: Mapping[str, Trained], scores: Scores) -> str:
    """Table how well moods are kept; returns the name of the model that keeps warmth best."""
    truth = moods(scores.truth.lab)
    found = {name: moods(as_lab(one.pictures)) for name, one in scores.candidates.items()}
    table = {name: kept(mood, truth) for name, mood in found.items()}
    page.text(MEANING)
    columns = ["model", "chroma: correlation", "mean error", "warmth: correlation", "mean error", "mean color: error"]
    page.table(columns, [[name, *values] for name, values in table.items()])
    models: dict[str, Mood] = {name: found[name] for name in trained}
    best = min(trained, key=lambda name: table[name].warmth_error)
    page.text(*mood_told(best, table, truth))
    page.figure("mood", scatter(models, truth), "Each point is a photo; on the line its mood is kept.")
    return best


def mood_told(best: str, table: Mapping[str, Kept], truth: Mood) -> tuple[str, str]:
    """Return what the table of moods says."""
    own, mean, gray = table[best], table["mean color"], table["gray"]
    correlation = 0.0 if own.warmth_correlation is None else own.warmth_correlation
    how = "hardly" if correlation < 0.3 else "partly" if correlation < 0.7 else "well"
    better = "less than" if own.warmth_error < mean.warmth_error else "no less than"
    return (
        f"Of these models {best} keeps warmth best: it is off by {own.warmth_error:.1f} in the mean over photos, "
        f"{better} one color for all photos ({mean.warmth_error:.1f}); gray is off by {gray.warmth_error:.1f}. Which "
        f"scene is warm and which is cold it tells {how}: the correlation is {correlation:.2f}. The truth's warmth "
        f"is {truth.warmth.mean():.1f} ± {truth.warmth.std():.1f} (standard deviation), its mean chroma "
        f"{truth.chroma.mean():.1f} ± {truth.chroma.std():.1f}.",
        "The mood is only in part in the photo: what time of day it was, and in what light, often cannot be told from "
        "gray. That is for the user to say.",
    )


def _control(page: Page, model: Trained, scores: Scores) -> None:
    """Show and measure the control `--warmth`."""
    pictures = {warmth: at_warmth(model.colorizer, scores.truth, warmth) for warmth in WARMTHS}
    labs = {warmth: as_lab(made) for warmth, made in pictures.items()}
    found = {warmth: moods(made) for warmth, made in labs.items()}
    rows = [[named(warmth), *changes(labs[warmth], labs[0.0]), found[warmth].warmth.mean()] for warmth in WARMTHS]
    page.text(
        "`photochrom colorize --warmth` (in the library `Settings(warmth=...)`), from -1 to 1, moves every color of "
        f"the photo along the same axis by {STRENGTH:g} x warmth x C / (C + {STRENGTH:g}) Lab units, where C is its "
        f"chroma: gray things stay gray, no color moves by more than {STRENGTH:g}, and 0 is the model's own."
    )
    page.table(["warmth", "mean shift", "chroma added to neutral pixels", "mean warmth"], rows)
    true = moods(scores.truth.lab).warmth
    within = (true >= found[-1.0].warmth) & (true <= found[1.0].warmth)
    page.text(
        f"Measured on {len(true)} photos with {model.trial.name}; neutral are the pixels whose chroma is below "
        f"{NEUTRAL:g} at warmth 0. The true warmth of {within.mean():.0%} of the photos lies within the control's "
        "reach."
    )
    places = figures.spread(len(true), SHOWN)
    columns: dict[str, list[Floats]] = {
        f"warmth {named(warmth)}": [pictures[warmth][place].astype(np.float32) / 255 for place in places]
        for warmth in WARMTHS
    }
    sheet = figures.sheet({**columns, "truth": list(scores.truth.part(places).rgb)})
    page.picture("warmth", sheet, f"The control on {model.trial.name}: cold, the model's own, warm, and the truth.")


def named(warmth: float) -> str:
    """Return a setting with its sign, "0" without."""
    return f"{warmth:+g}" if warmth else "0"


def changes(made: list[Floats], own: list[Floats]) -> tuple[float, float | None]:
    """Return the mean ab shift of Lab results from those at warmth 0, and by how much neutral pixels gain chroma."""
    moved, gained = [], []
    for one, base in zip(made, own, strict=True):
        moved.append(np.hypot(*np.moveaxis(one[..., 1:] - base[..., 1:], -1, 0)).mean())
        before, after = (np.hypot(lab[..., 1], lab[..., 2]) for lab in (base, one))
        neutral = before < NEUTRAL
        gained.append((after - before)[neutral])
    every = np.concatenate(gained)
    return float(np.mean(moved)), float(every.mean()) if every.size else None


STUDY: Final = Study(
    name="resnet_pretraining",
    title="ResNet-18 U-Net: what pre-training is worth",
    question=(
        "A painter with an encoder that has learned to classify, then trained with L1, then in a game: what does each "
        "kind of pre-training bring when the budget is the same? How well is the mood of a scene kept, and can a user "
        "set it?"
    ),
    trials=(RESNET18_SCRATCH, RESNET18, RESNET18_GAN, GAN_ONLY),
    write=write,
)
