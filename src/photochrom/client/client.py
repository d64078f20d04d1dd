"""The client itself: one method for each thing the server does."""

import json
import shutil
import time
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from http.client import HTTPResponse
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlencode

from photochrom.client.wire import Form, Photo, Problem, Wire

Query = Mapping[str, object]

API: Final = "/api/v1"
AGAIN: Final = (429, 503)
"""What a server answers that has too much to do just now."""

ENDED: Final = ("done", "failed", "canceled")


@dataclass(frozen=True, slots=True)
class Options:
    """What is wanted of a photo, as the command line has it; ``hints`` are (points, color, radius or None)."""

    model: str | None = None
    temperature: float | None = None
    saturation: float = 1.0
    warmth: float = 0.0
    effort: str = "normal"
    look: str = "natural"
    seed: int = 0
    hints: tuple[tuple[tuple[tuple[float, float], ...], str, float | None], ...] = ()
    colors: str = "model"
    format: str | None = None
    quality: int | None = None

    def choice(self) -> dict[str, Any]:
        """Return the options as the server takes them."""
        hints = [{"points": points, "color": color, "radius": radius} for points, color, radius in self.hints]
        return asdict(self) | {"hints": hints}

    def fields(self) -> dict[str, str]:
        """Return the options as fields of a form; hints do not fit in there and are left out."""
        plain = Options()
        names = [name for name in self.__slots__ if name not in ("hints", "colors")]
        return {name: str(getattr(self, name)) for name in names if getattr(self, name) != getattr(plain, name)}


@dataclass(frozen=True, slots=True)
class Job:
    """A photo in the server; ``said`` is everything that the server says of it."""

    id: str
    name: str
    state: str
    progress: float
    ready: bool
    revision: int
    problem: str | None
    command: str
    said: Mapping[str, Any] = field(repr=False, default_factory=dict)

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Read what the server says."""
        names = ("id", "name", "state", "progress", "ready", "revision", "problem", "command")
        return cls(**{name: said[name] for name in names}, said=said)


@dataclass(frozen=True, slots=True)
class Alternative:
    """A color that a thing may have, and the hint, as :class:`Options` takes it, that chooses it."""

    color: str
    probability: float
    hint: tuple[tuple[tuple[float, float], ...], str, float | None]


class Client:
    """Speaks to one server; any number of threads may share one. Every method raises Problem, or OSError."""

    def __init__(self, address: str = "http://127.0.0.1:8000", token: str | None = None, patience: float = 120) -> None:
        """Speak to the server at ``address``; one that has too much to do is asked again for ``patience`` seconds."""
        self._wire, self._patience = Wire(address, token, patience), patience

    def colorize(self, photo: Photo, options: Options = Options(), *, key: str | None = None) -> bytes:
        """Return the photo in color, as the bytes of a file of the same format."""
        return self._sent("POST", "/colorize", (photo, options.fields(), key))

    def submit(self, photo: Photo, options: Options = Options(), *, key: str | None = None) -> Job:
        """Put a photo into the queue; the same ``key`` gives the same job."""
        return Job.of(json.loads(self._sent("POST", "/jobs", (photo, options.fields(), key))))

    def job(self, id: str) -> Job:
        """Return how far a job is."""
        return Job.of(self._json("GET", f"/jobs/{id}"))

    def jobs(self, search: str = "", state: str | None = None, before: int | None = None, limit: int = 50) -> list[Job]:
        """Return jobs, newest first."""
        query = {"search": search, "state": state, "before": before, "limit": limit}
        return [Job.of(said) for said in self._json("GET", "/jobs", query)["jobs"]]

    def count(self, search: str = "", state: str | None = None) -> int:
        """Return how many jobs :meth:`jobs` would give without a limit."""
        return int(self._json("GET", "/jobs", {"search": search, "state": state, "limit": 1})["total"])

    def wait(self, id: str, seconds: float = 600) -> Job:
        """Return a job when it has ended; raises TimeoutError."""
        end, pause = time.monotonic() + seconds, 0.05
        while (job := self.job(id)).state not in ENDED:
            if time.monotonic() > end:
                raise TimeoutError(f"job {id} is {job.state} after {seconds:g} s")
            time.sleep(pause)
            pause = min(1.0, pause * 1.5)
        return job

    def follow(self, id: str) -> Iterator[Job]:
        """Yield a job whenever it gets on, until it has ended."""
        with self._response("GET", f"/jobs/{id}/events") as response:
            event = ""
            for line in response:
                name, _, value = line.decode().rstrip("\n").partition(": ")
                event = value if name == "event" else event
                if name == "data" and event == "job":
                    yield Job.of(json.loads(value))

    def cancel(self, id: str) -> Job:
        """Take a job off the queue, or stop it."""
        return Job.of(self._json("POST", f"/jobs/{id}/cancel"))

    def run(self, id: str) -> Job:
        """Make the result again, with what was chosen last."""
        return Job.of(self._json("POST", f"/jobs/{id}/run"))

    def delete(self, id: str) -> None:
        """Delete a job, its photo and its result."""
        self._bytes("DELETE", f"/jobs/{id}")

    def result(self, id: str) -> bytes:
        """Return the result's file."""
        return self._bytes("GET", f"/jobs/{id}/result")

    def save(self, id: str, target: Path) -> Path:
        """Download the result into a file, whatever its size."""
        return self._download(f"/jobs/{id}/result", {}, target)

    def archive(self, target: Path, ids: tuple[str, ...] = ()) -> Path:
        """Download results, all of them if none is named, as one ZIP file."""
        return self._download("/results.zip", {"id": ids}, target)

    def choose(self, id: str, options: Options) -> Job:
        """Keep what is chosen for a photo."""
        return Job.of(self._json("PUT", f"/jobs/{id}/choice", body=options.choice()))

    def preview(self, id: str, *, of: str = "result", side: int = 1024, look: str | None = None) -> bytes:
        """Return a small picture of the photo or the result."""
        return self._bytes("GET", f"/jobs/{id}/preview", {"of": of, "side": side, "look": look})

    def try_out(self, id: str, options: Options, *, side: int = 640) -> bytes:
        """Return a small picture of another choice; nothing is kept."""
        return self._bytes("POST", f"/jobs/{id}/preview", {"side": side}, options.choice())

    def field(self, id: str, options: Options) -> list[list[tuple[float, float]]]:
        """Return the small colors of a choice: rows of (a, b), in Lab units."""
        with self._response("POST", f"/jobs/{id}/field", {}, options.choice()) as response:
            width, numbers = int(response.headers["X-Width"]), array("f", response.read())
        pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
        return [pairs[start : start + width] for start in range(0, len(pairs), width)]

    def tile(self, id: str, box: tuple[int, int, int, int], scale: float = 1.0, *, of: str = "result") -> bytes:
        """Return a piece (x, y, width, height) of the photo or the result."""
        query = dict(zip("xywh", box, strict=True)) | {"scale": scale, "of": of, "format": "png"}
        return self._bytes("GET", f"/jobs/{id}/tile", query)

    def looks(self, id: str, count: int = 4, seed: int = 0) -> list[tuple[str, str]]:
        """Return (name, address of a preview) of versions of the photo."""
        found = self._json("GET", f"/jobs/{id}/looks", {"count": count, "seed": seed})
        return [(look["name"], look["preview"]) for look in found]

    def guess_map(self, id: str) -> bytes:
        """Return a PNG that shows where the model is guessing."""
        return self._bytes("GET", f"/jobs/{id}/guess.png")

    def alternatives(self, id: str, x: float, y: float) -> list[Alternative]:
        """Return the likely colors of the thing at a point."""
        found = self._json("GET", f"/jobs/{id}/alternatives", {"x": x, "y": y})
        return [Alternative(one["color"], one["probability"], _hint(one["hint"])) for one in found]

    def hints(self, id: str) -> str:
        """Return the hints, as the JSON of a hint file."""
        return self._bytes("GET", f"/jobs/{id}/hints").decode()

    def set_hints(self, id: str, hints: str | bytes) -> Job:
        """Replace the hints by those of a hint file: its JSON, or a painted PNG."""
        return Job.of(json.loads(self._bytes("PUT", f"/jobs/{id}/hints", {}, hints)))

    def add_reference(self, id: str, photo: Photo) -> Job:
        """Give the photo another one, in color, whose palette it is to have."""
        return Job.of(json.loads(self._sent("PUT", f"/jobs/{id}/reference", (photo, {}, None))))

    def add_transplant(self, id: str, photo: Photo) -> Job:
        """Give the photo a colored version of itself, whose colors it is to have."""
        return Job.of(json.loads(self._sent("PUT", f"/jobs/{id}/transplant", (photo, {}, None))))

    def models(self) -> list[dict[str, Any]]:
        """Return the models with their cards."""
        return list(self._json("GET", "/models"))

    def health(self) -> dict[str, Any]:
        """Return how the server is."""
        return dict(self._json("GET", "/health"))

    def metrics(self) -> str:
        """Return what the server has counted."""
        return self._bytes("GET", "/metrics").decode()

    def _sent(self, method: str, path: str, sent: tuple[Photo, Mapping[str, str], str | None]) -> bytes:
        photo, fields, key = sent
        with self._response(method, path, {}, Form(photo, fields), key) as response:
            return response.read()

    def _json(self, method: str, path: str, query: Query | None = None, body: object = None) -> Any:
        return json.loads(self._bytes(method, path, query or {}, body))

    def _bytes(self, method: str, path: str, query: Query | None = None, body: object = None) -> bytes:
        with self._response(method, path, query or {}, body) as response:
            return response.read()

    def _download(self, path: str, query: Query, target: Path) -> Path:
        part = target.with_name(target.name + ".part")
        with self._response("GET", path, query) as response, part.open("wb") as file:
            shutil.copyfileobj(response, file)
        return part.replace(target)

    def _response(
        self, method: str, path: str, query: Query | None = None, body: object = None, key: str | None = None
    ) -> HTTPResponse:
        """Return the answer, its body yet to be read; asks again while the server has too much to do."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        address = API + path + ("?" + urlencode(given, doseq=True) if given else "")
        end = time.monotonic() + self._patience
        while True:
            try:
                return self._wire.asked(method, address, body, key)
            except Problem as problem:
                wait = problem.retry_after
                if problem.status not in AGAIN or wait is None or time.monotonic() + wait > end:
                    raise
                time.sleep(wait)


def _hint(said: Mapping[str, Any]) -> tuple[tuple[tuple[float, float], ...], str, float | None]:
    return tuple((float(x), float(y)) for x, y in said["points"]), said["color"], said["radius"]
