"""Starts a training run: from sources of photos and files of weights to a plan."""

from collections.abc import Sequence
from pathlib import Path

from photochrom.budget import Budget, Start
from photochrom.chroma import chroma_from_card
from photochrom.data.catalog import Entry, list_entries
from photochrom.data.manifest import Manifest
from photochrom.errors import RunError
from photochrom.export import read_model
from photochrom.train import Plan

PRECISIONS = ("no", "bf16", "fp16")


def plan_run(photos: Sequence[str], validation: Sequence[str], run: Path, budget: Budget, start: Start) -> Plan:
    """Find the photos, read the weights to start from, make the run's folder; nothing is trained yet.

    Raises DataError when there are no photos, RunError or ModelError when the start is not possible.
    """
    budget.progress(0, 0.0)
    if start.precision not in PRECISIONS:
        raise RunError(f"unknown precision {start.precision!r}; choose one of: {', '.join(PRECISIONS)}")
    if start.encoder is not None and start.init is not None:
        raise RunError("both --encoder and --init were given; a run starts from one of them")
    entries, looked_at = find_photos(photos, validation, start.manifest)
    weights, chroma, origins = None, None, [_origin("photos", " ".join(photos), len(entries))]
    if start.init is not None:
        weights, card = read_model(start.init)
        chroma = chroma_from_card(card.chroma)
        origins += [{"what": "started from", "name": card.name}, *card.origins]
    elif start.encoder is not None:
        origins.append({"what": "encoder", "name": start.encoder.name})
    run.mkdir(parents=True, exist_ok=True)
    return Plan(run, entries, looked_at, budget, start, weights, chroma, tuple(origins))


def find_photos(
    photos: Sequence[str], validation: Sequence[str], manifest: Path | None
) -> tuple[list[Entry], list[Entry]]:
    """Return the photos to train on and those to look at.

    With a manifest only accepted photos are trained on, and its validation split is looked at where no other
    ``validation`` photos are given. Raises RunError when there is neither.
    """
    entries = list_entries(photos)
    if manifest is None and not validation:
        raise RunError("no validation photos were given; name some with --validation, or a manifest with a val split")
    known = Manifest.load(manifest) if manifest is not None else None
    if validation:
        return entries if known is None else known.accepted(entries), list_entries(validation)
    assert known is not None
    return known.accepted(entries, "train"), known.accepted(entries, "val")


def _origin(what: str, source: str, count: int) -> dict[str, str]:
    names = " ".join(Path(part).name for part in source.split())
    return {"what": what, "name": names, "count": str(count)}
