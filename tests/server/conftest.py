"""What the tests of the server share: servers over a toy model, each on a port of its own, and made-up photos."""

import io
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("fastapi", reason="pip install 'photochrom[serve]'")

import uvicorn

from photochrom.client import Client
from photochrom.server.app import make_app
from photochrom.server.command import listen
from photochrom.server.guards import Access
from photochrom.server.limits import Limits
from photochrom.server.painters import find_models
from photochrom.server.service import Service


@dataclass
class Site:
    """A server that runs in a thread."""

    service: Service
    address: str
    client: Client

    @property
    def folder(self) -> Path:
        return self.service.shop.folder.root


@contextmanager
def site_at(data: Path, model: Path, limits: Limits, access: Access) -> Iterator[Site]:
    """Give a server over a folder."""
    service = Service.over(data, find_models((str(model),)), limits, access)
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(make_app(service), log_level="critical", timeout_graceful_shutdown=2, http="h11")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        yield Site(service, address, Client(address, access.token, patience=20))
    finally:
        service.shop.news.end()
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, toy_model: Path) -> Iterator[Site]:
    """Give a server that all tests may use; what they leave there is nobody's."""
    with site_at(tmp_path_factory.mktemp("site"), toy_model, Limits(jobs=2, rate=0), Access()) as one:
        yield one


@pytest.fixture
def start(tmp_path: Path, toy_model: Path) -> Iterator[Callable[..., Site]]:
    """Give ``start(limits, access)``: a server of one's own; the next one ends it and takes over its folder."""
    running = ExitStack()

    def started(limits: Limits | None = None, access: Access | None = None) -> Site:
        running.close()
        given = limits or Limits(jobs=1), access or Access()
        return running.enter_context(site_at(tmp_path / "data", toy_model, *given))

    with running:
        yield started


class Gate:
    """Holds the work on photos until it is opened."""

    def __init__(self, service: Service) -> None:
        self.open, self.reached = threading.Event(), threading.Semaphore(0)
        painters = service.shop.painters
        really = painters.colored

        def colored(photo: Any, job: Any, choice: Any) -> Any:
            self.reached.release()
            while not self.open.wait(0.01):
                service.worker._running[job.id][1].check()
            return really(photo, job, choice)

        painters.colored = colored  # type: ignore[method-assign]


class Make:
    """Makes photos, and looks at them."""

    @staticmethod
    def photo(width: int = 96, height: int = 64, kind: str = "JPEG", seed: int = 0, **options: Any) -> bytes:
        """Return the file of a gray photo: a ramp with grain, another one for each seed."""
        random = np.random.default_rng(seed)
        ramp = np.linspace(20, 220, width)[None] + random.normal(0, 6, (height, width))
        return Make.file(ramp.clip(0, 255).astype(np.uint8), kind, **options)

    @staticmethod
    def large(width: int, height: int) -> bytes:
        """Return the file of a large TIFF, quickly."""
        row = (np.arange(width) % 251).astype(np.uint8)
        return Make.file(np.broadcast_to(row, (height, width)), "TIFF")

    @staticmethod
    def color(width: int = 96, height: int = 64, kind: str = "PNG") -> bytes:
        """Return the file of the photo of seed 0 in strong colors."""
        gray = Make.opened(Make.photo(width, height, "PNG")).astype(np.float32)
        return Make.file((gray[..., None] * [1.0, 0.7, 0.3]).clip(0, 255).astype(np.uint8), kind)

    @staticmethod
    def file(pixels: Any, kind: str = "PNG", **options: Any) -> bytes:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, kind, **options)
        return file.getvalue()

    @staticmethod
    def opened(content: bytes) -> Any:
        return np.asarray(Image.open(io.BytesIO(content)))

    @staticmethod
    def gate(site: Site) -> Gate:
        return Gate(site.service)


@pytest.fixture(scope="session")
def make() -> type[Make]:
    return Make
