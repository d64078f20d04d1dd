"""Photos in, results out: one at once, or as jobs in a queue."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Form, Header, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, StreamingResponse

from photochrom.photo.formats import written_as
from photochrom.server.archive import OpenFile, attachment, zipped
from photochrom.server.jobs import ENDED, Job, State
from photochrom.server.problems import Refusal, refusal_of
from photochrom.server.schema import Id, JobOut, JobPage, UploadForm, choice_of, gives
from photochrom.server.service import SILENCE, Served, Service
from photochrom.server.typed import result_name

router = APIRouter(prefix="/api/v1")

Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
Multipart = Annotated[UploadForm, Form(media_type="multipart/form-data")]
Image = gives("The photo in color, in its own format.", "image/*")
Events = gives("Server-sent events.", "text/event-stream")
Zip = gives("A ZIP file.", "application/zip")


@router.post("/colorize", responses=Image, response_class=Response, tags=["photos"])
async def colorize(request: Request, service: Served, form: Multipart, key: Key = None) -> Response:
    """Give a photo its colors back and return it: same format, depth and size.

    Without an Idempotency-Key nothing is kept. With one, the job stays, and the same request again gives its result.
    """
    job = await run_in_threadpool(service.shop.intake.take, form, key, key is not None)
    service.worker.wake()
    async for done in service.ended(job.id):
        if done is not None:
            return await run_in_threadpool(_sent, service, done)
        if await request.is_disconnected():
            service.worker.cancel(job.id)
    raise Refusal(503, "Stopping", "the server ends, or the photo was deleted; try again", 5)


@router.post("/jobs", status_code=202, tags=["photos"])
def submit(service: Served, form: Multipart, key: Key = None) -> JobOut:
    """Put a photo into the queue. It is on disk when this answers, and survives a crash of the server.

    The same request again with the same Idempotency-Key gives the same job.
    """
    job = service.shop.intake.take(form, key, True)
    service.worker.wake()
    return service.told(job)


@router.get("/jobs", tags=["photos"])
def history(
    service: Served,
    search: Annotated[str, Query(max_length=200, description="A part of the name.")] = "",
    state: State | None = None,
    before: Annotated[int | None, Query(ge=1, le=2**62, description="What `next` said.")] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> JobPage:
    """List photos, newest first."""
    jobs = service.shop.store.page(search, state, before, limit + 1)
    following = jobs[limit - 1].number if len(jobs) > limit else None
    total = service.shop.store.total(search, state)
    return JobPage(jobs=[service.told(job) for job in jobs[:limit]], total=total, next=following)


@router.get("/jobs/{id}", tags=["photos"])
def status(service: Served, id: Id) -> JobOut:
    """Tell how far a job is."""
    return service.told(service.job(id))


@router.delete("/jobs/{id}", status_code=204, tags=["photos"])
def delete(service: Served, id: Id) -> None:
    """Delete a photo and everything made of it; work on it is stopped."""
    service.worker.delete(service.job(id).id)


@router.post("/jobs/{id}/cancel", tags=["photos"])
def cancel(service: Served, id: Id) -> JobOut:
    """Take a photo off the queue, or stop the work on it; the photo itself stays."""
    if not service.worker.cancel(service.job(id).id):
        raise Refusal(409, "JobEnded", "this job has ended already; delete it, or run it again")
    return service.told(service.job(id))


@router.post("/jobs/{id}/run", status_code=202, tags=["photos"])
def run(service: Served, id: Id) -> JobOut:
    """Make the result again, with what was chosen last."""
    job = service.job(id)
    service.shop.intake.require_room()
    if job.state not in ENDED or not service.shop.store.queue(id):
        raise Refusal(409, "JobNotEnded", f"this job is {job.state}; cancel it first, or wait")
    service.worker.wake()
    return service.told(service.job(id))


@router.get("/jobs/{id}/result", responses=Image, response_class=Response, tags=["photos"])
def result(service: Served, id: Id) -> Response:
    """Download the result: full resolution, the photo's own format and depth, its metadata kept."""
    job = service.job(id)
    if not job.ready:
        raise _not_ready(job)
    path = service.shop.folder.file(id, "result")
    return FileResponse(path, media_type=_media(job), headers=_named(job))


@router.get("/results.zip", responses=Zip, response_class=Response, tags=["photos"])
def archive(
    service: Served,
    id: Annotated[list[str] | None, Query(max_length=1000, description="Jobs; all if not given.")] = None,
) -> Response:
    """Download many results as one ZIP file; those that are not ready are left out."""
    store, folder = service.shop.store, service.shop.folder
    jobs = [store.get(one) for one in id] if id is not None else store.page(state="done", limit=-1)
    files = [
        (result_name(job, choice_of(job.choice)), folder.file(job.id, "result")) for job in jobs if job and job.ready
    ]
    if not files:
        raise Refusal(404, "NothingReady", "none of these photos has a result; wait, or name others")
    headers = {"Content-Disposition": attachment("photochrom.zip")}
    return StreamingResponse(zipped(files), media_type="application/zip", headers=headers)


@router.get("/jobs/{id}/events", responses=Events, response_class=Response, tags=["photos"])
async def job_events(service: Served, id: Id) -> Response:
    """Follow one job by server-sent events ("job", its data as /jobs/{id} gives it) until it has ended."""
    await run_in_threadpool(service.job, id)
    return _stream(_events(service, id))


@router.get("/events", responses=Events, response_class=Response, tags=["photos"])
async def events(service: Served) -> Response:
    """Follow all jobs by server-sent events: "ready" at the start, "job" for each change, "deleted" with {"id"}."""
    return _stream(_events(service, None))


async def _events(service: Service, only: str | None) -> AsyncIterator[str]:
    """Yield the events of one job, until it ends, or of all."""
    yield 'retry: 2000\nevent: ready\ndata: {"version": 1}\n\n'
    known = [] if only is None else [only]
    async for ids in service.shop.news.heard(SILENCE):
        if not ids and not known:
            yield ": still here\n\n"
        for id in known or [id for id in ids if only in (None, id)]:
            job = await run_in_threadpool(service.shop.store.get, id)
            if job is not None and (job.kept or only):
                yield f"event: job\ndata: {(await run_in_threadpool(service.told, job)).model_dump_json()}\n\n"
            elif job is None:
                yield f'event: deleted\ndata: {{"id": "{id}"}}\n\n'
            if only and (job is None or job.state in ENDED):
                return
        known = []


def _stream(events: AsyncIterator[str]) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


def _sent(service: Service, job: Job) -> Response:
    """Return the result of a job; one that is not kept is deleted as soon as it is sent."""

    def at_end() -> None:
        if not job.kept:
            service.worker.delete(job.id)

    try:
        if not job.ready:
            raise _not_ready(job)
        path = service.shop.folder.file(job.id, "result")
        headers = _named(job) | {"Content-Length": str(path.stat().st_size)}
        return OpenFile(path.open("rb"), at_end, _media(job), headers)
    except BaseException:
        at_end()
        raise


def _not_ready(job: Job) -> Refusal:
    """Return why there is no result to give."""
    if job.state == "failed" and job.problem is not None:
        return refusal_of(*job.problem)
    if job.state in ("queued", "running"):
        return Refusal(409, "JobNotEnded", f"this job is {job.state}; wait for its end", 1)
    if job.state == "canceled":
        return Refusal(409, "JobCanceled", "this job was canceled; run it again")
    return Refusal(409, "ResultOutdated", "something else was chosen since the result was made; run the job again")


def _named(job: Job) -> dict[str, str]:
    return {"Content-Disposition": attachment(result_name(job, choice_of(job.choice)))}


def _media(job: Job) -> str:
    return f"image/{choice_of(job.choice).format or written_as(job.photo['format']).name}"
