"""The web application: the routes, and what every request passes on its way to them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware

from photochrom import __version__
from photochrom.errors import PhotochromError
from photochrom.server import problems
from photochrom.server.guards import Door, Outermost, Scales
from photochrom.server.manual import router as manual
from photochrom.server.manual import with_examples
from photochrom.server.routes import editing, photos
from photochrom.server.routes import service as server
from photochrom.server.schema import ProblemOut
from photochrom.server.service import Service

WEB: Final = Path(__file__).parents[1] / "web"
"""The pages, where they are installed."""

_PROBLEM: Final = {"model": ProblemOut, "content": {problems.MEDIA: {}}, "description": "Why not: RFC 9457."}


def make_app(service: Service) -> FastAPI:
    """Return the application over a service; it begins and ends with it."""
    app = FastAPI(
        title="Photochrom",
        version=__version__,
        description="Gives black-and-white photographs their colors back, on this computer.",
        docs_url=None,
        redoc_url=None,
        lifespan=_running(service),
        responses={"4XX": _PROBLEM, "5XX": _PROBLEM},
        separate_input_output_schemas=False,
    )
    app.state.service = service
    for router in (photos.router, editing.router, server.router, manual):
        app.include_router(router)
    if WEB.is_dir():
        app.mount("/", StaticFiles(directory=WEB, html=True))
    for error in (HTTPException, RequestValidationError, PhotochromError):
        app.exception_handler(error)(problems.answer)
    _guard(app, service)
    with_examples(app)
    return app


def _guard(app: FastAPI, service: Service) -> None:
    """Put the guards before the routes; the last one added is met first."""
    limits, access = service.shop.limits, service.access
    app.add_middleware(Scales, max_upload=limits.max_upload)
    app.add_middleware(Door, access=access, rate=limits.rate)
    if access.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=access.origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type", "Idempotency-Key", "X-Request-ID"],
            expose_headers=["X-Request-ID", "X-Width", "X-Height", "Content-Disposition", "Retry-After"],
        )
    app.add_middleware(Outermost, metrics=service.metrics)


def _running(service: Service):  # type: ignore[no-untyped-def]
    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        service.worker.start()
        try:
            yield
        finally:
            service.close()

    return lifespan
