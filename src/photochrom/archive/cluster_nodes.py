"""The nodes of a cluster: begun or joined, looked over before the work, and what each photo may take there."""

import logging
import os
import pickle
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, Self, cast

import ray
from ray.exceptions import (
    GetTimeoutError,
    NodeDiedError,
    OutOfMemoryError,
    RayError,
    RayTaskError,
    WorkerCrashedError,
)  # fmt: skip
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from photochrom import __version__
from photochrom.archive.cluster import Cluster
from photochrom.archive.cluster_flow import Crews, stream
from photochrom.archive.cluster_stages import Alone, Ended
from photochrom.archive.memory import MEGABYTE, WORKER
from photochrom.archive.places import LocalSource
from photochrom.archive.targets import LocalTarget
from photochrom.archive.tasks import Report, Task
from photochrom.archive.work import Job, Workshop
from photochrom.colorizer import Colorizer
from photochrom.errors import OptionError, RunError

PATIENCE: Final = 120.0
"""Seconds that all nodes together have to say whether they can take part."""
LEAST: Final = 200
"""MB for a photo, even where there is less: one at a time will do."""
_LOST: Final = (WorkerCrashedError, NodeDiedError, OutOfMemoryError)


class Nodes:
    """A cluster at work on a job; a context manager."""

    def __init__(self, cluster: Cluster, job: Job) -> None:
        """Raise ModelError where there is no such model."""
        self._cluster, self._job = cluster, job
        self._card = Colorizer(job.order.model, threads=1).card
        self._left = ExitStack()

    def __enter__(self) -> Self:
        """Join the cluster, or begin one; raises OptionError where there is none, RunError where nodes do not fit.

        As long as it is joined nothing goes to standard output: Ray would write there what dies.
        """
        if not ray.is_initialized():
            _connect(self._cluster)
            self._left.callback(ray.shutdown)
            self._left.enter_context(redirect_stdout(self._left.enter_context(open(os.devnull, "w"))))
        try:
            self._look_over()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the cluster, which ends all work; one that was begun ends."""
        self._left.close()

    def cores(self) -> int:
        """Return how many cores there are now."""
        return max(1, int(_sum("CPU")))

    def stream(self, shards: Sequence[Sequence[Task]]) -> Generator[list[Ended | Alone]]:
        """Do tasks, and give what became of them; those of lost blocks are missing. Raises RunError if it breaks."""
        try:
            yield from stream(shards, self._job, self._card, self._crews())
        except RayError as error:
            raise RunError(f"the cluster broke off ({_said(error)}); look at its nodes, and run again") from error

    def alone(self, tasks: Sequence[tuple[Task, int]]) -> Generator[Ended]:
        """Do tasks each in a process for itself, with so many MB; one that its process ends with twice has failed.

        Raises RunError where nodes cannot do it at all.
        """
        waiting, begun, tried = deque(tasks), dict[Any, tuple[Task, int]](), set[int]()
        job, most = ray.put(pickle.dumps(self._job, 5)), self.cores()
        while waiting or begun:
            while waiting and len(begun) < most:
                task, megabytes = waiting.popleft()
                begun[_alone.options(memory=self._share(megabytes)).remote(job, task)] = task, megabytes
            (ready,), _ = ray.wait(list(begun))
            task, megabytes = begun.pop(ready)
            try:
                yield Ended(task, ray.get(ready))
            except _LOST as error:
                if task.number in tried:
                    yield Ended(task, _ended(task, error))
                else:
                    tried.add(task.number)
                    waiting.append((replace(task, replaces=True), megabytes))
            except RayTaskError as error:
                raise RunError(f"{task.source}: the cluster cannot do it ({_said(error)})") from error

    def _crews(self) -> Crews:
        """Return who does what in the cluster as it is now."""
        gpus = self._cluster.gpus
        there = int(_sum("GPU") / gpus) if gpus else self.cores()
        if not there:
            raise RunError(f"no node has {gpus:g} GPUs; leave the GPUs out, or add nodes with some")
        return Crews(self._cluster.colorists or there, gpus, self._room())

    def _room(self) -> int:
        """Return the MB for a photo: what the poorest node has for a core, without two workers, shared by lanes."""
        there = [node["Resources"] for node in _working()]
        shares = [node["memory"] / max(1, node["CPU"]) for node in there if "memory" in node]
        return max(LEAST, int(min(shares, default=0) / MEGABYTE - 2 * WORKER) // self._job.lanes)

    def _share(self, megabytes: int) -> int:
        """Return the bytes to ask for; no more than the richest node has, or a photo would wait for ever."""
        most = max((node["Resources"].get("memory", 0) for node in _working()), default=0)
        return int(min(megabytes * MEGABYTE, most))

    def _look_over(self) -> None:
        """Let every node say whether it can take part."""
        made, asked = self._job.order.fingerprint(), {}
        ask = ray.remote(num_cpus=0, max_retries=0)(why_not)
        for node in _working():
            where = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            asked[ask.options(scheduling_strategy=where).remote(self._job, made)] = node["NodeManagerAddress"]
        if not asked:
            raise RunError("no node of the cluster has cores; add nodes")
        for answer, name in asked.items():
            try:
                reason = ray.get(answer, timeout=PATIENCE)
            except GetTimeoutError:
                reason = f"does not answer within {PATIENCE:.0f} s"
            except RayError as error:
                reason = f"cannot take part ({_said(error)}); is photochrom[cluster] {__version__} installed there?"
            if reason:
                raise RunError(f"node {name}: {reason}")


def why_not(job: Job, made: str) -> str | None:
    """Return why this computer cannot work on a job, None if it can; ``made`` is the order's fingerprint elsewhere."""
    if job.order.fingerprint() != made:
        return "has another model file or reference photo of that name; give all nodes the same"
    folders = [place.root for place in (job.source, job.target) if isinstance(place, LocalSource | LocalTarget)]
    for folder in folders:
        if not os.path.isdir(folder):
            return f"has no folder {folder}; give one that all nodes share, or a URL such as s3://bucket/folder"
    return None


@ray.remote(num_cpus=1, max_retries=0)
def _alone(job: bytes, task: Task) -> Report:
    return _workshop(job).process(task)


@lru_cache(maxsize=1)
def _workshop(job: bytes) -> Workshop:
    return Workshop(pickle.loads(job))


def _connect(cluster: Cluster) -> None:
    """Join a cluster, or begin one that nobody else sees."""
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if cluster.address is None:
        ray.init(
            "local", num_cpus=cluster.cores, object_store_memory=cluster.store * MEGABYTE, include_dashboard=False,
            _node_ip_address="127.0.0.1", **quiet,
        )  # fmt: skip
        return
    try:
        ray.init(cluster.address, **quiet)
    except (ConnectionError, ValueError, RuntimeError) as error:
        text = f"{cluster.address}: no cluster of Ray answers there ({_said(error)}); check the address"
        raise OptionError(text) from error


def _working() -> list[dict[str, Any]]:
    """Return the nodes that live and have cores."""
    found = cast(Any, ray).nodes()
    return [node for node in found if node["Alive"] and node["Resources"].get("CPU")]


def _sum(resource: str) -> float:
    return sum(float(node["Resources"].get(resource, 0)) for node in _working())


def _ended(task: Task, error: BaseException) -> Report:
    text = (
        f"{task.source}: the process that worked on it ended ({_said(error)}); is it damaged, or the memory too small?"
    )
    return Report("failed", "WorkerEnded", text, touched=True)


def _said(error: BaseException) -> str:
    """Return the last line of what an error says: Ray puts tracebacks before it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:300] if lines else type(error).__name__
