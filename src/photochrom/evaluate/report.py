"""Tables and sheets of pictures from scores."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photochrom.evaluate.pixel import displayed, scale_chroma

if TYPE_CHECKING:
    from photochrom.evaluate.score import Row, Truth

ACROSS = 8
DOWN = 4
TILE = 160


def write_table(path: Path, about: dict[str, Any], rows: Sequence["Row"]) -> None:
    """Write the scores as a Markdown table with its protocol."""
    lines = [
        f"{about['photos']} photos, {about['crop']}; mean signed colorfulness of the truth "
        f"{about['colorfulness_of_truth']:.1f}; intervals: 95%, bootstrap over photos; "
        f"Frechet distance: {about['frechet_features'] or 'not measured'}, n = {about['photos']}.",
        "",
        "| candidate | colorfulness | chroma x | PSNR dB | CIEDE2000 | SSIM | Frechet |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        share = "own setting" if row.share is None else f"at {row.share:.0%}"
        psnr = f"{row.psnr:.2f} ({row.psnr_interval[0]:.2f}..{row.psnr_interval[1]:.2f})"
        ciede = f"{row.ciede2000:.2f} ({row.ciede2000_interval[0]:.2f}..{row.ciede2000_interval[1]:.2f})"
        ssim = "" if row.ssim is None else f"{row.ssim:.3f}"
        frechet = "" if row.frechet is None else f"{row.frechet:.1f}"
        lines.append(
            f"| {row.name}, {share} | {row.colorfulness:.1f} | {row.factor:.2f} | {psnr} | {ciede} "
            f"| {ssim} | {frechet} |"
        )
    for name, model in about["models"].items():
        steps = ", ".join(f"{value:.2f} at {size} px" for size, value in model["size_stability"].items())
        lines += [
            "",
            f"{name}: decoded with {model['decode']}; the same photo given larger differs by CIEDE2000 {steps}.",
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_sheets(out: Path, name: str, predictions: Sequence[NDArray[np.float32]], truth: "Truth") -> None:
    """Write pictures of rows of gray, result and truth, all photos in their order, 32 photos a picture."""
    page = ACROSS * DOWN
    for start in range(0, len(predictions), page):
        rows = []
        for first in range(start, min(start + page, len(predictions)), ACROSS):
            chosen = range(first, min(first + ACROSS, len(predictions)))
            grays = [displayed(scale_chroma(predictions[index], 0.0)) for index in chosen]
            rows += [_row(grays), _row([displayed(predictions[index]) for index in chosen])]
            rows += [_row([truth.rgb[index] for index in chosen])]
        Image.fromarray(np.concatenate(rows)).save(out / f"sheet-{name}-{start // page:02d}.png")


def _row(photos: Sequence[NDArray[Any]]) -> NDArray[np.uint8]:
    tiles = [
        np.asarray(Image.fromarray(np.rint(photo * 255).astype(np.uint8)).resize((TILE, TILE))) for photo in photos
    ]
    blank = np.full((TILE, TILE, 3), 255, np.uint8)
    return np.concatenate(tiles + [blank] * (ACROSS - len(tiles)), axis=1)
