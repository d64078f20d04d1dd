"""Sources and targets at URLs that are not there, or not for us: what is told."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photochrom.archive.faults import Streak
from photochrom.archive.remote import RemoteTarget
from photochrom.archive.store import Store
from photochrom.archive.tasks import Report
from photochrom.errors import OptionError, OutputUnwritable

fsspec = pytest.importorskip("fsspec")
REGISTRY: dict[str, Any] = sys.modules["fsspec.registry"]._registry
Run = Callable[..., Any]


def test_a_source_that_cannot_be_listed_is_told(campaign: Callable[..., Any], tmp_path: Path) -> None:
    from photochrom.archive.campaign import conduct, rehearse

    url, heard = f"memory://{tmp_path.name}/nothing", list[str]()
    made = campaign(url, tmp_path / "t")
    hears = lambda progress, report: heard.append(report.reason) if report else None  # noqa: E731
    assert rehearse(made, lambda photo, name: None, hears).failed == 1
    summary, _ = conduct(made, hears)
    assert (summary.failed, summary.exit_code) == (1, 2)
    assert heard == [f"{url}: cannot be listed (there is none); check the address and the rights"] * 2


@pytest.mark.parametrize("error", [FileNotFoundError("b/nobody/o"), PermissionError("Access Denied")])
def test_a_target_that_takes_nothing_ends_the_run_after_some_photos(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, path: str, content: bytes, **more: Any) -> None:
        raise error

    monkeypatch.setattr(fsspec.get_filesystem_class("memory"), "pipe_file", refuse)
    streak = Streak()
    with pytest.raises(
        OutputUnwritable, match=r"a\.jpg: cannot be written .*check that memory://nobody/out is"
    ) as told:
        RemoteTarget(Store("memory://nobody/out")).upload(b"1", "a.jpg", False)
    for _ in range(30):
        streak.hear(Report("failed", type(told.value).__name__, str(told.value)))
    assert streak.is_hopeless


@pytest.mark.parametrize(("url", "package"), [("gs://b/x", "gcsfs"), ("az://b/x", "adlfs"), ("sftp://h/x", "paramiko")])
def test_a_missing_package_is_named(
    url: str, package: str, archive: Path, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(OptionError, match=f"{package}.*; pip install {package} brings it"):
        run(archive, url, ledger=tmp_path / "l.sqlite")
    with pytest.raises(OptionError, match=f"{package}.*; pip install {package} brings it"):
        run(url, tmp_path / "t")


def test_what_the_extra_brings_is_named_by_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "s3fs", None)
    monkeypatch.delitem(REGISTRY, "s3", raising=False)
    with pytest.raises(OptionError, match=r"needs s3fs; pip install 'photochrom\[batch\]' brings it"):
        Store("s3://bucket/x").root  # noqa: B018 - it connects


class Shy(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """A server that takes a host, as paramiko does nothing else, and is not there."""

    protocol = "sftp"

    def __init__(self, host: str, timeout: int, username: str = "", password: str = "") -> None:
        super().__init__()

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(path).rpartition("@")[2].partition("/")[2]

    @staticmethod
    def _get_kwargs_from_urls(url: str) -> dict[str, str]:
        return {"host": "h"}

    def ls(self, path: str, detail: bool = True, **more: Any) -> Any:
        raise PermissionError("Authentication failed.")

    cat_file = ls


def test_a_target_that_cannot_be_reached_is_one_line(
    run: Run, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REGISTRY, "sftp", Shy)
    with pytest.raises(OutputUnwritable, match=r"sftp://ann@h/x: cannot be reached.*Authentication failed"):
        run(archive, "sftp://ann:secret@h/x", ledger=tmp_path / "l.sqlite")
