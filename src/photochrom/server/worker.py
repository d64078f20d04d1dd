"""Works off the queue: as many photos at once as there are threads, and as memory allows."""

import threading
import time
from dataclasses import dataclass
from functools import partial

from photochrom.photo import SaveOptions
from photochrom.server.folder import Folder
from photochrom.server.intake import RETRY, Intake
from photochrom.server.jobs import Job, JobStore
from photochrom.server.limits import Limits
from photochrom.server.news import News
from photochrom.server.painters import Painters
from photochrom.server.problems import LOG, Refusal, said_of
from photochrom.server.schema import choice_of
from photochrom.server.watch import Stopped, Watch


@dataclass(frozen=True, slots=True)
class Shop:
    """What the work needs."""

    store: JobStore
    folder: Folder
    painters: Painters
    news: News
    limits: Limits
    intake: Intake


class Worker:
    """Turns queued jobs into results; every result is written whole or not at all."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._turn = threading.Condition()
        self._running: dict[str, tuple[Job, Watch]] = {}
        self._stopping = False
        self._threads = [
            threading.Thread(target=self._work_off, name=f"photo-{number}") for number in range(shop.limits.workers)
        ]

    def start(self) -> None:
        """Take up what a crash has left, and begin."""
        self._shop.folder.tidy(self._shop.store.recover())
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Look into the queue: something was put there."""
        with self._turn:
            self._turn.notify_all()

    def cancel(self, id: str) -> bool:
        """Take a job off the queue, or stop the work on it; tells whether it had not ended yet."""
        with self._turn:
            if self._shop.store.cancel(id, "queued"):
                return True
            if id in self._running:
                self._running[id][1].stop()
                return True
        return False

    def delete(self, id: str) -> None:
        """Delete a job; if it is being worked on, that is stopped, and its files go when it has."""
        with self._turn:
            if id in self._running:
                self._shop.store.delete(id)
                self._running[id][1].stop()
            else:
                self._shop.intake.forget(id)

    def stop(self) -> None:
        """End: photos being worked on go back to the queue, for the next start."""
        with self._turn:
            self._stopping = True
            for _, watch in self._running.values():
                watch.stop()
            self._turn.notify_all()
        for thread in self._threads:
            thread.join()

    def _work_off(self) -> None:
        while not self._stopping:
            try:
                if (taken := self._take()) is not None:
                    self._process(*taken)
            except Exception:  # of the file of jobs: a full disk, perhaps
                LOG.exception("the state of a photo could not be written; trying again soon")
                time.sleep(RETRY)

    def _take(self) -> tuple[Job, Watch] | None:
        """Wait for a job that fits into memory beside the running ones; None when the server ends."""
        with self._turn:
            while not self._stopping:
                job = self._shop.store.next()
                used = sum(running.need for running, _ in self._running.values())
                if job is not None and (not self._running or used + job.need <= self._shop.limits.memory):
                    watch = Watch(job.photo["pages"], partial(self._shop.news.move, job.id))
                    self._shop.store.start(job.id)
                    self._running[job.id] = job, watch
                    return job, watch
                self._turn.wait()
        return None

    def _process(self, job: Job, watch: Watch) -> None:
        """Make the result, and write down how it ended."""
        store, start = self._shop.store, time.perf_counter()
        try:
            colored = self._make(job, watch)
            store.finish(job.id, job.revision, time.perf_counter() - start, colored)
            self._keep_quota(job.id)
        except Stopped:
            self._put_back(job)
        except Exception as error:
            if watch.is_stopped:  # libvips was, in the middle of its pixels: to it that is a damaged photo
                self._put_back(job)
            else:
                self._fail(job, error)
        finally:
            self._let_go(job)

    def _put_back(self, job: Job) -> None:
        """Say that the work on a job was stopped: it was canceled, or goes on when the server starts again."""
        if self._stopping:
            self._shop.store.queue(job.id, again=True)
        else:
            self._shop.store.cancel(job.id, "running")

    def _fail(self, job: Job, error: Exception) -> None:
        """Write down why a job has failed."""
        kind, text = said_of(error, self._shop.folder, job.name)
        if kind == "InternalError":
            LOG.exception("job %s failed", job.id)
        self._shop.store.fail(job.id, kind, text)

    def _let_go(self, job: Job) -> None:
        """Make room for another photo; the files of one that was deleted meanwhile go now."""
        with self._turn:
            del self._running[job.id]
            self._turn.notify_all()
            self._shop.news.forget(job.id)
            if self._shop.store.get(job.id) is None:
                self._shop.intake.forget(job.id)

    def _make(self, job: Job, watch: Watch) -> bool:
        """Write the result of a job and its small colors; tells whether the photo had color already."""
        folder, choice = self._shop.folder, choice_of(job.choice)
        photo = watch.watched(self._shop.painters.open(folder.file(job.id, "source")))
        result = self._shop.painters.colored(photo, job, choice)
        watch.wrote()
        options = SaveOptions(choice.format, choice.quality, overwrite=True)
        result.save(folder.file(job.id, "result"), options=options)
        folder.keep_chroma(job.id, job.revision, [page.chroma for page in result.pages if page.chroma is not None])
        return photo.is_colored

    def _keep_quota(self, spared: str) -> None:
        try:
            self._shop.intake.require_disk(0, spared)
        except Refusal:
            LOG.warning("the disk quota is exceeded by photos that cannot be deleted now")
