"""The one way to a URL: what each file system is given."""

from typing import Any

import pytest

from photochrom.data import stores
from photochrom.errors import OptionError
from photochrom.urls import is_url, reach, scheme_of


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
