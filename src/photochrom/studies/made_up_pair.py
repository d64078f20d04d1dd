"""A made-up pair of photos, alike in lightness and shape, in orange and in light green: what do networks make of it?

Shapes: H x W pixels, Q bins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from photochrom.card import Decode
from photochrom.chroma import chroma_from_card
from photochrom.color.bins import AB_BINS, softmax
from photochrom.color.lab import rgb_to_lab
from photochrom.recipe import Recipe
from photochrom.recipes import RECIPES
from photochrom.studies import figures
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.page import Page
from photochrom.studies.trial import Trained, Trial
from photochrom.studies.views import Views, answers, finished

Floats = NDArray[np.floating[Any]]

COLORS: Final = {"orange": (215, 138, 50), "light green": (125, 168, 74)}
"""Two colors of one lightness, also when darkened alike, but for rounding; so a resampled edge to black tells nothing.

Neither is so bright that resampling, which overshoots at edges, would clip it.
"""

SIDE: Final = 64
REACH: Final = 15.0
"""Within this distance, in Lab units, a color counts as the same."""

PEAK: Final = 0.2
"""So much probability near a color, and twice as much as near the mean, is a peak."""

PAIR: Final = Selection("orange_and_green")


def pair_trial(name: str, recipe: Recipe, options: Mapping[str, Any]) -> Trial:
    """Return the trial of a small network on the made-up pair."""
    small = replace(
        recipe,
        network_options=options,
        rate=1e-3,
        mix=1.0,
        stages=tuple(replace(stage, size=SIDE, batch=8) for stage in recipe.stages),
    )
    decode = Decode(temperature=1.0, working_size=SIDE)
    return Trial(f"pair_{name}", small, photos=PAIR, validation=PAIR, decode=decode, weight=0.2)


PAIR_REGRESSION: Final = pair_trial("regression", RECIPES["regression_lab"], {"width": 16})
PAIR_BINS: Final = pair_trial("bins", RECIPES["eccv16"], {"widths": (16, 32, 64, 64)})


def draw_disc(color: Sequence[int], side: int = 2 * SIDE) -> NDArray[np.uint8]:
    """Draw an even disc of an 8-bit color on black: (side, side, 3), with hard edges, so that no pixel mixes colors."""
    steps = (np.arange(side) + 0.5) / side - 0.5
    inside = steps[:, None] ** 2 + steps**2 < 0.36**2
    return np.where(inside[..., None], np.array(color, np.uint8), np.uint8(0))


def prepare(laboratory: Laboratory) -> None:
    """Draw the made-up pair into a folder beside the runs and add it to the library."""
    folder = laboratory.runs / PAIR.collection
    folder.mkdir(parents=True, exist_ok=True)
    for name, color in COLORS.items():
        Image.fromarray(draw_disc(color)).save(folder / f"{name.replace(' ', '_')}.png")
    laboratory.library.add(PAIR.collection, folder)


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered for the disc of the pair: the ``regression``'s ab and the ``probabilities`` (Q,) of the bins.

    ``colors`` are the ab of the two true colors, ``mean`` lies halfway between them.
    """

    regression: Floats
    probabilities: Floats
    colors: Mapping[str, Floats]

    @property
    def mean(self) -> Floats:
        """The mean of the two colors."""
        return np.asarray(np.mean(list(self.colors.values()), axis=0))

    def distances(self) -> dict[str, float]:
        """Return the distance of the regression's answer, in Lab units, to the mean and to each of the colors."""
        targets = {"their mean": self.mean, **self.colors}
        return {name: float(np.linalg.norm(self.regression - target)) for name, target in targets.items()}

    def near(self) -> dict[str, float]:
        """Return the probability of the bins near the mean and near each of the colors."""
        targets = {"their mean": self.mean, **self.colors}
        away = {name: np.linalg.norm(AB_BINS - target, axis=1) for name, target in targets.items()}
        return {name: float(self.probabilities[distance < REACH].sum()) for name, distance in away.items()}


def ask(regression: Trained, bins: Trained, views: Views) -> Answered:
    """Ask both networks for the color of the disc's middle."""
    gray = views.part([0])
    (raw_ab,), (raw_bins,) = (list(answers(one.colorizer, gray)) for one in (regression, bins))
    ab = chroma_from_card(regression.card.chroma).decode(raw_ab, regression.card.decode, axis=0)
    colors = {name: rgb_to_lab(np.array(color) / 255)[1:] for name, color in COLORS.items()}
    return Answered(middle(ab), middle(softmax(raw_bins, axis=0)), colors)


def middle(values: Floats) -> Floats:
    """Return the mean (Q,) of the middle quarter of an array (Q, h, w)."""
    height, width = values.shape[1:]
    return np.asarray(values[:, 3 * height // 8 : 5 * height // 8, 3 * width // 8 : 5 * width // 8].mean(axis=(1, 2)))


def write_pair(page: Page, trained: Mapping[str, Trained], views: Views) -> None:
    """Show what regression and classification learn of a pair that lightness cannot tell apart."""
    regression, bins = trained[PAIR_REGRESSION.name], trained[PAIR_BINS.name]
    found = ask(regression, bins, views)
    light = {name: rgb_to_lab(np.array(color) / 255)[0] for name, color in COLORS.items()}
    page.text(
        f"Two made-up photos: a disc in orange (L = {light['orange']:.2f}) and the same disc in light green (L = "
        f"{light['light green']:.2f}), whose gray photos are equal pixel by pixel. A small regression network (in Lab, "
        "squared error) and a small network of 313 bins (cross entropy, no rebalancing) see them equally often. Both "
        "are asked for the color of the disc."
    )
    _columns(page, regression, bins, views)
    distances, near = found.distances(), found.near()
    page.table(
        ["color", "distance of the regression's answer", f"probability within {REACH:g} Lab units"],
        [[name, f"{distances[name]:.1f}", f"{near[name]:.1%}"] for name in distances],
    )
    page.figure("distribution", _distribution(found), "Probability of the bins at the disc (area), and the two colors.")
    chroma = {name: float(np.hypot(*color)) for name, color in (("mean", found.mean), *found.colors.items())}
    page.text(
        f"The regression answers a = {found.regression[0]:.1f} and b = {found.regression[1]:.1f}, "
        f"{nearest(distances)}. The mean is a color that neither photo has, and paler (chroma {chroma['mean']:.1f}) "
        f"than orange ({chroma['orange']:.1f}) and light green ({chroma['light green']:.1f}). Of this pair the mean is "
        "a yellow; over all hues it is gray.",
        peaks(near),
    )


def nearest(distances: Mapping[str, float]) -> str:
    """Say to what the regression's answer is near, if anything."""
    closest = min(distances, key=distances.__getitem__)
    learned = "" if distances[closest] <= REACH else "; it did not learn this pair in its budget"
    return f"{distances[closest]:.1f} away from {closest}, which is the nearest{learned}"


def peaks(near: Mapping[str, float]) -> str:
    """Say whether a distribution keeps both colors, by the probabilities near each and near their mean."""
    kept = [name for name in COLORS if near[name] > max(PEAK, 2 * near["their mean"])]
    said = ", ".join(f"{near[name]:.1%} near {name}" for name in near)
    if len(kept) == len(COLORS):
        return f"The bins keep two peaks ({said}): which one to answer can be decided after training."
    what = f"one peak, near {kept[0]}" if kept else "no peak at either color"
    return f"The bins have {what} ({said}): they did not learn this pair in their budget."


def _columns(page: Page, regression: Trained, bins: Trained, views: Views) -> None:
    """Show the pair and what is made of its gray photo."""
    gray = views.part([0])
    columns = {"one photo": [views.rgb[0]], "the other": [views.rgb[1]], "gray of both": gray.grays}
    columns["regression"] = finished(regression.colorizer, gray)
    for temperature, name in ((1.0, "bins, mean"), (0.0, "bins, mode")):
        decode = Decode(temperature, working_size=SIDE)
        columns[name] = finished(bins.colorizer.decoded_as(decode), gray)
    caption = "The pair, its gray photo, and the answers to it: of bins the mean color and the likeliest one."
    page.picture("pair", figures.sheet(columns), caption)


def _distribution(found: Answered) -> Figure:
    """Draw the probabilities of the bins as areas in the plane of a and b, with the colors that were meant."""
    figure = Figure(figsize=(5.2, 4.6), layout="constrained")
    panel = figure.subplots()
    panel.scatter(AB_BINS[:, 0], AB_BINS[:, 1], s=2, color="lightgray")
    panel.scatter(
        AB_BINS[:, 0],
        AB_BINS[:, 1],
        s=1500 * found.probabilities,
        color="tab:blue",
        alpha=0.6,
        linewidth=0,
        label="bins",
    )
    for name, color in found.colors.items():
        rgb = tuple(value / 255 for value in COLORS[name])
        panel.scatter(color[0], color[1], marker="D", s=60, color=rgb, edgecolor="black", label=name)
    panel.scatter(found.mean[0], found.mean[1], marker="+", s=90, color="black", label="their mean")
    panel.scatter(
        found.regression[0], found.regression[1], marker="x", s=70, color="tab:red", label="regression's answer"
    )
    panel.set(xlabel="a", ylabel="b", aspect="equal")
    panel.legend(fontsize=8, loc="lower left", markerscale=0.8)
    return figure
