"""Why regression goes gray: a plain network with a squared error, in RGB and in Lab, and a made-up pair of photos.

Shapes: P places.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.evaluate.truth import colorized
from photochrom.studies import figures
from photochrom.studies.laboratory import Laboratory
from photochrom.studies.library import Selection
from photochrom.studies.made_up_pair import PAIR, PAIR_BINS, PAIR_REGRESSION, SIDE, prepare, write_pair
from photochrom.studies.page import Page
from photochrom.studies.study import Study
from photochrom.studies.tables import scored
from photochrom.studies.trial import Trained
from photochrom.studies.trials import REGRESSION_LAB, REGRESSION_RGB
from photochrom.studies.views import view

Floats = NDArray[np.floating[Any]]

PHOTOS: Final = Selection("test", limit=64)
SHOWN: Final = 8
CHROMAS: Final = (0.0, 5.0, 15.0, 30.0, 200.0)
"""Borders of the classes that true colors are sorted into, by their chroma in Lab units."""


def write(laboratory: Laboratory, page: Page, trained: Mapping[str, Trained]) -> None:
    """Write the page."""
    photos = {name: trained[name] for name in (REGRESSION_RGB.name, REGRESSION_LAB.name)}
    page.heading("In RGB and in Lab")
    _photos(laboratory, page, photos)
    page.heading("How much of a color arrives")
    _arriving(laboratory, page, photos)
    page.heading("Two things of one lightness: orange and light green")
    write_pair(page, trained, view(laboratory.library.select(PAIR), SIDE, 2))


def _photos(laboratory: Laboratory, page: Page, models: Mapping[str, Trained]) -> None:
    """Score both networks on real photos."""
    scores = laboratory.score(models, PHOTOS)
    scored(page, scores, ("colorfulness", "psnr", "ciede2000", "auc"), (None, 0.6))
    own = {row.name: row for row in scores.rows if row.share is None}
    truth = scores.truth.colorfulness
    best = max(models, key=lambda name: own[name].psnr)
    above = "above" if own[best].psnr > own["gray"].psnr else "not above"
    shares = " and ".join(f"{own[name].colorfulness / truth:.0%} ({name})" for name in models)
    page.text(
        f"At their own setting they show {shares} of the truth's colorfulness. {best} has the higher PSNR, "
        f"{own[best].psnr:.2f} dB, {above} that of photos left gray ({own['gray'].psnr:.2f} dB)."
    )
    truth_photos = laboratory.truth(PHOTOS)
    places = figures.spread(len(truth_photos.rgb), SHOWN)
    page.picture(
        "sheet", figures.sheet(figures.results(models, truth_photos, places)), "Test photos at even distances."
    )
    rows = [[name, one.last("l2"), one.last("l2", "check")] for name, one in models.items()]
    page.table(["network", "training loss", "loss on validation photos"], rows)
    page.text(
        "The losses are mean squared errors of a and b / 110 in Lab and of RGB from -1 to 1, so that the two cannot be "
        "compared with each other. Published for such a network, in a scale that is not told: 0.0017 in training, "
        "0.0035 in validation.",
    )
    page.figure("losses", figures.curves(models.values(), ["l2"], log=True), "Training loss over photo passes.")


@dataclass(frozen=True, slots=True)
class Arrived:
    """For true colors of one class of chroma: their share of all pixels, mean chroma, and what was answered.

    ``along`` is the answer's mean length along the true hue: negative where the opposite hue was answered.
    """

    share: float
    true: float
    answered: float
    along: float


def arrived(answered_P2: Floats, true_P2: Floats) -> list[Arrived]:
    """Sort places by the chroma of their true ab into :data:`CHROMAS` and say what was answered there."""
    true, answered = np.hypot(*true_P2.T), np.hypot(*answered_P2.T)
    along = (answered_P2 * true_P2).sum(axis=1) / np.maximum(true, 1e-6)
    found = []
    for low, high in pairwise(CHROMAS):
        here = (true >= low) & (true < high)
        if here.any():
            means = (float(values[here].mean()) for values in (true, answered, along))
            found.append(Arrived(float(here.mean()), *means))
    return found


def _arriving(laboratory: Laboratory, page: Page, models: Mapping[str, Trained]) -> None:
    """Tell for pale and vivid true colors how much chroma is answered."""
    truth = laboratory.truth(PHOTOS)
    true = _places(truth.lab)
    found = {name: arrived(_places(colorized(one.colorizer, truth)), true) for name, one in models.items()}
    first = next(iter(found.values()))
    rows = []
    for place, about in enumerate(first):
        numbers = (f"{value:.1f}" for one in found.values() for value in (one[place].answered, one[place].along))
        rows.append([f"{about.true:.1f}", f"{about.share:.0%}", *numbers])
    columns = [text for name in models for text in (f"{name}: chroma", "along the true hue")]
    page.table(["mean true chroma", "pixels", *columns], rows)
    vivid = " and ".join(f"{one[-1].along / one[-1].true:.0%} ({name})" for name, one in found.items())
    page.text(
        f"Of the most vivid true colors {vivid} arrive, measured along their own hue. The squared error is smallest at "
        "the mean of all colors that a place could have: a shirt that may be red, green or blue is answered with what "
        "lies between them, gray. So the error itself asks for pale colors wherever lightness and shape do not tell "
        "the color; no longer training and no larger network changes that, only another question does."
    )


def _places(labs: Sequence[Floats], step: int = 4) -> Floats:
    """Return a and b (P, 2) of every fourth pixel of every fourth row."""
    return np.concatenate([lab[::step, ::step, 1:].reshape(-1, 2) for lab in labs])


STUDY: Final = Study(
    name="regression_cnn",
    title="Why regression goes gray",
    question=(
        "The first tutorials color photos with a plain convolution-deconvolution network and a mean squared error, in "
        "RGB or in Lab. Their photos come out pale and brownish. Is it the network, the color space, or the question?"
    ),
    trials=(REGRESSION_RGB, REGRESSION_LAB, PAIR_REGRESSION, PAIR_BINS),
    write=write,
    photos=(PHOTOS,),
    prepare=prepare,
)
