"""The page in a real browser: whole sessions by keyboard and by touch; screenshots go to build/screenshots/judge."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from photochrom.data.catalog import list_entries
from photochrom.judge.pictures import make_plan
from photochrom.judge.rivals import Rival
from photochrom.judge.store import Store
from photochrom.judge.trials import Plan, Rules, Viewing

pytest.importorskip("fastapi", reason="pip install 'photochrom[serve]'")

import uvicorn

from photochrom.judge.web import judge_app, reserve

SHOTS = Path(__file__).parents[2] / "build" / "screenshots" / "judge"
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 375, "height": 667}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
WATCH = """
window.shift = 0;
new PerformanceObserver((list) => { for (const entry of list.getEntries()) window.shift += entry.value; })
  .observe({ type: "layout-shift", buffered: true });
"""

Page = Any
Visit = Callable[..., Page]


class Site:
    """A test served on a port of its own."""

    def __init__(self, plan: Plan, path: Path) -> None:
        self.plan, self.store = plan, Store(path, plan.identity)
        listener = reserve(0)
        self.address = f"http://localhost:{listener.getsockname()[1]}/"
        self.server = uvicorn.Server(uvicorn.Config(judge_app(plan, self.store), log_level="warning"))
        self.thread = threading.Thread(target=self.server.run, args=([listener],))
        self.thread.start()

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.store.close()


@pytest.fixture(scope="module")
def plans(
    color_folder: Path, rivals: dict[str, Rival], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Viewing], Plan]:
    """Give ``plans(viewing)``: a test of 6 trials and 1 sanity trial."""
    made: dict[str, Plan] = {}

    def plan(viewing: Viewing) -> Plan:
        if viewing not in made:
            folder, toy = tmp_path_factory.mktemp(viewing), {"toy": rivals["toy"]}
            made[viewing] = make_plan(
                list_entries([str(color_folder)]), toy, Rules(6, viewing), folder, lambda share: None
            )
        return made[viewing]

    return plan


@pytest.fixture
def site(plans: Callable[[Viewing], Plan], request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    site = Site(plans(request.param), tmp_path / "answers.sqlite")
    yield site
    site.close()


@pytest.fixture
def visit(browser: Any, site: Site) -> Iterator[Visit]:
    """Give ``visit(**device)``: the welcome page; what it asks of others or complains about fails the test."""
    contexts, wrong = [], []

    def visited(**device: object) -> Page:
        context = browser.new_context(**device)
        contexts.append(context)
        context.add_init_script(WATCH)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(site.address) else wrong.append(asked.url))
        page.goto(site.address)
        page.get_by_role("heading", name="Which one is the real photo?").wait_for()
        return page

    yield visited
    for context in contexts:
        context.close()
    assert [text for text in wrong if "ERR_FAILED" not in text] == []


def shoot(page: Page, name: str) -> None:
    """Take pictures of the page, light and dark."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=SHOTS / f"{name}-{scheme}.png")


def start(page: Page) -> None:
    page.get_by_role("button", name=re.compile("^(Start|Go on)")).click()


def asked(page: Page, number: int) -> None:
    """Wait until pair ``number``, counted from 1, may be answered."""
    page.locator("#count", has_text=re.compile(f"^Pair {number} of")).wait_for()
    button = page.get_by_role("button", name="Left: this is the real photo")
    for _ in range(200):
        if button.is_enabled():
            return
        page.wait_for_timeout(50)
    pytest.fail(f"pair {number} cannot be answered")


in_a_second = pytest.mark.parametrize("site", ["second"], indirect=True)
freely = pytest.mark.parametrize("site", ["free"], indirect=True)


@in_a_second
def test_a_whole_session_by_keyboard(site: Site, visit: Visit) -> None:
    page = visit(**DESKTOP)
    shoot(page, "desktop-welcome")
    page.clock.install()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    keys = ["ArrowLeft", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft", "ArrowRight", "ArrowLeft"]
    for number, key in enumerate(keys, 1):
        page.locator("#count", has_text=f"Pair {number} of 7").wait_for()
        for step in range(100):
            if page.locator("#left").is_enabled():
                break
            page.clock.run_for(300)
            if number == 2 and page.locator(".frame img").count() and step < 20:
                shoot(page, "desktop-shown")
        assert page.locator(".frame img").count() == 0
        if number == 2:
            shoot(page, "desktop-asked")
        page.keyboard.press(key)
    page.get_by_role("heading", name="Done, thank you!").wait_for()
    shoot(page, "desktop-end")
    answers = site.store.answers(1)
    assert [f"Arrow{answer.answer.title()}" for answer in answers] == keys
    right = sum(answer.right for answer in answers if answer.model)
    assert f"in {right} of 6 pairs" in page.locator("#result").inner_text()
    assert page.evaluate("window.shift") == 0
    page.get_by_role("button", name="Next participant").click()
    page.get_by_role("button", name="Start (7 pairs)").wait_for()


@freely
def test_a_whole_session_by_touch_on_a_phone(site: Site, visit: Visit) -> None:
    page = visit(**PHONE)
    shoot(page, "phone-welcome")
    page.get_by_role("button", name="Start (7 pairs)").tap()
    sides = ["left", "right", "left", "left", "right", "right", "left"]
    for number, side in enumerate(sides, 1):
        asked(page, number)
        assert page.locator(".frame img").count() == 2
        if number == 2:
            shoot(page, "phone-asked")
            assert page.evaluate("document.documentElement.scrollWidth") <= 375
            assert page.evaluate("document.documentElement.scrollHeight") <= 667
        page.get_by_role("button", name=f"{side.title()}: this is the real photo").tap()
    page.get_by_role("heading", name="Done, thank you!").wait_for()
    shoot(page, "phone-end")
    assert [answer.answer for answer in site.store.answers(1)] == sides
    assert page.evaluate("window.shift") == 0


@in_a_second
def test_each_picture_is_shown_for_a_second_left_then_right_and_keys_wait(site: Site, visit: Visit) -> None:
    page = visit(**DESKTOP)
    page.evaluate("""() => {
      window.seen = [];
      new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes)
          window.seen.push([target.parentElement.id, addedNodes.length, performance.now()]);
      }).observe(document.querySelector(".pair"), { childList: true, subtree: true });
    }""")
    start(page)
    page.locator("#left img").wait_for()
    page.keyboard.press("ArrowLeft")
    asked(page, 1)
    assert site.store.answers() == []
    seen = page.evaluate("window.seen")
    assert [change[:2] for change in seen] == [["left", 1], ["left", 0], ["right", 1], ["right", 0]]
    for shown, hidden in ((seen[0], seen[1]), (seen[2], seen[3])):
        assert 1000 <= hidden[2] - shown[2] + 1 < 1400
    page.wait_for_timeout(300)
    page.keyboard.press("ArrowRight")
    page.locator("#count", has_text="Pair 2").wait_for()
    (answer,) = site.store.answers()
    assert answer.answer == "right"
    assert 250 <= answer.response_ms < 5000


@freely
def test_a_held_or_modified_key_answers_nothing_more(site: Site, visit: Visit) -> None:
    page = visit(**DESKTOP)
    start(page)
    asked(page, 1)
    page.keyboard.press("Alt+ArrowUp")
    page.keyboard.press("Control+ArrowLeft")
    assert site.store.answers() == []
    page.keyboard.down("ArrowLeft")
    page.keyboard.down("ArrowLeft")
    asked(page, 2)
    page.keyboard.down("ArrowLeft")
    page.wait_for_timeout(200)
    assert len(site.store.answers()) == 1


@freely
def test_the_next_pair_is_there_before_it_is_asked_for(site: Site, visit: Visit) -> None:
    page = visit(**DESKTOP)
    shoot(page, "desktop-free-welcome")
    fetched: list[str] = []
    page.on("requestfinished", lambda request: fetched.append(request.url.partition("pictures/")[2]))
    start(page)
    asked(page, 1)
    shoot(page, "desktop-free-asked")
    page.wait_for_timeout(500)
    assert {"0/left", "0/right", "1/left", "1/right"} <= set(fetched)
    before = len([url for url in fetched if url.startswith("1/")])
    page.keyboard.press("ArrowLeft")
    asked(page, 2)
    assert len([url for url in fetched if url.startswith("1/")]) == before == 2


@freely
def test_a_session_goes_on_after_a_reload_or_begins_anew(site: Site, visit: Visit) -> None:
    page = visit(**DESKTOP)
    start(page)
    for number in (1, 2):
        asked(page, number)
        page.keyboard.press("ArrowRight")
    page.locator("#count", has_text="Pair 3").wait_for()
    page.reload()
    page.get_by_role("button", name="Go on with pair 3 of 7").wait_for()
    shoot(page, "desktop-resumed")
    start(page)
    asked(page, 3)
    page.reload()
    page.get_by_role("button", name="I am someone else: start anew").click()
    asked(page, 1)
    assert site.store.participants() == [1, 2]


@freely
def test_a_lost_server_is_said_and_the_answer_is_kept(site: Site, visit: Visit) -> None:
    page = visit(**DESKTOP)
    start(page)
    asked(page, 1)
    page.route("**/answers", lambda route: route.abort())
    page.keyboard.press("ArrowRight")
    page.get_by_role("heading", name="Something went wrong").wait_for()
    shoot(page, "desktop-trouble")
    assert site.store.answers() == []
    page.unroute("**/answers")
    page.get_by_role("button", name="Try again").click()
    asked(page, 2)
    assert [answer.answer for answer in site.store.answers()] == ["right"]


@freely
def test_a_screen_reader_is_told_what_happens(site: Site, visit: Visit) -> None:
    page = visit(**DESKTOP)
    start(page)
    asked(page, 1)
    assert page.get_by_role("progressbar", name="Pair 1 of 7").is_visible()
    assert page.get_by_role("status").inner_text().startswith("Pair 1 of 7. Which one is the real photo?")
    assert page.get_by_role("button").evaluate_all("all => all.filter((one) => one.checkVisibility()).length") == 2
    assert page.evaluate("document.activeElement.id") == "question"
    assert [image.get_attribute("alt") for image in page.locator(".frame img").all()] == [
        "Left picture",
        "Right picture",
    ]
