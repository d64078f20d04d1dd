"""Everything the routes speak to, in one place, and what several of them need."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, cast

import numpy as np
from fastapi import Depends, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from numpy.typing import NDArray

from photochrom.photo import Image
from photochrom.server.folder import JOBS, Folder
from photochrom.server.guards import Access
from photochrom.server.intake import Intake
from photochrom.server.jobs import ENDED, Job, JobStore
from photochrom.server.limits import Limits
from photochrom.server.metrics import Metrics
from photochrom.server.news import News
from photochrom.server.painters import Painters, View
from photochrom.server.pictures import Box, Pictures
from photochrom.server.problems import Refusal
from photochrom.server.schema import Choice, JobOut, Of, PhotoOut, choice_of
from photochrom.server.typed import command_line, result_name
from photochrom.server.worker import Shop, Worker

SILENCE: Final = 15.0
"""Seconds after which a stream of events says that it is still there."""


@dataclass(frozen=True, slots=True)
class Service:
    """A server without its addresses."""

    shop: Shop
    worker: Worker
    pictures: Pictures
    metrics: Metrics
    access: Access

    @classmethod
    def over(cls, data: Path, models: dict[str, Path], limits: Limits, access: Access) -> "Service":
        """Open the folder of a server; raises OptionError when another server uses it, ModelError, OutputUnwritable."""
        folder, news = Folder(data), News()
        store = JobStore(data / JOBS, news.tell)
        try:
            painters = Painters(models, folder, limits.max_pixels)
        except BaseException:
            store.close()
            raise
        shop = Shop(store, folder, painters, news, limits, Intake(store, folder, painters, limits))
        return cls(shop, Worker(shop), Pictures(folder), Metrics(), access)

    def close(self) -> None:
        """End the work and close the file of jobs."""
        self.shop.news.end()
        self.worker.stop()
        self.shop.store.close()

    def job(self, id: str) -> Job:
        """Return a job; raises Refusal, 404, where there is none."""
        job = self.shop.store.get(id)
        if job is None:
            raise Refusal(404, "JobNotFound", f"there is no job {id}; it may have been deleted")
        return job

    def told(self, job: Job) -> JobOut:
        """Return what clients are told of a job."""
        choice, progress = choice_of(job.choice), self.shop.news.progress(job.id) if job.state == "running" else 0.0
        return JobOut(
            id=job.id,
            name=job.name,
            state=job.state,
            progress=1.0 if job.state == "done" else round(progress, 3),
            place=self.shop.store.before(job.id) if job.state == "queued" else None,
            photo=PhotoOut.model_validate({"colored": None, **job.photo}),
            choice=choice,
            revision=job.revision,
            ready=job.ready,
            result_name=result_name(job, choice),
            problem=None if job.problem is None else job.problem[1],
            command=command_line(job, choice, next(iter(self.shop.painters.models))),
            created=job.created,
            finished=job.finished,
            seconds=job.seconds,
        )

    def chroma(self, view: View) -> NDArray[np.float32]:
        """Return the small colors of a page: those of the result where it has them, else new ones."""
        job = view.job
        if job.ready and view.choice == choice_of(job.choice):
            kept = self.shop.folder.chroma(job.id, job.revision, view.page)
            if kept is not None:
                return kept
        return self.shop.painters.chroma(view)

    def view(self, id: str, page: int, choice: Choice | None = None) -> View:
        """Return the view of a job's page in a choice that fits it, or in the one made last."""
        job = self.job(id)
        chosen = choice_of(job.choice) if choice is None else self.shop.intake.checked(choice, job)
        return View(job, chosen, page)

    def preview(self, view: View, of: Of, side: int) -> Image:
        """Return a whole page; see :meth:`Pictures.preview`."""
        page = self.shop.painters.page(view)
        return self.pictures.preview(view.job, (view.page, page), side, self.chroma(view) if of == "result" else None)

    def piece(self, view: View, of: Of, box: Box) -> Image:
        """Return a piece of a page; see :meth:`Pictures.piece`."""
        page = self.shop.painters.page(view)
        return self.pictures.piece(view.job, (view.page, page), box, self.chroma(view) if of == "result" else None)

    def give_beside(self, id: str, beside: Literal["reference", "transplant"], upload: UploadFile) -> JobOut:
        """Put another photo beside that of a job, and have its colors used; raises OptionError where they cannot be."""
        job = self.job(id)
        choice = choice_of(job.choice).model_copy(update={"colors": beside})
        self.shop.intake.beside(View(job, choice), beside, upload)
        self.shop.store.choose(id, choice.model_dump_json())
        return self.told(self.job(id))

    async def ended(self, id: str) -> AsyncIterator[Job | None]:
        """Yield None about every second while a job is worked on, then the job itself, or nothing if it is gone."""
        async for _ in self.shop.news.heard(1.0):
            job = await run_in_threadpool(self.shop.store.get, id)
            if job is None:
                return
            if job.state in ENDED:
                yield job
                return
            yield None


def _service(request: Request) -> Service:
    return cast(Service, request.app.state.service)


Served = Annotated[Service, Depends(_service)]
"""How a route asks for the service."""
