"""Makes a test: chooses photos, renders every pair once, and writes the plan, whole or not at all.

With one second of viewing a picture is the center square at 256 px, as ``evaluate`` has it and as the paper showed;
with free viewing it is the whole photo, its longer side 512 px at most. Both of a pair have the same size, are encoded
alike (PNG: the chroma subsampling of JPEG would blur the truth's colors only), carry no metadata, and have random
names.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory, TemporaryFile
from typing import Final

import numpy as np
from PIL import Image

from photochrom.data.augment import centered
from photochrom.data.catalog import Entry, decode
from photochrom.errors import DataError, OutputExists, OutputUnwritable
from photochrom.judge.rivals import Picture, Render, Rival, identity_of, mean_chroma, wrong_colors
from photochrom.judge.trials import FOLDER, Plan, Rules, Subject, Viewing, shuffled
from photochrom.photo.photo import COLORED_TINT

SQUARE: Final = 256
LONGEST: Final = 512

Progress = Callable[[float], None]
Chosen = tuple[Entry, str]


def make_plan(
    entries: Sequence[Entry], rivals: Mapping[str, Rival], rules: Rules, folder: Path, progress: Progress
) -> Plan:
    """Make the test in ``folder``, or give the one that is there already when it is the same.

    Raises DataError when too few photos can be used or results are missing, OutputExists when the folder holds another
    test, OutputUnwritable when it cannot be written; then nothing is left behind.
    """
    identity = identity_of(rivals, entries, rules)
    if (folder / FOLDER).exists():
        plan = Plan.load(folder)
        if plan.identity != identity:
            raise OutputExists(f"{folder} holds a test of other photos, models or rules; give another folder")
        return plan
    for rival in rivals.values():
        rival.check(entries)
    require_writable(folder)
    try:
        with TemporaryDirectory(dir=folder, prefix=".making-") as making:
            work = Path(making) / FOLDER
            work.mkdir()
            chosen, notes = _choose(entries, rules, work)
            subjects, sanity = _rendered(chosen, rivals, rules, work, progress)
            plan = Plan(identity, rules, tuple(rivals), subjects, sanity, folder, notes)
            (work / "plan.json").write_text(plan.to_json() + "\n", encoding="utf-8")
            work.rename(folder / FOLDER)
    except OSError as error:
        raise OutputUnwritable(
            f"{folder}: {error.strerror or error}; free some space or give another folder"
        ) from error
    return plan


def require_writable(folder: Path) -> None:
    """Make the folder if need be; raises OutputUnwritable where nothing can be written into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise OutputUnwritable(f"{folder} cannot be written ({error.strerror}); give a folder of your own") from error


def renderer(viewing: Viewing) -> Render:
    """Return what makes a picture of a photo (H, W, 3): its center square at 256 px, or the whole, 512 px at most."""
    return _square if viewing == "second" else _whole


def _square(photo: Picture) -> Picture:
    return centered(photo, SQUARE)


def _whole(photo: Picture) -> Picture:
    height, width = photo.shape[:2]
    scale = min(1.0, LONGEST / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BICUBIC, reducing_gap=3.0), dtype=np.uint8)


def _choose(entries: Sequence[Entry], rules: Rules, work: Path) -> tuple[list[Chosen], dict[str, int]]:
    """Draw photos until there are enough, and write their true pictures; photos without color are passed over."""
    render, needed = renderer(rules.viewing), rules.trials + rules.sanity
    chosen: list[Chosen] = []
    notes = {"broken": 0, "without color": 0}
    for entry in shuffled(entries, Random(f"{rules.seed}/photos")):
        if len(chosen) == needed:
            break
        try:
            picture = render(decode(entry))
        except DataError:
            notes["broken"] += 1
            continue
        if mean_chroma(picture) <= COLORED_TINT:
            notes["without color"] += 1
            continue
        chosen.append((entry, _write(picture, work)))
    if len(chosen) < needed:
        passed = ", ".join(f"{count} {reason}" for reason, count in notes.items())
        raise DataError(
            f"{len(chosen)} of {len(entries)} photos can be used ({passed}); {rules.trials} trials and {rules.sanity} "
            f"sanity trials need {needed}: give more photos or a smaller --trials"
        )
    return chosen, notes


def _rendered(
    chosen: Sequence[Chosen], rivals: Mapping[str, Rival], rules: Rules, work: Path, progress: Progress
) -> tuple[tuple[Subject, ...], tuple[Subject, ...]]:
    """Write the rivals' pictures; returns the subjects of ordinary and of sanity trials."""
    render = renderer(rules.viewing)
    subjects, sanity = [], []
    for number, (entry, name) in enumerate(chosen):
        with Image.open(work / name) as image:
            truth = np.asarray(image, dtype=np.uint8)
        if number < rules.sanity:
            sanity.append(Subject(entry.key, name, {"": _write(wrong_colors(truth), work)}))
        else:
            pictures = {name: _same_size(rival.picture(entry, truth, render), truth) for name, rival in rivals.items()}
            written = {name: _write(picture, work) for name, picture in pictures.items()}
            subjects.append(Subject(entry.key, name, written))
        progress((number + 1) / len(chosen))
    return tuple(subjects), tuple(sanity)


def _same_size(picture: Picture, truth: Picture) -> Picture:
    """Bring a result that rounding made a pixel larger or smaller to the size of the truth."""
    if picture.shape == truth.shape:
        return picture
    size = truth.shape[1], truth.shape[0]
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC), dtype=np.uint8)


def _write(picture: Picture, work: Path) -> str:
    name = f"{secrets.token_hex(16)}.png"
    Image.fromarray(np.ascontiguousarray(picture)).save(work / name, "PNG")
    return name
