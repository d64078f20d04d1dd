"""A photo library: one folder with the photos that studies train on and are judged by.

    PHOTOS/train-*.tar  val-*.tar  test-*.tar     a collection is a set of WebDataset shards, or a folder of that name
    PHOTOS/manifest.csv                           split,key,source,label,...: where photos come from and what they show

Some studies want one more collection, such as ``cifar10_horse-train``.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from photochrom.data.catalog import Entry, list_entries
from photochrom.data.manifest import split_of
from photochrom.errors import DataError

MANIFEST = "manifest.csv"
HELD_OUT = 0.1
"""The share of a collection's photos that trials on all photos do not see."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Photos of a collection: those from one of the ``sources`` and with one of the ``labels``, where these are given.

    ``limit`` takes that many at even distances. ``labels`` of ``("*",)`` takes every photo with a label. One photo in
    ten, known by a hash of its name, is held out of training on everything, for studies that need labels, which test
    photos may lack: ``held_out`` True takes those alone, False all but those, None both.
    """

    collection: str = "train"
    sources: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    limit: int | None = None
    held_out: bool | None = None


class Library:
    """The folder described in the module's text."""

    def __init__(self, folder: Path) -> None:
        """Raise DataError where there is no such folder."""
        if not folder.is_dir():
            raise DataError(f"{folder}: there is no such folder; give the one with train-*.tar, val-*.tar, test-*.tar")
        self.folder = folder
        self._listed: dict[str, list[Entry]] = {}

    def select(self, wanted: Selection) -> list[Entry]:
        """Return the selected photos; raises DataError where there are none, or labels are wanted and missing."""
        entries = self._collection(wanted.collection)
        if wanted.sources or wanted.labels:
            entries = [entry for entry in entries if self._fits(entry, wanted)]
        if wanted.held_out is not None:
            entries = [entry for entry in entries if is_held_out(entry) == wanted.held_out]
        if not entries:
            asked = ", ".join((*wanted.sources, *wanted.labels))
            raise DataError(
                f"{self.folder}: {wanted.collection} has no photos of {asked}; see {MANIFEST} for what it has"
            )
        if wanted.limit is None or wanted.limit >= len(entries):
            return entries
        return [entries[place] for place in np.linspace(0, len(entries) - 1, wanted.limit).round().astype(int)]

    def add(self, name: str, folder: Path) -> None:
        """Add a folder of photos that lies elsewhere as a collection; raises DataError where it holds none."""
        self._listed[name] = list_entries([str(folder)])

    def labels(self, entries: Sequence[Entry]) -> list[str]:
        """Return what each photo shows, "" where that is not known."""
        return [self._known.get(_name(entry), ("", ""))[1] for entry in entries]

    def _collection(self, name: str) -> list[Entry]:
        if name not in self._listed:
            sources = sorted(map(str, self.folder.glob(f"{name}-[0-9]*.tar")))
            sources += [str(path) for path in (self.folder / f"{name}.tar", self.folder / name) if path.exists()]
            if not sources:
                raise DataError(
                    f"{self.folder}: the photos {name} are missing; expected {name}-000.tar or a folder {name}"
                )
            self._listed[name] = list_entries(sources)
        return self._listed[name]

    def _fits(self, entry: Entry, wanted: Selection) -> bool:
        source, label = self._known.get(_name(entry), ("", ""))
        labeled = bool(label) if wanted.labels == ("*",) else label in wanted.labels
        return (not wanted.sources or source in wanted.sources) and (not wanted.labels or labeled)

    @cached_property
    def _known(self) -> dict[str, tuple[str, str]]:
        """Return source and label by the name of a photo."""
        path = self.folder / MANIFEST
        try:
            with path.open(encoding="utf-8", newline="") as file:
                return {row["key"]: (row["source"], row["label"]) for row in csv.DictReader(file)}
        except (OSError, KeyError, ValueError) as error:
            raise DataError(f"{path} is needed for sources and labels, but cannot be read ({error})") from error


def is_held_out(entry: Entry) -> bool:
    """Tell whether a photo is one of those that no trial on all photos trains on; the same photo everywhere."""
    return split_of(_name(entry), HELD_OUT) == "val"


def _name(entry: Entry) -> str:
    return PurePosixPath(entry.key).stem
