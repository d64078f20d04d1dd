"""Reading, computing and writing of many photos at the same time, on all cores, within a bound of memory."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from photochrom.archive.faults import Streak
from photochrom.archive.ledger import Ledger
from photochrom.archive.memory import WORKER, Rooms
from photochrom.archive.tasks import Report, Task
from photochrom.archive.work import Job
from photochrom.archive.worker import GRACE, Crew, Member, Message

Told = Callable[[Task, Report], None]

AHEAD: Final = 1
"""Tasks that a worker has beyond those it works on, so that it never waits for the next."""
BUFFER: Final = 0.3
"""Seconds between two looks at what workers say."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a run may use: ``jobs`` workers, ``memory`` MB for workers and photos together.

    ``isolated`` workers are processes; else they are threads, and what makes one end ends all.
    """

    jobs: int
    memory: int
    isolated: bool = True

    def __post_init__(self) -> None:
        """Nothing less than one photo at a time is possible."""
        most = max(1, self.memory // (2 * WORKER))
        object.__setattr__(self, "jobs", max(1, min(self.jobs, most)))

    @property
    def room(self) -> int:
        """MB for photos: what the workers themselves leave."""
        return max(0, self.memory - self.jobs * WORKER)


class Engine:
    """Works off what waits in a ledger."""

    def __init__(self, ledger: Ledger, job: Job, means: Means, told: Told = lambda task, report: None) -> None:
        """``told`` hears of each photo that has ended, when the ledger knows it."""
        self._ledger, self._job, self._means, self._told = ledger, job, means, told
        self._made = job.order.fingerprint()
        self._ends: list[tuple[Task, Report]] = []
        self._suspects: deque[Task] = deque()
        self._streak, self._left = Streak(), 0

    def work_off(self, run: int, waiting: int, previews: int = 0) -> None:
        """Do ``waiting`` photos of a run; of about ``previews`` of them small pictures are made.

        Raises RunError where workers cannot work, or neither source nor target can be reached any more.
        """
        self._left, step = waiting, max(1, -(-waiting // previews)) if previews else 0
        if not waiting:
            return
        self._rooms = Rooms(self._means.room)
        with Crew(self._job, min(self._means.jobs, waiting), self._means.isolated) as crew, self._ordered(crew, run):
            tried = False
            while True:
                self._feed(crew, run, step)
                if not self._is_busy(crew):
                    if tried or not (again := self._ledger.try_again(run)):
                        break
                    tried, self._left = True, self._left + again
                    continue
                self._listen(crew, BUFFER)

    def _feed(self, crew: Crew, run: int, step: int) -> None:
        """Give workers as many tasks as they take; the ledger knows first."""
        idle = [member for member in crew.members if member.ready and not member.given]
        while self._suspects and idle:
            member = idle.pop()
            member.alone = True
            self._give(member, self._suspects.popleft())
        free = [member for member in crew.members if member.ready and not member.alone and not self._suspects]
        wanted = sum(self._job.lanes + AHEAD - len(member.given) for member in free)
        tasks = self._ledger.take(run, min(wanted, self._left)) if min(wanted, self._left) > 0 else []
        self._left = self._left - len(tasks) if tasks or not wanted else 0
        for task in tasks:
            member = min(free, key=lambda one: len(one.given))
            self._give(member, replace(task, preview=step > 0 and task.number % step == 0))

    def _give(self, member: Member, task: Task) -> None:
        member.given[task.number] = task
        member.say(("task", task))

    def _is_busy(self, crew: Crew) -> bool:
        starting = self._left > 0 and not any(member.ready for member in crew.members)
        return starting or bool(self._suspects) or any(member.given for member in crew.members) or self._left > 0

    def _listen(self, crew: Crew, seconds: float) -> None:
        """Hear what workers say, give room, and write down what has ended."""
        for member, message in crew.listen(seconds):
            if message is None:
                self._mourn(crew, member)
            else:
                self._hear(member, message)
        admitted = set(self._rooms.admitted())
        for member in crew.members:
            for number in admitted & set(member.given):
                member.say(("go", number))
        self._settle()
        self._streak.require_hope()

    def _hear(self, member: Member, message: Message) -> None:
        kind, *rest = message
        if kind == "ready":
            member.ready = True
        elif kind == "broken":
            raise rest[0]
        elif kind == "room":
            self._rooms.ask(*rest)
        else:
            self._end(member, rest[0], rest[1])

    def _end(self, member: Member, number: int, report: Report) -> None:
        task = member.given.pop(number)
        member.alone = False
        self._rooms.leave(number)
        self._ends.append((task, report))
        self._streak.hear(report)

    def _mourn(self, crew: Crew, member: Member) -> None:
        """Replace a worker that has ended; what it had is done alone, so that the photo that ends workers is found."""
        how, given = member.ended(), list(member.given.values())
        self._job.target.tidy([task.target for task in given])
        if member.alone or len(given) == 1:
            for task in given:
                text = (
                    f"{task.source}: the process that worked on it ended {how}; is it damaged, or the memory too small?"
                )
                self._end(member, task.number, Report("failed", "WorkerEnded", text, touched=True))
        for task in list(member.given.values()):
            self._rooms.leave(task.number)
            self._suspects.append(replace(task, replaces=True))  # its result may stand already
        crew.replace(member)

    def _settle(self) -> None:
        self._ledger.settle(self._ends, self._made)
        ends, self._ends = self._ends, []  # only now: what an interrupt kept from being written still is
        for task, report in ends:
            self._told(task, report)

    @contextmanager
    def _ordered(self, crew: Crew, run: int) -> Iterator[None]:
        """End workers in order, also when interrupted: photos that are begun are finished, others wait again."""
        try:
            yield
        finally:
            crew.dismiss()
            end = time.monotonic() + GRACE
            while any(member.given for member in crew.members) and time.monotonic() < end:
                for member, message in crew.listen(BUFFER):
                    if message is None:
                        self._ledger.give_back(member.given.values())
                        member.given.clear()
                        crew.members.remove(member)
                    elif message[0] == "end":
                        self._end(member, message[1], message[2])
                self._settle()
            self._settle()  # an interrupt may have come between hearing and writing, or between taking and giving
            self._ledger.give_back_rest(run, {number for member in crew.members for number in member.given})
