"""Scores models on true color photos, beside gray and the mean color.

Accuracy and colorfulness are a trade-off, so every candidate is scored at its own setting and again at equal
colorfulness: one factor on all chroma makes the mean signed Hasler-Suesstrunk colorfulness a share of the truth's. The
protocol of photos and models is that of :mod:`photochrom.evaluate.truth`, what is measured that of
:mod:`photochrom.evaluate.candidate`.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.colorizer import Colorizer
from photochrom.data.catalog import Entry
from photochrom.errors import OptionError
from photochrom.evaluate.candidate import Scored, score_candidate
from photochrom.evaluate.intervals import Interval, bootstrap_interval
from photochrom.evaluate.measures import Row
from photochrom.evaluate.options import Options
from photochrom.evaluate.pixel import TooPale
from photochrom.evaluate.recognition import hits
from photochrom.evaluate.speed import measure_speed
from photochrom.evaluate.stability import size_differences
from photochrom.evaluate.truth import BASELINES, SIZE, Progress, Truth, colorized, load_truth

SHARES: Final = (0.15, 0.30, 0.60, 1.00)

Floats = NDArray[np.floating[Any]]
Candidate = Colorizer | str | Path | list[Floats]
"""A loaded model, a model's name or file, or its finished predictions: Lab (256, 256, 3) for each photo of a Truth."""


@dataclass(frozen=True, slots=True)
class Scores:
    """All rows, what a reader must know to compare them (``about``), and each candidate at its own setting."""

    about: Mapping[str, Any]
    rows: tuple[Row, ...]
    truth: Truth
    candidates: Mapping[str, Scored]


def name_models(models: Sequence[str | Path]) -> dict[str, str | Path]:
    """Return models by the stem of their file, or by their whole path where stems are alike."""
    stems = [Path(model).stem for model in models]
    return {stem if stems.count(stem) == 1 else str(model): model for stem, model in zip(stems, models, strict=True)}


def score_models(
    models: Mapping[str, Candidate],
    photos: Sequence[Entry] | Truth,
    options: Options | None = None,
    progress: Progress = lambda share: None,
) -> Scores:
    """Score models, beside the baselines, at their own setting and at :data:`SHARES` of the truth's colorfulness.

    ``photos`` are entries, or a Truth loaded before (predictions made for it can be given as a candidate). Speed and
    memory are measured of models given by name or file, size stability of all that are no finished predictions;
    ``progress`` is called with 0..1. A model that is too pale for a share has no row of it. Raises DataError for photos
    or predictions that cannot be used, OptionError for a model called like a baseline.
    """
    options = options or Options()
    taken = sorted(set(models) & set(BASELINES))
    if taken:
        raise OptionError(f"a model is called {taken[0]!r}, as a baseline is; give it another name")
    loaded = {name: Colorizer(model) if isinstance(model, str | Path) else model for name, model in models.items()}
    truth = photos if isinstance(photos, Truth) else load_truth(photos, options)
    steps = _Steps(progress, 1 + len(BASELINES) + len(models) * (len(SHARES) + 3))
    steps.done()
    rows: list[Row] = []
    candidates: dict[str, Scored] = {}
    for name, baseline in BASELINES.items():
        candidates[name] = score_candidate(name, baseline(truth), truth)
        rows.append(candidates[name].row)
        steps.done()
    for name, model in loaded.items():
        predictions = model if isinstance(model, list) else colorized(model, truth)
        steps.done()
        own = score_candidate(name, predictions, truth)
        steps.done()
        candidates[name] = replace(own, row=_with_size_and_speed(own.row, models[name], model, truth, options))
        rows.append(candidates[name].row)
        steps.done()
        for share in SHARES:
            with suppress(TooPale):  # a model that hardly colors has no such row
                rows.append(score_candidate(name, predictions, truth, share).row)
            steps.done()
    return Scores(describe(truth, loaded), tuple(rows), truth, candidates)


def describe(truth: Truth, models: Mapping[str, Colorizer | list[Floats]]) -> dict[str, Any]:
    """Return what a reader must know to compare these numbers with others."""
    eyes = truth.eyes
    return {
        "photos": len(truth.rgb),
        "unread": truth.unread,
        "crop": f"{SIZE} px center squares of photos scaled to a short side of {SIZE} px",
        "colorfulness_of_truth": truth.colorfulness,
        "mean_color": "the mean chroma of the evaluated photos themselves, which no model may know",
        "rebalancing": "color probabilities estimated from the evaluated photos themselves",
        "frechet_features": eyes.classifier.name if eyes.classifier else None,
        "fid_features": eyes.inception.name if eyes.inception else None,
        "lpips": "LPIPS 0.1, AlexNet" if eyes.lpips else None,
        "labeled_photos": sum(right is not None for right in truth.labels or ()),
        "recognition_of_truth": _recognition_of_truth(truth),
        "cores": os.cpu_count(),
        "models": {
            name: {"decode": asdict(model.card.decode)} for name, model in models.items() if not isinstance(model, list)
        },
    }


def _recognition_of_truth(truth: Truth) -> dict[str, float] | None:
    """Return the recognition rate on the true photos, where there are labels."""
    eye = truth.eyes.classifier
    if eye is None or eye.scores is None or truth.features is None or truth.labels is None or not any(truth.labels):
        return None
    scores = eye.scores(truth.features)
    return {f"top{best}": float(hits(scores, truth.labels, best).mean()) for best in (1, 5)}


def _with_size_and_speed(
    row: Row, given: Candidate, model: Colorizer | list[Floats], truth: Truth, options: Options
) -> Row:
    """Add to a model's row how its colors depend on the photo's size, how fast it is and what memory it takes."""
    found: dict[str, Any] = {}
    intervals: dict[str, Interval] = {}
    if not isinstance(model, list):
        for size, values in size_differences(model, truth.rgb).items():
            found[f"stability_{size}"] = float(np.mean(values))
            intervals[f"stability_{size}"] = bootstrap_interval(values)
    if not options.skip_speed and isinstance(given, str | Path):
        found |= asdict(measure_speed(given, truth.grays))
    return replace(row, **found, intervals={**row.intervals, **intervals})


class _Steps:
    """Counts what is done."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total, self.count = progress, total, 0

    def done(self, steps: int = 1) -> None:
        self.count += steps
        self.progress(self.count / self.total)
