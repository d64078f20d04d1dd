"""The batch engine on a cluster of Ray: the same plan, the same ledger, the same results as on one computer.

    ledger ──► legs of shards ──► stream of stages ──► reports ──► ledger
                                   (cluster_flow)         │
                                   one photo alone ◄──────┴── lost with its worker, or too large

The driver, the only one that has the ledger, sees tasks and reports, never a photo. Names are claimed shard by shard
before a leg of many shards begins; each block of reports is settled when it comes. So what a killed driver, worker or
node leaves is what the local engine leaves: photos waiting, begun (their names being ours), or ended.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from photochrom.archive.cluster_stages import Alone, Ended
from photochrom.archive.engine import Told
from photochrom.archive.faults import Streak
from photochrom.archive.ledger import Ledger
from photochrom.archive.tasks import Task
from photochrom.archive.work import Job
from photochrom.errors import OptionError, RunError
from photochrom.weights import shipped

if TYPE_CHECKING:
    from photochrom.archive.cluster_nodes import Nodes

A_CORE: Final = 500
"""Photos a core of a leg: enough that its beginning and its end hardly count."""
LARGEST_LEG: Final = 200_000
LARGEST_SHARD: Final = 32
SHARDS_A_CORE: Final = 8
"""At least, so that no core waits for another one's shard at the end."""

PARTS: Final = 64
"""Shards of what is left when a stream broke."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the work is done: the ``address`` of a cluster of Ray ("auto" is that of this node), or None to begin one.

    One that is begun has ``cores`` of this computer and an object store of ``store`` MB. With ``gpus`` every actor that
    holds the model gets so many; ``colorists`` is how many there are, 0 means one for each core, or as the GPUs allow.
    Raises OptionError for values outside their range.
    """

    address: str | None = None
    cores: int = 1
    store: int = 500
    gpus: float = 0.0
    colorists: int = 0

    def __post_init__(self) -> None:
        """Check the ranges."""
        for name, least in (("cores", 1), ("store", 80), ("gpus", 0), ("colorists", 0)):
            if getattr(self, name) < least:
                raise OptionError(f"{name} of a cluster is {getattr(self, name)}; expected {least} or more")


class ClusterEngine:
    """Works off what waits in a ledger, as :class:`photochrom.archive.engine.Engine` does."""

    def __init__(self, ledger: Ledger, job: Job, cluster: Cluster, told: Told = lambda task, report: None) -> None:
        """``told`` hears of each photo that has ended, when the ledger knows it."""
        self._ledger, self._job, self._cluster, self._told = ledger, _anywhere(job), cluster, told
        self._made = job.order.fingerprint()
        self._streak = Streak()

    def work_off(self, run: int, waiting: int, previews: int = 0) -> None:
        """Do ``waiting`` photos of a run; of about ``previews`` of them small pictures are made.

        Raises RunError where the cluster cannot work, or neither source nor target can be reached any more; OptionError
        without Ray. What is interrupted stays begun in the ledger, and the next run does it.
        """
        if not waiting:
            return
        try:
            from photochrom.archive.cluster_nodes import Nodes
        except ImportError as error:
            raise OptionError(f"a cluster needs {error.name}; pip install 'photochrom[cluster]' brings it") from error
        step = max(1, -(-waiting // previews)) if previews else 0
        with Nodes(self._cluster, self._job) as nodes:
            self._legs(nodes, run, waiting, step)
            if again := self._ledger.try_again(run):
                self._legs(nodes, run, again, step)

    def _legs(self, nodes: "Nodes", run: int, waiting: int, step: int) -> None:
        """Do so many photos, as many at once as the cluster has use for now; it may grow and shrink."""
        while waiting > 0:
            cores = nodes.cores()
            count = min(waiting, LARGEST_LEG, A_CORE * cores)
            shards = list(self._shards(run, count, max(1, min(LARGEST_SHARD, count // (SHARDS_A_CORE * cores)))))
            waiting = waiting - sum(map(len, shards)) if shards else 0
            self._leg(nodes, [[_previewed(task, step) for task in shard] for shard in shards])

    def _shards(self, run: int, count: int, size: int) -> Iterator[list[Task]]:
        """Claim so many photos, shard by shard."""
        while count > 0 and (shard := self._ledger.take(run, min(size, count))):
            count -= len(shard)
            yield shard

    def _leg(self, nodes: "Nodes", shards: Sequence[Sequence[Task]]) -> None:
        """Stream shards, then do alone what was lost or is too large; where the stream breaks, do the rest again."""
        left = {task.number: task for shard in shards for task in shard}
        large: dict[int, int] = {}
        while left:
            before, broken = len(left), self._streamed(nodes, shards, left, large)
            if broken is None:
                break
            if len(left) == before:
                raise broken
            rest = [replace(task, replaces=True) for task in left.values()]
            left, parts = {task.number: task for task in rest}, min(PARTS, len(rest))
            shards = [rest[start::parts] for start in range(parts)]
        self._job.target.tidy([task.target for number, task in left.items() if number not in large])
        again = [(task if number in large else replace(task, replaces=True)) for number, task in left.items()]
        with closing(nodes.alone([(task, large.get(task.number, 0)) for task in again])) as ends:
            for end in ends:
                self._settle([end], left)

    def _streamed(
        self, nodes: "Nodes", shards: Sequence[Sequence[Task]], left: dict[int, Task], large: dict[int, int]
    ) -> RunError | None:
        """Stream shards and return what broke the stream, if anything did."""
        try:
            with closing(nodes.stream(shards)) as blocks:
                for block in blocks:
                    large |= {one.task.number: one.megabytes for one in block if isinstance(one, Alone)}
                    self._settle([one for one in block if isinstance(one, Ended)], left)
                    if self._streak.is_hopeless:
                        break
        except RunError as error:
            return error
        self._streak.require_hope()
        return None

    def _settle(self, ends: list[Ended], left: dict[int, Task]) -> None:
        """Let the ledger know, then who listens."""
        self._ledger.settle([(one.task, one.report) for one in ends], self._made)
        for one in ends:
            left.pop(one.task.number, None)
            self._streak.hear(one.report)
            self._told(one.task, one.report)


def _anywhere(job: Job) -> Job:
    """Return the job for processes that begin in other folders, one for each core."""
    order = job.order
    model = order.model if order.model in shipped() else os.path.abspath(order.model)
    reference = None if order.reference is None else os.path.abspath(order.reference)
    return replace(job, order=replace(order, model=model, reference=reference), threads=1)


def _previewed(task: Task, step: int) -> Task:
    return replace(task, preview=step > 0 and task.number % step == 0)
