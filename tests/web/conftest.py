"""What the tests of the page share: a server over a toy model, a browser, and gray photos of real things."""

import base64
import io
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
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

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "build" / "screenshots" / "web"
TOOLS = ROOT / "build" / "web-tools"
PACKAGES = {"typescript": "typescript@5.9.3", "axe-core": "axe-core@4.14.1", "dclint": "dclint@3.1.0"}
WATCH = """
window.shift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""
PATIENCE = 60_000
"""Milliseconds; a busy machine may need them, a quiet one never does."""
Page = Any


@dataclass
class Site:
    """A server that runs in a thread."""

    service: Service
    address: str
    client: Client

    def put(self, name: str = "castle.png", size: int = 320) -> str:
        """Give the server a photo of examples/, in gray, and return its id once it is colored."""
        with TemporaryDirectory() as folder:
            path = Path(folder) / name
            path.write_bytes(gray("castle-clinton", size))
            job = self.client.wait(self.client.submit(path).id)
        assert job.state == "done"
        return job.id


@pytest.fixture(scope="session", name="gray")
def _gray() -> Callable[[str, int], bytes]:
    return gray


def gray(example: str, size: int) -> bytes:
    """Return the file of an example, gray and small."""
    image = Image.open(ROOT / "examples" / f"{example}.jpg").convert("L")
    image.thumbnail((size, size))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


@contextmanager
def site_at(data: Path, model: Path, access: Access) -> Iterator[Site]:
    service = Service.over(data, find_models((str(model),)), Limits(jobs=1, rate=0), access)
    listener = listen("127.0.0.1", 0)
    config = uvicorn.Config(make_app(service), log_level="critical", timeout_graceful_shutdown=1, http="h11")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/"
    try:
        yield Site(service, address, Client(address.rstrip("/"), access.token, patience=20))
    finally:
        service.shop.news.end()
        server.should_exit = True
        thread.join()
        listener.close()


@pytest.fixture
def start(tmp_path: Path, toy_model: Path) -> Iterator[Callable[..., Site]]:
    """Give ``start(access)``: a server; the next one ends it and takes over its folder."""
    running = ExitStack()

    def started(access: Access | None = None) -> Site:
        running.close()
        return running.enter_context(site_at(tmp_path / "data", toy_model, access or Access()))

    with running:
        yield started


@pytest.fixture
def site(start: Callable[..., Site]) -> Site:
    return start()


def wait_until(page: Page, expression: str, arg: object = None) -> None:
    """Wait until an expression of JavaScript is true; Playwright's own way needs a policy that allows ``eval``."""
    until(page, lambda: page.evaluate(expression, arg), expression)


def until(page: Page, is_so: Callable[[], Any], what: str = "") -> None:
    """Ask again until something is so; no test waits for a time and hopes."""
    end = time.monotonic() + PATIENCE / 1000
    while not is_so():
        assert time.monotonic() < end, f"never came true: {what or 'see the line that waits'}"
        page.wait_for_timeout(50)


def chosen(page: Page, part: str) -> None:
    """Wait until the server keeps what is chosen, told by a part of the command."""
    page.wait_for_function("(part) => document.getElementById('command').textContent.includes(part)", arg=part)


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Page]]:
    """Give ``visit(address, **device)``: what the page asks of others, or complains about, fails the test.

    ``page.context.forgiven`` are patterns of complaints that a test expects.
    """
    contexts, wrong, forgiven = [], list[str](), list[str]()

    def visited(address: str, **device: Any) -> Page:
        context = browser.new_context(**({"viewport": {"width": 1280, "height": 800}} | device))
        context.set_default_timeout(PATIENCE)
        context.forgiven = forgiven
        contexts.append(context)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.wait_for_function, page.until = partial(wait_until, page), partial(until, page)
        page.chosen = partial(chosen, page)
        own = re.compile(rf"^(blob:)?{re.escape(address.partition('#')[0])}")
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if own.match(asked.url) else wrong.append(asked.url))
        page.goto(address)
        return page

    yield visited
    for context in contexts:
        context.close()
    assert [text for text in wrong if not any(re.search(one, text) for one in forgiven)] == []


@pytest.fixture(scope="session")
def shoot() -> Callable[[Page, str], None]:
    """Give ``shoot(page, name)``: pictures of the page, light and dark, into build/screenshots/web."""

    def shot(page: Page, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        for scheme in ("dark", "light"):
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=SHOTS / f"{name}-{scheme}.png")

    return shot


@pytest.fixture
def pixels() -> Callable[[Page], Any]:
    """Give ``pixels(page)``: what the stage shows, (h, w, 3), without what lies over it."""

    def seen(page: Page) -> Any:
        data = page.evaluate("document.getElementById('canvas').toDataURL('image/png')")
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))).convert("RGB"), np.int16)

    return seen


@pytest.fixture(scope="session")
def tool() -> Callable[[str], Path]:
    """Give ``tool(name)``: the folder of a package that is used for checking only; skips where npm cannot get it."""

    def found(name: str) -> Path:
        folder = TOOLS / "node_modules" / name
        if not folder.is_dir():
            npm = shutil.which("npm")
            if npm is None:
                pytest.skip(f"{name} is missing, and so is npm, which would get it: apt-get install npm")
            TOOLS.mkdir(parents=True, exist_ok=True)
            command = [npm, "install", "--prefix", str(TOOLS), "--no-audit", "--no-fund", "--silent", PACKAGES[name]]
            if subprocess.run(command, capture_output=True, check=False).returncode:
                pytest.skip(f"npm could not get {name}: no network?")
        return folder

    return found


@pytest.fixture
def photo(site: Any, visit: Callable[..., Page]) -> tuple[Page, Any]:
    """Give an open photo of 320 pixels: the page, and what the server knows of it, as ``job()``."""
    id = site.put()
    page = visit(f"{site.address}#{id}")
    page.locator("#stage[data-shows='1']").wait_for()
    return page, lambda: site.client.job(id)
