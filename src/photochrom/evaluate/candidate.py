"""Scores one candidate's predictions: photo by photo, then as means with intervals and as a set.

What is scored is what the product writes: chroma brought into sRGB with L kept, rounded to 8 bits.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from photochrom.color.colorfulness import colorfulness
from photochrom.color.difference import ciede2000
from photochrom.color.lab import rgb_to_lab
from photochrom.errors import DataError
from photochrom.evaluate.bleeding import loose_gradients
from photochrom.evaluate.color_error import cells, closeness
from photochrom.evaluate.intervals import Interval, bootstrap_interval, bootstrap_of_means
from photochrom.evaluate.measures import Row
from photochrom.evaluate.perceptual import frechet_distance
from photochrom.evaluate.pixel import displayed, match_colorfulness, mse, scale_chroma, ssim
from photochrom.evaluate.recognition import first_answers, hits
from photochrom.evaluate.truth import Truth, in_threads, seen
from photochrom.evaluate.two_sample import two_sample_accuracy

FRECHET_SHARES: Final = (0.60, 1.00)
LEAST_CHROMA: Final = 0.01
"""Below this share of the truth's chroma gradient energy there is nothing that could bleed."""

HIGHEST_PSNR: Final = 100.0
"""What equal photos count as, so that means stay finite."""

Floats = NDArray[np.floating[Any]]
Found = dict[str, tuple[float, Interval | None]]
"""Numbers by the name of their measure, with the interval of those that are means."""


@dataclass(frozen=True, slots=True)
class Scored:
    """A row with what it was made of: values photo by photo (n,) and pictures, uint8 RGB (256, 256, 3)."""

    row: Row
    values: Mapping[str, NDArray[np.float64]]
    pictures: tuple[NDArray[np.uint8], ...]


def score_candidate(name: str, predictions: Sequence[Floats], truth: Truth, share: float | None = None) -> Scored:
    """Score Lab predictions at their own setting (share None) or at a share of the truth's colorfulness.

    Raises DataError where they are not one for each photo, of its size.
    """
    shapes = {lab.shape for lab in predictions} | {lab.shape for lab in truth.lab}
    if len(predictions) != len(truth.lab) or len(shapes) != 1:
        raise DataError(
            f"{name}: {len(predictions)} predictions of shapes {sorted(shapes)}; expected {len(truth.lab)}, one for "
            "each photo that could be read, each of its shape"
        )
    factor = 1.0 if share is None else match_colorfulness(predictions, share * truth.colorfulness)
    measure = partial(_measured, truth, predictions, factor, share is None)
    measured = list(in_threads(measure, range(len(predictions))))
    pictures = tuple(picture for picture, _ in measured)
    values = {key: np.array([found[key] for _, found in measured]) for key in measured[0][1]}
    if share is None:
        values |= _lpips(pictures, truth)
    found: Found = {key: _mean(column) for key, column in values.items() if not key.startswith("_")}
    found |= _ratios(values) | _by_classifier(pictures, truth, share) | _by_inception(pictures, truth, share)
    return Scored(_row(name, share, factor, len(pictures), found), values, pictures)


def _row(name: str, share: float | None, factor: float, photos: int, found: Found) -> Row:
    numbers = {key: value for key, (value, _) in found.items()}
    intervals = {key: interval for key, (_, interval) in found.items() if interval is not None}
    return Row(name=name, share=share, factor=factor, photos=photos, intervals=intervals, **numbers)


def _mean(values: Floats) -> tuple[float, Interval]:
    return float(values.mean()), bootstrap_interval(values)


def _measured(
    truth: Truth, predictions: Sequence[Floats], factor: float, everything: bool, place: int
) -> tuple[NDArray[np.uint8], dict[str, float]]:
    """Return one photo as displayed and its values; those whose names begin with _ are parts of ratios."""
    rgb, lab = truth.rgb[place], truth.lab[place]
    picture = displayed(scale_chroma(predictions[place], factor)).astype(np.float32)
    shown = rgb_to_lab(picture)
    near, weight = closeness(shown, lab), truth.rarity[cells(lab)].astype(np.float64)
    error, colorful = mse(picture, rgb), colorfulness(picture)
    values = {
        "mse": error,
        "psnr": HIGHEST_PSNR if error <= 10 ** (-HIGHEST_PSNR / 10) else float(-10 * np.log10(error)),
        "ciede2000": float(np.mean(ciede2000(shown, lab))),
        "colorfulness": colorful,
        "colorfulness_difference": colorful - colorfulness(rgb),
        "auc": 100 * float(near.mean()),
        "_near": float((weight * near).mean()),
        "_weight": float(weight.mean()),
    }
    if everything:
        values["ssim"] = ssim(picture, rgb)
        values["_loose"], values["_chroma"] = loose_gradients(shown, truth.edges[place])
        values["_true_loose"], values["_true_chroma"] = loose_gradients(lab, truth.edges[place])
    return np.rint(picture * 255).astype(np.uint8), values


def _ratios(values: Mapping[str, Floats]) -> Found:
    """Return the measures that are ratios of means over all photos."""
    found: Found = {}
    for name, (parts, ratio) in _RATIOS.items():
        if all(part in values for part in parts):
            columns = [values[part] for part in parts]
            value = float(ratio(np.array([column.mean() for column in columns])))
            if np.isfinite(value):
                found[name] = value, bootstrap_of_means(columns, ratio)
    return found


def _rebalanced(means: Floats) -> Floats:
    near, weight = means
    return np.asarray(100 * near / weight)


def _bleeding(means: Floats) -> Floats:
    loose, chroma, true_loose, true_chroma = means
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = loose / chroma / (true_loose / true_chroma)
    return np.where(chroma < LEAST_CHROMA * true_chroma, np.nan, ratio)


_RATIOS: Final[dict[str, tuple[tuple[str, ...], Callable[[Floats], Floats]]]] = {
    "auc_rebalanced": (("_near", "_weight"), _rebalanced),
    "bleeding": (("_loose", "_chroma", "_true_loose", "_true_chroma"), _bleeding),
}


def _by_classifier(pictures: Sequence[NDArray[np.uint8]], truth: Truth, share: float | None) -> Found:
    """Return what the classifier sees: Frechet distance, two-sample test, agreement and recognition."""
    eye = truth.eyes.classifier
    if eye is None or truth.features is None or (share is not None and share not in FRECHET_SHARES):
        return {}
    features = seen(eye, pictures)
    found: Found = {"frechet": (frechet_distance(truth.features, features), None)}
    if share is not None:
        return found
    found["two_sample"] = two_sample_accuracy(truth.features, features)
    if eye.scores is not None:
        scores, answers = eye.scores(features), first_answers(eye.scores(truth.features))
        for best in (1, 5):
            found[f"agreement_top{best}"] = _mean(hits(scores, answers, best))
            if truth.labels is not None and any(truth.labels):
                found[f"recognition_top{best}"] = _mean(hits(scores, truth.labels, best))
    return found


def _by_inception(pictures: Sequence[NDArray[np.uint8]], truth: Truth, share: float | None) -> Found:
    """Return the FID."""
    if truth.eyes.inception is None or truth.inception is None or share is not None:
        return {}
    return {"fid": (frechet_distance(truth.inception, seen(truth.eyes.inception, pictures)), None)}


def _lpips(pictures: Sequence[NDArray[np.uint8]], truth: Truth) -> dict[str, NDArray[np.float64]]:
    """Return the LPIPS of each photo, where there is a network for it."""
    if truth.eyes.lpips is None:
        return {}
    found = []
    with torch.inference_mode():
        for picture, rgb in zip(pictures, truth.rgb, strict=True):
            pair = (picture.astype(np.float32) / np.float32(255), rgb)
            first, second = (torch.from_numpy(photo).permute(2, 0, 1)[None].contiguous() for photo in pair)
            found.append(float(truth.eyes.lpips(first, second)))
    return {"lpips": np.array(found)}
