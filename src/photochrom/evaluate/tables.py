"""Scores as files for people and programs: JSON, CSV and Markdown."""

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from photochrom.evaluate.measures import MEASURES, Row, setting, shown
from photochrom.evaluate.score import Scores

TRADE_OFF: Final = (
    "colorfulness", "colorfulness_difference", "factor", "psnr", "ciede2000", "mse", "auc", "auc_rebalanced", "frechet",
)  # fmt: skip
"""What is measured at every chroma."""

_DIGITS: Final = 6


def write_json(path: Path, scores: Scores) -> None:
    """Write what the numbers are about, the rows, and each candidate's values photo by photo at its own setting."""
    per_photo = {
        name: {key: _rounded(column.tolist()) for key, column in scored.values.items() if not key.startswith("_")}
        for name, scored in scores.candidates.items()
    }
    page = {"about": dict(scores.about), "rows": [asdict(row) for row in scores.rows]}
    page |= {"photos": list(scores.truth.keys), "per_photo": per_photo}
    path.write_text(json.dumps(page, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """Write a line a row: each measure with the ends of its interval beside it; empty where it was not taken."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        ends = [f"{measure}_{end}" for measure in MEASURES for end in ("", "low", "high")]
        writer.writerow(["name", "share", "photos", *(column.removesuffix("_") for column in ends)])
        for row in rows:
            values = [
                value
                for measure in MEASURES
                for value in (row.value(measure), *row.intervals.get(measure, (None, None)))
            ]
            writer.writerow([row.name, row.share, row.photos, *values])


def write_markdown(path: Path, scores: Scores) -> None:
    """Write the protocol and two tables: the trade-off at every chroma, and the rest at the own setting."""
    own = [row for row in scores.rows if row.share is None]
    rest = [measure for measure in measured(own) if measure not in TRADE_OFF]
    lines = [*notes(scores.about), "", "## At every chroma", "", *_table(scores.rows, measured(scores.rows, TRADE_OFF))]
    lines += ["", "## At the own setting", "", *_table(own, rest), ""]
    lines += [f"* **{MEASURES[measure].heading}**: {MEASURES[measure].meaning}" for measure in measured(own)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def measured(rows: Sequence[Row], among: Sequence[str] = tuple(MEASURES)) -> list[str]:
    """Return the measures, in their order, that at least one row has."""
    return [measure for measure in among if any(row.value(measure) is not None for row in rows)]


def notes(about: Mapping[str, Any]) -> list[str]:
    """Return the protocol in sentences, what was not measured with the reason among them."""
    told = [
        f"{about['photos']} photos, {about['crop']}; mean signed colorfulness of the truth "
        f"{about['colorfulness_of_truth']:.1f}. Intervals: 95%, bootstrap over photos.",
        f"Mean color: {about['mean_color']}. Rebalanced AuC: {about['rebalancing']}.",
    ]
    if about["unread"]:
        told.append(f"Cannot be decoded, and were passed over: {', '.join(about['unread'])}.")
    if about["frechet_features"]:
        told.append(f"Classifier: {about['frechet_features']}; Fréchet distance with n = {about['photos']}, no FID.")
    else:
        told.append("Fréchet distance, recognition and two-sample test: not measured; give --features.")
    truth = about["recognition_of_truth"]
    if truth:
        told.append(
            f"Recognition: {about['labeled_photos']} photos with labels; on the true photos top-1 {truth['top1']:.1%}, "
            f"top-5 {truth['top5']:.1%}."
        )
    told.append(
        f"FID: {about['fid_features']}, n = {about['photos']}."
        if about["fid_features"]
        else "FID: not measured; its Inception-v3 weights were not given (--inception)."
    )
    told.append(f"LPIPS: {about['lpips'] or 'not measured; its AlexNet weights were not given (--lpips)'}.")
    told.append(
        f"Speed: photos of 256 px, {about['cores']} cores, a process for each model; memory is its peak (VmHWM)."
    )
    told += [f"{name}: decoded with {model['decode']}." for name, model in about["models"].items()]
    return told


def _table(rows: Sequence[Row], measures: Sequence[str]) -> list[str]:
    headings = [MEASURES[measure].heading for measure in measures]
    lines = ["| candidate | " + " | ".join(headings) + " |", "|---" + "|--:" * len(measures) + "|"]
    for row in rows:
        cells = [f"{row.name}, {setting(row)}".replace("|", "\\|"), *(shown(row, measure) for measure in measures)]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, _DIGITS) for value in values]
