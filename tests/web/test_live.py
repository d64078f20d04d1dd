"""Colors that follow the hand, in a real browser: the newest answer is what is seen, whatever comes late."""

import re
from typing import Any

import numpy as np
import pytest


def is_colored(picture: Any) -> bool:
    return bool((picture.max(axis=2) - picture.min(axis=2)).max() > 12)


def drag(slider: Any, *values: float) -> None:
    """Move a slider without letting it go."""
    slider.evaluate(
        "(one, values) => { for (const at of values) { one.value = at;"
        " one.dispatchEvent(new Event('input', { bubbles: true })); } }",
        list(values),
    )


def test_sliders_answer_while_dragged_and_can_be_undone(photo: Any, pixels: Any) -> None:
    page, job = photo
    before = pixels(page)
    slider = page.locator("#saturation")
    drag(slider, *(1 - step / 10 for step in range(11)))
    page.until(lambda: not is_colored(pixels(page)))
    page.wait_for_function("document.getElementById('working').hidden")
    assert not is_colored(pixels(page)), "an older answer came over a newer one"
    assert int(page.locator("#stage").get_attribute("data-live")) < 8, "answers were asked for that nobody waits for"
    assert job().said["choice"]["saturation"] == 1
    slider.dispatch_event("change")
    page.chosen("--saturation 0")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("!document.getElementById('command').textContent.includes('--saturation')")
    page.until(lambda: np.abs(pixels(page) - before).max() <= 2)
    page.get_by_role("button", name="Redo").click()
    page.chosen("--saturation 0")


def test_a_late_picture_does_not_hide_what_was_chosen_since(photo: Any, pixels: Any) -> None:
    page, _ = photo
    held: list[Any] = []

    def hold(route: Any) -> None:
        held.append(route)

    page.route(re.compile("/preview.*of=result.*side=1024"), hold)
    slider = page.locator("#saturation")
    drag(slider, 2)
    slider.dispatch_event("change")
    page.until(lambda: held, "the picture of what is kept is asked for")
    drag(slider, 1, 0)
    page.until(lambda: not is_colored(pixels(page)))
    for late in held:
        with page.expect_response(late.request.url):
            late.continue_()
    drag(slider, 0.02, 0)  # one more answer, after the late picture has come
    page.wait_for_function("document.getElementById('working').hidden")
    assert not is_colored(pixels(page))


@pytest.mark.parametrize("by", ["undo", "hand"])
def test_a_step_taken_back_at_once_is_taken_back_in_the_picture(photo: Any, pixels: Any, by: str) -> None:
    page, job = photo
    before = pixels(page)
    page.evaluate(
        """(by) => {
            const slider = document.getElementById("saturation");
            const usual = slider.value;
            const say = (kind) => slider.dispatchEvent(new Event(kind, { bubbles: true }));
            for (const value of by === "hand" ? [0, usual] : [0]) { slider.value = value; say("input"); }
            say("change");
            if (by === "undo") document.getElementById("undo").click();
        }""",
        by,
    )
    page.wait_for_function("document.getElementById('working').hidden")
    page.locator("#stage[data-shows='1']:not([data-live])").wait_for()
    page.until(lambda: np.abs(pixels(page) - before).max() <= 2)
    assert job().revision == 1


def test_the_browsers_colors_are_the_servers(photo: Any, pixels: Any) -> None:
    page, _ = photo
    page.locator("#warmth").fill("0.5")
    page.wait_for_function("Number(document.getElementById('stage').dataset.live) > 0")
    live = pixels(page)
    page.locator("#stage[data-shows='2']").wait_for()
    page.chosen("--warmth 0.5")
    assert np.abs(live - pixels(page)).mean() < 2


def test_the_best_effort_is_chosen_and_new_hints_still_come_soon(photo: Any) -> None:
    page, job = photo
    page.locator("#effort").select_option("best")
    page.chosen("--effort best")
    page.locator("#stage[data-shows='2']").wait_for()
    assert job().said["choice"]["effort"] == "best"
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.post_data_json["effort"]) if "/field" in one.url else None)
    drag(page.locator("#warmth"), 0.5)
    page.until(lambda: asked == ["best"], "what is known is asked for as it is")
    page.get_by_label("Paint").check(force=True)
    page.locator("#stage").click(position={"x": 420, "y": 300})
    page.until(lambda: "normal" in asked, "a hint takes a run of the network: the quick one first")
    page.chosen("--hint")
    assert job().said["choice"]["effort"] == "best"
