"""All photos in a real browser: sending, the queue, the history, many at once."""

import io
import re
import threading
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from photochrom.server.guards import Access

PHONE = {"viewport": {"width": 375, "height": 667}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
Visit = Callable[..., Any]


def a_file(name: str, content: bytes) -> dict[str, Any]:
    return {"name": name, "mimeType": "image/png", "buffer": content}


def test_chosen_photos_are_sent_colored_and_survive_a_restart(
    start: Any, visit: Visit, shoot: Any, examples: dict[str, bytes]
) -> None:
    site = start()
    page = visit(site.address)
    page.get_by_text("No photos yet").wait_for()
    shoot(page, "desktop-empty")
    page.locator("#files").set_input_files([a_file(f"{name}.png", content) for name, content in examples.items()])
    page.locator(".card[data-state=done]").nth(len(examples) - 1).wait_for()
    assert page.locator(".card").count() == len(examples)
    page.wait_for_function("[...document.querySelectorAll('.thumb img')].every((image) => image.naturalWidth)")
    shoot(page, "desktop-history")
    assert page.evaluate("window.shift") < 0.01
    page.close()
    site = start()
    page = visit(site.address)
    page.locator(".card[data-state=done]").nth(len(examples) - 1).wait_for()
    page.get_by_label("Search photos by name").fill("coffee")
    page.wait_for_function("document.querySelectorAll('.card').length === 1")
    assert page.locator(".card .name").inner_text() == "coffee.png"
    page.get_by_label("Search photos by name").fill("zebra")
    page.get_by_text("No photo has this in its name").wait_for()


@pytest.fixture(scope="module")
def examples(gray: Callable[..., bytes]) -> dict[str, bytes]:
    return {name: gray(name, 240) for name in ("coffee", "dog", "horses", "chenonceau", "photographer")}


def test_dropped_and_pasted_photos_are_sent(site: Any, visit: Visit) -> None:
    page = visit(site.address)
    page.get_by_text("No photos yet").wait_for()
    for kind, property, name in (("drop", "dataTransfer", "dropped.png"), ("paste", "clipboardData", "pasted.png")):
        page.evaluate(
            """async ([kind, property, name]) => {
                const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
                canvas.getContext("2d").fillRect(9, 9, 20, 20);
                const blob = await new Promise((done) => canvas.toBlob(done));
                const data = new DataTransfer();
                data.items.add(new File([blob], name, { type: "image/png" }));
                const event = new (kind === "drop" ? DragEvent : ClipboardEvent)(kind,
                  { [property]: data, bubbles: true, cancelable: true });
                document.body.dispatchEvent(event);
            }""",
            [kind, property, name],
        )
        page.locator(".card[data-state=done]", has_text=name).wait_for()


def test_what_the_browser_cannot_show_is_seen_as_the_server_sees_it(site: Any, visit: Visit, gray: Any) -> None:
    file = io.BytesIO()
    Image.open(io.BytesIO(gray("dog", 120))).save(file, "TIFF")
    page = visit(site.address)
    page.locator("#files").set_input_files([{"name": "dog.tif", "mimeType": "image/tiff", "buffer": file.getvalue()}])
    card = page.locator(".card[data-state=done]", has_text="dog.tif")
    card.wait_for()
    page.wait_for_function("document.querySelector('.card[data-id] .thumb img').naturalWidth > 0")


def test_a_late_list_does_not_hide_what_happened_since(site: Any, visit: Visit) -> None:
    page = visit(site.address)
    page.get_by_text("No photos yet").wait_for()
    late: list[tuple[Any, Any]] = []

    def hold(route: Any) -> None:
        if late:
            return route.continue_()
        late.append((route, route.fetch()))

    page.route(re.compile("/jobs.limit="), hold)
    page.reload()
    page.until(lambda: late, "the list is asked for")
    site.put("since.png", 64)
    page.locator(".card[data-state=done]", has_text="since.png").wait_for()
    with page.expect_response(re.compile("/jobs.limit=")) as again:
        late[0][0].fulfill(response=late[0][1])
    assert again.value.json()["jobs"] == []
    page.wait_for_function("document.getElementById('total').textContent === '1 photo'")
    assert page.locator(".card[data-state=done]").count() == 1


def test_what_is_no_photo_is_refused_in_the_servers_words(site: Any, visit: Visit, shoot: Any) -> None:
    page = visit(site.address)
    page.context.forgiven.append("422")
    page.locator("#files").set_input_files([a_file("letter.png", b"Dear Sir or Madam")])
    page.get_by_role("alert").filter(has_text="letter.png: not a photo").wait_for()
    shoot(page, "desktop-refused")
    page.get_by_role("button", name="Close the message about letter.png").click()
    page.wait_for_function("document.querySelectorAll('.card').length === 0")


def test_a_photo_shows_its_progress_can_be_canceled_and_run_again(
    site: Any, visit: Visit, gray: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    painters, go = site.service.shop.painters, threading.Event()
    really = painters.colored

    def slowly(photo: Any, job: Any, choice: Any) -> Any:
        while not go.wait(0.02):
            site.service.worker._running[job.id][1].check()
        return really(photo, job, choice)

    monkeypatch.setattr(painters, "colored", slowly)
    page = visit(site.address)
    page.locator("#files").set_input_files([a_file(f"{name}.png", gray("dog", 64)) for name in ("one", "two")])
    page.locator(".card[data-state=running]").wait_for()
    page.locator(".card[data-state=queued]").wait_for()
    assert page.locator(".card[data-id] progress:visible").count() == 2
    for name in ("one", "two"):
        page.get_by_role("button", name=f"Cancel {name}.png").click()
        page.locator(".card[data-state=canceled]", has_text=name).wait_for()
    go.set()
    page.get_by_role("button", name="Run one.png again").click()
    page.locator(".card[data-state=done]", has_text="one").wait_for()


def test_photos_are_downloaded_and_deleted(site: Any, visit: Visit) -> None:
    for name in ("a.png", "b.png", "c.png"):
        site.put(name, 64)
    page = visit(site.address)
    with page.expect_download() as one:
        page.get_by_role("link", name="Download b.png").click()
    assert one.value.suggested_filename == "b-color.png"
    page.get_by_label("Select a.png").check()
    page.get_by_label("Select c.png").check()
    with page.expect_download() as some:
        page.get_by_role("button", name="Download ZIP").click()
    names = zipfile.ZipFile(io.BytesIO(some.value.path().read_bytes())).namelist()
    assert sorted(names) == ["a-color.png", "c-color.png"]
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.wait_for_function("document.querySelectorAll('.card').length === 1")
    assert [job.name for job in site.client.jobs()] == ["b.png"]


def test_the_settings_of_one_photo_are_given_to_others(site: Any, visit: Visit, shoot: Any) -> None:
    first, second, third = (site.put(f"{name}.png", 200) for name in ("first", "second", "third"))
    client = site.client
    page = visit(f"{site.address}#{first}")
    page.locator("#stage[data-shows]").wait_for()
    page.locator("#saturation").fill("1.6")
    page.wait_for_function("document.getElementById('command').textContent.includes('--saturation 1.6')")
    page.get_by_role("link", name="Use these settings for other photos").click()
    page.get_by_label("Select second.png").check()
    page.get_by_label("Select third.png").check()
    shoot(page, "desktop-album")
    assert page.locator("#album-from").input_value() == first
    page.get_by_role("button", name="Apply", exact=True).click()
    page.get_by_text("Settings applied to 2 photos").wait_for()
    for id in (second, third):
        for told in client.follow(id):
            job = told
        assert (job.state, job.said["choice"]["saturation"]) == ("done", 1.6)


def test_a_phone_has_room_for_all(site: Any, visit: Visit, shoot: Any) -> None:
    for name in ("on a ship in the year 1912, third of three.png", "b.png", "c.png"):
        last = site.put(name, 240)
    page = visit(site.address, **PHONE)
    page.wait_for_function("[...document.querySelectorAll('.thumb img')].some((image) => image.naturalWidth)")
    page.get_by_label("Select b.png").check()
    shoot(page, "phone-history")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.goto(f"{site.address}#{last}")
    page.locator("#stage[data-shows]").wait_for()
    page.wait_for_function("[...document.querySelectorAll('.look img')].filter((i) => i.naturalWidth).length === 6")
    shoot(page, "phone-photo")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.locator("#hints-title").scroll_into_view_if_needed()
    shoot(page, "phone-hints")


def test_a_server_with_a_token_asks_for_it(start: Any, visit: Visit, shoot: Any) -> None:
    site = start(Access("a token that nobody guesses"))
    page = visit(site.address)
    page.context.forgiven += ["401"]
    page.locator("#token").fill("guessed")
    page.get_by_role("button", name="Enter").click()
    page.get_by_text("This is not the token").wait_for()
    shoot(page, "desktop-token")
    page.locator("#token").fill("a token that nobody guesses")
    page.get_by_role("button", name="Enter").click()
    page.get_by_text("No photos yet").wait_for()
