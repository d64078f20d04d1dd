"""The one way to a URL: what each file system is given."""

import subprocess
import sys
from typing import Any

import pytest

from photochrom import urls
from photochrom.archive.faults import is_passing
from photochrom.data import stores
from photochrom.errors import OptionError
from photochrom.urls import is_hopeless, is_url, reach, retry, said, scheme_of


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Give the options of every file system that is asked for."""
    core = pytest.importorskip("fsspec.core")
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(core, "url_to_fs", lambda url, **options: (found.append(options), url))
    return found


@pytest.mark.parametrize("url", ["sftp://host/a.tar", "ssh://host/a.tar"])
def test_sftp_is_not_given_what_its_connection_does_not_know(given: list[dict[str, Any]], url: str) -> None:
    stores._reach(url)
    reach(url, {}, url, OptionError, "sftp://host/folder")
    assert given == [{"timeout": 10}] * 2


def test_listings_of_stores_are_as_they_are_now_and_options_come_last(given: list[dict[str, Any]]) -> None:
    reach("s3://bucket/a", {"anon": True}, "s3://", OptionError, "s3://bucket/folder")
    reach("gs://bucket/a", {"use_listings_cache": True}, "gs://", OptionError, "gs://bucket/folder")
    assert given == [{"use_listings_cache": False, "anon": True}, {"use_listings_cache": True}]


def test_the_last_scheme_of_a_chain_counts() -> None:
    assert scheme_of("simplecache::S3://bucket/a") == "s3"
    assert is_url("s3://bucket/a")
    assert not is_url("folder/a")


class RefusedError(Exception):
    """An answer of a server as gcsfs raises it, its status in ``code``."""

    def __init__(self, code: int) -> None:
        super().__init__(f"Anonymous caller does not have storage.objects.list access, {code}")
        self.code = code


@pytest.mark.parametrize(
    "error", [RefusedError(401), RefusedError(403), RefusedError(404), OSError("Forbidden: https://x\nNo access")]
)
def test_what_a_store_refuses_is_not_asked_again(error: Exception) -> None:
    assert is_hopeless(error)
    assert not is_passing(error)


@pytest.mark.parametrize("error", [RefusedError(503), RefusedError(429), OSError("Connection lost")])
def test_a_busy_server_is_asked_again(error: Exception) -> None:
    assert not is_hopeless(error)
    assert is_passing(error)


def test_errors_say_what_a_person_needs_to_know() -> None:
    azure = "The specified container does not exist.\nRequestId:8cd33\nTime:2026\nContent: <?xml version='1.0'?>"
    assert said(Exception(azure)) == "The specified container does not exist"
    assert said(FileNotFoundError(azure)) == "The specified container does not exist"
    assert said(FileNotFoundError("https://host/b/bucket/o/a folder/a.jpg")) == "there is none"
    assert said(FileNotFoundError("The specified bucket does not exist")) == "The specified bucket does not exist"
    assert said(KeyError("refresh_token")) == "no 'refresh_token'"


def test_nothing_is_tried_again_when_patience_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urls, "FIRST_PAUSE", 0.0)
    now, tries = iter(range(0, 1000, 30)), list[int]()
    monkeypatch.setattr(urls.time, "monotonic", lambda: next(now))

    def fail() -> None:
        tries.append(1)
        raise TimeoutError

    with pytest.raises(TimeoutError):
        retry(fail, 9, lambda error: True, patience=60)
    assert len(tries) == 3, "the third ended after 90 seconds"


@pytest.mark.parametrize("package", ["gcsfs", "azure.storage"])
def test_what_packages_log_is_not_shown(package: str) -> None:
    code = f"import logging, photochrom.urls; logging.getLogger({package!r}).error('with a stack of calls')"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert found.stderr == b""
