"""Errors as RFC 9457 has them: photochrom's own text, a kind that programs can tell, and the request's id."""

import logging
import re
from http import HTTPStatus
from typing import Final

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from photochrom import errors
from photochrom.errors import (
    HintError,
    ModelError,
    OptionError,
    OutputUnwritable,
    PhotochromError,
    PhotoError,
    PhotoTooLarge,
)
from photochrom.server.folder import Folder

LOG: Final = logging.getLogger("photochrom.server")
MEDIA: Final = "application/problem+json"
STATUS: Final[dict[type[PhotochromError], int]] = {
    PhotoTooLarge: 413,
    PhotoError: 422,
    HintError: 422,
    OptionError: 422,
    ModelError: 422,
    OutputUnwritable: 507,
    PhotochromError: 500,
}
"""The first of these classes that an error is of decides."""


class Refusal(HTTPException):
    """A request that is not done; ``kind`` is its name for programs, ``retry`` the seconds after which to try again."""

    def __init__(self, status: int, kind: str, detail: str, retry: int | None = None) -> None:
        super().__init__(status, detail, None if retry is None else {"Retry-After": str(retry)})
        self.kind = kind


def response_for(error: Exception, request_id: str) -> JSONResponse:
    """Return the answer to a request that ended in an error."""
    headers = None
    if isinstance(error, HTTPException):
        status, kind, detail = error.status_code, getattr(error, "kind", ""), str(error.detail)
        kind, headers = kind or HTTPStatus(status).phrase.replace(" ", ""), error.headers
    elif isinstance(error, RequestValidationError):
        status, kind, detail = 422, "OptionError", _misfits(error)
    elif isinstance(error, PhotochromError):
        status = next(status for known, status in STATUS.items() if isinstance(error, known))
        kind, detail = type(error).__name__, str(error)
    else:
        status, kind, detail = (
            500,
            "InternalError",
            "a fault inside photochrom; its log has more, under this request id",
        )
    words = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+", kind)
    body = {"type": "urn:photochrom:" + "-".join(words).lower(), "title": " ".join(words).capitalize()}
    body |= {"status": status, "detail": detail, "request_id": request_id}  # type: ignore[dict-item]
    return JSONResponse(body, status, headers=headers, media_type=MEDIA)


async def answer(request: Request, error: Exception) -> JSONResponse:
    """Answer a request that ended in an error; what nobody expected goes into the log."""
    request_id = request.scope.get("state", {}).get("request_id", "")
    response = response_for(error, request_id)
    if response.status_code == 500:
        LOG.error("request %s failed", request_id, exc_info=error)
    return response


def refusal_of(kind: str, text: str) -> Refusal:
    """Return the refusal for a failure that was written down."""
    error = getattr(errors, kind, None)
    known = (status for known, status in STATUS.items() if isinstance(error, type) and issubclass(error, known))
    return Refusal(next(known, 500), kind, text)


def said_of(error: BaseException, folder: Folder, name: str) -> tuple[str, str]:
    """Return the kind of an error and its text, with the client's name for the photo in place of our files."""
    if not isinstance(error, PhotochromError):
        return "InternalError", "this photo cannot be processed because of a fault inside photochrom; its log has more"
    ours = re.compile(re.escape(str(folder.root)) + r"[/\\]\w+[/\\][0-9a-f]{32}(?:[/\\]([\w.-]+))?")
    text = ours.sub(lambda found: name if found[1] in (None, "source") else f"the {found[1]}", str(error))
    return type(error).__name__, text


def renamed(error: PhotochromError, folder: Folder, name: str) -> PhotochromError:
    """Return the error with the client's name for the photo."""
    return type(error)(said_of(error, folder, name)[1])


def _misfits(error: RequestValidationError) -> str:
    """Return what does not fit, on one line."""
    found = [f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in error.errors()]
    more = f"; and {len(found) - 5} more" if len(found) > 5 else ""
    return "; ".join(found[:5]) + more + "; see /docs"
