"""Do the cleaning rules find what is no true color? Precision and recall on a made set."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.data.cleaning import judge
from photochrom.evaluate.intervals import bootstrap_interval, bootstrap_of_means
from photochrom.evaluate.truth import Truth
from photochrom.studies import figures
from photochrom.studies.false_color import KINDS
from photochrom.studies.page import Page

SHOWN: Final = 5
TILE: Final = 112

Floats = NDArray[np.floating[Any]]


def cleaning(page: Page, truth: Truth) -> None:
    """Judge made photos of every kind and untouched ones by the cleaning rules."""
    untouched = [np.rint(photo * 255).astype(np.uint8) for photo in truth.rgb]
    made = {
        name: [kind.make(rgb, np.random.default_rng(place)) for place, rgb in enumerate(untouched)]
        for name, kind in KINDS.items()
    }
    alarms = np.array([judge(rgb).reason is not None for rgb in untouched], dtype=np.float64)
    page.text(
        f"Photos in museums and albums may look colored and be no true color. From each of the {len(untouched)} test "
        "photos one of every kind was made; the cleaning rules judged them beside the untouched ones. Recall is the "
        "share of a kind that is rejected, precision the share of true rejections if there were as many of the kind as "
        "untouched photos. The untouched ones were not checked by eye: a false alarm among them may be right."
    )
    rows, recall = [], {}
    for name, photos in made.items():
        reasons = [judge(rgb).reason for rgb in photos]
        caught = np.array([reason is not None for reason in reasons], dtype=np.float64)
        recall[name] = float(caught.mean())
        named = float(np.mean([reason == KINDS[name].reason for reason in reasons]))
        rows.append([name, share(caught), f"{named:.0%}", precision(caught, alarms)])
    page.table(["kind", "recall", "rejected for the right reason", "precision"], rows)
    page.text(_verdict(recall, alarms))
    columns: dict[str, Sequence[Floats]] = {"true": list(truth.rgb)}
    columns |= {name: [rgb.astype(np.float32) / 255 for rgb in photos] for name, photos in made.items()}
    places = figures.spread(len(untouched), SHOWN)
    shown_columns = {name: [photos[place] for place in places] for name, photos in columns.items()}
    page.picture("made", figures.sheet(shown_columns, TILE), "Made photos of every kind, at even distances.")


def _verdict(recall: Mapping[str, float], alarms: Floats) -> str:
    """Say which kinds the rules find and which they miss."""
    found = [f"{name} ({value:.0%})" for name, value in recall.items() if value >= 0.9]
    missed = [f"{name} ({value:.0%})" for name, value in recall.items() if value < 0.5]
    return (
        f"Nine in ten or more are found of: {', '.join(found) or 'no kind'}. Fewer than half are found of: "
        f"{', '.join(missed) or 'no kind'}. Of the untouched photos {alarms.mean():.1%} are rejected."
    )


def share(hits: Floats) -> str:
    """Return a share of photos with its interval, as text."""
    low, high = bootstrap_interval(hits)
    return f"{hits.mean():.0%} ({low:.0%}..{high:.0%})"


def precision(caught: Floats, alarms: Floats) -> str:
    """Return the share of true rejections, with its interval, among equally many photos to reject and to keep."""

    def ratio(means: Floats) -> Floats:
        with np.errstate(invalid="ignore"):
            return np.asarray(means[0] / (means[0] + means[1]))

    if not caught.any() and not alarms.any():
        return "nothing rejected"
    low, high = bootstrap_of_means([caught, alarms], ratio)
    value = float(ratio(np.array([caught.mean(), alarms.mean()])))
    return f"{value:.0%} ({low:.0%}..{high:.0%})"
