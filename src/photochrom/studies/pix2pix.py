"""Pix2pix rebuilt: its six losses, and what is observed of spill-over, rare objects and the size of the data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from photochrom.evaluate.color_error import cells
from photochrom.evaluate.score import Scores
from photochrom.evaluate.truth import Truth, colorized, load_truth
from photochrom.networks.receptive_field import receptive_field
from photochrom.recipe import build_critic, build_network
from photochrom.studies import figures
from photochrom.studies.game import CRITIC_LOSSES, LOSSES, PAINTER_LOSSES, means_of_parts
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.mood import as_lab
from photochrom.studies.page import Page
from photochrom.studies.paired import SHARE, difference, matched
from photochrom.studies.study import Study
from photochrom.studies.tables import scored
from photochrom.studies.trial import Trained
from photochrom.studies.trials import PIX2PIX

Floats = NDArray[np.floating[Any]]

FEW: Final = 500
PIX2PIX_FEW: Final = replace(PIX2PIX, name="pix2pix_few", photos=replace(PIX2PIX.photos, limit=FEW))

PHOTOS: Final = Selection("test", limit=64)
LEARNED: Final = 32
SHOWN: Final = 8
EXTREME: Final = 6
PARTS: Final = 5
RARE, FREQUENT = 0.9, 0.5
"""Quantiles of the rarity of pixels: above the first they are rare, up to the second frequent."""

CLEAR: Final = 0.02
"""Gaps that differ by less, in units of the error of gray, are taken for equal."""

MEASURED: Final = ("colorfulness", "psnr", "ciede2000", "auc", "auc_rebalanced", "bleeding", "frechet")


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    page.heading("The two players")
    _players(page, trained[PIX2PIX.name])
    page.heading("Six losses")
    _losses(page, trained[PIX2PIX.name])
    page.heading("Pictures and metrics")
    scores = laboratory.score(trained, PHOTOS)
    scored(page, scores, MEASURED)
    places = figures.spread(len(scores.truth.rgb), SHOWN)
    caption = "Photos at even distances of the test set, at each model's own setting."
    page.picture("sheet", figures.sheet(figures.results(trained, scores.truth, places)), caption)
    page.heading("Observed: spill-over")
    _spill_over(page, trained, scores)
    page.heading("Observed: rare objects")
    _rare(page, trained, scores)
    page.heading("Observed: the size of the data")
    _data_size(laboratory, page, trained, scores)


def _players(page: Page, model: Trained) -> None:
    recipe = model.trial.recipe
    painter, critic = build_network(recipe, outputs=model.colorizer.outputs), build_critic(recipe, inputs=3)
    sizes = [sum(part.numel() for part in network.parameters()) / 1e6 for network in (painter, critic)]
    page.text(
        f"The painter is a U-Net of eight levels, from {recipe.stages[0].size} px down to a single place and back "
        f"({sizes[0]:.1f} million parameters). The critic looks at lightness and color together and answers with a map "
        f"of logits, each about a patch of {receptive_field(critic)} px ({sizes[1]:.1f} million): C64-C128-C256 with "
        "stride 2, C512 with stride 1, 4x4 kernels, LeakyReLU 0.2, no norm in the first. Weights start as N(0, 0.02), "
        "Adam runs at 2e-4 with betas (0.5, 0.999). In each step the critic learns from fake (detached) and real "
        "pictures, averaged, then the painter from G = G GAN + 100 x L1 (Isola et al. 2017)."
    )


def _losses(page: Page, model: Trained) -> None:
    """Table the six losses at every fifth of the run."""
    fifths = {name: means_of_parts(model.curve(name)[1], PARTS) for name in LOSSES}
    rows = [[f"{part + 1}/{PARTS}", *(fifths[name][part] for name in LOSSES)] for part in range(PARTS)]
    page.table(["fifth of the run", *LOSSES], rows)
    first, last, critic = fifths["G L1"][0], fifths["G L1"][-1], fifths["D"][-1]
    if first is not None and last is not None and critic is not None:
        went = "fell" if last < first else "did not fall"
        page.text(
            f"Each number is the mean over that fifth's steps. G L1, the only one that compares with the true colors, "
            f"{went}: {first:.2f} in the first fifth, {last:.2f} in the last. The critic's D ended at {critic:.2f}; "
            "0.69 would be guessing."
        )
    page.text(
        "Published for comparison: on 8,000 COCO photos of 256 px G L1 went from 10.93 after 5 epochs to 7.40 after "
        "40, with D near 0.55. The unit is the same (100 times the mean absolute error of a and b over 110), the "
        "photos and the length of the training are not."
    )
    page.figure("critic", figures.curves([model], CRITIC_LOSSES), "The critic's losses over photo passes.")
    page.figure("painter", figures.curves([model], PAINTER_LOSSES), "The painter's losses over photo passes.")


def _spill_over(page: Page, trained: Mapping[str, Trained], scores: Scores) -> None:
    """Measure color that runs over edges, and show where it does so most."""
    values = scores.candidates[PIX2PIX.name].values
    row = scores.candidates[PIX2PIX.name].row
    order = np.argsort(-excess(values))[:EXTREME]
    page.text(
        "Bleeding is the share of the chroma's gradient energy that lies where the lightness has no edge, over the "
        "same share in the true photos: 1 is like real photos, more is color that changes where nothing else does. "
        + spilling(row.bleeding, row.intervals.get("bleeding")),
        "How it comes about: what a thing is, the painter knows from features squeezed through few places; between two "
        "things of like lightness there is no line to stop their colors at, and the critic, which sees patches, may "
        "forgive a soft border.",
    )
    page.picture(
        "spill",
        figures.sheet(figures.results(trained, scores.truth, [int(place) for place in order])),
        f"The photos on which {PIX2PIX.name} has most loose color: where the share of chroma gradients off the edges "
        "exceeds that of the truth by most, among the more colorful half of its results.",
    )


def excess(values: Mapping[str, Floats]) -> Floats:
    """Return by how much each photo's loose share exceeds the truth's; minus infinity for the paler half."""
    with np.errstate(divide="ignore", invalid="ignore"):
        more = values["_loose"] / values["_chroma"] - values["_true_loose"] / values["_true_chroma"]
    vivid = values["_chroma"] >= np.median(values["_chroma"])
    return np.where(vivid & np.isfinite(more), more, -np.inf)


def spilling(bleeding: float | None, interval: tuple[float, float] | None) -> str:
    """Return a sentence on the bleeding of pix2pix."""
    if bleeding is None or interval is None:
        return "The results have too little color for this to be measured."
    told = f"{bleeding:.2f} ({interval[0]:.2f}..{interval[1]:.2f})"
    if interval[0] > 1:
        return f"With {told} color spills over more than in real photos."
    if interval[1] < 1:
        return f"With {told} color changes off the edges less than in real photos: what spills does so smoothly."
    return f"With {told} no more spill-over than in real photos could be shown."


class Group(NamedTuple):
    """Pixels of one kind: their share of all, their true chroma, the predicted chroma and the ab error, means."""

    share: float
    true_chroma: float
    chroma: float
    error: float

    @property
    def relative(self) -> float:
        """The error as a share of that of leaving them gray, which is the true chroma."""
        return self.error / self.true_chroma


def by_rarity(shown: Sequence[Floats], truth: Truth) -> tuple[Group, Group]:
    """Return how well rare and frequent true colors are met by Lab results (H, W, 3), one for each photo."""
    rarity = np.stack([truth.rarity[cells(lab)] for lab in truth.lab])
    true, made = (np.stack([lab[..., 1:] for lab in photos]) for photos in (truth.lab, shown))
    kinds = masks(rarity)
    sizes = [np.hypot(ab[..., 0], ab[..., 1]) for ab in (true, made, made - true)]
    rare, frequent = (Group(float(kind.mean()), *(float(size[kind].mean()) for size in sizes)) for kind in kinds)
    return rare, frequent


def masks(rarity: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where pixels are rare and where they are frequent, of any shape; no pixel is both."""
    high, low = np.quantile(rarity, RARE), np.quantile(rarity, FREQUENT)
    frequent = rarity <= low
    return (rarity >= high) & ~frequent, frequent


def _rare(page: Page, trained: Mapping[str, Trained], scores: Scores) -> None:
    """Compare the error on rare colors with that on frequent ones."""
    groups = {name: by_rarity(as_lab(scores.candidates[name].pictures), scores.truth) for name in trained}
    rows = [
        [name, kind, f"{one.share:.0%}", one.true_chroma, one.chroma, one.error, one.relative]
        for name, pair in groups.items()
        for kind, one in zip(("rare", "frequent"), pair, strict=True)
    ]
    page.text(
        "Rare are the pixels whose true color's bin is among the rarest (the tenth of all pixels with the highest "
        "1 / p), frequent the half with the lowest. Rare colors are strong ones, so that the error is also given as a "
        "share of the error of leaving these pixels gray: below 1 the model helps, 1 is as good as gray."
    )
    heads = ["model", "true colors", "pixels", "true chroma", "predicted chroma", "ab error", "over that of gray"]
    page.table(heads, rows)
    rare, frequent = groups[PIX2PIX.name]
    page.text(
        f"{PIX2PIX.name} paints rare colors with {rare.chroma / rare.true_chroma:.0%} of their true chroma and "
        f"frequent ones with {frequent.chroma / frequent.true_chroma:.0%}; its error on rare ones is "
        f"{rare.error / frequent.error:.1f} times that on frequent ones. {helped(rare, frequent)}",
        "What speaks against rare colors: a rare thing seldom costs anything in training, and the L1 term, which is "
        "least with the median of the colors that a texture may have, sides with the common ones.",
    )
    rarity = np.stack([scores.truth.rarity[cells(lab)] for lab in scores.truth.lab])
    places = np.argsort(-masks(rarity)[0].mean(axis=(1, 2)))[:EXTREME]
    sheet = figures.sheet(figures.results(trained, scores.truth, [int(place) for place in places]))
    page.picture("rare", sheet, "The photos with the largest share of rare colors.")


def helped(rare: Group, frequent: Group) -> str:
    """Return a sentence on where the model is better than gray."""
    better = [name for name, one in (("rare", rare), ("frequent", frequent)) if one.relative < 1]
    if len(better) == 2:
        return "On both it is nearer to the truth than gray is."
    if not better:
        return "On neither is it nearer to the truth than gray is."
    other = "frequent" if better == ["rare"] else "rare"
    return f"On {better[0]} ones it is nearer to the truth than gray is, on {other} ones not."


def _data_size(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained], scores: Scores) -> None:
    """Compare many photos with few: on photos that were learned from and on new ones."""
    entries = laboratory.library.select(PIX2PIX_FEW.photos)
    learned = load_truth([entries[place] for place in figures.spread(len(entries), LEARNED)])
    rows = []
    for name, one in trained.items():
        training = one.card.training
        passes = training["photo_passes"] / training["photos_in_set"]
        seen = gray_share(colorized(one.colorizer, learned), learned)
        new = gray_share(as_lab(scores.candidates[name].pictures), scores.truth)
        rows.append([name, training["photos_in_set"], passes, seen, new, new - seen])
    columns = ["model", "photos", "times each was seen", "error on learned photos", "error on test photos", "gap"]
    page.table(columns, rows)
    many, few = (next(row for row in rows if row[0] == trial.name) for trial in (PIX2PIX, PIX2PIX_FEW))
    equal = matched(trained, scores.truth)
    found = difference(equal[PIX2PIX.name], equal[PIX2PIX_FEW.name])
    page.text(
        "Errors are mean ab distances over those of leaving the photos gray. The learned photos are "
        f"{len(learned.rgb)} of the {few[1]} that {few[0]} was trained on; {many[0]} has them among its own. The two "
        "sets show other things, so compare the gaps of the two models, not the errors within a row. "
        f"The gap between learned and new photos is {few[5]:+.3f} with few photos and {many[5]:+.3f} with many: "
        + ("few photos are learned by heart. " if few[5] > many[5] + CLEAR else "learning by heart does not show. ")
        + f"On the test photos, at {SHARE:.0%} of the truth's colorfulness, CIEDE2000 with few photos less that with "
        f"many is {found.text} photo by photo: for few photos {found.verdict}."
    )


def gray_share(shown: Sequence[Floats], truth: Truth) -> float:
    """Return the mean ab error of Lab results over that of leaving the photos gray."""
    gaps = [_mean_length(one[..., 1:] - lab[..., 1:]) for one, lab in zip(shown, truth.lab, strict=True)]
    return float(np.mean(gaps) / np.mean([_mean_length(lab[..., 1:]) for lab in truth.lab]))


def _mean_length(ab: Floats) -> float:
    return float(np.hypot(ab[..., 0], ab[..., 1]).mean())


STUDY: Final = Study(
    name="pix2pix",
    title="Pix2pix (2017), rebuilt",
    question=(
        "Isola et al. 2017 gave the game of painter and critic an L1 term, a critic for patches and a U-Net. What do "
        "its six losses say over a run, and what of the three things that its users observe: color that spills over, "
        "rare objects that stay pale, and the need for many photos?"
    ),
    trials=(PIX2PIX, PIX2PIX_FEW),
    write=write,
)
