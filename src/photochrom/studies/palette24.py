"""Colors chosen from a palette: CIFAR-10 horses in 24 colors found by k-means, and in fewer and more.

Shapes: N photos of H x W pixels, K colors.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from photochrom.card import Decode
from photochrom.chroma import Bins, chroma_from_card
from photochrom.color.bins import softmax
from photochrom.color.lab import rgb_to_lab
from photochrom.evaluate.intervals import bootstrap_interval
from photochrom.recipes import RECIPES
from photochrom.studies import figures
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.page import Page
from photochrom.studies.study import Study
from photochrom.studies.trial import Trained, Trial
from photochrom.studies.views import Views, answers, finished, view

HORSES: Final = Selection("cifar10_horse-train")
UNSEEN: Final = Selection("cifar10_horse-test")
SIZE: Final = 32
JUDGED: Final = 1000
SHOWN: Final = 10
TILE: Final = 4 * SIZE + 2
MOST_CONFUSED: Final = 6

Floats = NDArray[np.floating[Any]]
Indices = NDArray[np.integer[Any]]


def palette_trial(colors: int) -> Trial:
    """Return the recipe palette24 with another number of colors, on horses."""
    recipe = RECIPES["palette24"]
    changed = replace(recipe, name=f"palette{colors}", chroma={**recipe.chroma, "colors": colors})
    decode = Decode(temperature=0.0, working_size=SIZE)
    return Trial(changed.name, changed, photos=HORSES, validation=replace(UNSEEN, limit=48), decode=decode)


PALETTES: Final = {colors: palette_trial(colors) for colors in (8, 16, 24, 48)}
PALETTE24: Final = PALETTES[24]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a network chose: ``palette`` (K, 3), the ``right`` and the ``chosen`` color of each pixel (N, H, W).

    ``cross_entropy`` is in nats a pixel, photo by photo (N,). The right color is the nearest of the palette.
    """

    palette: Floats
    right: Indices
    chosen: Indices
    cross_entropy: Floats

    @property
    def accuracy(self) -> Floats:
        """The share of pixels with the right color, photo by photo (N,)."""
        return np.asarray((self.right == self.chosen).mean(axis=(1, 2)))

    @property
    def confusion(self) -> Floats:
        """How many pixels of each right color (rows) were given each color (columns): (K, K), shares of all."""
        count = len(self.palette)
        pairs = np.bincount((self.right * count + self.chosen).ravel(), minlength=count * count)
        return np.asarray(pairs.reshape(count, count) / pairs.sum())


def nearest(rgb: Floats, palette: Floats) -> Indices:
    """Return the index of the nearest color of the palette (K, 3) for RGB (..., 3), by distance in RGB."""
    squared = (palette**2).sum(axis=1) - 2 * rgb @ palette.T
    return np.asarray(squared.argmin(axis=-1))


def distance(rgb: Floats, truth: Floats) -> float:
    """Return the mean distance of pixels (..., 3) in RGB, 0..1: 0 to the square root of 3."""
    return float(np.sqrt(((rgb - truth) ** 2).sum(axis=-1)).mean())


def choose(one: Trained, views: Views) -> Chosen:
    """Let a network choose a color for every pixel."""
    chroma = chroma_from_card(one.card.chroma)
    assert isinstance(chroma, Bins)
    assert chroma.rgb is not None
    right = np.stack([nearest(rgb, chroma.rgb) for rgb in views.rgb])
    chosen, losses = [], []
    for raw, index in zip(answers(one.colorizer, views), right, strict=True):
        chosen.append(raw.argmax(axis=0))
        given = np.take_along_axis(softmax(raw, axis=0), index[None], axis=0)
        losses.append(-np.log(np.maximum(given, 1e-12)).mean())
    return Chosen(chroma.rgb, right, np.stack(chosen), np.array(losses))


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    views = view(laboratory.library.select(UNSEEN), SIZE, JUDGED)
    found = {trial.name: choose(trained[trial.name], views) for trial in PALETTES.values()}
    page.heading("24 colors")
    _palette(page, found[PALETTE24.name], len(views))
    _sheet(page, trained[PALETTE24.name], found[PALETTE24.name], views)
    page.heading("What is taken for what")
    _confusion(page, found[PALETTE24.name])
    page.heading("How many colors?")
    _ablation(page, trained, found, views)


def _palette(page: Page, found: Chosen, photos: int) -> None:
    """Draw the palette with how frequent its colors are, and write how well they are found."""
    true, given = found.confusion.sum(axis=1), found.confusion.sum(axis=0)
    low, high = bootstrap_interval(found.accuracy)
    page.text(
        f"k-means on the pixels of training photos finds {len(found.palette)} RGB colors; the network says at every "
        f"pixel which one it is, trained with pixel-wise cross entropy. On {photos} horses that it never saw it names "
        f"the right color of {found.accuracy.mean():.1%} of the pixels (95% bootstrap interval over photos "
        f"{low:.1%} to {high:.1%}); always saying the most frequent color would be right for {true.max():.1%}. Cross "
        f"entropy: {found.cross_entropy.mean():.3f} nats a pixel; knowing nothing costs ln {len(true)} = "
        f"{np.log(len(true)):.3f}, knowing only how frequent colors are {entropy(true):.3f}."
    )
    caption = "The palette: how many pixels of the test photos have each color, and how many were given it."
    page.figure("palette", _bars(found.palette, true, given), caption)
    away = float(np.abs(true - given).sum() / 2)
    page.text(
        f"The network says {int((given > 0).sum())} of the {len(given)} colors at all; {away:.1%} of the pixels would "
        "have to be given another color for all colors to be as frequent as they are. Naming the likeliest color at "
        "each pixel by itself leaves out what is plausible but never likeliest."
    )


def entropy(shares: Floats) -> float:
    """Return the entropy of shares, in nats."""
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum())


def _sheet(page: Page, one: Trained, found: Chosen, views: Views) -> None:
    """Show horses: what the network composes of its palette, and what the product makes of that."""
    places = figures.spread(len(views), SHOWN)
    few = views.part(places)
    columns = {
        "gray": few.grays,
        "palette's answer": list(found.palette[found.chosen[places]]),
        "on its lightness": finished(one.colorizer, few),
        "best of palette": list(found.palette[found.right[places]]),
        "truth": list(few.rgb),
    }
    caption = (
        "Horses at even distances of the test set, enlarged pixel by pixel: the picture composed of palette colors, "
        "its chroma on the photo's own lightness, the nearest palette color of every pixel, the photo."
    )
    page.picture("horses", figures.sheet(columns, TILE, pixels=True), caption)


def _confusion(page: Page, found: Chosen) -> None:
    """Draw the confusion matrix and name the most frequent confusions."""
    caption = "Of the pixels of one right color (row), the share given each color (column), from dark to light."
    page.figure("confusion", _matrix(found.palette, found.confusion), caption)
    wrong = found.confusion * (1 - np.eye(len(found.palette)))
    rows = []
    for place in np.argsort(-wrong, axis=None)[:MOST_CONFUSED]:
        right, given = np.unravel_index(place, wrong.shape)
        pair = found.palette[right], found.palette[given]
        rows.append([*map(_hexadecimal, pair), f"{wrong[right, given]:.2%}", f"{distance(*pair):.3f}"])
    page.table(["right color", "given color", "share of all pixels", "distance in RGB"], rows)
    mistakes = wrong.sum()
    apart = np.sqrt(((found.palette[:, None] - found.palette) ** 2).sum(axis=-1))
    typical, chance = float((wrong * apart).sum() / mistakes), by_chance(found.confusion, apart)
    nearer = "less" if typical < chance else "no less"
    page.text(
        f"A wrong color is {typical:.3f} away from the right one on average, {nearer} than the {chance:.3f} of wrong "
        "colors drawn by their frequency. Cross entropy itself does not know which colors are neighbors: to it a "
        "slightly darker brown is as wrong as blue."
    )


def by_chance(confusion: Floats, apart: Floats) -> float:
    """Return the mean distance of wrong colors that were given as often, but to any pixel; both are (K, K)."""
    joint = np.outer(confusion.sum(axis=1), confusion.sum(axis=0)) * (1 - np.eye(len(apart)))
    return float((joint * apart).sum() / joint.sum())


def _ablation(page: Page, trained: Mapping[str, Trained], found: Mapping[str, Chosen], views: Views) -> None:
    """Compare numbers of colors: accuracy and cross entropy cannot be compared across them, distances can."""
    rows: list[list[object]] = []
    answer, floor, kept = {}, {}, {}
    for colors, trial in PALETTES.items():
        one = found[trial.name]
        answer[colors] = distance(one.palette[one.chosen], views.rgb)
        floor[colors] = distance(one.palette[one.right], views.rgb)
        kept[colors] = distance(np.stack(finished(trained[trial.name].colorizer, views)), views.rgb)
        numbers = (one.cross_entropy.mean(), np.log(colors), answer[colors], floor[colors], kept[colors])
        passes = trained[trial.name].card.training["photo_passes"]
        rows.append([colors, passes, f"{one.accuracy.mean():.1%}", *(f"{number:.4f}" for number in numbers)])
    page.table(
        [
            "colors", "photo passes", "right pixels", "cross entropy", "ln K", "distance", "of the nearest color",
            "on its lightness",
        ],
        rows,
    )  # fmt: skip
    page.text(*_explain(answer, floor, kept, distance(np.stack(views.grays), views.rgb)))
    places = figures.spread(len(views), SHOWN - 2)
    columns: dict[str, list[Floats]] = {"gray": [views.grays[place] for place in places]}
    columns |= {f"{colors} colors": _composed(found[trial.name], places) for colors, trial in PALETTES.items()}
    columns["truth"] = [views.rgb[place] for place in places]
    caption = "The same horses in palettes of 8, 16, 24 and 48 colors."
    page.picture("colors", figures.sheet(columns, TILE, pixels=True), caption)
    chosen = [trained[trial.name] for trial in PALETTES.values()]
    page.figure("losses", figures.curves(chosen, ["cross_entropy"]), "Cross entropy in training over photo passes.")


def _explain(
    answer: Mapping[int, float], floor: Mapping[int, float], kept: Mapping[int, float], gray: float
) -> tuple[str, str]:
    """Say what the distances by number of colors mean, and which number is best."""
    best, best_kept = min(answer, key=answer.__getitem__), min(kept, key=kept.__getitem__)
    verb = "closer to" if kept[best_kept] < gray else "no closer to"
    return (
        "Distances are means over all pixels of the test photos, in RGB of 0..1: of the picture composed of palette "
        "colors, of the nearest palette color of every pixel (no network of that palette can do better), and of the "
        "network's chroma on the photo's own lightness. With more colors the palette itself is finer and the right one "
        "is harder to name: shares of right pixels and cross entropies of different palettes cannot be compared, "
        "distances can.",
        f"The composed picture is nearest to the truth with {best} colors ({answer[best]:.4f}; from 8 to 48 colors "
        f"the floor goes from {floor[8]:.4f} to {floor[48]:.4f}, the answer from {answer[8]:.4f} to {answer[48]:.4f}). "
        f"Photos left gray are {gray:.4f} away; on the photo's own lightness the best palette, of {best_kept} colors, "
        f"comes to {kept[best_kept]:.4f}, {verb} the truth than gray.",
    )


def _composed(found: Chosen, places: list[int]) -> list[Floats]:
    return list(found.palette[found.chosen[places]])


def _bars(palette: Floats, true: Floats, given: Floats) -> Figure:
    """Draw the shares of colors as bars in these colors: truth upwards, answers downwards."""
    figure = Figure(figsize=(8, 2.8), layout="constrained")
    panel = figure.subplots()
    places = np.arange(len(palette))
    colors = [tuple(color) for color in palette]
    panel.bar(places, true * 100, color=colors, edgecolor="black", linewidth=0.4)
    panel.bar(places, given * -100, color=colors, edgecolor="black", linewidth=0.4, hatch="//")
    panel.axhline(0, color="black", linewidth=0.8)
    panel.set(ylabel="given   %   true", xticks=places)
    panel.tick_params(axis="x", labelsize=7)
    panel.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    return figure


def _matrix(palette: Floats, confusion: Floats) -> Figure:
    """Draw the confusion matrix, rows adding up to one, with the colors, dark to light, along both sides."""
    figure = Figure(figsize=(6.2, 5.6), layout="constrained")
    panel = figure.subplots()
    count, order = len(palette), np.argsort(rgb_to_lab(palette)[:, 0])
    palette, confusion = palette[order], confusion[np.ix_(order, order)]
    rows = confusion.sum(axis=1, keepdims=True)
    shares = np.divide(confusion, rows, out=np.zeros_like(confusion), where=rows > 0)
    image = panel.imshow(shares, cmap="magma_r", vmin=0, extent=(0, count, count, 0))
    panel.imshow(palette[:, None], extent=(-1.6, -0.3, count, 0))
    panel.imshow(palette[None], extent=(0, count, count + 1.6, count + 0.3))
    panel.set(xlim=(-1.7, count), ylim=(count + 1.7, 0), xticks=[], yticks=[], xlabel="given", ylabel="right")
    figure.colorbar(image, label="share of the row")
    return figure


def _hexadecimal(color: Floats) -> str:
    return "#" + "".join(f"{round(float(value) * 255):02x}" for value in color)


STUDY: Final = Study(
    name="palette24",
    title="Horses in 24 colors",
    question=(
        "A classroom exercise: find 24 colors by k-means, then color horses of 32 x 32 pixels by saying at every pixel "
        "which of them it is. A U-Net with strided and transposed convolutions learns that with pixel-wise cross "
        "entropy. How near does it come, what does it confuse, and how many colors are best?"
    ),
    trials=tuple(PALETTES.values()),
    write=write,
    photos=(UNSEEN,),
)
