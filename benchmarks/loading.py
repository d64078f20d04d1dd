"""Whether reading photos slows training: step rate with batches in memory beside step rate through the loader.

Run as ``python -m benchmarks.loading --photos DIR_OR_SHARDS``; prints JSON. The aim is a ratio of 0.9 or more on photos
that the operating system has cached. The two are measured in turns, so that a busy machine slows both alike.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import torch
from accelerate import Accelerator
from torch import Tensor

from photochrom.budget import Budget, Start
from photochrom.data.catalog import list_entries
from photochrom.recipe import Stage
from photochrom.recipes import find_recipe
from photochrom.train import Plan, Session

AIM = 0.9
IN_MEMORY = 4
"""Different batches that are held in memory."""

Batches = Iterator[tuple[Tensor, Tensor]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loading", description=__doc__)
    parser.add_argument("--photos", nargs="+", required=True, help="folders, tar shards or globs")
    parser.add_argument("--recipe", default="default", help="a recipe's name or JSON file; its first stage is measured")
    parser.add_argument("--steps", type=int, default=8, help="steps a turn")
    parser.add_argument("--turns", type=int, default=3, help="turns of each kind; the median counts")
    parser.add_argument("--workers", type=int, default=1, help="processes that read photos")
    parser.add_argument("--precision", default="no", help="no (float32), bf16 or fp16")
    parser.add_argument("--compile", action="store_true", help="compile the network, which needs a C++ compiler")
    values = parser.parse_args()
    recipe = find_recipe(values.recipe)
    recipe = replace(recipe, stages=(replace(recipe.stages[0], share=1.0),))
    entries = list_entries(values.photos)
    start = Start(workers=values.workers, compile=values.compile)
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(Path(folder), entries, entries[:1], Budget(steps=10**6), start)
        session = Session(recipe, plan, Accelerator(mixed_precision=values.precision))
        seconds = measure(session, recipe.stages[0], values.steps, values.turns)
    rates = {name: round(1 / took, 3) for name, took in seconds.items()}
    ratio = seconds["in_memory"] / seconds["through_loader"]
    measured = {f"steps_per_second_{name}": rate for name, rate in rates.items()}
    setting = {"recipe": recipe.name, "size": recipe.stages[0].size, "batch": recipe.stages[0].batch}
    setting |= {
        "workers": values.workers,
        "threads": torch.get_num_threads(),
        "photos": len(entries),
        "precision": values.precision,
    }
    verdict = {"ratio": round(ratio, 3), "aim": AIM, "reached": ratio >= AIM}
    print(json.dumps({**setting, **measured, **verdict}, indent=1))  # noqa: T201


def measure(session: Session, stage: Stage, steps: int, turns: int) -> dict[str, float]:
    """Return the median seconds a step, with batches in memory and through the loader."""
    ready = list(islice(session._batches(stage), IN_MEMORY))
    time_steps(session, stage, cycle(ready), 2)  # first steps set up the optimizer and fill caches
    taken: dict[str, list[float]] = {"in_memory": [], "through_loader": []}
    for _ in range(turns):
        taken["in_memory"].append(time_steps(session, stage, cycle(ready), steps))
        taken["through_loader"].append(time_loader(session, stage, steps))
    return {name: median(times) for name, times in taken.items()}


def time_loader(session: Session, stage: Stage, steps: int) -> float:
    """Return the seconds a step through the loader in its stride: batches read ahead do not count as free."""
    batches = session._batches(stage)
    time_steps(session, stage, batches, 2)
    return time_steps(session, stage, batches, steps)


def time_steps(session: Session, stage: Stage, batches: Batches, steps: int) -> float:
    """Return the seconds a step, getting its batch included."""
    start = time.perf_counter()
    for photo, aged in islice(batches, steps):
        session._step(stage, photo, aged)
    return (time.perf_counter() - start) / steps


if __name__ == "__main__":
    main()
