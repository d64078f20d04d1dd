"""Pictures of all photos: gray, result and truth in rows, as JPEG files."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from photochrom.evaluate.score import Scores
from photochrom.evaluate.truth import in_threads

ACROSS = 8
DOWN = 4
TILE = 160


def write_sheets(out: Path, scores: Scores, name: str) -> None:
    """Write ``sheet-NAME-00.jpg`` and on: rows of gray, result and truth, all photos in order, 32 photos a picture."""
    truth = [np.rint(photo * 255).astype(np.uint8) for photo in scores.truth.rgb]
    results, page = scores.candidates[name].pictures, ACROSS * DOWN
    grays = scores.candidates["gray"].pictures

    def write_page(start: int) -> None:
        stop = min(start + page, len(results))
        rows = [
            _row(photos[first : min(first + ACROSS, stop)])
            for first in range(start, stop, ACROSS)
            for photos in (grays, results, truth)
        ]
        target = out / f"sheet-{file_name(name)}-{start // page:02d}.jpg"
        Image.fromarray(np.concatenate(rows)).save(target, quality=88)

    list(in_threads(write_page, range(0, len(results), page)))


def file_name(name: str) -> str:
    """Return a candidate's name with nothing in it that a file's name may not hold."""
    return re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"


def _row(photos: Sequence[NDArray[Any]]) -> NDArray[np.uint8]:
    tiles = [np.asarray(Image.fromarray(photo).resize((TILE, TILE), Image.Resampling.LANCZOS)) for photo in photos]
    blank = np.full((TILE, TILE, 3), 255, np.uint8)
    return np.concatenate(tiles + [blank] * (ACROSS - len(tiles)), axis=1)
