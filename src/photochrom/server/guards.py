"""What every request passes on its way in: its id, its headers, its size, its rate and its right to be here.

Plain ASGI, so that nothing here holds back a stream. All refusals are problem+json.
"""

import hashlib
import hmac
import re
import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from photochrom.server.limits import MEGABYTE
from photochrom.server.metrics import Metrics
from photochrom.server.problems import LOG, Refusal, response_for

API: Final = "/api/"
OPEN: Final = ("/api/v1/health", "/api/v1/session")
COOKIE: Final = "photochrom"
BURST: Final = 4
PLAIN_MOST: Final = 4 * MEGABYTE
"""Bytes of a request that brings no file."""
SECURITY: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_SAFE: Final = ("GET", "HEAD", "OPTIONS")
_GIVEN_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use the server: holders of ``token``, None for everybody, and pages of ``origins`` besides its own.

    ``hosts`` are the names it may be called by; None for any. They keep out pages that have given our address a name.
    """

    token: str | None = None
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] | None = None

    def cookie(self) -> str:
        """Return what a browser keeps in place of the token."""
        return hmac.new((self.token or "").encode(), b"photochrom session", hashlib.sha256).hexdigest()

    def knows(self, headers: Headers) -> bool:
        """Tell whether a request brings the token, or the cookie that stands for it."""
        if self.token is None:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self.token.encode()):
            return True
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
        except CookieError:
            return False
        return cookie is not None and hmac.compare_digest(cookie.value.encode(), self.cookie().encode())

    def is_called(self, headers: Headers) -> bool:
        """Tell whether a request names this server as it may be named."""
        return self.hosts is None or re.sub(r":\d+$", "", headers.get("host", "")) in self.hosts

    def is_stranger(self, headers: Headers) -> bool:
        """Tell whether a browser sends this for a page that is not ours."""
        origin = headers.get("origin")
        if origin is None:
            return (
                headers.get("sec-fetch-site") in ("cross-site", "same-site")
                and headers.get("sec-fetch-mode") != "navigate"
            )
        return origin not in self.origins and origin.partition("://")[2] != headers.get("host")


class Outermost:
    """Gives each request an id, each answer its headers, and counts both."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        start, status = time.perf_counter(), 0
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _GIVEN_ID.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status, headers = message["status"], MutableHeaders(scope=message)
                headers.update({**SECURITY, "X-Request-ID": request_id})
                headers.setdefault("Cache-Control", "no-store" if scope["path"].startswith(API) else "no-cache")
            await send(message)

        try:
            await self._app(scope, receive, answer)
        except Exception as error:
            LOG.error("request %s failed", request_id, exc_info=error)
            if not status:
                await response_for(error, request_id)(scope, receive, answer)
        finally:
            route = getattr(scope.get("endpoint"), "__name__", "none")
            self._metrics.answered(route, status, time.perf_counter() - start)


class Door:
    """Refuses who sends too often, has no token, or was sent by another site's page."""

    def __init__(self, app: ASGIApp, access: Access, rate: int) -> None:
        self._app, self._access = app, access
        self._buckets = Buckets(rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        try:
            self._check(scope)
        except Refusal as refusal:
            return await response_for(refusal, scope["state"]["request_id"])(scope, receive, send)
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        if not self._access.is_called(headers):
            raise Refusal(400, "WrongHost", "this server is not called so; use the address it printed when it started")
        if not scope["path"].startswith(API):
            return
        wait = self._buckets.wait((scope.get("client") or ("",))[0])
        if wait:
            raise Refusal(429, "TooManyRequests", f"too many requests from your address; try again in {wait} s", wait)
        if self._access.is_stranger(headers) and scope["method"] != "OPTIONS":
            raise Refusal(
                403, "WrongOrigin", "this was sent by a page of another site; start the server with --cors for it"
            )
        if scope["path"] not in OPEN and scope["method"] != "OPTIONS" and not self._access.knows(headers):
            raise Refusal(401, "TokenMissing", "this server wants a token; send Authorization: Bearer TOKEN")


class Buckets:
    """A bucket of requests for each address, filled evenly (token bucket)."""

    MOST = 10_000

    def __init__(self, rate: int) -> None:
        """Allow ``rate`` requests a second, 0 for any number, and four times as many at once."""
        self._rate, self._buckets = rate, OrderedDict[str, tuple[float, float]]()

    def wait(self, client: str) -> int:
        """Count a request; returns the whole seconds to wait where it is one too many, else 0."""
        if not self._rate:
            return 0
        now = time.monotonic()
        left, at = self._buckets.pop(client, (float(self._rate * BURST), now))
        left = min(self._rate * BURST, left + (now - at) * self._rate)
        self._buckets[client] = (max(0.0, left - 1), now)
        if len(self._buckets) > self.MOST:
            self._buckets.popitem(last=False)
        return 0 if left >= 1 else 1


class Scales:
    """Refuses requests that are too large: by what they say, or while they come."""

    def __init__(self, app: ASGIApp, max_upload: int) -> None:
        self._app, self._most = app, max_upload * MEGABYTE

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] in _SAFE:
            return await self._app(scope, receive, send)
        headers, came = Headers(scope=scope), 0
        most = self._most if headers.get("content-type", "").startswith("multipart/form-data") else PLAIN_MOST
        too_large = Refusal(413, "UploadTooLarge", f"more than {most // MEGABYTE} MB were sent; send less")
        said = headers.get("content-length", "0")
        if said.isdigit() and int(said) > most:
            return await response_for(too_large, scope["state"]["request_id"])(scope, receive, send)

        async def weighed() -> Message:
            nonlocal came
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise too_large
            return message

        await self._app(scope, weighed, send)
