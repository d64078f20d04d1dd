"""Zhang et al. 2016 in full: L2 regression against classification against rebalancing, temperatures, ablations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.card import Decode
from photochrom.chroma import chroma_from_card
from photochrom.data.catalog import Entry
from photochrom.data.loading import fixed_samples
from photochrom.encoding import encoding_of
from photochrom.evaluate.candidate import score_candidate
from photochrom.evaluate.measures import MEASURES, Row, shown
from photochrom.evaluate.pixel import displayed
from photochrom.evaluate.truth import Truth, colorized
from photochrom.networks.receptive_field import receptive_field
from photochrom.preview import Preview
from photochrom.recipe import build_network
from photochrom.studies import figures
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.page import Page
from photochrom.studies.probe import load_network
from photochrom.studies.study import Study
from photochrom.studies.tables import scored
from photochrom.studies.trial import Trained
from photochrom.studies.trials import ECCV16, ECCV16_ABLATION1, ECCV16_ABLATION2, ECCV16_L2, ECCV16_PLAIN, with_shipped

Floats = NDArray[np.floating[Any]]

TEMPERATURES: Final = (1.0, 0.77, 0.58, 0.38, 0.29, 0.14, 0.0)
PHOTOS: Final = Selection("test", limit=96)
SHOWN: Final = 10
MEASURED: Final = ("colorfulness", "psnr", "ciede2000", "auc")


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    truth = laboratory.truth(PHOTOS)
    scores = laboratory.score(trained, PHOTOS)
    page.heading("Regression, classification, rebalancing")
    scored(page, scores, ("colorfulness", "psnr", "ciede2000", "auc", "auc_rebalanced", "frechet"))
    color = {row.name: row.colorfulness for row in scores.rows if row.share is None}
    more, less = ("eccv16", "eccv16_l2") if color["eccv16"] > color["eccv16_l2"] else ("eccv16_l2", "eccv16")
    page.text(
        f"At its own setting {more} is the more colorful of rebalanced classification and L2 regression: "
        f"{color[more]:.1f} against {color[less]:.1f} (truth {truth.colorfulness:.1f}); classification without "
        f"rebalancing reaches {color['eccv16_plain']:.1f}."
    )
    places = figures.spread(len(truth.rgb), SHOWN)
    columns = figures.results(trained, truth, places)
    page.picture(
        "sheet", figures.sheet(columns), "Photos at even distances of the test set, at each model's own setting."
    )
    page.heading("From the mean to the mode")
    _temperatures(page, with_shipped({ECCV16.name: trained[ECCV16.name]}), truth)
    page.heading("Two ablations")
    _ablations(laboratory, page, trained)


def _temperatures(page: Page, models: Mapping[str, Trained], truth: Truth) -> None:
    """Show the sweep over the temperature of the annealed mean: what it does to color and to accuracy."""
    page.text(
        "The annealed mean (equation 5 of the paper) goes from the mean of a distribution, T = 1, to its mode, T = 0. "
        "The paper chose T = 0.38, between careful and patchy. All of the rebalancing is kept, as published. The model "
        "that comes with the package shows what the temperature does after long training."
    )
    for name, model in models.items():
        rows = sweep(model, truth)
        cells = [[f"T = {one.temperature:g}", *(shown(one.row, measure) for measure in MEASURED)] for one in rows]
        page.table([name, *(MEASURES[measure].heading for measure in MEASURED)], cells)
        page.text(told(name, rows))
        few = truth.part(figures.spread(len(truth.rgb), 6))
        columns = {f"T = {one:g}": [displayed(lab) for lab in _at(model, one, few)] for one in TEMPERATURES}
        caption = f"From the mean to the mode, {name}."
        page.picture(f"temperatures_{name}", figures.sheet({**columns, "truth": list(few.rgb)}), caption)


@dataclass(frozen=True, slots=True)
class Swept:
    """A temperature and the scores there."""

    temperature: float
    row: Row


def sweep(model: Trained, truth: Truth) -> list[Swept]:
    """Score a model at every temperature, all of the rebalancing kept."""
    return [Swept(one, score_candidate("", _at(model, one, truth), truth).row) for one in TEMPERATURES]


def told(name: str, rows: Sequence[Swept]) -> str:
    """Say what the temperature did to color and to accuracy."""
    mean, mode = rows[0], rows[-1]
    most = max(rows, key=lambda one: one.row.colorfulness)
    best = min(rows, key=lambda one: one.row.ciede2000)
    way = "more vivid" if mode.row.colorfulness > mean.row.colorfulness else "paler"
    why = (
        ""
        if way == "more vivid"
        else ": the likeliest color of most places is still near gray, the tail is in the mean"
    )
    return (
        f"With {name} the mode is {way} than the mean, {mode.row.colorfulness:.1f} against {mean.row.colorfulness:.1f}"
        f"{why}. Most colorful is T = {most.temperature:g}, the lowest CIEDE2000 has T = {best.temperature:g}."
    )


def _at(model: Trained, temperature: float, truth: Truth) -> list[Floats]:
    decode = Decode(temperature, balance=1.0, working_size=model.card.decode.working_size)
    return colorized(model.colorizer.decoded_as(decode), truth)


def _ablations(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Compare the full network with its two ablations."""
    chosen = [trained[trial.name] for trial in (ECCV16, ECCV16_ABLATION1, ECCV16_ABLATION2)]
    page.text(
        "Ablation 1 has five plain blocks and one dilated one, ablation 2 four plain blocks and none dilated; what "
        "follows (up-sampling, 313 scores) is the same. An epoch is one pass over all training photos; the budget here "
        f"is {laboratory.budget} for each, with which {laboratory.fairness}."
    )
    rows = []
    for one in chosen:
        network = build_network(one.trial.recipe, one.colorizer.outputs)
        training = one.card.training
        rows.append([
            one.trial.name, f"{training['parameters'] / 1e6:.1f}", receptive_field(network),
            f"{training['photo_passes'] / training['photos_in_set']:.2f}",
            one.last("cross_entropy"), one.last("cross_entropy", "check", share=0.0),
            loss_on(one, laboratory.library.select(PHOTOS)),
        ])  # fmt: skip
    columns = ["network", "parameters (M)", "receptive field (px)", "epochs"]
    page.table([*columns, "training loss", "validation loss", "test loss"], rows)
    best = [min(rows, key=lambda row: float(str(row[column])))[0] for column in (5, 6)]
    page.text(
        f"The lowest validation loss has {best[0]}, the lowest test loss {best[1]} ({PHOTOS.limit} photos; both on "
        f"center squares of {ECCV16.recipe.stages[-1].size} px). Published, after 50 and more epochs: test and "
        "validation loss 2.54 and 3.77 for the full network, 3.20 and 3.22 for ablation 1, 3.16 and 3.18 for ablation "
        "2; those are sums over another set of photos and another weighting, so only their order can be compared."
    )
    page.figure("losses", figures.curves(chosen, ["cross_entropy"]), "Training loss over photo passes.")
    caption = "Loss on the validation photos over photo passes."
    page.figure("validation", figures.curves(chosen, ["cross_entropy"], "check"), caption)


def loss_on(one: Trained, photos: Sequence[Entry]) -> float:
    """Return the rebalanced cross entropy on photos that nothing was trained or looked at on."""
    chroma, stage = chroma_from_card(one.card.chroma), one.trial.recipe.stages[-1]
    preview = Preview(*fixed_samples(photos, stage.size, len(photos)), chroma, takes_hints=False)
    models = {"painter": load_network(one.trial.recipe, one.model)}
    return preview.losses(models, stage.objective, encoding_of(chroma))["cross_entropy"]


STUDY: Final = Study(
    name="eccv16",
    title="Colorful Image Colorization (2016), rebuilt",
    question=(
        "Zhang, Isola and Efros turned color into a classification over 313 bins, weighed rare colors up and read the "
        "answer with an annealed mean. What does each part do, and does the network need its depth and its dilation?"
    ),
    trials=(ECCV16_L2, ECCV16_PLAIN, ECCV16, ECCV16_ABLATION1, ECCV16_ABLATION2),
    write=write,
)
