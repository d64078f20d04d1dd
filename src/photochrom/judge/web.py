"""The test as a local web application: a page, and five addresses for it.

    GET  api/test                                    how the test is: viewing, number of pairs
    POST api/sessions                                begin as a new participant
    GET  api/sessions/TOKEN                          how far the participant is; at the end, the own result
    GET  api/sessions/TOKEN/pictures/TRIAL/SIDE      a picture of the current pair or the next
    POST api/sessions/TOKEN/answers                  answer the current pair, once

What is true is never sent before the end: pictures are addressed by trial and side, both of a pair are padded to the
same number of bytes, and carry no date. All addresses of the page are relative, so that the application can be mounted
anywhere.
"""

import errno
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi import Path as PathPart
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from photochrom.errors import OptionError, PhotochromError
from photochrom.judge.store import Answer, Session, Store
from photochrom.judge.trials import SIDES, Plan, Trial

PAGE: Final = Path(__file__).parent / "page"
HOST: Final = "127.0.0.1"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
LONGEST_RESPONSE_MS: Final = 24 * 60 * 60 * 1000

Token = Annotated[str, PathPart(pattern=r"^[A-Za-z0-9_-]{22}$")]
SideName = Literal["left", "right"]


class Given(BaseModel):
    """An answer as the page sends it: trials count from 0, the response time from when answering was possible."""

    model_config = ConfigDict(extra="forbid")

    trial: int = Field(ge=0, le=1_000_000)
    answer: SideName
    response_ms: int = Field(ge=0, le=LONGEST_RESPONSE_MS)


class Sitting:
    """One participant's way through the plan, as far as the store knows it."""

    def __init__(self, plan: Plan, store: Store, session: Session) -> None:
        self.plan, self.store, self.session = plan, store, session
        self.trials = plan.trials_for(session.participant)
        self.given = store.answers(session.participant)

    def state(self) -> dict[str, Any]:
        """Return what the page may know: no truth, and a result only when everything is answered."""
        done = len(self.given) == len(self.trials)
        return {
            "session": self.session.token,
            "test": self.plan.identity,
            "viewing": self.plan.rules.viewing,
            "trials": len(self.trials),
            "answered": len(self.given),
            "result": self._result() if done else None,
        }

    def bytes_of(self, number: int, side: SideName) -> bytes:
        """Return a picture of the current pair or the next, padded so that its length tells nothing."""
        if not len(self.given) <= number <= min(len(self.given) + 1, len(self.trials) - 1):
            raise HTTPException(404, f"pair {number} is not to be seen now; the current one is {len(self.given)}")
        trial = self.trials[number]
        files = {name: self.plan.picture(trial.picture(name)).read_bytes() for name in SIDES}
        return files[side].ljust(max(len(content) for content in files.values()), b"\0")

    def answer(self, given: Given) -> dict[str, Any]:
        """Store an answer to the current pair; the same answer sent once more, after a lost reply, is no error."""
        if given.trial > len(self.given) or given.trial >= len(self.trials):
            raise HTTPException(409, f"pair {given.trial} cannot be answered yet; the current one is {len(self.given)}")
        stored = self.store.record(self._completed(self.trials[given.trial], given))
        if (stored.answer, stored.response_ms) != (given.answer, given.response_ms):
            raise HTTPException(409, f"pair {given.trial} is answered already, and answers cannot be undone")
        return Sitting(self.plan, self.store, self.session).state()

    def _completed(self, trial: Trial, given: Given) -> Answer:
        about = (self.session.participant, trial.number, trial.photo, trial.model, trial.true_side)
        return Answer(*about, given.answer, given.response_ms)

    def _result(self) -> dict[str, int]:
        judged = [answer.right for answer in self.given if answer.model is not None]
        return {"judged": len(judged), "recognized": sum(judged), "fooled": len(judged) - sum(judged)}


def judge_app(plan: Plan, store: Store) -> FastAPI:
    """Return the test as an application to serve, or to mount: ``app.mount("/judge", judge_app(plan, store))``."""
    app = FastAPI(title="photochrom judge", docs_url=None, redoc_url=None, openapi_url=None)

    def sitting(token: str) -> Sitting:
        session = store.session(token)
        if session is None:
            raise HTTPException(404, "there is no such session; begin a new one")
        return Sitting(plan, store, session)

    @app.get("/api/test")
    def test() -> dict[str, Any]:
        return {"test": plan.identity, "viewing": plan.rules.viewing, "trials": plan.length}

    @app.post("/api/sessions", status_code=201)
    def begin() -> dict[str, Any]:
        return Sitting(plan, store, store.start()).state()

    @app.get("/api/sessions/{token}")
    def state(token: Token) -> dict[str, Any]:
        return sitting(token).state()

    @app.get("/api/sessions/{token}/pictures/{trial}/{side}")
    def picture(token: Token, trial: int, side: SideName) -> Response:
        content = sitting(token).bytes_of(trial, side)
        return Response(content, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})

    @app.post("/api/sessions/{token}/answers")
    def answer(token: Token, given: Given) -> dict[str, Any]:
        return sitting(token).answer(given)

    app.mount("/", StaticFiles(directory=PAGE, html=True))
    app.middleware("http")(_with_headers)
    app.exception_handler(StarletteHTTPException)(_problem)
    app.exception_handler(PhotochromError)(_problem)
    app.exception_handler(RequestValidationError)(_misfit)
    return app


def reserve(port: int) -> socket.socket:
    """Return a listening socket on 127.0.0.1; port 0 takes any free one.

    Raises OptionError where the port is taken, forbidden or none at all.
    """
    if not 0 <= port <= 65535:
        raise OptionError(f"the port is {port}; expected 1 to 65535, or 0 for any free one")
    listener = socket.socket()
    if os.name == "posix":  # elsewhere it would let two programs share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        reason = "taken" if error.errno == errno.EADDRINUSE else f"not to be had ({error.strerror})"
        raise OptionError(f"port {port} is {reason}; give another --port, or 0 for any free one") from error
    return listener


def serve(app: FastAPI, listener: socket.socket) -> None:
    """Serve until interrupted; requests that name another host than this computer are refused."""
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=2
    )
    uvicorn.Server(config).run(sockets=[listener])


async def _with_headers(request: Request, following: Callable[[Request], Awaitable[Response]]) -> Response:
    response = await following(request)
    response.headers.update(HEADERS)
    response.headers.setdefault("Cache-Control", "no-cache")
    return response


async def _problem(_request: Request, error: Exception) -> Response:
    """Answer an error as RFC 9457 says."""
    status, detail = 503, "answers cannot be stored now; try again later"
    if isinstance(error, StarletteHTTPException):
        status, detail = error.status_code, error.detail
    return JSONResponse({"status": status, "detail": detail}, status, media_type="application/problem+json")


async def _misfit(_request: Request, error: Exception) -> Response:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    detail = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in wrong)
    return JSONResponse({"status": 422, "detail": detail}, 422, media_type="application/problem+json")
