"""Names that clients give: only names, never files; what a file is, its content decides."""

import http.client
import json
from pathlib import Path
from typing import Any

import pytest

from photochrom.client import Problem
from photochrom.server.intake import clean_name

Make = Any
Site = Any


def test_content_decides_and_not_the_name(site: Site, make: Make, tmp_path: Path) -> None:
    for name, kind, media in (
        ("a.exe", "PNG", "image/png"),
        ("a.png", "JPEG", "image/jpeg"),
        ("a.svg", "TIFF", "image/tiff"),
    ):
        path = tmp_path / name
        path.write_bytes(make.photo(kind=kind))
        with site.client._response("POST", "/colorize", {}, form(path)) as response:
            assert response.headers["Content-Type"] == media
            assert Path(response.headers["Content-Disposition"].split('"')[1]).suffix not in (".exe", ".svg")


def form(path: Path) -> Any:
    from photochrom.client.wire import Form

    return Form(path, {})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("..\\..\\windows\\win.ini", "win.ini"),
        ("/root/.ssh/id_rsa", "id_rsa"),
        ("..", "photo"),
        (".", "photo"),
        ("", "photo"),
        (None, "photo"),
        ("a\0b.jpg", "ab.jpg"),
        ("a\r\nSet-Cookie: x=1.jpg", "aSet-Cookie: x=1.jpg"),
        ("\ud800.jpg", "?.jpg"),
        ("\u202egpj.exe", "gpj.exe"),
        ("x" * 5000 + ".jpeg", "x" * 110 + ".jpeg"),
        (".htaccess", "htaccess"),
        ("Großmutter 1900.tif", "Großmutter 1900.tif"),
        ("file:///etc/passwd", "passwd"),
        ("http://example.org/a.jpg", "a.jpg"),
    ],
)
def test_names_are_only_names(given: str | None, kept: str) -> None:
    assert clean_name(given) == kept


def sent(site: Site, name: str, content: bytes) -> Any:
    """Send a photo under a name exactly as it is."""
    head = f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    connection = http.client.HTTPConnection("127.0.0.1", int(site.address.rpartition(":")[2]), timeout=20)
    headers = {"Content-Type": "multipart/form-data; boundary=B"}
    connection.request("POST", "/api/v1/jobs", head.encode() + content + b"\r\n--B--\r\n", headers)
    answer = connection.getresponse()
    assert answer.status == 202
    job = json.loads(answer.read())
    connection.close()
    return job


def test_tricks_with_file_names_stay_names(site: Site, make: Make) -> None:
    names = [
        "../../../../tmp/evil.jpg",
        "/etc/evil.jpg",
        "a%2f..%2fb.jpg",
        'q";filename="evil.jpg',
        "evil.jpg;x=1",
        "ünder.jpg",
    ]
    for name in names:
        job = sent(site, name, make.photo())
        assert not set(job["name"]) & set("/\\\0")
        site.client.wait(job["id"])
        with site.client._response("GET", f"/jobs/{job['id']}/result") as response:
            assert "\n" not in response.headers["Content-Disposition"]
        assert {path.name for path in (site.folder / "photos" / job["id"]).iterdir()} == {
            "source",
            "result",
            "chroma.npz",
        }


@pytest.mark.parametrize(
    "id",
    [
        "..",
        "../../jobs.sqlite",
        "%2e%2e%2fjobs.sqlite",
        "..%2f..%2fjobs.sqlite",
        "A" * 32,
        "0" * 31,
        "0" * 32,
        "%00" * 32,
    ],
)
def test_ids_are_never_paths(site: Site, id: str) -> None:
    for tail in ("", "/result", "/preview", "/hints"):
        with pytest.raises(Problem) as refused:
            site.client._bytes("GET", f"/jobs/{id}{tail}")
        assert refused.value.status in (404, 405, 422)
