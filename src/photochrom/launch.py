"""Starts a training run: from sources of photos and files of weights to a plan."""

from collections.abc import Sequence
from pathlib import Path

from photochrom.budget import Budget, Start
from photochrom.chroma import chroma_from_card
from photochrom.data.catalog import Entry, list_entries
from photochrom.data.manifest import accepted_entries
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
    entries, looked_at = find_photos(photos), find_photos(validation)
    weights, log_weights, origins = None, None, [_origin("photos", " ".join(photos), len(entries))]
    if start.init is not None:
        weights, card = read_model(start.init)
        log_weights = chroma_from_card(card.chroma).log_weights.tolist()
        origins += [{"what": "started from", "name": card.name}, *card.origins]
    elif start.encoder is not None:
        origins.append({"what": "encoder", "name": start.encoder.name})
    run.mkdir(parents=True, exist_ok=True)
    return Plan(run, entries, looked_at, budget, start, weights, log_weights, tuple(origins))


def find_photos(sources: Sequence[str]) -> list[Entry]:
    """Return the photos of sources: folders, files, shards, globs; of a manifest (.csv) the accepted ones."""
    entries: list[Entry] = []
    for source in sources:
        entries += accepted_entries(Path(source)) if source.endswith(".csv") else list_entries([source])
    return entries


def _origin(what: str, source: str, count: int) -> dict[str, str]:
    names = " ".join(Path(part).name for part in source.split())
    return {"what": what, "name": names, "count": str(count)}
