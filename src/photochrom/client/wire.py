"""How requests go over the wire and come back: forms, connections, problems."""

import json
import secrets
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

Photo = Path | bytes


class Problem(Exception):  # noqa: N818 - reads as the fact it states
    """What the server answered instead: ``status``, ``type`` for programs, ``detail`` for people."""

    def __init__(self, status: int, body: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.status, self.type = status, str(body.get("type", "about:blank"))
        self.detail, self.request_id = str(body.get("detail", "")), str(body.get("request_id", ""))
        self.retry_after = retry_after
        super().__init__(f"{status}: {self.detail}")


@dataclass(frozen=True, slots=True)
class Wire:
    """The way to one server."""

    address: str
    token: str | None
    seconds: float

    def asked(self, method: str, path: str, body: object = None, key: str | None = None) -> HTTPResponse:
        """Return the answer, its body yet to be read; raises Problem where it is one, OSError where there is none."""
        parts = urlsplit(self.address)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self.seconds)
        content, headers = _encoded(body)
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        try:
            with suppress(BrokenPipeError, ConnectionResetError):  # refused before all was sent: the answer says why
                connection.request(method, path, content, {"Connection": "close", **headers})
            response = connection.getresponse()
        except HTTPException as error:
            raise ConnectionError(f"what answers at {self.address} is no server of ours") from error
        if response.status >= 400:
            raise _problem(response)
        return response


class Form:
    """A photo and fields as multipart/form-data, read piece by piece however large the photo is."""

    def __init__(self, photo: Photo, fields: Mapping[str, str]) -> None:
        self._photo, self._border = photo, secrets.token_hex(16)
        name = photo.name if isinstance(photo, Path) else "photo"
        parts = [
            f'--{self._border}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in fields.items()
        ]
        plain = name.replace("\\", "%5C").replace('"', "%22").replace("\r", "").replace("\n", "")
        parts.append(f'--{self._border}\r\nContent-Disposition: form-data; name="file"; filename="{plain}"\r\n\r\n')
        self._head, self._tail = "".join(parts).encode(), f"\r\n--{self._border}--\r\n".encode()

    def headers(self) -> dict[str, str]:
        """Return the headers that belong to it."""
        size = self._photo.stat().st_size if isinstance(self._photo, Path) else len(self._photo)
        length = len(self._head) + size + len(self._tail)
        return {"Content-Type": f"multipart/form-data; boundary={self._border}", "Content-Length": str(length)}

    def __iter__(self) -> Iterator[bytes]:
        """Yield it."""
        yield self._head
        source: BinaryIO = self._photo.open("rb") if isinstance(self._photo, Path) else BytesIO(self._photo)
        with source:
            while piece := source.read(1 << 18):
                yield piece
        yield self._tail


def _encoded(body: object) -> tuple[Any, dict[str, str]]:
    if body is None:
        return None, {}
    if isinstance(body, Form):
        return iter(body), body.headers()
    if isinstance(body, str | bytes):
        return body.encode() if isinstance(body, str) else body, {"Content-Type": "application/octet-stream"}
    return json.dumps(body).encode(), {"Content-Type": "application/json"}


def _problem(response: HTTPResponse) -> Problem:
    text, after = response.read(), response.headers.get("Retry-After", "")
    try:
        body = dict(json.loads(text))
    except (ValueError, TypeError):
        body = {"detail": text.decode(errors="replace")[:200]}
    return Problem(response.status, body, float(after) if after.isdigit() else None)
