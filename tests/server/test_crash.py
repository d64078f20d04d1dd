"""The command itself: it says where, ends when asked, and loses nothing when it is killed."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from photochrom import Photo
from photochrom.cli import main
from photochrom.client import Client, Job, Problem

PHOTOCHROM = Path(sys.executable).with_name("photochrom")
Make = Any
Serve = Callable[..., Any]

pytestmark = pytest.mark.skipif(os.name != "posix", reason="sends signals")


def heeds_interrupts() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def serve(toy_model: Path, tmp_path: Path) -> Serve:
    """Give ``serve(words)``: the command in a process of its own, and a client for it."""

    @contextmanager
    def served(*words: str) -> Iterator[tuple[subprocess.Popen[str], Client]]:
        command = [PHOTOCHROM, "serve", "--models", toy_model, "--data", tmp_path / "data", "--port", "0", *words]
        options: dict[str, Any] = {"stderr": subprocess.PIPE, "text": True, "preexec_fn": heeds_interrupts}
        with subprocess.Popen([str(word) for word in command], **options) as process:
            try:
                assert process.stderr is not None
                line = process.stderr.readline()
                address = re.search(r"http://127\.0\.0\.1:\d+", line)
                assert address, line + process.stderr.read()
                yield process, Client(address[0])
            finally:
                process.kill()

    return served


def ends(client: Client, jobs: list[Job]) -> dict[str, str]:
    return {job.id: client.wait(job.id, 60).state for job in jobs}


@pytest.mark.slow
def test_what_was_accepted_is_finished_after_a_kill_and_nothing_is_half(
    serve: Serve, make: Make, tmp_path: Path
) -> None:
    accepted: list[Job] = []
    for pause in (0.0, 0.15, 0.4):
        with serve("--jobs", "2") as (process, client):
            for seed in range(4):
                accepted.append(client.submit(make.photo(900, 700, "TIFF", seed=len(accepted)), key=f"{pause}/{seed}"))
            time.sleep(pause)
            process.send_signal(signal.SIGKILL)
            process.wait()
    (tmp_path / "data" / "incoming" / "0123").write_bytes(b"an upload on its way")
    (tmp_path / "data" / "photos" / ("f" * 32)).mkdir()
    with serve("--jobs", "2") as (process, client):
        states = ends(client, accepted)
        assert set(states.values()) <= {"done", "failed"}
        assert list(states.values()).count("done") >= len(accepted) - 2, "reported failed: killed twice at work"
        assert [job.id for job in client.jobs(limit=500)] == [job.id for job in reversed(accepted)], "lost or doubled"
        for id in (id for id, state in states.items() if state == "done"):
            assert Photo.open(client.result(id)).to_array().shape == (700, 900, 3)
        again = client.submit(make.photo(900, 700, "TIFF", seed=0), key="0.0/0")
        assert again.id == accepted[0].id
    names = {path.name for path in (tmp_path / "data").rglob("*") if path.is_file()}
    assert names <= {"jobs.sqlite", "jobs.sqlite-wal", "jobs.sqlite-shm", "source", "result", "chroma.npz"}
    assert not list((tmp_path / "data" / "incoming").iterdir())


@pytest.mark.slow
def test_an_interrupt_ends_it_soon_and_the_queue_goes_on_later(serve: Serve, make: Make) -> None:
    with serve("--jobs", "1") as (process, client):
        jobs = [client.submit(make.large(3000, 2000)) for _ in range(4)]
        following = client.follow(jobs[-1].id)
        next(following)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert time.monotonic() - start < 15
        assert process.stderr.read() == "photochrom: interrupted; what was finished is kept, nothing is half written\n"
    with serve() as (_, client):
        assert set(ends(client, jobs).values()) == {"done"}


def test_two_servers_do_not_share_a_folder(serve: Serve, toy_model: Path, tmp_path: Path) -> None:
    with serve():
        words = ["serve", "--models", str(toy_model), "--data", str(tmp_path / "data"), "--port", "0"]
        run = subprocess.run([PHOTOCHROM, *words], capture_output=True, text=True, check=False)
        assert run.returncode == 2
        assert "running already" in run.stderr


def test_a_token_is_read_from_a_file_and_wanted(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a secret of many letters\n")
    with serve("--token", f"@{tmp_path / 'token'}") as (_, client):
        with pytest.raises(Problem) as refused:
            client.jobs()
        assert refused.value.status == 401
        assert Client(client._wire.address, "a secret of many letters").jobs() == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--host", "0.0.0.0"], "give a --token"),
        (["--host", "::"], "give a --token"),
        (["--host", "192.168.0.1"], "give a --token"),
        (["--token", "short"], "fewer than 16"),
        (["--token", "@/nowhere/token"], "cannot be read"),
        (["--host", "no.such.host.invalid", "--token", "x" * 20], "no address of this computer"),
        (["--port", "99999"], "65535"),
        (["--cors", "example.org"], "https://example.org"),
        (["--cors", "*"], "expected a site"),
        (["--models", "gone"], "no model 'gone'"),
        (["--jobs", "-1"], "--jobs is -1"),
        (["--data", "/dev/null/photos"], "cannot be used"),
    ],
)
def test_bad_options_are_said_in_one_line(
    capsys: pytest.CaptureFixture[str], toy_model: Path, tmp_path: Path, words: list[str], says: str
) -> None:
    usual = {"--models": str(toy_model), "--data": str(tmp_path / "data"), "--port": "0"}
    given = [*words, *(word for name, value in usual.items() if name not in words for word in (name, value))]
    with pytest.raises(SystemExit) as end:
        main(["serve", *given])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    assert re.fullmatch(r"photochrom: [^\n]{10,400}\n", err), err
    assert says in err


def test_a_missing_extra_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "photochrom.server.app", raising=False)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    with pytest.raises(SystemExit):
        main(["serve", "--port", "0"])
    assert "pip install 'photochrom[serve]'" in capsys.readouterr().err


def test_the_command_costs_the_others_nothing() -> None:
    code = "import photochrom.cli, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"fastapi", "uvicorn", "sqlite3", "photochrom.server"} & set(run.stdout.split())


def test_the_client_needs_nothing_but_python() -> None:
    code = "import photochrom.client, sys; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "httpx", "pyvips", "onnxruntime", "pydantic"} & set(run.stdout.split())
