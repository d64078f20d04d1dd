"""One photo in a real browser: looking closely, choosing its colors, painting, downloading."""

import io
import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from photochrom.cli import main

Visit = Callable[..., Any]


def is_colored(picture: Any) -> bool:
    return bool((picture.max(axis=2) - picture.min(axis=2)).max() > 12)


def test_the_border_parts_before_from_after(photo: Any, pixels: Any, shoot: Any) -> None:
    page, _ = photo
    page.wait_for_function("[...document.querySelectorAll('.look img')].filter((one) => one.naturalWidth).length === 6")
    shoot(page, "desktop-photo")
    assert page.evaluate("window.shift") < 0.01
    seen = pixels(page)
    middle = seen.shape[1] // 2
    assert not is_colored(seen[:, : middle - 4])
    assert is_colored(seen[:, middle + 4 :])
    border = page.get_by_role("slider", name="Border between before and after")
    border.press("End")
    assert border.get_attribute("aria-valuenow") == "100"
    page.until(lambda: not is_colored(pixels(page)))


def test_zoom_by_wheel_keys_and_buttons(photo: Any) -> None:
    page, _ = photo
    percent = page.locator("#zoom")
    fitted = percent.inner_text()
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function("(fitted) => document.getElementById('zoom').textContent !== fitted", arg=fitted)
    page.get_by_role("button", name="Fit").click()
    page.wait_for_function("(fitted) => document.getElementById('zoom').textContent === fitted", arg=fitted)
    page.locator("#stage").press("1")
    page.wait_for_function("document.getElementById('zoom').textContent === '100 %'")
    page.mouse.move(300, 300)
    page.mouse.wheel(0, -500)
    page.wait_for_function("parseInt(document.getElementById('zoom').textContent) > 200")
    page.locator("#stage").press("0")
    page.wait_for_function("(fitted) => document.getElementById('zoom').textContent === fitted", arg=fitted)


def test_a_large_photo_is_sharp_where_one_looks(site: Any, visit: Visit, pixels: Any, stripes: bytes) -> None:
    job = site.client.wait(site.client.submit(stripes).id)
    page = visit(f"{site.address}#{job.id}")
    page.locator("#stage[data-shows]").wait_for()
    with page.expect_response(lambda answer: "/tile?of=result" in answer.url):
        page.get_by_role("button", name="Full size").click()
    # Stripes of two pixels, which no preview of 1024 pixels can show, on both sides of the border.
    page.until(lambda: all(np.abs(np.diff(side)).mean() > 20 for side in halves(pixels(page)[300].mean(axis=1))))


def halves(row: Any) -> list[Any]:
    return [row[40 : len(row) // 2 - 40], row[len(row) // 2 + 40 : -40]]


@pytest.fixture(scope="module")
def stripes() -> bytes:
    """Return a photo of 30 megapixels."""
    file = io.BytesIO()
    Image.fromarray(np.tile(np.repeat(np.uint8([90, 150]), 2), (5000, 1500))).save(file, "TIFF")
    return file.getvalue()


def test_a_look_is_chosen(photo: Any) -> None:
    page, job = photo
    page.get_by_role("button", name="Sample 2").click()
    page.chosen("--looks")
    assert job().said["choice"]["look"] == "sample-2"
    assert page.get_by_role("button", name="Sample 2").get_attribute("aria-pressed") == "true"


def test_a_place_gets_suggestions_and_one_becomes_a_hint(photo: Any, shoot: Any) -> None:
    page, job = photo
    page.get_by_label("Suggest").check(force=True)
    page.locator("#stage").click(position={"x": 420, "y": 300})
    page.locator("#alternatives button").first.wait_for()
    shoot(page, "desktop-suggestions")
    page.locator("#alternatives button").nth(1).click()
    page.chosen("--hint")
    assert len(job().said["choice"]["hints"]) == 1
    page.get_by_label("Erase").check(force=True)
    page.locator("#stage").click(position={"x": 420, "y": 300})
    page.wait_for_function("!document.getElementById('command').textContent.includes('--hint')")


def test_hints_are_painted_saved_and_loaded(photo: Any, shoot: Any) -> None:
    page, job = photo
    page.get_by_label("Paint").check(force=True)
    page.locator("#color").fill("#cc2020")
    page.mouse.move(300, 350)
    page.mouse.down()
    for x in range(310, 420, 10):
        page.mouse.move(x, 350)
    page.mouse.up()
    page.chosen("--hint")
    (hint,) = job().said["choice"]["hints"]
    assert (hint["color"], len(hint["points"]) > 3) == ("#cc2020", True)
    page.wait_for_function("document.getElementById('working').hidden")
    shoot(page, "desktop-painted")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save hints").click()
    content = saved.value.path().read_bytes()
    assert len(json.loads(content)["hints"]) == 1
    page.get_by_role("button", name="Remove all").click()
    page.wait_for_function("!document.getElementById('command').textContent.includes('--hint')")
    page.locator("#hint-file").set_input_files({"name": "h.json", "mimeType": "application/json", "buffer": content})
    page.get_by_text("1 hint loaded").wait_for()
    assert job().said["choice"]["hints"] == [hint]


def test_the_map_of_guesses_lies_over_the_photo(photo: Any, pixels: Any, shoot: Any) -> None:
    page, _ = photo
    page.get_by_role("slider", name="Border between before and after").press("End")
    page.get_by_label("Where it guesses").check()
    page.locator("#stage[data-guess=shown]").wait_for()
    page.until(lambda: is_colored(pixels(page)))
    shoot(page, "desktop-guess")
    page.locator("#stage").click(position={"x": 600, "y": 400})  # asks what else it could be there
    options = page.locator("#alternatives button")
    options.first.wait_for()
    percents = [float(text.strip("< %")) for text in options.all_inner_texts()]
    assert percents == sorted(percents, reverse=True)
    page.get_by_label("Where it guesses").uncheck()
    page.get_by_role("slider", name="Border between before and after").press("Home")
    page.locator("#stage:not([data-guess])").wait_for()
    before = pixels(page)
    options.last.click()
    page.until(lambda: np.abs(pixels(page) - before)[380:420, 560:590].max() > 10, "the thing has another color")


def test_a_reference_and_a_colored_version_give_their_colors(photo: Any, colored: bytes) -> None:
    page, job = photo
    for kind, part in (("reference", "--reference"), ("transplant", "--transplant")):
        page.locator(f"#{kind}-file").set_input_files({"name": "c.png", "mimeType": "image/png", "buffer": colored})
        page.chosen(part)
        assert job().said["choice"]["colors"] == kind
    page.get_by_role("button", name="The model alone").click()
    page.wait_for_function("!document.getElementById('command').textContent.includes('--transplant')")


@pytest.fixture
def colored(gray: Any) -> bytes:
    picture = np.asarray(Image.open(io.BytesIO(gray("castle-clinton", 320))), np.float32)[..., None] * [1.0, 0.8, 0.5]
    file = io.BytesIO()
    Image.fromarray(picture.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def test_the_result_is_made_as_chosen_and_its_command_line_makes_the_same(
    photo: Any, gray: Any, toy_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, job = photo
    page.locator("#format").select_option("webp")
    page.locator("#saturation").fill("1.5")
    with page.expect_download() as made:
        page.get_by_role("button", name="Download at full resolution").click()
    assert made.value.suggested_filename == "castle-color.webp"
    assert made.value.path().read_bytes()[8:12] == b"WEBP"
    assert (job().ready, job().said["choice"]["saturation"]) == (True, 1.5)
    command = page.locator("#command").inner_text()
    assert command == "photochrom colorize castle.png --model toy --saturation 1.5 --format webp"
    (tmp_path / "castle.png").write_bytes(gray("castle-clinton", 320))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as end:
        main([str(toy_model) if word == "toy" else word for word in shlex.split(command)[1:]])
    assert end.value.code == 0
    assert (tmp_path / "castle-color.webp").read_bytes() == made.value.path().read_bytes()


def test_models_show_their_cards(photo: Any, shoot: Any) -> None:
    page, _ = photo
    page.get_by_role("button", name="Models").click()
    dialog = page.get_by_role("dialog", name="Models")
    dialog.get_by_role("heading", name="toy").wait_for()
    assert "For tests." in dialog.inner_text()
    shoot(page, "desktop-models")
    page.keyboard.press("Escape")
    assert not dialog.is_visible()


def test_a_photo_that_is_gone_is_said(site: Any, visit: Visit) -> None:
    page = visit(site.address)
    page.context.forgiven.append("404")
    page.goto(f"{site.address}#{'0' * 32}")
    page.get_by_text("There is no job").wait_for()
    page.get_by_text("No photos yet").wait_for()
