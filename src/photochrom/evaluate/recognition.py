"""Are colorized photos useful to others? What an ImageNet classifier recognizes on them.

Two different numbers. The *recognition rate* is the share of labeled photos whose true class is the classifier's first
answer (top-1) or among its first five (top-5). The *agreement* needs no labels: the share of photos on which the
classifier's first answer for the true photo is its first, or among its first five, for the colorized one. A classifier
that is wrong in the same way on both agrees.
"""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.data.catalog import Entry
from photochrom.errors import DataError

Floats = NDArray[np.floating[Any]]
Classes = frozenset[int]

IMAGENETTE: Final[Mapping[str, int]] = {
    "n01440764": 0, "n02102040": 217, "n02979186": 482, "n03000684": 491, "n03028079": 497,
    "n03394916": 566, "n03417042": 569, "n03425413": 571, "n03445777": 574, "n03888257": 701,
}  # fmt: skip
"""WordNet ids of the ten classes of Imagenette (tench, English springer, cassette player, chain saw, church, French
horn, garbage truck, gas pump, golf ball, parachute) and their places among the 1000 classes of ImageNet."""

BACKGROUND: Final = 1
"""Classes before the first of ImageNet's in a classifier of 1001."""


def hits(scores: Floats, classes: Sequence[Classes | None], best: int) -> NDArray[np.float64]:
    """Return 1 where a true class is among the ``best`` highest of scores (n, K), 0 where not, for labeled photos.

    ``classes`` holds for each photo the classes that count as right, or None without a label: those are left out.
    """
    order = np.argsort(-scores, axis=1, kind="stable")[:, :best]
    labeled = [(right, row) for right, row in zip(classes, order, strict=True) if right is not None]
    return np.array([not right.isdisjoint(row.tolist()) for right, row in labeled], dtype=np.float64)


def first_answers(scores: Floats) -> list[Classes]:
    """Return the first answer for each of n photos as the class that counts as right."""
    return [frozenset([int(best)]) for best in scores.argmax(axis=1)]


def read_labels(source: Path, names: Path | None, entries: Sequence[Entry]) -> list[Classes | None]:
    """Return the classes that are right for each entry, from a CSV file with the columns key and label.

    A label is a WordNet id of :data:`IMAGENETTE` or, with the classifier's ``names`` (one a line, synonyms separated by
    commas), one of its names. An entry has the key of its file's name without folder and ending; where a key occurs in
    several splits, the one named at the start of the entry's path counts.

    Raises DataError where a file cannot be read, has other columns, or labels none of the entries.
    """
    rows = _rows(source)
    known = _named(names)
    classes = [known.get(_label(entry, rows).lower()) for entry in entries]
    if all(right is None for right in classes):
        hint = "WordNet ids of Imagenette" + (
            "; give --class-names to use names" if names is None else " or class names"
        )
        raise DataError(f"{source}: labels none of the {len(entries)} photos; expected keys of theirs with {hint}")
    return classes


def _rows(source: Path) -> dict[str, list[tuple[str, str]]]:
    """Read (split, label) for each key that has a label."""
    rows: dict[str, list[tuple[str, str]]] = {}
    try:
        with source.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            if not {"key", "label"} <= set(table.fieldnames or ()):
                raise DataError(f"{source}: has the columns {table.fieldnames}; expected key and label among them")
            for row in table:
                if row["label"]:
                    rows.setdefault(row["key"], []).append((row.get("split") or "", row["label"]))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{source}: cannot be read ({error}); give a CSV file of labels") from error
    return rows


def _label(entry: Entry, rows: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """Return an entry's label, "" without one."""
    found = rows.get(Path(entry.key).stem, ())
    if len({label for _, label in found}) > 1:
        found = [(split, label) for split, label in found if split and entry.key.startswith(split)]
    return found[0][1] if found else ""


def _named(names: Path | None) -> dict[str, Classes]:
    """Return the right classes for every WordNet id and lower-case name; a name may mean two of them (crane)."""
    known = {wordnet: frozenset([BACKGROUND + place]) for wordnet, place in IMAGENETTE.items()}
    if names is None:
        return known
    try:
        lines = names.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{names}: cannot be read ({error}); give the classifier's names, one a line") from error
    for number, line in enumerate(lines):
        for name in {part.strip().lower() for part in [line, *line.split(",")]}:
            known[name] = known.get(name, frozenset()) | {number}
    return known
