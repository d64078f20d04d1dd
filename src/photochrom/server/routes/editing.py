"""Looking at a photo and choosing its colors: everything here answers from what the network said once."""

from dataclasses import replace
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, File, Query, Request, Response, UploadFile
from fastapi.concurrency import run_in_threadpool

from photochrom.color.resample import downsample_area
from photochrom.hints import Hint, Hints
from photochrom.looks import look_names
from photochrom.photo import Photo
from photochrom.server.archive import attachment
from photochrom.server.pictures import Box, PictureFormat, encoded
from photochrom.server.schema import (
    AlternativeOut,
    Choice,
    HintIn,
    Id,
    JobOut,
    LookOut,
    PreviewQuery,
    TileQuery,
    TrialQuery,
    choice_of,
    gives,
    with_hints,
)
from photochrom.server.service import Served, Service
from photochrom.server.typed import hints_name

router = APIRouter(prefix="/api/v1/jobs/{id}", tags=["editing"])

PageNumber = Annotated[int, Query(ge=0, le=5000, description="For TIFF files of several pages.")]
Seed = Annotated[int, Query(ge=0, le=2**32 - 1)]
Point = Annotated[float, Query(ge=0, le=1_000_000, description="In pixels of the upright page.")]
Picture = gives("A picture.", "image/jpeg", "image/webp", "image/png")
Numbers = gives("Floats of 32 bits, little-endian.", "application/octet-stream")
Heat = gives("A heat map.", "image/png")
Hinted = gives("A file of hints.", "application/json")
HINT_FILE = {"requestBody": {"content": {"application/json": {}, "image/png": {}}, "required": True}}
Upload = Annotated[UploadFile, File()]
FIELD_SIDE = 512


@router.put("/choice")
def choose(service: Served, id: Id, choice: Choice) -> JobOut:
    """Keep what is chosen for a photo; the result is made anew by /run."""
    job = service.job(id)
    service.shop.store.choose(id, service.shop.intake.checked(choice, job).model_dump_json())
    return service.told(service.job(id))


@router.get("/preview", responses=Picture, response_class=Response)
def preview(service: Served, id: Id, query: Annotated[PreviewQuery, Query()]) -> Response:
    """Show a whole page, small: the photo, or the result as chosen."""
    view = service.view(id, query.page)
    changed = query.model_dump(include={"look", "seed"}, exclude_none=True)
    view = replace(view, choice=view.choice.model_copy(update=changed))
    image = service.preview(view, query.of, query.side)
    return _picture(image, query.format, query.revision == view.job.revision)


@router.post("/preview", responses=Picture, response_class=Response)
def preview_choice(service: Served, id: Id, choice: Choice, query: Annotated[TrialQuery, Query()]) -> Response:
    """Show a whole page as another choice would color it; nothing is kept."""
    view = service.view(id, query.page, choice)
    return _picture(service.preview(view, "result", query.side), query.format, False)


@router.post("/field", responses=Numbers, response_class=Response)
def field(service: Served, id: Id, choice: Choice, page: PageNumber = 0) -> Response:
    """Give the small colors of a choice: a and b of each place in Lab units, rows first, to be laid over the lightness.

    The headers X-Width and X-Height tell how many places there are.
    """
    ab = service.chroma(service.view(id, page, choice))
    scale = min(1.0, FIELD_SIDE / max(ab.shape[:2]))
    if scale < 1:
        ab = downsample_area(ab, round(ab.shape[0] * scale), round(ab.shape[1] * scale))
    size = {"X-Width": str(ab.shape[1]), "X-Height": str(ab.shape[0])}
    return Response(ab.astype(np.dtype("<f4")).tobytes(), media_type="application/octet-stream", headers=size)


@router.get("/tile", responses=Picture, response_class=Response)
def tile(service: Served, id: Id, query: Annotated[TileQuery, Query()]) -> Response:
    """Show a piece of a page, sharp: w x h pixels of it from (x, y)."""
    view = service.view(id, query.page)
    image = service.piece(view, query.of, Box(query.x, query.y, query.w, query.h, query.scale))
    return _picture(image, query.format, query.revision == view.job.revision)


@router.get("/looks")
def looks(service: Served, id: Id, count: Annotated[int, Query(ge=2, le=8)] = 4, seed: Seed = 0) -> list[LookOut]:
    """List versions of the photo: the model's own, a careful and a vivid one, then samples."""
    job = service.job(id)
    address = f"/api/v1/jobs/{id}/preview?of=result&side=384&seed={seed}&revision={job.revision}&look="
    return [LookOut.model_validate({"name": name, "preview": address + name}) for name in look_names(count)]


@router.get("/guess.png", responses=Heat, response_class=Response)
def guess_map(service: Served, id: Id, page: PageNumber = 0) -> Response:
    """Show where the model is guessing: dark blue is sure, bright yellow a guess; of the page's shape."""
    picture = service.shop.painters.guess_map(service.view(id, page)).picture()
    return Response(Photo.from_array(picture).encode(), media_type="image/png")


@router.get("/alternatives")
def alternatives(service: Served, id: Id, x: Point, y: Point, page: PageNumber = 0) -> list[AlternativeOut]:
    """List the likely colors of the thing at a point, most probable first; add its hint to the choice to take one."""
    found = service.shop.painters.alternatives(service.view(id, page), x, y)
    hints = [Hint.parse(one.hint) for one in found]
    return [
        AlternativeOut(
            color=one.color, ab=one.ab, probability=one.probability,
            hint=HintIn(points=list(hint.points), color=hint.color, radius=hint.radius),
        )
        for one, hint in zip(found, hints, strict=True)
    ]  # fmt: skip


@router.get("/hints", response_class=Response, responses=Hinted)
def saved_hints(service: Served, id: Id) -> Response:
    """Download the hints as a file for `photochrom colorize --hints`."""
    job = service.job(id)
    size = job.photo["width"], job.photo["height"]
    hints = choice_of(job.choice).hinted(*size) or Hints(*size)
    headers = {"Content-Disposition": attachment(hints_name(job))}
    return Response(hints.to_json(), media_type="application/json", headers=headers)


@router.put("/hints", openapi_extra=HINT_FILE)
async def load_hints(service: Served, id: Id, request: Request) -> JobOut:
    """Replace the hints by those of a file, sent as it is: JSON, or a transparent PNG with colors painted on."""
    content = await request.body()
    return await run_in_threadpool(_hinted, service, id, content)


@router.put("/reference")
def add_reference(service: Served, id: Id, file: Upload) -> JobOut:
    """Give the photo another one, in color, whose palette it is to have."""
    return service.give_beside(id, "reference", file)


@router.put("/transplant")
def add_transplant(service: Served, id: Id, file: Upload) -> JobOut:
    """Give the photo a colored version of itself, whose colors it is to have."""
    return service.give_beside(id, "transplant", file)


def _hinted(service: Service, id: str, content: bytes) -> JobOut:
    job = service.job(id)
    choice = with_hints(choice_of(job.choice), content, (job.photo["width"], job.photo["height"]))
    service.shop.store.choose(id, service.shop.intake.checked(choice, job).model_dump_json())
    return service.told(service.job(id))


def _picture(image: Any, format: PictureFormat, keep: bool) -> Response:
    headers = {"Cache-Control": "private, max-age=31536000, immutable"} if keep else None
    return Response(encoded(image, format), media_type=f"image/{format}", headers=headers)
