"""The DCGAN-style game: why its losses need not fall, pictures, metrics, vividness against the same painter with L2."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

import numpy as np

from photochrom.data.catalog import decode
from photochrom.data.cleaning import judge
from photochrom.evaluate.score import Scores
from photochrom.recipe import build_critic, build_network
from photochrom.studies import figures
from photochrom.studies.game import CRITIC_LOSSES, GUESSING, LOSSES, PAINTER_LOSSES, Trend, means_of_parts, trend
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.page import Page
from photochrom.studies.paired import SHARE, difference, matched
from photochrom.studies.study import Study
from photochrom.studies.tables import scored
from photochrom.studies.trial import Trained
from photochrom.studies.trials import DCGAN, DCGAN_L2

PHOTOS: Final = Selection("test", limit=64)
CHECKED: Final = 240
SHOWN: Final = 8
MEASURED: Final = ("colorfulness", "psnr", "ciede2000", "auc", "auc_rebalanced", "bleeding", "frechet", "two_sample")

WHY: Final = (
    "Why: L2 is one function of the weights, and each step goes down its slope. A game has two functions, and what one "
    "player gains the other loses: D fake = -log(1 - p) and G GAN = -log p are about the same p, the probability that "
    "the critic gives to the painter's colors. There is no common minimum to fall to. At the balance p = 1/2 every one "
    f"of these losses is log 2 = {GUESSING:.3f}, whether the colors are perfect or the critic just cannot tell; a "
    "critic's loss that falls toward 0 says that the critic has run away, a painter's that it fools the critic of the "
    "moment. So the curves tell whether the game goes on, not how good the pictures are."
)


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    game, regression = trained[DCGAN.name], trained[DCGAN_L2.name]
    page.heading("The two players")
    _players(page, game)
    _cleaned(laboratory, page)
    page.heading("The losses, and why they need not fall")
    _losses(page, game, regression)
    page.heading("What the losses do not tell")
    _looks(page, game, regression)
    page.heading("Judged by pictures and by metrics")
    scores = laboratory.score(trained, PHOTOS)
    scored(page, scores, MEASURED)
    _pictures(page, trained, scores)
    page.heading("Vividness against L2")
    _vividness(page, trained, scores)


def _players(page: Page, game: Trained) -> None:
    recipe = game.trial.recipe
    painter, critic = build_network(recipe, outputs=game.colorizer.outputs), build_critic(recipe, inputs=3)
    sizes = [sum(part.numel() for part in network.parameters()) / 1e6 for network in (painter, critic)]
    page.text(
        f"The painter ({sizes[0]:.1f} million parameters) halves the photo five times and doubles it five times, 4x4 "
        "kernels with batch norm, ReLU and skip connections; tanh makes its answers a and b. The critic "
        f"({sizes[1]:.1f} million) has six convolution blocks, a fully connected layer and a sigmoid: one probability "
        "that the picture of lightness and color is a photo. In each step the critic learns from the painter's colors "
        "and from the true ones, then the painter learns from the critic alone: no loss compares its colors with the "
        f"true ones. {DCGAN_L2.name} is the same painter on the same photos, trained to the least squared error."
    )


def _cleaned(laboratory: Laboratory, page: Page) -> None:
    """Say how clean the training photos are, by the rules of ``photochrom clean``, on some of them."""
    entries = laboratory.library.select(Selection(DCGAN.photos.collection, limit=CHECKED))
    accepted = sum(judge(decode(entry)).reason is None for entry in entries)
    page.text(
        f"A game copies what is often seen, gray and toned photos included, so they should be cleaned first: of "
        f"{len(entries)} training photos at even distances the rules of `photochrom clean` accept {accepted}."
    )


def _losses(page: Page, game: Trained, regression: Trained) -> None:
    """Show all losses, where each goes in the second half of the run, and why."""
    curves = {name: game.curve(name)[1] for name in LOSSES}
    trends = {name: trend(values) for name, values in curves.items()}
    falling = trend(regression.curve("l2")[1])
    rows = [_row(name, values, trends[name]) for name, values in curves.items()]
    page.table(
        ["loss", "first tenth", "last tenth", "change in the second half", "so it", "where nobody wins"],
        [*rows, [*_row(f"{regression.trial.name}: l2", regression.curve("l2")[1], falling)[:-1], None]],
    )
    page.text(
        f"In brief: {_told(trends)} The L2 loss of {regression.trial.name} {falling.word} over its second half. "
        "(Change: the line through means of ten blocks of the second half, with its 95% interval. The L1 has no "
        "weight in this game, so that G L1 is 0 and G is G GAN.)",
        WHY,
        f"{_against(curves['D fake'], curves['G GAN'])} {_ahead(curves['D'])}".strip(),
    )
    page.figure("critic", figures.curves([game], CRITIC_LOSSES), "The critic's losses over photo passes.")
    page.figure("painter", figures.curves([game], PAINTER_LOSSES), "The painter's losses over photo passes.")
    page.figure(
        "l2", figures.curves([regression], ["l2"], log=True), "For comparison: the L2 loss of the same painter."
    )


def _row(name: str, values: list[float], found: Trend) -> list[object]:
    tenths = means_of_parts(values, 10)
    return [name, tenths[0], tenths[-1], found.text, found.word, None if "L1" in name else GUESSING]


def _told(trends: Mapping[str, Trend]) -> str:
    """Return a sentence on what the losses of the game do in the second half."""
    said: dict[str, list[str]] = {}
    for name in ("D fake", "D real", "D", "G"):
        said.setdefault(trends[name].word, []).append(name)
    parts = [f"{', '.join(names)} {word if len(names) == 1 else _plural(word)}" for word, names in said.items()]
    return "; ".join(parts) + "."


def _plural(word: str) -> str:
    return {"falls": "fall", "rises": "rise", "stays level": "stay level"}.get(word, word)


def _against(first: list[float], second: list[float]) -> str:
    """Return a sentence on whether D fake and G GAN went against each other."""
    halves = [np.array(values[len(values) // 2 :]) for values in (first, second)]
    if len(halves[0]) < 3 or any(half.std() == 0 for half in halves):
        return "The run is too short to correlate the two losses."
    together = float(np.corrcoef(halves[0], halves[1])[0, 1])
    how = "against each other" if together < -0.2 else "with each other" if together > 0.2 else "on their own"
    return f"Step by step, D fake and G GAN went {how} here: their correlation over the second half is {together:+.2f}."


def _ahead(values: list[float]) -> str:
    """Return a sentence on who was ahead at the end."""
    last = means_of_parts(values, 10)[-1]
    if last is None:
        return ""
    if last > 0.95 * GUESSING:
        return f"At the end D is {last:.2f}: the critic does little better than guessing."
    return f"At the end D is {last:.2f}, below {GUESSING:.2f}: the critic is ahead."


def _looks(page: Page, game: Trained, regression: Trained) -> None:
    """Set the losses beside what validation photos looked like at the same time."""
    rows = [row for one in (game, regression) for row in looks(one)]
    page.table(["trial", "step", "painter's loss since the last look", "PSNR dB", "colorfulness"], rows)
    for one in (game, regression):
        own = [row for row in rows if row[0] == one.trial.name]
        if len(own) > 1:
            first, last = own[0], own[-1]
            page.text(
                f"{one.trial.name}: from the first look to the last one the painter's loss went from {first[2]:.3g} to "
                f"{last[2]:.3g}, PSNR on validation photos from {first[3]:.2f} to {last[3]:.2f} dB, colorfulness "
                f"from {first[4]:.1f} to {last[4]:.1f}."
            )
    page.figure("looks", figures.curves([game, regression], ["psnr", "colorfulness"], "check"), "On validation photos.")


def looks(one: Trained) -> list[tuple[str, int, float, float, float]]:
    """Return name, step, mean loss since the look before, PSNR and colorfulness for each look at validation photos.

    The look before the first step is left out: there is no loss before it.
    """
    steps, losses = (np.array(column) for column in one.curve("loss"))
    seen = {row["step"]: row for row in one.log if row["kind"] == "check"}
    rows = []
    for before, step in pairwise(sorted({0, *seen})):
        mean = float(losses[(steps > before) & (steps <= step)].mean())
        rows.append((one.trial.name, int(step), mean, seen[step]["psnr"], seen[step]["colorfulness"]))
    return rows


def _pictures(page: Page, trained: Mapping[str, Trained], scores: Scores) -> None:
    """Show photos chosen by nobody, and those where the two differ most."""
    truth = scores.truth
    spread = figures.sheet(figures.results(trained, truth, figures.spread(len(truth.rgb), SHOWN)))
    page.picture("sheet", spread, "Photos at even distances of the test set, at each model's own setting.")
    values = {name: scores.candidates[name].values["ciede2000"] for name in (DCGAN.name, DCGAN_L2.name)}
    order = np.argsort(values[DCGAN.name] - values[DCGAN_L2.name])
    wins = int((values[DCGAN.name] < values[DCGAN_L2.name]).sum())
    places = [int(place) for place in (*order[:3], *order[-3:])]
    page.text(f"At their own settings the game is nearer to the truth by CIEDE2000 on {wins} of {len(order)} photos.")
    page.picture(
        "extremes",
        figures.sheet(figures.results(trained, truth, places)),
        "Above three photos on which the game is most ahead of L2 by CIEDE2000 (or least behind), below three on which "
        "it is most behind.",
    )


def _vividness(page: Page, trained: Mapping[str, Trained], scores: Scores) -> None:
    """Compare colorfulness at the models' own settings, and accuracy at the same colorfulness."""
    own = {row.name: row for row in scores.rows if row.share is None}
    same = {row.name: row for row in scores.rows if row.share == SHARE}
    equal = matched(trained, scores.truth)
    found = difference(equal[DCGAN_L2.name], equal[DCGAN.name])
    apart = [same[trial.name].frechet for trial in (DCGAN_L2, DCGAN)]
    true = float(scores.about["colorfulness_of_truth"])
    more, less = sorted((own[DCGAN.name], own[DCGAN_L2.name]), key=lambda row: -row.colorfulness)
    page.text(
        f"At its own setting {more.name} is the more colorful one: {more.colorfulness:.1f} against "
        f"{less.colorfulness:.1f}; the truth has {true:.1f}.",
        f"Colors that are not there cannot be wrong, so accuracy is compared where both are equally colorful, at "
        f"{SHARE:.0%} of the truth. There the game's CIEDE2000 less that of L2 is {found.text} photo by photo: for the "
        f"game {found.verdict}."
        + (f" The Fréchet distance is {apart[0]:.1f} with L2, {apart[1]:.1f} with the game." if all(apart) else ""),
        "Where several colors are plausible, L2 is least with their mean, which is paler than each of them; a critic "
        "has seen that photos are not so pale, and makes the painter choose one. Nothing tells the painter which one "
        "is right, other than that it must look likely beside its surroundings.",
    )


STUDY: Final = Study(
    name="dcgan",
    title="A game instead of a loss: the DCGAN-style colorizer",
    question=(
        "A painter and a critic are trained against each other (Goodfellow et al. 2014; Radford et al. 2016). Why need "
        "their losses not fall, how does one then know that training works, and are the colors more vivid than those "
        "of the same painter trained with L2?"
    ),
    trials=(DCGAN, DCGAN_L2),
    write=write,
)
