"""Figures and contact sheets that several studies draw.

Shapes: N photos, H x W pixels; RGB is gamma-encoded sRGB in 0..1.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from photochrom.evaluate.measures import MEASURES
from photochrom.evaluate.pixel import displayed
from photochrom.evaluate.score import Scores
from photochrom.evaluate.truth import Truth, colorized
from photochrom.studies.trial import Trained

Floats = NDArray[np.floating[Any]]

TILE = 128
HEADING = 18
SMOOTHED = 60


def curves(trained: Iterable[Trained], quantities: Sequence[str], kind: str = "train", log: bool = False) -> Figure:
    """Draw logged quantities over photo passes, one panel a quantity, one line a trial; smoothed over steps."""
    figure = Figure(figsize=(4.2 * len(quantities), 3.2), layout="constrained")
    panels = figure.subplots(1, len(quantities), squeeze=False)[0]
    shown = list(trained)
    for panel, quantity in zip(panels, quantities, strict=True):
        for one in shown:
            steps, values = one.curve(quantity, kind)
            if steps:
                window = max(1, len(values) // SMOOTHED) if kind == "train" else 1
                smooth = np.convolve(values, np.ones(window) / window, mode="valid")
                passes = np.array(steps[window - 1 :]) * one.card.training["photo_passes"] / one.card.training["steps"]
                panel.plot(passes, smooth, label=one.trial.name, marker="." if kind == "check" else None)
        panel.set(title=quantity, xlabel="photo passes", yscale="log" if log else "linear")
    panels[0].legend(fontsize=7)
    return figure


def trade_off(scores: Scores, measures: Sequence[str]) -> Figure:
    """Draw measures over colorfulness: a line a model through its shares of the truth's, a cross at its own setting."""
    figure = Figure(figsize=(5.2 * len(measures), 4.4), layout="constrained")
    panels = figure.subplots(1, len(measures), squeeze=False)[0]
    for panel, measure in zip(panels, measures, strict=True):
        for number, name in enumerate(scores.candidates):
            rows = [row for row in scores.rows if row.name == name]
            line = sorted((row.colorfulness, row.value(measure)) for row in rows if row.share is not None)
            look = {"color": f"C{number % 10}", "linestyle": "-" if number < 10 else "--"}
            if line:
                panel.plot(*zip(*line, strict=True), marker=".", label=name, **look)
            own = next(row for row in rows if row.share is None)
            label = None if line else name
            panel.plot(own.colorfulness, own.value(measure), marker="x", markersize=8, label=label, **look)
        panel.set(xlabel="colorfulness", ylabel=MEASURES[measure].heading)
    panels[0].legend(fontsize=7)
    return figure


def sheet(columns: Mapping[str, Sequence[Floats]], tile: int = TILE, pixels: bool = False) -> Floats:
    """Return a contact sheet: a column for each name, a row for each of its RGB photos (H, W, 3).

    ``pixels`` shows tiny photos pixel by pixel, where ``tile`` is two more than a multiple of their side.
    """
    way = Image.Resampling.NEAREST if pixels else Image.Resampling.LANCZOS
    names = list(columns)
    rows = min(len(photos) for photos in columns.values())
    canvas = Image.new("RGB", (tile * len(names), HEADING + tile * rows), "white")
    draw = ImageDraw.Draw(canvas)
    for across, name in enumerate(names):
        draw.text((across * tile + 3, 2), name, fill="black", font=ImageFont.load_default(12))
        for down, photo in enumerate(columns[name][:rows]):
            image = Image.fromarray((np.clip(photo, 0, 1) * 255 + 0.5).astype(np.uint8))
            resized = image.resize((tile - 2, tile - 2), way)
            canvas.paste(resized, (across * tile + 1, HEADING + down * tile + 1))
    result: Floats = np.asarray(canvas, dtype=np.float32) / 255
    return result


def results(models: Mapping[str, Trained], truth: Truth, places: Sequence[int]) -> dict[str, list[Floats]]:
    """Return columns for :func:`sheet`: gray, each model's result and the truth, of the photos at ``places``."""
    few = truth.part(places)
    grays: list[Floats] = [np.repeat(gray[..., None] / np.float32(255), 3, axis=-1) for gray in few.grays]
    columns = {"gray": grays}
    for name, one in models.items():
        columns[name] = [displayed(lab) for lab in colorized(one.colorizer, few)]
    return {**columns, "truth": list(few.rgb)}


def spread(count: int, wanted: int) -> list[int]:
    """Return up to ``wanted`` places, at even distances, of ``count``: photos chosen by nobody."""
    return [int(place) for place in np.unique(np.linspace(0, count - 1, min(wanted, count)).round())]
