"""Scores models on true color photos, beside gray and the mean color.

Protocol: a photo is scaled to a short side of 256 px and its center square is taken; its CIE lightness goes through
the Colorizer, at the card's settings; the chroma comes back bicubically onto the true lightness, is brought into sRGB
with its L kept and rounded to 8 bits. Accuracy and colorfulness are a trade-off, so every candidate is also scored at
equal colorfulness: one factor on all chroma makes the mean signed Hasler-Suesstrunk colorfulness a given share of
the truth's.
"""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from photochrom.backbones.mobilenet_v2 import MobileNetV2
from photochrom.color.colorfulness import colorfulness
from photochrom.color.lab import rgb_to_lab
from photochrom.color.resample import upsample_chroma
from photochrom.colorizer import Colorizer
from photochrom.data.augment import centered, clean_gray
from photochrom.data.catalog import Entry, decode
from photochrom.errors import DataError
from photochrom.evaluate.perceptual import extract_features, frechet_distance
from photochrom.evaluate.pixel import (
    bootstrap_interval,
    ciede2000,
    displayed,
    match_colorfulness,
    mean_colorfulness,
    mse,
    psnr,
    scale_chroma,
    ssim,
)
from photochrom.evaluate.stability import size_stability
from photochrom.photo import Photo

SIZE = 256
SHARES = (0.15, 0.30, 0.60, 1.00)
FRECHET_SHARES = (0.60, 1.00)

Floats = NDArray[np.floating[Any]]
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate at one chroma factor: means over the photos, intervals by bootstrap (95%).

    ``share`` is the colorfulness reached as a share of the truth's mean; None is the candidate's own setting, for which
    alone SSIM is computed.
    """

    name: str
    share: float | None
    factor: float
    psnr: float
    psnr_interval: tuple[float, float]
    ciede2000: float
    ciede2000_interval: tuple[float, float]
    mse: float
    colorfulness: float
    ssim: float | None
    frechet: float | None


@dataclass(frozen=True, slots=True)
class Truth:
    """The true photos: RGB (256, 256, 3) in 0..1, the same in Lab, and their features where a network was given."""

    rgb: tuple[Floats, ...]
    lab: tuple[Floats, ...]
    eye: MobileNetV2 | None
    features: NDArray[np.float64] | None
    colorfulness: float


def load_truth(entries: Sequence[Entry], features: Path | None) -> Truth:
    """Decode and crop the photos; raises DataError when fewer than two can be read."""
    crops = []
    for entry in entries:
        try:
            crops.append(centered(decode(entry), SIZE))
        except DataError:
            continue
    if len(crops) < 2:
        raise DataError(f"{len(crops)} of {len(entries)} photos can be read; expected two or more")
    rgb = tuple(crop.astype(np.float32) / 255 for crop in crops)
    lab = tuple(rgb_to_lab(photo).astype(np.float32) for photo in rgb)
    eye = None if features is None else MobileNetV2.from_file(features)
    seen = None if eye is None else extract_features(rgb, eye.features)
    return Truth(rgb, lab, eye, seen, mean_colorfulness(lab))


def colorized(colorizer: Colorizer, truth: Truth) -> list[Floats]:
    """Return the model's Lab (256, 256, 3) for each photo's lightness, at the card's settings."""
    results = []
    for rgb, lab in zip(truth.rgb, truth.lab, strict=True):
        gray = clean_gray(np.rint(rgb * 255).astype(np.uint8))
        page = Photo.from_array(gray).pages[0]
        ab = colorizer.chroma(page.lightness(*colorizer.working_size(SIZE, SIZE)))
        results.append(np.concatenate([lab[..., :1], upsample_chroma(ab, SIZE, SIZE)], axis=-1).astype(np.float32))
    return results


def baselines(truth: Truth) -> dict[str, list[Floats]]:
    """Return "gray" and "mean color": the true lightness with no chroma, and with the mean of all true chroma."""
    mean = np.mean([lab[..., 1:].mean(axis=(0, 1)) for lab in truth.lab], axis=0)
    return {
        "gray": [scale_chroma(lab, 0.0) for lab in truth.lab],
        "mean color": [
            np.concatenate([lab[..., :1], np.broadcast_to(mean, lab[..., 1:].shape)], -1).astype(np.float32)
            for lab in truth.lab
        ],
    }


def score(name: str, predictions: Sequence[Floats], truth: Truth, share: float | None) -> Row:
    """Score Lab predictions at their own setting (share None) or at a share of the truth's colorfulness."""
    factor = 1.0 if share is None else match_colorfulness(predictions, share * truth.colorfulness)
    shown = [displayed(scale_chroma(lab, factor)).astype(np.float32) for lab in predictions]
    measures = (psnr, ciede2000, mse, colorfulness_of, *((ssim,) if share is None else ()))
    with ThreadPoolExecutor() as pool:  # NumPy lets other threads run while it computes
        values = [list(pool.map(measure, shown, truth.rgb)) for measure in measures]
    means = [float(np.mean(column)) for column in values]
    frechet = None
    if truth.eye is not None and truth.features is not None and (share is None or share in FRECHET_SHARES):
        frechet = frechet_distance(truth.features, extract_features(shown, truth.eye.features))
    return Row(
        name=name,
        share=share,
        factor=factor,
        psnr=means[0],
        psnr_interval=bootstrap_interval(values[0]),
        ciede2000=means[1],
        ciede2000_interval=bootstrap_interval(values[1]),
        mse=means[2],
        colorfulness=means[3],
        ssim=means[4] if share is None else None,
        frechet=frechet,
    )


def score_models(
    models: Sequence[str], entries: Sequence[Entry], out: Path, features: Path | None, progress: Progress
) -> list[Row]:
    """Score models and baselines; writes scores.json, scores.md and sheets of pictures into ``out``."""
    from photochrom.evaluate.report import write_sheets, write_table

    colorizers = {Path(model).stem: Colorizer(model) for model in models}
    truth = load_truth(entries, features)
    tasks = len(colorizers) * (2 + len(SHARES)) + 2
    rows: list[Row] = []
    for name, predictions in baselines(truth).items():
        rows.append(score(name, predictions, truth, None))
        progress(len(rows) / tasks)
    for number, (name, colorizer) in enumerate(colorizers.items()):
        predictions = colorized(colorizer, truth)
        for place, share in enumerate((None, *SHARES), start=1):
            rows.append(score(name, predictions, truth, share))
            progress((3 + number * (2 + len(SHARES)) + place) / tasks)
        write_sheets(out, name, predictions, truth)
    about = describe(truth, colorizers)
    (out / "scores.json").write_text(json.dumps({"about": about, "rows": [asdict(row) for row in rows]}, indent=1))
    write_table(out / "scores.md", about, rows)
    return rows


def colorfulness_of(prediction: Floats, _truth: Floats) -> float:
    """Return the prediction's signed Hasler-Suesstrunk colorfulness."""
    return colorfulness(prediction)


def describe(truth: Truth, colorizers: dict[str, Colorizer]) -> dict[str, Any]:
    """Return what a reader must know to compare these numbers with others."""
    return {
        "photos": len(truth.rgb),
        "crop": f"{SIZE} px center squares of photos scaled to a short side of {SIZE} px",
        "colorfulness_of_truth": truth.colorfulness,
        "frechet_features": None if truth.eye is None else "MobileNetV2, ImageNet, 1280 pooled features",
        "models": {
            name: {"decode": asdict(colorizer.card.decode), "size_stability": size_stability(colorizer, truth.rgb)}
            for name, colorizer in colorizers.items()
        },
    }
