"""What holds for the page as a whole: types, size, accessibility, keyboard."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import photochrom

WEB = Path(photochrom.__file__).parent / "web"


def test_types_fit(tool: Callable[[str], Path]) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing: apt-get install nodejs npm")
    command = [node, str(tool("typescript") / "bin" / "tsc"), "-p", str(Path(__file__).parent / "jsconfig.json")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_files_are_few_small_and_plain() -> None:
    files = [path for path in WEB.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 200_000
    for path in files:
        text = path.read_text("utf-8")
        assert len(text.splitlines()) <= 300, path.name
        if path.suffix == ".js":
            assert text.startswith("// @ts-check\n"), path.name
            assert "innerHTML" not in text, path.name
        if path.suffix == ".html":
            assert all(part not in text for part in (" style=", " onclick=", "<style", "<script>"))


PLACES = {
    "photos": lambda page: page.locator(".card").first.wait_for(),
    "some selected": lambda page: page.get_by_label("Select castle.png").check(),
    "models": lambda page: page.get_by_role("button", name="Models").click(),
    "a photo": lambda page: page.locator("#stage[data-shows]").wait_for(),
    "painting": lambda page: page.get_by_label("Paint").evaluate("(one) => one.click()"),
}


@pytest.mark.parametrize("width", [1280, 375])
def test_axe_finds_nothing(site: Any, visit: Any, tool: Callable[[str], Path], width: int) -> None:
    id = site.put()
    source = (tool("axe-core") / "axe.min.js").read_text("utf-8")
    page = visit(site.address, bypass_csp=True, viewport={"width": width, "height": 800})
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for place, go in PLACES.items():
            if place in ("photos", "a photo"):
                page.goto(f"{site.address}#{id if place == 'a photo' else ''}")
                page.reload()
                page.evaluate(source)
            go(page)
            found = page.evaluate("axe.run()")["violations"]
            assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], (scheme, place)


def test_the_compose_file_fits_its_schema(tool: Callable[[str], Path]) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing: apt-get install nodejs npm")
    command = [node, str(tool("dclint") / "bin" / "dclint.cjs"), str(Path(__file__).parents[2] / "compose.yaml")]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_everything_is_reached_by_keyboard(site: Any, visit: Any) -> None:
    id = site.put()
    page = visit(f"{site.address}#{id}")
    page.locator("#stage[data-shows]").wait_for()
    reached = set()
    for _ in range(60):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.className"))
    wanted = {
        "stage",
        "divider",
        "zoom-in",
        "look",
        "saturation",
        "temperature",
        "guess",
        "model",
        "effort",
        "format",
        "download",
    }
    assert wanted <= reached
