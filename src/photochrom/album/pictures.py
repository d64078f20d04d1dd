"""Contact sheets: the photos of a group as they are by themselves, and below with the album's colors."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from photochrom.album.sharing import Plan
from photochrom.color.lab import lab_to_rgb
from photochrom.color.resample import upsample_chroma
from photochrom.photo import Photo, SaveOptions
from photochrom.regions import shown

HEIGHT: Final = 240
GAP: Final = 6
MOST: Final = 12
"""Photos on a sheet; of larger groups the first are shown."""


def write_sheets(plan: Plan, results: Mapping[Path, Path], stem: Path, overwrite: bool = False) -> list[Path]:
    """Write ``STEM-group-1.jpg`` and on for scenes, ``STEM-recurring-1.jpg`` and on for things; returns their paths.

    ``results`` are the files written, by their photos; members without one are left out, and so are further pages.
    Raises OutputExists for a sheet that is there already, unless ``overwrite`` is set.
    """
    written = []
    sheets = [(f"group-{number}", group) for number, group in enumerate(plan.groups, 1)]
    sheets += [(f"recurring-{number}", one.members) for number, one in enumerate(plan.recurring, 1)]
    for name, group in sheets:
        kept = [one for one in group if plan.members[one].page == 0 and plan.members[one].source in results][:MOST]
        pairs = [_pair(plan, one, results[plan.members[one].source]) for one in kept]
        if pairs:
            target = stem.with_name(f"{stem.name}-{name}.jpg")
            sheet = Photo.from_array(_beside(pairs))
            written.append(sheet.save(target, options=SaveOptions(overwrite=overwrite)))
    return written


def _pair(plan: Plan, number: int, result: Path) -> NDArray[np.uint8]:
    """Return a photo by itself above its result, uint8 sRGB (2 HEIGHT + GAP, W, 3)."""
    member, page = plan.members[number], Photo.open(result).pages[0]
    width = max(1, round(HEIGHT * page.width / page.height))
    lab = page.lab(width, HEIGHT)
    alone = shown(upsample_chroma(member.ab, HEIGHT, width), lab[..., 0])
    gap = np.full((GAP, width, 3), 255, np.uint8)
    return np.concatenate([_bytes(alone), gap, _bytes(lab)])


def _bytes(lab: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.asarray(np.rint(np.clip(lab_to_rgb(lab.astype(np.float64)), 0, 1) * 255), dtype=np.uint8)


def _beside(pairs: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    gap = np.full((len(pairs[0]), GAP, 3), 255, np.uint8)
    return np.concatenate([part for pair in pairs for part in (pair, gap)][:-1], axis=1)
