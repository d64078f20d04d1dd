"""The test over HTTP: strict headers, nothing revealed, answers once and in order, resumable, mountable."""

import io
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from PIL import Image

from photochrom.errors import OptionError, OutputUnwritable
from photochrom.judge.store import Answer, Store
from photochrom.judge.trials import Plan

pytest.importorskip("fastapi", reason="pip install 'photochrom[serve]'")

from fastapi import FastAPI
from fastapi.testclient import TestClient

from photochrom.judge.web import HEADERS, judge_app, reserve

Json = dict[str, Any]
SECRET = "x" * 22


@pytest.fixture
def client(plan: Plan, store: Store) -> TestClient:
    return TestClient(judge_app(plan, store))


def begin(client: TestClient) -> Json:
    answer = client.post("api/sessions")
    assert answer.status_code == 201
    state: Json = answer.json()
    return state


def give(client: TestClient, state: Json, side: str = "left", **changes: object) -> Any:
    body = {"trial": state["answered"], "answer": side, "response_ms": 500, **changes}
    return client.post(f"api/sessions/{state['session']}/answers", json=body)


def picture(client: TestClient, state: Json, trial: int, side: str) -> Any:
    return client.get(f"api/sessions/{state['session']}/pictures/{trial}/{side}")


def test_a_whole_session_ends_with_the_own_result(client: TestClient, plan: Plan, store: Store) -> None:
    state = begin(client)
    truth = [trial.true_side for trial in plan.trials_for(1)]
    for number in range(plan.length):
        assert (state["answered"], state["result"]) == (number, None)
        state = give(client, state, truth[number]).json()
    assert state["result"] == {"judged": 12, "recognized": 12, "fooled": 0}
    assert [answer.right for answer in store.answers()] == [True] * plan.length
    assert give(client, state).status_code == 409


@pytest.mark.parametrize("path", ["", "judge.js", "judge.css", "icon.svg", "api/test", f"api/sessions/{SECRET}", "no"])
def test_every_answer_has_strict_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert {name: headers.get(name) for name in HEADERS} == HEADERS
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "access-control-allow-origin" not in headers


def test_no_reply_before_the_end_tells_what_is_true(client: TestClient, plan: Plan) -> None:
    state = begin(client)
    names = {name for s in (*plan.subjects, *plan.sanity) for name in (s.photo, s.truth, *s.rivals.values())}
    told = [client.get("api/test"), client.get(f"api/sessions/{state['session']}"), give(client, state)]
    told += [picture(client, state, number, side) for number in (1, 2) for side in ("left", "right")]
    keys = {"session", "test", "viewing", "trials", "answered", "result"}
    for reply in told:
        assert reply.status_code == 200
        text = f"{reply.headers} {reply.text if 'json' in reply.headers['content-type'] else ''}"
        assert not [name for name in names if name in text]
        if "json" in reply.headers["content-type"]:
            assert set(reply.json()) <= keys


def test_both_pictures_of_a_pair_are_of_the_same_length_and_date(client: TestClient, plan: Plan) -> None:
    state = begin(client)
    for trial in plan.trials_for(1)[:2]:
        left, right = (picture(client, state, trial.number, side) for side in ("left", "right"))
        assert {name for name in left.headers if left.headers[name] != right.headers[name]} == set()
        assert "last-modified" not in left.headers
        assert "etag" not in left.headers
        for side, reply in (("left", left), ("right", right)):
            sent = np.asarray(Image.open(io.BytesIO(reply.content)))
            np.testing.assert_array_equal(sent, np.asarray(Image.open(plan.picture(trial.picture(side)))))


def test_only_the_current_pair_and_the_next_can_be_seen(client: TestClient) -> None:
    state = begin(client)
    assert [picture(client, state, number, "left").status_code for number in (0, 1, 2)] == [200, 200, 404]
    state = give(client, state).json()
    assert [picture(client, state, number, "left").status_code for number in (0, 1, 2)] == [404, 200, 200]
    assert picture(client, state, 1, "up").status_code == 422
    assert picture(client, state, -1, "left").status_code == 404


def test_an_answer_cannot_be_undone_and_a_lost_reply_does_no_harm(client: TestClient, store: Store) -> None:
    state = begin(client)
    assert give(client, state).json()["answered"] == 1
    assert give(client, state).json()["answered"] == 1
    assert give(client, state, "right").status_code == 409
    assert give(client, state, trial=5).status_code == 409
    assert [answer.answer for answer in store.answers()] == ["left"]


@pytest.mark.parametrize(
    "changes", [{"answer": "both"}, {"response_ms": -1}, {"response_ms": "soon"}, {"trial": -1}, {"more": 1}]
)
def test_malformed_answers_are_refused_and_not_stored(client: TestClient, store: Store, changes: Json) -> None:
    reply = give(client, begin(client), **changes)
    assert reply.status_code == 422
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.json()["detail"]
    assert store.answers() == []


@pytest.mark.parametrize("token", [SECRET, "short", "..%2f..%2fplan", "' OR 1=1 --"])
def test_unknown_sessions_are_refused(client: TestClient, token: str) -> None:
    assert client.get(f"api/sessions/{token}").status_code in {404, 422}
    assert client.post(f"api/sessions/{token}/answers", json={}).status_code in {404, 405, 422}


@pytest.mark.parametrize("path", ["plan.json", "../web.py", "..%2fweb.py", "%2e%2e/web.py", "docs", "openapi.json"])
def test_nothing_but_the_page_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_session_goes_on_after_a_restart(client: TestClient, plan: Plan, store: Store) -> None:
    state = give(client, begin(client)).json()
    again = TestClient(judge_app(plan, store))
    assert again.get(f"api/sessions/{state['session']}").json() == state
    assert give(again, state).json()["answered"] == 2


def test_participants_have_sessions_of_their_own(client: TestClient) -> None:
    first, second = begin(client), begin(client)
    assert first["session"] != second["session"]
    give(client, first)
    assert client.get(f"api/sessions/{second['session']}").json()["answered"] == 0


def test_the_application_can_be_mounted(plan: Plan, store: Store) -> None:
    app = FastAPI()
    app.mount("/judge", judge_app(plan, store))
    client = TestClient(app)
    assert "judge.js" in client.get("/judge").text
    assert client.get("/judge").url.path == "/judge/"
    assert client.get("/judge/judge.js").status_code == 200
    assert client.post("/judge/api/sessions").status_code == 201


def test_the_page_asks_no_other_host(client: TestClient) -> None:
    for path in ("", "judge.js", "judge.css"):
        text = client.get(path).text
        assert "http://" not in text
        assert "https://" not in text
        assert 'src="/' not in text
        assert 'href="/' not in text


def test_a_full_disk_is_said_without_details(client: TestClient, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(answer: Answer) -> Answer:
        raise OutputUnwritable("/home/someone/answers.sqlite: disk is full")

    state = begin(client)
    monkeypatch.setattr(store, "record", full)
    reply = give(client, state)
    assert reply.status_code == 503
    assert "someone" not in reply.text


def test_a_port_that_is_taken_or_none_is_refused() -> None:
    refusals: list[tuple[int, str]] = [(70000, "65535"), (-1, "65535")]
    with closing(reserve(0)) as listener:
        taken = listener.getsockname()[1]
        assert listener.getsockname()[0] == "127.0.0.1"
        for port, says in [*refusals, (taken, "taken")]:
            with pytest.raises(OptionError, match=says):
                reserve(port)
