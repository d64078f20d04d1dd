"""Starts a training run: from sources of photos and files of weights to a plan."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from photochrom.budget import Budget, Start
from photochrom.chroma import chroma_from_card
from photochrom.data.catalog import Entry, list_entries
from photochrom.data.manifest import Manifest
from photochrom.data.shelf import GIGABYTE, Shelf, usual_folder
from photochrom.errors import DataError, RunError
from photochrom.export import read_model
from photochrom.recipe import Recipe
from photochrom.train import Plan
from photochrom.weights import shipped

PRECISIONS = ("no", "bf16", "fp16")
HELD_OUT = 10
"""One photo of so many is looked at instead of trained on, where no others are named."""


def plan_run(
    recipe: Recipe, photos: Sequence[str], validation: Sequence[str], run: Path, budget: Budget, start: Start
) -> Plan:
    """Find the photos, read the weights to start from, make the run's folder; nothing is trained yet.

    Raises DataError when there are no photos, OptionError where an option is out of its range, RunError or ModelError
    when the start is not possible.
    """
    if budget.steps is None and budget.minutes is None:
        budget = replace(budget, minutes=recipe.minutes)
    budget.progress(0, 0.0)
    if start.precision not in PRECISIONS:
        raise RunError(f"unknown precision {start.precision!r}; choose one of: {', '.join(PRECISIONS)}")
    if start.encoder is not None and start.init is not None:
        raise RunError("both --encoder and --init were given; a run starts from one of them")
    shelf = Shelf(start.cache or usual_folder(), round(start.cache_gb * GIGABYTE))
    entries, looked_at = find_photos(photos, validation, start.manifest, shelf)
    plan = Plan(run, entries, looked_at, budget, start, origins=(_origin("photos", " ".join(photos), len(entries)),))
    init = start.init
    if init is None and start.encoder is None and recipe.starts_from is not None:
        init = shipped()[recipe.starts_from]
    if init is not None:
        plan = _started_from(plan, init)
    elif start.encoder is not None:
        plan = replace(plan, origins=(*plan.origins, {"what": "encoder", "name": start.encoder.name}))
    run.mkdir(parents=True, exist_ok=True)
    return plan


def _started_from(plan: Plan, model: Path) -> Plan:
    """Return the plan with the weights of a model file, and with what they bring along."""
    weights, card = read_model(model)
    origins = (*plan.origins, {"what": "started from", "name": card.name}, *card.origins)
    return replace(plan, weights=weights, chroma=chroma_from_card(card.chroma), decode=card.decode, origins=origins)


def find_photos(
    photos: Sequence[str], validation: Sequence[str], manifest: Path | None, shelf: Shelf | None = None
) -> tuple[list[Entry], list[Entry]]:
    """Return the photos to train on and those to look at.

    With a manifest only accepted photos are trained on, and its validation split is looked at where no other
    ``validation`` photos are given. With neither, every tenth photo is kept from training to be looked at. Photos of
    object stores are kept on ``shelf``. Raises DataError when too few are left.
    """
    entries = list_entries(photos, shelf)
    if manifest is None and not validation:
        if len(entries) < HELD_OUT:
            raise DataError(f"{len(entries)} photos are too few to train on and look at; give {HELD_OUT} or more")
        return [entry for n, entry in enumerate(entries) if n % HELD_OUT], entries[::HELD_OUT]
    known = Manifest.load(manifest) if manifest is not None else None
    if validation:
        return entries if known is None else known.accepted(entries), list_entries(validation, shelf)
    assert known is not None
    return known.accepted(entries, "train"), known.accepted(entries, "val")


def _origin(what: str, source: str, count: int) -> dict[str, str]:
    names = " ".join(Path(part).name for part in source.split())
    return {"what": what, "name": names, "count": str(count)}
