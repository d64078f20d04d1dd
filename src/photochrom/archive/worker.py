"""A process that works on photos: it hears tasks on a line, asks for room, and says what became of each.

On the line, to the worker: ("task", Task), ("go", number), or None when there is nothing more to do. From it:
("ready",) or ("broken", error) at first; ("room", number, megabytes, working) before a photo is read as bytes, and
before its pixels are decoded; ("end", number, Report).
"""

import multiprocessing
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Self, cast

from photochrom.archive.tasks import Task
from photochrom.archive.work import Job, Workshop
from photochrom.errors import PhotochromError, RunError

Message = tuple[Any, ...]


class Abandoned(BaseException):
    """Nobody waits for the photo any more; no Exception, so that nothing takes it for a failure."""


class Bench:
    """The worker's side of a line."""

    def __init__(self, line: Connection, job: Job) -> None:
        self._line, self._job = line, job
        self._lock, self._rooms = threading.Lock(), dict[int, threading.Event]()
        self._abandoned = False

    def work_off(self) -> None:
        """Do what comes over the line until nobody is there any more."""
        try:
            workshop = Workshop(self._job)
        except PhotochromError as error:
            self._say("broken", error)
            return
        self._say("ready")
        with ThreadPoolExecutor(self._job.lanes) as lanes:
            with suppress(EOFError, OSError):
                while (message := self._line.recv()) is not None:
                    if message[0] == "task":
                        lanes.submit(self._process, workshop, message[1])
                    else:
                        self._rooms[message[1]].set()
            self._abandoned = True
            for room in list(self._rooms.values()):
                room.set()
            lanes.shutdown(cancel_futures=True)

    def _process(self, workshop: Workshop, task: Task) -> None:
        with suppress(Abandoned):
            report = workshop.process(task, partial(self._room, task.number))
            self._say("end", task.number, report)
        self._rooms.pop(task.number, None)

    @contextmanager
    def _room(self, number: int, megabytes: int, working: bool) -> Iterator[None]:
        """Ask for room and wait for it; the report gives it back."""
        self._rooms[number] = there = threading.Event()
        if not self._abandoned:
            self._say("room", number, megabytes, working)
            there.wait()
        if self._abandoned:
            raise Abandoned
        yield

    def _say(self, *message: Any) -> None:
        with self._lock, suppress(OSError):
            self._line.send(message)


class Member:
    """A worker as the engine sees it; ``given`` are the tasks that it has by number."""

    def __init__(self, job: Job, isolated: bool) -> None:
        """Start a process, or a thread of this one."""
        context = multiprocessing.get_context("spawn")
        self.line, other = context.Pipe()
        self.given: dict[int, Task] = {}
        self.ready = self.alone = False
        maker: Any = context.Process if isolated else threading.Thread
        self._body = maker(target=_work_off, args=(other, job), daemon=True)
        self._body.start()
        if isolated:
            other.close()  # so that the line breaks with the process

    def say(self, message: Message | None) -> None:
        """Send a message; a worker that has ended is noticed when it is listened to."""
        with suppress(OSError):
            self.line.send(message)

    def ended(self) -> str:
        """Return how the process ended."""
        self._body.join(5)
        code = getattr(self._body, "exitcode", None)
        if code is None or code >= 0:
            return f"with code {code}"
        with suppress(ValueError):
            return f"by {signal.Signals(-code).name}"
        return f"by signal {-code}"

    def kill(self) -> None:
        """End it at once, if it is a process."""
        if hasattr(self._body, "kill"):
            self._body.kill()
        self._body.join(5)
        self.line.close()


class Crew:
    """Workers that are started together and replaced when they end too early."""

    def __init__(self, job: Job, size: int, isolated: bool = True) -> None:
        """Start so many workers: processes, or threads of this one where not ``isolated``."""
        self._job, self._isolated = job, isolated
        self.members = [Member(job, isolated) for _ in range(size)]

    def __enter__(self) -> Self:  # noqa: D105
        return self

    def __exit__(self, *error: object) -> None:  # noqa: D105
        for member in self.members:
            member.kill()

    def listen(self, seconds: float) -> Iterator[tuple[Member, Message | None]]:
        """Give what workers say within some time; None of one that has ended."""
        lines = {member.line: member for member in self.members}
        for line in wait(list(lines), seconds):
            member = lines[cast(Any, line)]
            try:
                yield member, member.line.recv()
            except (EOFError, OSError):
                yield member, None

    def replace(self, member: Member) -> None:
        """Start a new worker for one that has ended; raises RunError where it ended before it was ready."""
        if not member.ready:
            raise RunError(f"a worker ended {member.ended()} before it was ready; allow fewer --jobs or less --memory")
        member.kill()
        self.members[self.members.index(member)] = Member(self._job, self._isolated)

    def dismiss(self) -> None:
        """Let workers end what they are at, and nothing more."""
        for member in self.members:
            member.say(None)


def _work_off(line: Connection, job: Job) -> None:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the engine, which ends its workers in order
    with line:
        Bench(line, job).work_off()


GRACE: Final = 20.0
"""Seconds that photos being worked on may still take when a run is interrupted."""
