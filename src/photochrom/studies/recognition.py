"""Are colorized photos useful to others, and what did the networks learn? A classifier's view, and linear probes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.data.catalog import decode
from photochrom.evaluate.eyes import Eye
from photochrom.evaluate.intervals import Interval, bootstrap_interval, bootstrap_of_means
from photochrom.evaluate.pixel import displayed
from photochrom.evaluate.recognition import IMAGENETTE, Classes, first_answers, hits
from photochrom.evaluate.truth import Truth, colorized, gray, load_truth, seen
from photochrom.studies import figures
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import MANIFEST, Selection
from photochrom.studies.page import Page
from photochrom.studies.probe import features, load_network, probe, untrained
from photochrom.studies.study import Study
from photochrom.studies.trial import Trained
from photochrom.studies.trials import FAMILIES, RESNET18_SCRATCH, SHIPPED, with_shipped

CLASSES: Final = tuple(IMAGENETTE)
LABELED: Final = Selection("train", labels=CLASSES, held_out=True)
PLAIN: Final = Selection("test", limit=96)
LEARNED_FROM: Final = Selection("train", labels=CLASSES, limit=600, held_out=False)
EXAMPLES: Final = 4
TILE: Final = 108
CLASS_NAMES: Final = "imagenet_labels.txt"
TRUE, GRAY = "true", "gray"

Floats = NDArray[np.floating[Any]]
Views = dict[str, Floats]
"""The classifier's scores (n, K) of the same n photos as each model shows them, and true and gray."""


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    models = with_shipped(trained)
    options = replace(laboratory.options(), labels=laboratory.library.folder / MANIFEST)
    labeled, plain = load_truth(laboratory.library.select(LABELED), options), laboratory.truth(PLAIN)
    seen_labeled, seen_plain = (_look(laboratory, models, truth) for truth in (labeled, plain))
    assert labeled.labels is not None
    page.heading("Recognition: photos with labels")
    _recognition(page, seen_labeled, labeled.labels)
    page.heading("Agreement: test photos, no labels needed")
    _agreement(page, seen_plain)
    page.heading("Top five answers for some photos")
    _examples(laboratory, page, models, labeled, seen_labeled)
    page.heading("What the encoders learned")
    _probes(laboratory, page, models)


def _look(laboratory: Laboratory, models: Mapping[str, Trained], truth: Truth) -> Views:
    """Show the classifier every version of the photos."""
    eye = truth.eyes.classifier
    assert eye is not None, "the study names the classifier among its backbones"
    views = {TRUE: _scores(eye, truth.rgb), GRAY: _scores(eye, [displayed(lab) for lab in gray(truth)])}
    for number, (name, model) in enumerate(models.items()):
        laboratory.report("recognizing", number / len(models))
        views[name] = _scores(eye, [displayed(lab) for lab in colorized(model.colorizer, truth)])
    return views


def _scores(eye: Eye, photos: Sequence[Floats]) -> Floats:
    assert eye.scores is not None
    return eye.scores(seen(eye, [photo.astype(np.float32) for photo in photos]))


def _recognition(page: Page, views: Views, labels: Sequence[Classes | None]) -> None:
    """Write how often labels are recognized, and how much of the gap between gray and true is closed."""
    top1 = {name: hits(scores, labels, 1) for name, scores in views.items()}
    top5 = {name: hits(scores, labels, 5) for name, scores in views.items()}
    page.text(
        f"{len(top1[TRUE])} Imagenette photos (ten classes of ImageNet) that are held out of the training of all "
        f"trials. The {SHIPPED} model alone was trained on all training photos, these among them: its colors here are "
        "no fair test. The classifier is MobileNetV2, trained on ImageNet in color, perhaps on some of these photos; a "
        "ResNet-50 classifier is not available here. The gap closed is (colorized - gray) / (true - gray). In "
        "brackets: 95% bootstrap intervals over photos."
    )
    columns = ["photos", "top-1 %", "top-5 %", "gap closed, top-1", "gap closed, top-5"]
    page.table(columns, [[name, *_cells(name, top1, top5)] for name in views])
    page.text(
        cost_of_gray(top1), *ranking(top1),
        "Published for comparison, a VGG network on recolored ImageNet: 68.3% on true photos, 52.7% on gray ones, "
        "56.0% on those of Zhang et al. 2016.",
    )  # fmt: skip


def _agreement(page: Page, views: Views) -> None:
    """Write how often the classifier's first answer for the true photo is found again."""
    answers = first_answers(views[TRUE])
    top1 = {name: hits(scores, answers, 1) for name, scores in views.items()}
    top5 = {name: hits(scores, answers, 5) for name, scores in views.items()}
    page.text(
        f"{len(answers)} test photos, on which nothing was trained. They have no labels: what counts is the "
        "classifier's own first answer for the true photo, right or wrong."
    )
    columns = ["photos", "same first answer %", "… among first five %", "gap closed, first", "gap closed, five"]
    page.table(columns, [[name, *_cells(name, top1, top5)] for name in views])
    page.text(cost_of_gray(top1), *ranking(top1))


def _cells(name: str, top1: Mapping[str, Floats], top5: Mapping[str, Floats]) -> list[str]:
    """Return shares and gaps of one row as text; true and gray have no gap to close."""
    cells = [percent(column[name]) for column in (top1, top5)]
    if name in (TRUE, GRAY):
        return [*cells, "", ""]
    return cells + [gap_text(column[name], column[GRAY], column[TRUE]) for column in (top1, top5)]


def percent(values: Floats) -> str:
    """Return the mean of 0 and 1 in percent, with its interval."""
    low, high = bootstrap_interval(values)
    return f"{100 * values.mean():.1f} ({100 * low:.1f}..{100 * high:.1f})"


def gap_closed(colorized: Floats, gray: Floats, true: Floats) -> tuple[float, Interval] | None:
    """Return (colorized - gray) / (true - gray) of means over photos with its interval; None without a gap."""

    def ratio(means: Floats) -> Floats:
        gap = means[2] - means[1]
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.asarray(np.where(gap > 0, (means[0] - means[1]) / gap, np.nan))

    value = float(ratio(np.array([colorized.mean(), gray.mean(), true.mean()])))
    return (value, bootstrap_of_means([colorized, gray, true], ratio)) if np.isfinite(value) else None


def gap_text(colorized: Floats, gray: Floats, true: Floats) -> str:
    """Return the gap closed as text."""
    found = gap_closed(colorized, gray, true)
    if found is None:
        return "no gap"
    value, (low, high) = found
    return f"{value:.0%} ({low:.0%}..{high:.0%})"


def cost_of_gray(top1: Mapping[str, Floats]) -> str:
    """Say in a sentence what the classifier loses without color, and whether so few photos can tell."""
    lost = top1[TRUE] - top1[GRAY]
    low, high = bootstrap_interval(lost)
    sure = "which is more than luck" if low > 0 else "which so few photos cannot tell from nothing"
    return (
        f"Without color the classifier loses {100 * lost.mean():.1f} points of its first answers "
        f"({100 * low:.1f}..{100 * high:.1f}), {sure}."
    )


def ranking(top1: Mapping[str, Floats]) -> list[str]:
    """Say in sentences which models help, which harm, and which are best, by differences photo by photo."""
    models = [name for name in top1 if name not in (TRUE, GRAY)]
    ends = {name: bootstrap_interval(top1[name] - top1[GRAY]) for name in models}
    helping = [name for name in models if ends[name][0] > 0]
    harming = [name for name in models if ends[name][1] < 0]
    best = max(models, key=lambda name: float(top1[name].mean()))
    return [
        f"Best is {best} with {percent(top1[best])}%. Compared photo by photo with gray, color helps (interval "
        f"above 0): {', '.join(helping) or 'no model'}; it harms (below 0): {', '.join(harming) or 'no model'}."
    ]


def _examples(laboratory: Laboratory, page: Page, models: Mapping[str, Trained], truth: Truth, views: Views) -> None:
    """Show photos, and the first five answers for each version of them."""
    assert truth.labels is not None
    names = _class_names(laboratory)
    places, rule = choose_examples(views, truth.labels)
    page.text(f"Photos at even distances among those {rule}. In brackets: the classifier's probability.")
    pictures = figures.results(models, truth, places)
    page.picture("examples", figures.sheet(pictures, TILE), "The photos whose answers follow, from top to bottom.")
    for number, place in enumerate(places, start=1):
        right = truth.labels[place] or frozenset()
        page.text(f"**Photo {number}**, {', '.join(names(index) for index in sorted(right)) or 'no label'}:")
        rows = [[name, *_first_five(scores[place], names)] for name, scores in views.items()]
        page.table(["photo", "first", "second", "third", "fourth", "fifth"], rows)


def choose_examples(views: Views, labels: Sequence[Classes | None]) -> tuple[list[int], str]:
    """Return the places of some photos and the rule: right in color and wrong in gray where there are such photos."""
    rights = [label or frozenset() for label in labels]
    right_true, right_gray = (hits(views[name], rights, 1) > 0 for name in (TRUE, GRAY))
    lost = np.flatnonzero(right_true & ~right_gray)
    if len(lost):
        return [int(lost[place]) for place in figures.spread(len(lost), EXAMPLES)], (
            f"({len(lost)}) that the classifier recognizes in true color and not in gray"
        )
    return figures.spread(len(labels), EXAMPLES), "with labels; none is recognized in true color only"


def _class_names(laboratory: Laboratory) -> Any:
    """Return a function from a class's number to its name, where the names lie beside the weights."""
    path = (laboratory.backbones or Path()) / CLASS_NAMES
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return lambda index: lines[index].partition(",")[0] if index < len(lines) else f"class {index}"


def _first_five(scores_K: Floats, names: Any) -> list[str]:
    shares = np.exp(scores_K - scores_K.max())
    shares = shares / shares.sum()
    return [f"{names(int(index))} ({shares[index]:.0%})" for index in np.argsort(-scores_K, kind="stable")[:5]]


@dataclass(frozen=True)
class Probed:
    """What linear probes found of a network: right (1) or wrong (0) photo by photo, trained and with random weights."""

    name: str
    encoder: str | None
    trained: Floats
    random: Floats
    width: int

    @property
    def lead(self) -> Interval:
        """The interval of the difference trained less random."""
        return bootstrap_interval(self.trained - self.random)


def _probes(laboratory: Laboratory, page: Page, models: Mapping[str, Trained]) -> None:
    """Compare linear probes of trained networks with those of random ones."""
    library = laboratory.library
    known, asked = library.select(LEARNED_FROM), library.select(LABELED)
    photos = [decode(entry) for entry in (*known, *asked)]
    labels, split = library.labels([*known, *asked]), len(known)
    found = []
    for number, (name, model) in enumerate(models.items()):
        laboratory.report("probing", number / len(models))
        recipe = model.trial.recipe
        networks = (load_network(recipe, model.model), untrained(recipe, model.model, photos[:split]))
        columns = [features(network, photos, recipe.stages[-1].size) for network in networks]
        learned, random = (probe((rows[:split], labels[:split]), (rows[split:], labels[split:])) for rows in columns)
        found.append(Probed(name, model.trial.encoder, learned, random, columns[0].shape[1]))
    page.text(
        f"A linear classifier of the ten classes on frozen features of gray photos: {split} photos to learn from, the "
        f"{len(asked)} held-out ones to be asked about. Features are the answer of the last convolution at the "
        "network's smallest resolution, averaged over the photo. Logistic regression on scaled features, the same for "
        f"all. Guessing is right for about {100 / len(CLASSES):.0f}%. The random networks have the same shape, and "
        "batch norm with the statistics of these photos. An encoder that starts from ImageNet weights was told these "
        "very classes before it learned color: only those from random weights show what color teaches."
    )
    rows = [[one.name, one.encoder or "random weights", one.width, percent(one.trained), percent(one.random),
             f"{100 * (one.trained - one.random).mean():+.1f} ({100 * one.lead[0]:+.1f}..{100 * one.lead[1]:+.1f})"]
            for one in found]  # fmt: skip
    page.table(["network", "starts from", "features", "trained %", "random %", "difference"], rows)
    page.text(probe_verdict(found))


def probe_verdict(found: Sequence[Probed]) -> str:
    """Say which networks learned what things are from color alone."""
    alone = [one for one in found if one.encoder is None]
    learned = [one.name for one in alone if one.lead[0] > 0]
    worse = [one.name for one in alone if one.lead[1] < 0]
    told = f"Of {len(alone)} networks from random weights {len(learned)} know the classes surely better after training"
    told += f": {', '.join(learned)}" if learned else ""
    told += f"; surely worse: {', '.join(worse)}" if worse else ""
    best = max(found, key=lambda one: float(one.trained.mean()))
    return f"{told}. The best features of all has {best.name} ({percent(best.trained)}%)."


STUDY: Final = Study(
    name="recognition",
    title="Are colorized photos useful to others?",
    question=(
        "A classifier that was trained on color photos knows less of gray ones. Does made-up color help it? And do "
        "networks that learn to color learn what things are?"
    ),
    trials=(*FAMILIES, RESNET18_SCRATCH),
    write=write,
    backbones=("mobilenet_v2",),
    photos=(LABELED, PLAIN, LEARNED_FROM),
)
