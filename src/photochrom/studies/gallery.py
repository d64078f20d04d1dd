"""Every model's great, bad, confusing and bleeding results, historic photos, and photos that are no true color."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.colorfulness import colorfulness
from photochrom.data.augment import centered
from photochrom.data.catalog import list_entries, read_bytes
from photochrom.errors import PhotoError
from photochrom.evaluate.candidate import Scored, score_candidate
from photochrom.evaluate.intervals import bootstrap_interval
from photochrom.evaluate.measures import shown
from photochrom.evaluate.truth import Truth, colorized, gray, seen
from photochrom.evaluate.two_sample import FOLDS
from photochrom.photo import Photo
from photochrom.studies import figures
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.page import Page
from photochrom.studies.rejections import cleaning
from photochrom.studies.study import Study
from photochrom.studies.trial import Trained
from photochrom.studies.trials import FAMILIES, with_shipped

PHOTOS: Final = Selection("test", limit=96)
EACH: Final = 3
HISTORIC: Final = 8
TILE: Final = 96
SIDE: Final = 256
ENOUGH_CHROMA: Final = 0.25
"""The share of the truth's chroma gradient energy from which on a result's bleeding can be seen."""

PENALTY: Final = 0.01

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Results:
    """One model's results on photos: ``scored`` at its own setting, ``left_gray`` the same photos without color.

    ``real`` is the probability, photo by photo, at which the two-sample classifier takes the result for a true photo.
    """

    scored: Scored
    left_gray: Scored
    real: Floats

    @cached_property
    def gain(self) -> Floats:
        """How much nearer to the truth the result is than the gray photo, CIEDE2000, below 0 where it is farther."""
        return np.asarray(self.left_gray.values["ciede2000"] - self.scored.values["ciede2000"])

    @cached_property
    def bleeding(self) -> Floats:
        """The result's loose share of chroma gradient energy over the truth's; -inf where there is too little color."""
        values = self.scored.values
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = (values["_loose"] / values["_chroma"]) / (values["_true_loose"] / values["_true_chroma"])
        visible = np.isfinite(ratio) & (values["_chroma"] >= ENOUGH_CHROMA * values["_true_chroma"])
        return np.where(visible, ratio, -np.inf)

    @cached_property
    def confusing(self) -> Floats:
        """The probability ``real`` of photos farther from the truth than this model's median; -inf for the others."""
        far = self.scored.values["ciede2000"]
        return np.where(far >= np.median(far), self.real, -np.inf)


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    truth, models = laboratory.truth(PHOTOS), with_shipped(trained)
    left_gray = score_candidate("gray", gray(truth), truth)
    found: dict[str, Results] = {}
    for number, (name, model) in enumerate(models.items()):
        laboratory.report("looking for results", number / len(models))
        scored = score_candidate(name, colorized(model.colorizer, truth), truth)
        found[name] = Results(scored, left_gray, _taken_for_real(truth, scored))
    _tell_measures(page, len(truth.rgb))
    _compare(page, found)
    for name, results in found.items():
        page.heading(name)
        _show(page, name, results, truth)
    page.heading("Historic photos")
    _historic(laboratory, page, models, found)
    page.heading("Photos that are not true color")
    cleaning(page, truth)


def _tell_measures(page: Page, photos: int) -> None:
    page.heading("How the photos were found")
    page.text(
        f"Every model colorized the same {photos} test photos, at its own setting. No photo was chosen by hand; each "
        "model's are the first of an order:",
        "* **great** and **bad**: the highest and the lowest gain, which is the photo's CIEDE2000 from the truth when "
        "it is left gray less that of the result (in the headings);\n"
        "* **real**: confusing ones, as likely as the truth. Among the half of the photos that is farther from the "
        "truth, those that a classifier takes for real with the highest probability (in the headings). It is logistic "
        f"regression on MobileNetV2's features of results and true photos, in {FOLDS} parts, never asked about a "
        "photo it was trained on;\n"
        "* **bleed**: the highest share of color change where the lightness has no edge, over the truth's share (in "
        f"the headings), where the result has at least {ENOUGH_CHROMA:.0%} of the truth's color change at all.",
        "Rows are gray, result and truth.",
    )


def _compare(page: Page, found: Mapping[str, Results]) -> None:
    """Write how often results are nearer to the truth than gray, and by how much."""
    rows = []
    for name, results in found.items():
        low, high = bootstrap_interval(results.gain)
        better = float((results.gain > 0).mean())
        mean = float(results.gain.mean())
        told = (shown(results.scored.row, measure) for measure in ("colorfulness", "two_sample", "bleeding"))
        rows.append([name, f"{better:.0%}", f"{mean:+.2f} ({low:+.2f}..{high:+.2f})", *told])
    columns = ["model", "photos nearer than gray", "mean gain", "colorfulness", "told apart %", "bleeding"]
    page.table(columns, rows)
    share = {name: float((results.gain > 0).mean()) for name, results in found.items()}
    most, least = max(share, key=share.__getitem__), min(share, key=share.__getitem__)
    page.text(
        f"A result is nearer to the truth than the gray photo most often from {most} ({share[most]:.0%} of the photos) "
        f"and least often from {least} ({share[least]:.0%})."
    )


def _show(page: Page, name: str, results: Results, truth: Truth) -> None:
    """Draw a model's photos of each kind: columns of gray, result and truth."""
    columns: dict[str, list[Floats]] = {}
    for label, order, form in (
        ("great", results.gain, "+.1f"),
        ("bad", -results.gain, "+.1f"),
        ("real", results.confusing, ".0%"),
        ("bleed", results.bleeding, ".1f"),
    ):
        for number, place in enumerate(first(order, EACH), start=1):
            value = -order[place] if label == "bad" else order[place]
            columns[f"{label} {number}: {value:{form}}"] = [
                np.asarray(picture, dtype=np.float32) / 255
                for picture in (results.left_gray.pictures[place], results.scored.pictures[place])
            ] + [truth.rgb[place]]
    caption = f"{name}: great, bad, confusing and bleeding results; gray, result, truth."
    page.picture(name, figures.sheet(columns, TILE), caption)
    none = [] if np.isfinite(results.bleeding).any() else ["no photo with enough color to bleed"]
    worst = results.gain.min()
    said = [
        f"Its best photo gains {results.gain.max():.1f}",
        f"its worst {'loses' if worst < 0 else 'gains'} {abs(worst):.1f}",
    ]
    page.text("; ".join([*said, *none]) + ".")


def first(order: Floats, count: int) -> list[int]:
    """Return the places of up to ``count`` highest finite values, highest first; equal ones in their order."""
    places = np.argsort(-order, kind="stable")[:count]
    return [int(place) for place in places if np.isfinite(order[place])]


def _taken_for_real(truth: Truth, scored: Scored) -> Floats:
    eye = truth.eyes.classifier
    assert eye is not None, "the study names the classifier among its backbones"
    assert truth.features is not None
    pictures = [picture.astype(np.float32) / np.float32(255) for picture in scored.pictures]
    return taken_for_real(truth.features, seen(eye, pictures))


def taken_for_real(real: Floats, results: Floats, seed: int = 0) -> Floats:
    """Return the probability that each of n results is a true photo: features (n, d) of both, row i of one photo.

    Cross-validated as :func:`photochrom.evaluate.two_sample.two_sample_accuracy` is.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    part_of = np.random.default_rng(seed).permutation(len(real)) % min(FOLDS, len(real))
    found = np.zeros(len(real))
    for part in np.unique(part_of):
        asked = part_of == part
        model = make_pipeline(StandardScaler(), LogisticRegression(C=PENALTY, max_iter=300))
        kinds = np.repeat([1, 0], (~asked).sum())
        model.fit(np.concatenate([real[~asked], results[~asked]]), kinds)
        found[asked] = model.predict_proba(results[asked])[:, 1]
    return found


def _historic(laboratory: Laboratory, page: Page, models: Mapping[str, Trained], found: Mapping[str, Results]) -> None:
    """Show historic photos as every model colors them, and how colorful it dares to be there."""
    photos = _open_historic(laboratory)
    columns = {"historic": [square(photo.to_array()) for photo in photos]}
    for number, (name, model) in enumerate(models.items()):
        laboratory.report("historic photos", number / len(models))
        columns[name] = [square(model.colorizer.colorize(photo).to_array()) for photo in photos]
    page.picture("historic", figures.sheet(columns, TILE), f"{len(photos)} historic photos at even distances.")
    rows = []
    for name, results in found.items():
        old, new = float(np.mean([colorfulness(rgb) for rgb in columns[name]])), results.scored.row.colorfulness
        rows.append([name, f"{old:.1f}", f"{new:.1f}", f"{old - new:+.1f}"])
    page.table(["model", "colorfulness, historic", "colorfulness, test", "difference"], rows)
    timid = sum(float(str(row[3])) < 0 for row in rows)
    page.text(
        f"There is no truth to compare with. {timid} of {len(rows)} models are less colorful on these historic photos "
        "than on the test photos, the others as colorful or more. Both sets show other things, so that the difference "
        "is not due to age alone."
    )


def _open_historic(laboratory: Laboratory) -> list[Photo]:
    """Return historic photos at even distances; those that cannot be opened are passed over."""
    assert laboratory.legacy is not None, "run_study makes sure of it"
    entries = list_entries([str(laboratory.legacy)])
    photos = []
    for place in figures.spread(len(entries), HISTORIC):
        try:
            photos.append(Photo.open(read_bytes(entries[place])))
        except PhotoError:
            continue
    return photos


def square(pixels: NDArray[Any]) -> Floats:
    """Return the center square of a photo, uint8 or uint16 (H, W) or (H, W, 1 to 4), as RGB (256, 256, 3) in 0..1."""
    levels = pixels if pixels.ndim == 3 else pixels[..., None]
    rgb = np.repeat(levels[..., :1], 3, axis=-1) if levels.shape[-1] < 3 else levels[..., :3]
    eight = rgb if rgb.dtype == np.uint8 else (rgb / 257 + 0.5).astype(np.uint8)
    return centered(np.ascontiguousarray(eight), SIDE).astype(np.float32) / np.float32(255)


STUDY: Final = Study(
    name="gallery",
    title="Gallery: every model's best, worst and strangest",
    question=(
        "What do the models do well, what do they do badly, where are they wrong and nobody would know, and where does "
        "color run over the edges? And what do they make of photos that never had color?"
    ),
    trials=FAMILIES,
    write=write,
    backbones=("mobilenet_v2",),
    legacy=True,
    photos=(PHOTOS,),
)
