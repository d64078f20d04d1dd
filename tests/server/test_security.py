"""Who may do what: tokens, origins, hosts; strict headers; nothing from elsewhere."""

import http.client
import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from photochrom.client import Client, Problem
from photochrom.server.guards import SECURITY, Access

Make = Any
Site = Any
Start = Callable[..., Any]
TOKEN = "a long and secret token"


def ask(site: Site, path: str, method: str = "GET", **headers: str) -> Any:
    """Send a request with headers, by their names with _ for -; returns the answer, read."""
    connection = http.client.HTTPConnection("127.0.0.1", int(site.address.rpartition(":")[2]), timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    answer.content = answer.read()  # type: ignore[attr-defined]
    connection.close()
    return answer


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/docs",
        "/docs/manual.css",
        "/openapi.json",
        "/api/v1/health",
        "/api/v1/jobs",
        "/api/v1/jobs/x",
        "/no",
        "/api/v1/",
    ],
)
def test_every_answer_has_strict_headers_and_a_request_id(site: Site, path: str) -> None:
    headers = ask(site, path).headers
    assert {name: headers[name] for name in SECURITY} == SECURITY
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert re.fullmatch("[0-9a-f]{16}", headers["X-Request-ID"])
    assert "Access-Control-Allow-Origin" not in headers
    assert "Server" not in headers or "uvicorn" in headers["Server"]


def test_request_ids_are_taken_over_when_they_are_plain(site: Site) -> None:
    assert ask(site, "/api/v1/health", X_Request_ID="trace-17").headers["X-Request-ID"] == "trace-17"
    assert ask(site, "/api/v1/health", X_Request_ID='x"<script>').headers["X-Request-ID"] != 'x"<script>'
    problem = json.loads(ask(site, "/api/v1/jobs/x", X_Request_ID="trace-18").content)
    assert problem["request_id"] == "trace-18"


def test_errors_are_problem_json_everywhere(site: Site) -> None:
    for method, path, status in [
        ("GET", "/api/v1/none", 404),
        ("PATCH", "/api/v1/jobs", 405),
        ("GET", f"/api/v1/jobs/{'0' * 32}", 404),
        ("GET", "/api/v1/jobs?limit=0", 422),
    ]:
        answer = ask(site, path, method)
        problem = json.loads(answer.content)
        assert (answer.status, answer.headers["Content-Type"]) == (status, "application/problem+json")
        assert set(problem) == {"type", "title", "status", "detail", "request_id"}
        assert problem["status"] == status


def test_a_fault_inside_is_told_without_its_secrets(start: Start, make: Make) -> None:
    site = start()
    site.service.shop.store.counts = lambda: 1 / 0
    answer = ask(site, "/api/v1/health")
    assert answer.status == 500
    assert b"ZeroDivision" not in answer.content
    assert json.loads(answer.content)["type"] == "urn:photochrom:internal-error"
    assert {name: answer.headers[name] for name in SECURITY} == SECURITY


def test_without_the_token_nothing_is_told_or_done(start: Start, make: Make) -> None:
    site = start(access=Access(TOKEN))
    job = site.client.submit(make.photo())
    site.client.wait(job.id)
    stranger = Client(site.address)
    paths = json.loads(ask(site, "/openapi.json").content)["paths"]
    asked = 0
    for path, methods in paths.items():
        for method in methods:
            if path not in ("/api/v1/health", "/api/v1/session"):
                answer = ask(site, path.replace("{id}", job.id), method.upper())
                assert (answer.status, path) == (401, path)
                asked += 1
    assert asked > 20
    assert stranger.health()["needs_token"]
    for wrong in ("Bearer wrong", f"Basic {TOKEN}", TOKEN, "Bearer", f"Bearer {TOKEN}x"):
        assert ask(site, "/api/v1/jobs", Authorization=wrong).status == 401
        assert ask(site, "/api/v1/session", "POST", Authorization=wrong).status in (
            401,
            204 if wrong[6:] == TOKEN else 401,
        )
    assert ask(site, "/api/v1/jobs", Authorization=f"bearer {TOKEN}").status == 200


def test_a_browser_gets_a_cookie_for_the_token(start: Start) -> None:
    site = start(access=Access(TOKEN))
    cookie = ask(site, "/api/v1/session", "POST", Authorization=f"Bearer {TOKEN}").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert ask(site, "/api/v1/jobs", Cookie=cookie.partition(";")[0]).status == 200
    assert ask(site, "/api/v1/jobs", Cookie="photochrom=wrong").status == 401
    assert ask(site, "/api/v1/jobs", Cookie="photochrom").status == 401


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Sec_Fetch_Site": "none"}, 200),
        ({}, 200),
    ],
)
def test_pages_of_other_sites_are_refused(site: Site, headers: dict[str, str], status: int) -> None:
    assert ask(site, "/api/v1/jobs", **headers).status == status


def test_our_own_page_is_let_in_and_other_sites_only_when_named(start: Start) -> None:
    site = start(access=Access(origins=("https://photos.example",)))
    own = ask(site, "/api/v1/jobs", Origin=site.address)
    assert (own.status, own.headers["Access-Control-Allow-Origin"]) == (200, None)
    named = ask(site, "/api/v1/jobs", Origin="https://photos.example")
    assert (named.status, named.headers["Access-Control-Allow-Origin"]) == (200, "https://photos.example")
    asked = {"Origin": "https://photos.example", "Access_Control_Request_Method": "POST"}
    assert ask(site, "/api/v1/jobs", "OPTIONS", **asked).status == 200
    assert ask(site, "/api/v1/jobs", "OPTIONS", **asked | {"Origin": "https://evil.example"}).status == 400
    assert ask(site, "/api/v1/jobs", Origin="https://evil.example").status == 403


def test_a_name_that_others_gave_our_address_is_refused(start: Start) -> None:
    site = start(access=Access(hosts=("127.0.0.1", "localhost", "[::1]")))
    for host, status in [
        ("127.0.0.1", 200), ("127.0.0.1:8000", 200), ("localhost:1", 200), ("[::1]:8000", 200),
        ("evil.example", 400), ("127.0.0.1.evil.example:80", 400), ("", 400),
    ]:  # fmt: skip
        assert (ask(site, "/api/v1/health", Host=host).status, host) == (status, host)


def test_the_manual_loads_nothing_from_elsewhere_and_shows_every_route(site: Site) -> None:
    page = ask(site, "/docs").content.decode()
    assert re.findall(r'(?:src|href)="([^"]+)"', page) == ["docs/manual.css", "openapi.json"]
    assert "<script" not in page
    schema = json.loads(ask(site, "/openapi.json").content)
    for path, methods in schema["paths"].items():
        assert path in page
        for operation in methods.values():
            assert [sample["lang"] for sample in operation["x-codeSamples"]] == ["curl", "Python", "JavaScript"]


def test_every_example_in_python_calls_what_there_is(site: Site) -> None:
    schema = json.loads(ask(site, "/openapi.json").content)
    for methods in schema["paths"].values():
        for operation in methods.values():
            source = operation["x-codeSamples"][1]["source"]
            compile(source, operation["operationId"], "exec")
            for name in re.findall(r"client\.(\w+)\(", source):
                assert callable(getattr(Client, name)), source
            assert re.search(r"\n\n.*\n.*(client|#)", source), operation["operationId"]


def test_metrics_are_prometheus_text(site: Site, make: Make) -> None:
    site.client.wait(site.client.submit(make.photo()).id)
    with pytest.raises(Problem):
        site.client.job("x")
    text = site.client.metrics()
    sample = r'photochrom_\w+(\{\w+="[^"]*"(,\w+="[^"]*")*\})? [0-9.e+-]+'
    assert not [line for line in text.splitlines() if not line.startswith("# ") and not re.fullmatch(sample, line)]
    assert 'photochrom_requests_total{route="status",status="422"}' in text
    assert re.search(r'photochrom_jobs\{state="done"\} [1-9]', text)
    count = re.search(r"photochrom_request_seconds_count (\d+)", text)
    assert count is not None
    assert f'_bucket{{le="+Inf"}} {count[1]}' in text


def test_the_folder_is_for_its_owner_only(site: Site) -> None:
    assert site.folder.stat().st_mode & 0o077 == 0
