"""The server itself: how it is, which models it has, who may use it."""

import hmac
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Header, Response

from photochrom import __version__
from photochrom.server.guards import COOKIE
from photochrom.server.limits import MEGABYTE
from photochrom.server.metrics import MEDIA
from photochrom.server.problems import Refusal
from photochrom.server.schema import HealthOut, ModelOut, gives
from photochrom.server.service import Served

router = APIRouter(prefix="/api/v1", tags=["server"])

Text = gives("Prometheus text.", "text/plain")


@router.get("/health")
def health(service: Served) -> HealthOut:
    """Tell that the server is well, and what it takes."""
    counts, limits = service.shop.store.counts(), service.shop.limits
    return HealthOut(
        status="ok",
        version=__version__,
        queued=counts["queued"],
        running=counts["running"],
        needs_token=service.access.token is not None,
        max_upload_bytes=limits.max_upload * MEGABYTE,
        max_pixels=limits.max_pixels,
        queue=limits.queue,
    )


@router.get("/models")
def models(service: Served) -> list[ModelOut]:
    """List the models with their cards; the first is used where none is named."""
    painters = service.shop.painters
    loaded = {name: painters.colorizer(name) for name in painters.models}
    return [ModelOut(name=name, takes_hints=one.takes_hints, card=asdict(one.card)) for name, one in loaded.items()]


@router.get("/metrics", responses=Text, response_class=Response)
def metrics(service: Served) -> Response:
    """Count requests, photos and answers, for Prometheus."""
    return Response(service.metrics.text(service.shop.store, service.shop.painters), media_type=MEDIA)


@router.post("/session", status_code=204)
def enter(service: Served, authorization: Annotated[str, Header(max_length=1000)] = "") -> Response:
    """Let a browser in that sends the token once as `Authorization: Bearer TOKEN`: it gets a cookie for later."""
    access, given = service.access, authorization.partition(" ")[2].strip()
    if access.token is not None and not hmac.compare_digest(given.encode(), access.token.encode()):
        raise Refusal(401, "TokenWrong", "this is not the token; it is the one the server was started with")
    response = Response(status_code=204)
    response.set_cookie(COOKIE, access.cookie(), httponly=True, samesite="strict", path="/")
    return response


@router.delete("/session", status_code=204)
def leave() -> Response:
    """Forget the cookie."""
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", path="/")
    return response
