"""The stages as a stream of Ray Data.

    shards ──► look (tasks) ──► color (actors, each holds the model) ──► finish (tasks) ──► reports
    of tasks                                                                                to the driver

Ray Data moves blocks of a few megabytes between the stages and holds a stage back while the next has too many waiting,
so that the object store never fills, however fast a stage is. Looking and coloring touch nothing: Ray does them again
where a worker or a node is lost. Finishing writes, and is never repeated behind our back: photos of a lost block are
missing among what comes out, and whoever sent them does them again, knowing that results may stand.
"""

import logging
import pickle
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Final

import pyarrow as pa
import ray.data

from photochrom.archive.cluster_stages import (
    Alone,
    Colored,
    Colorist,
    Ended,
    Finisher,
    Looked,
    Looker,
    Parcel,
    Ready,
)  # fmt: skip
from photochrom.archive.tasks import Task
from photochrom.archive.work import Job
from photochrom.card import Card

BLOCK: Final = 8 << 20
"""Bytes of a block between stages, about: the grain of back-pressure."""
DONE_AGAIN: Final = 2
"""How often Ray does a block again whose worker or node was lost."""


@dataclass(frozen=True, slots=True)
class Crews:
    """Who does what: ``colorists`` actors hold the model, each with so many ``gpus``; ``room`` MB are for a photo."""

    colorists: int
    gpus: float = 0.0
    room: int = 1000


def stream(shards: Sequence[Sequence[Task]], job: Job, card: Card, crews: Crews) -> Iterator[list[Ended | Alone]]:
    """Do tasks, and give what became of them, block by block in any order; those of lost blocks are missing.

    Raises ray.exceptions.RayError where the stream itself breaks. To close the iterator ends the work.
    """
    _settle_context()
    tables = [_packed([Ready(task) for task in shard]) for shard in shards]
    holders = min(crews.colorists, len(tables))
    with warnings.catch_warnings(action="ignore"):
        done = _staged(ray.data.from_arrow(tables), job, card, replace(crews, colorists=holders))
    for table in done.iter_batches(batch_size=None, batch_format="pyarrow"):
        yield [one for one in _unpacked(table) if isinstance(one, Ended | Alone)]


def _staged(tasks: Any, job: Job, card: Card, crews: Crews) -> Any:
    """Return the stages as a dataset; nothing runs yet.

    An actor asks for no share of a core: it takes what the task beside it leaves, and blocks none after a node is lost.
    """
    gpus = {"num_gpus": crews.gpus} if crews.gpus else {}
    looked = tasks.map_batches(
        _look, fn_args=(Looker(job, card, crews.room), job.lanes), batch_size=job.lanes, batch_format="pyarrow",
        num_cpus=1, ray_remote_args_fn=_repeated,
    )  # fmt: skip
    colored = looked.map_batches(
        _Color, fn_constructor_args=(job,), batch_size=1, batch_format="pyarrow", num_cpus=0, **gpus,
        compute=ray.data.ActorPoolStrategy(size=crews.colorists), ray_remote_args_fn=_restarted,
    )  # fmt: skip
    return colored.map_batches(
        _finish, fn_args=(Finisher(job), job.lanes), batch_size=job.lanes, batch_format="pyarrow",
        num_cpus=1, ray_remote_args_fn=_once,
    )  # fmt: skip


def _look(batch: pa.Table, looker: Looker, lanes: int) -> pa.Table:
    return _each(batch, lambda one: looker.look(one) if isinstance(one, Ready) else one, lanes)


def _finish(batch: pa.Table, finisher: Finisher, lanes: int) -> pa.Table:
    return _each(batch, lambda one: finisher.finish(one) if isinstance(one, Colored) else one, lanes)


class _Color:
    """An actor that holds the model."""

    def __init__(self, job: Job) -> None:
        self._colorist = Colorist(job)

    def __call__(self, batch: pa.Table) -> pa.Table:
        return _each(batch, lambda one: self._colorist.color(one) if isinstance(one, Looked) else one, 1)


def _each(batch: pa.Table, do: Callable[[Parcel], Parcel], lanes: int) -> pa.Table:
    """Do photos of a batch at the same time: while one is computed, others come and go."""
    with ThreadPoolExecutor(lanes) as threads:
        return _packed(list(threads.map(do, _unpacked(batch))))


def _packed(parcels: Sequence[Parcel]) -> pa.Table:
    return pa.table({"parcel": pa.array([pickle.dumps(one, 5) for one in parcels], pa.large_binary())})


def _unpacked(batch: pa.Table) -> list[Parcel]:
    return [pickle.loads(one.as_buffer()) for one in batch["parcel"]]


def _repeated() -> dict[str, Any]:
    return {"max_retries": DONE_AGAIN}


def _restarted() -> dict[str, Any]:
    return {"max_restarts": -1, "max_task_retries": DONE_AGAIN, "scheduling_strategy": "SPREAD"}


def _once() -> dict[str, Any]:
    return {"max_retries": 0}


def _settle_context() -> None:
    """Let Ray Data say nothing, go on without blocks that are lost, and cut small blocks."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.enable_operator_progress_bars = context.print_on_execution_start = False
    context.max_errored_blocks = -1
    context.target_max_block_size, context.target_min_block_size = BLOCK, 1
    for name in ("ray.data", "ray"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
