"""Uploads that mean harm, or make no sense: each gets a clear answer, none is decoded past its limits or kept."""

import contextlib
import http.client
import io
import json
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from photochrom.client import Problem
from photochrom.server.limits import Limits

Make = Any
Site = Any
Start = Callable[..., Any]

SCRIPT = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
ENTITIES = b"""<?xml version='1.0'?><!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>"""


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_of(width: int, height: int, rows: int | None = None) -> bytes:
    """Return a PNG of zeros, tiny for any size; only ``rows`` rows of it are really there."""
    packer = zlib.compressobj(9)
    data = b"".join(packer.compress(bytes(width + 1)) for _ in range(height if rows is None else rows)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def tiff_of(entries: list[tuple[int, int, int, int]], link: int = 0) -> bytes:
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", len(entries)) + body + struct.pack("<I", link)


HOSTILE = {
    "nothing": b"",
    "one byte": b"\xff",
    "text": b"this is no photo\n" * 50,
    "zeros": bytes(100_000),
    "svg with script": SCRIPT,
    "svg with entities": ENTITIES,
    "html": b"<!doctype html><script>alert(1)</script>",
    "pdf": b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n",
    "zip": b"PK\x03\x04" + bytes(60),
    "elf": b"\x7fELF" + bytes(60),
    "shell script": b"#!/bin/sh\nrm -rf /\n",
    "only the start of a jpeg": b"\xff\xd8\xff\xe0",
    "only the start of a png": b"\x89PNG\r\n\x1a\n",
    "only the start of a gif": b"GIF89a",
    "only the start of a webp": b"RIFF\x00\x00\x00\x00WEBP",
    "heic": b"\0\0\0\x18ftypheic" + bytes(40),
    "avif without a picture": b"\0\0\0\x18ftypavif" + bytes(40),
    "a script that begins as a gif": b"GIF89a=1;alert(1);//" + bytes(40),
    "a page that begins as a jpeg": b"\xff\xd8\xff" + b"<script>alert(1)</script>" * 20,
    "a png without pixels": b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 10, 10, 8, 0, 0, 0, 0)),
    "a png of no size": png_of(0, 0, 1),
    "a png cut short": png_of(600, 600, 20),
    "a bomb of 900 megapixels": png_of(30_000, 30_000, 1),
    "a bomb of 4 gigapixels": png_of(65_535, 65_535, 1),
    "a png wider than any": png_of(2**31 - 1, 1, 1),
    "a tiff that points to itself": tiff_of([(256, 3, 1, 10), (257, 3, 1, 10)], link=8),
    "a tiff that points far away": tiff_of([(256, 4, 1, 50), (257, 4, 1, 50), (273, 4, 1, 2**31), (279, 4, 1, 2**31)]),
    "a tiff of 2^31 pixels": tiff_of([(256, 4, 1, 2**31 - 1), (257, 4, 1, 2**31 - 1), (258, 3, 1, 8), (277, 3, 1, 1)]),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_photo_is_refused_with_a_reason(site: Site, name: str) -> None:
    with pytest.raises(Problem) as refused:
        site.client.colorize(HOSTILE[name])
    assert refused.value.status in (413, 422)
    assert len(refused.value.detail) > 20
    assert refused.value.type.startswith("urn:photochrom:photo-")
    assert str(site.folder) not in refused.value.detail


@pytest.mark.parametrize("name", ["a bomb of 900 megapixels", "a bomb of 4 gigapixels"])
def test_pixels_are_counted_before_a_job_is_accepted(site: Site, name: str) -> None:
    with pytest.raises(Problem, match="at most 250,000,000 are read") as refused:
        site.client.submit(HOSTILE[name])
    assert (refused.value.status, refused.value.type) == (413, "urn:photochrom:photo-too-large")


def test_what_is_refused_is_not_kept(start: Start) -> None:
    site = start()
    for content in list(HOSTILE.values())[:8]:
        with pytest.raises(Problem):
            site.client.submit(content)
    assert not [*(site.folder / "incoming").iterdir(), *(site.folder / "photos").iterdir()]
    assert site.client.jobs() == []


@pytest.mark.parametrize("size", [(1, 1), (1, 3000), (3000, 1), (2, 2)])
def test_the_smallest_photos_are_photos(site: Site, make: Make, size: tuple[int, int]) -> None:
    pixels = np.full(size, 90, np.uint8)
    assert make.opened(site.client.colorize(make.file(pixels))).shape == (*size, 3)


def test_a_photo_with_a_script_behind_it_is_a_photo_and_the_script_goes(site: Site, make: Make) -> None:
    for content in (make.photo() + SCRIPT, make.photo(kind="PNG") + b"PK\x03\x04" + SCRIPT):
        assert b"alert" not in site.client.colorize(content)


def raw(site: Site, body: bytes, headers: dict[str, str], path: str = "/api/v1/jobs") -> tuple[int, dict[str, Any]]:
    """Send a request as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", int(site.address.rpartition(":")[2]), timeout=10)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content) if content[:1] == b"{" else {}


def part(name: str, content: bytes, filename: str | None = None) -> bytes:
    ending = b"" if filename is None else f'; filename="{filename}"'.encode("utf-8", "surrogatepass")
    return (
        b'--B\r\nContent-Disposition: form-data; name="'
        + name.encode()
        + b'"'
        + ending
        + b"\r\n\r\n"
        + content
        + b"\r\n"
    )


MULTIPART = {"Content-Type": "multipart/form-data; boundary=B"}


@pytest.mark.parametrize(
    "body",
    [
        b"--B--\r\n",
        b"",
        b"no multipart at all",
        part("file", b"a text, no file") + b"--B--\r\n",
        part("other", b"x", "x.jpg") + b"--B--\r\n",
        part("file", b"x", "x.jpg") + part("saturation", b"much") + b"--B--\r\n",
        part("file", b"x", "x.jpg") + part("model", b"http://example.org/model.onnx") + b"--B--\r\n",
        part("file", b"x", "x.jpg") + part("url", b"http://127.0.0.1/") + b"--B--\r\n",
        part("file", b"x", "x.jpg") + part("hints", b"{" * 900) + b"--B--\r\n",
        part("file", b"x", "x.jpg") * 2 + b"--B--\r\n",
        part("file", b"x", "x.jpg")[:40],
        b"--B\r\nContent-Disposition: form-data; " + b"a=b; " * 2000 + b"\r\n\r\n\r\n--B--\r\n",
    ],
    ids=range(12),
)
def test_broken_forms_are_refused(site: Site, body: bytes) -> None:
    status, problem = raw(site, body, MULTIPART)
    assert status in (400, 413, 422)
    assert problem["detail"]


def test_a_form_of_very_many_fields_is_refused(site: Site, make: Make) -> None:
    body = (
        b"".join(part(f"f{number}", b"") for number in range(2000)) + part("file", make.photo(), "a.jpg") + b"--B--\r\n"
    )
    assert raw(site, body, MULTIPART)[0] in (400, 422)


@pytest.mark.parametrize("headers", [{"X-Long": "x" * 200_000}, {f"X-{number}": "y" * 1000 for number in range(150)}])
def test_huge_headers_are_refused(site: Site, headers: dict[str, str]) -> None:
    with contextlib.suppress(ConnectionError, http.client.HTTPException):  # closed before all was sent
        assert 400 <= raw(site, b"", headers)[0] < 500
    assert site.client.health()["status"] == "ok"


def test_an_upload_too_large_is_refused_by_what_it_says_and_by_what_it_sends(start: Start) -> None:
    site = start(Limits(jobs=1, max_upload=1))
    with pytest.raises(Problem, match="more than 1 MB") as refused:
        site.client.submit(bytes(3_000_000))
    assert (refused.value.status, refused.value.type) == (413, "urn:photochrom:upload-too-large")
    pieces = (part("file", b"", "a.jpg")[:-2], *(bytes(100_000) for _ in range(30)))
    connection = http.client.HTTPConnection("127.0.0.1", int(site.address.rpartition(":")[2]), timeout=10)
    with contextlib.suppress(ConnectionError):
        connection.request("POST", "/api/v1/jobs", iter(pieces), MULTIPART, encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    assert not list((site.folder / "incoming").iterdir())


def test_json_has_a_smaller_limit_of_its_own(site: Site, make: Make) -> None:
    job = site.client.submit(make.photo())
    body = b'{"saturation": 1' + b" " * 5_000_000 + b"}"
    connection = http.client.HTTPConnection("127.0.0.1", int(site.address.rpartition(":")[2]), timeout=10)
    connection.request("PUT", f"/api/v1/jobs/{job.id}/choice", body, {"Content-Type": "application/json"})
    assert connection.getresponse().status == 413
    connection.close()


def test_numbers_that_are_none_are_refused(site: Site, make: Make) -> None:
    job = site.client.submit(make.photo())
    for value in (b"NaN", b"Infinity", b"-1e400", b'"1"', b"[]", b"1e999"):
        connection = http.client.HTTPConnection("127.0.0.1", int(site.address.rpartition(":")[2]), timeout=10)
        body = b'{"saturation": ' + value + b"}"
        connection.request("PUT", f"/api/v1/jobs/{job.id}/choice", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        assert (answer.status, value) in ((422, value), (200, b'"1"'))
        assert json.loads(answer.read())
        connection.close()


def test_a_layer_or_a_reference_that_is_a_bomb_is_refused(site: Site, make: Make) -> None:
    job = site.client.submit(make.photo())
    for send in (site.client.set_hints, site.client.add_reference, site.client.add_transplant):
        for name in ("a bomb of 900 megapixels", "svg with script", "nothing"):
            with pytest.raises(Problem) as refused:
                send(job.id, HOSTILE[name])
            assert refused.value.status in (413, 422)
    assert io.BytesIO(site.client.preview(job.id)).getvalue()
