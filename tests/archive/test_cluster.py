"""The batch engine on a cluster of two nodes, on this computer: the results of the local engine, whatever dies."""

import importlib
import os
import secrets
import signal
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from photochrom.archive import campaign as campaigns
from photochrom.archive.cluster import Cluster
from photochrom.archive.places import LocalSource
from photochrom.archive.tasks import Report
from photochrom.errors import OptionError, RunError

# Ray reads these when it is imported: nobody else may join the cluster, and nothing is told to anybody.
os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32), "RAY_USAGE_STATS_ENABLED": "0"}

ray: Any = pytest.importorskip("ray", reason="needs photochrom[cluster]")
pytest.importorskip("ray.data", reason="needs photochrom[cluster]")
pytestmark = pytest.mark.slow
STORE = 80_000_000
DEADLY = """
import os, signal, time
from photochrom.archive.order import Order
from photochrom.archive.places import LocalSource
from photochrom.archive.targets import LocalTarget

DRIVER = %d

def die_once(mark):
    try:
        os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)

class Deadly(LocalSource):
    def fetch(self, where):
        if "poison" in where[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().fetch(where)

class Faltering(LocalSource):
    def fetch(self, where):
        time.sleep(0.2)
        if where[0] == "03.png":
            die_once(self.root + "-reader-died")
        return super().fetch(where)

class FalteringTarget(LocalTarget):
    def writer(self, photo, name, options):
        write = super().writer(photo, name, options)
        def written(overwrite):
            stands = write(overwrite)
            die_once(self.root + "-writer-died")
            return stands
        return written

class Stranger(Order):
    def fingerprint(self):
        return super().fingerprint() if os.getpid() == DRIVER else "another"
"""
Run = Callable[..., Any]
Draw = Callable[..., Path]
Contents = Callable[[Path], dict[str, bytes]]


@pytest.fixture(scope="module")
def deadly(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give a folder with a module that every process of the cluster can import."""
    folder = tmp_path_factory.mktemp("modules")
    (folder / "deadly.py").write_text(DEADLY % os.getpid())
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))


@pytest.fixture(scope="module")
def nodes(deadly: Path) -> Iterator[Any]:
    """Give a joined cluster of two nodes of one core each; only this computer can reach it."""
    from ray.cluster_utils import Cluster as Nodes

    words = {"num_cpus": 1, "object_store_memory": STORE, "include_log_monitor": False}
    path = os.pathsep.join([str(deadly), os.environ.get("PYTHONPATH", "")])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", path)
        head = words | {"include_dashboard": False, "node_ip_address": "127.0.0.2"}
        found = Nodes(initialize_head=True, head_node_args=head)
        found.second = found.add_node(**words, node_ip_address="127.0.0.3")
        try:
            ray.init(found.address, log_to_driver=False)
            yield found
        finally:
            ray.shutdown()
            found.shutdown()


@pytest.fixture
def on_cluster(nodes: Any, campaign: Run) -> Run:
    """Give ``on_cluster(source, target, told, kind, ...)``: a run there, its summary."""

    def run(source: Path, target: Path, told: Any = lambda progress, report: None, **more: Any) -> Any:
        kind, writing = more.pop("kind", None), more.pop("writing", None)
        made = campaign(source, target, **more)
        if kind is not None:
            made = replace(made, job=replace(made.job, source=kind(str(source), identity=str(source))))
        if writing is not None:
            made = replace(made, job=replace(made.job, target=writing(str(target))))
        return campaigns.conduct(replace(made, cluster=Cluster(nodes.address)), told)[0]

    return run


@pytest.fixture
def here(run: Run, tmp_path: Path, contents: Contents) -> Callable[[Path], dict[str, bytes]]:
    """Give ``here(source)``: what the local engine makes of it."""

    def made(source: Path) -> dict[str, bytes]:
        run(source, tmp_path / "here")
        return contents(tmp_path / "here")

    return made


@pytest.fixture
def many(tmp_path: Path, draw: Draw) -> Path:
    for number in range(16):
        draw(tmp_path / "many" / f"{number:02}.png", number, 300, 200)
    return tmp_path / "many"


def processes(word: str) -> list[int]:
    """Give the processes of the cluster's workers whose title has a word."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes().decode(errors="replace")
            environment = (folder / "environ").read_bytes().decode(errors="replace")
        except OSError:
            continue
        if title.startswith("ray::") and word in title and os.environ["RAY_AUTH_TOKEN"] in environment:
            found.append(int(folder.name))
    return found


def test_results_are_those_of_the_local_engine(
    on_cluster: Run, here: Callable[[Path], dict[str, bytes]], archive: Path, tmp_path: Path, contents: Contents
) -> None:
    (archive / "cut.jpg").write_bytes((archive / "a.jpg").read_bytes()[:200])
    summary = on_cluster(archive, tmp_path / "there")
    assert (summary.done, summary.skipped, summary.failed, summary.left) == (4, 1, 1, 0)
    assert contents(tmp_path / "there") == here(archive)
    assert on_cluster(archive, tmp_path / "there").unchanged == 4


def test_nodes_that_share_a_disk_fill_an_archive(
    on_cluster: Run, here: Callable[[Path], dict[str, bytes]], archive: Path, tmp_path: Path
) -> None:
    target = tmp_path / "there.tar"
    assert on_cluster(archive, target).done == 4
    with tarfile.open(target) as tar:
        found = {info.name: tar.extractfile(info).read() for info in tar}  # type: ignore[union-attr]
    assert {name: content for name, content in found.items() if not name.startswith(".photochrom/")} == here(archive)
    assert not (tmp_path / "there.tar.parts").exists()
    assert on_cluster(archive, target).unchanged == 4


def test_killed_workers_lose_nothing(
    on_cluster: Run, here: Callable[[Path], dict[str, bytes]], many: Path, tmp_path: Path, contents: Contents
) -> None:
    killed: list[int] = []

    def kill(progress: Any, report: Report | None) -> None:
        if report is not None and not killed:
            killed.extend(processes("_Color"))
            for number in killed:
                os.kill(number, signal.SIGKILL)

    deadly = importlib.import_module("deadly")
    summary = on_cluster(many, tmp_path / "there", kill, kind=deadly.Faltering, writing=deadly.FalteringTarget)
    assert killed, "no actor was killed: the test says nothing"
    assert (tmp_path / "many-reader-died").exists()
    assert (tmp_path / "there-writer-died").exists(), "after its result stood, before its report"
    assert (summary.done, summary.failed, summary.left) == (16, 0, 0)
    assert contents(tmp_path / "there") == here(many)


def test_an_interrupted_run_goes_on_where_it_stopped(
    on_cluster: Run, here: Callable[[Path], dict[str, bytes]], many: Path, tmp_path: Path, contents: Contents
) -> None:
    def interrupt(progress: Any, report: Report | None) -> None:
        if progress.done >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        on_cluster(many, tmp_path / "there", interrupt)
    summary = on_cluster(many, tmp_path / "there")
    assert summary.failed == summary.left == 0
    assert summary.unchanged >= 3
    assert summary.done + summary.unchanged == 16
    assert contents(tmp_path / "there") == here(many)


def test_a_photo_that_ends_its_process_fails_alone(on_cluster: Run, many: Path, tmp_path: Path) -> None:
    (many / "poison.png").write_bytes((many / "00.png").read_bytes())
    summary = on_cluster(many, tmp_path / "there", kind=importlib.import_module("deadly").Deadly)
    assert (summary.done, summary.failed, summary.left) == (16, 1, 0)
    table = (tmp_path / "there" / ".photochrom" / "failures.csv").read_text()
    assert "poison.png" in table
    assert "WorkerEnded" in table


def test_a_node_that_does_not_fit_says_why(campaign: Run, many: Path, tmp_path: Path) -> None:
    from photochrom.archive.cluster_nodes import why_not

    (tmp_path / "there").mkdir()
    job = campaign(many, tmp_path / "there").job
    made = job.order.fingerprint()
    assert why_not(job, made) is None
    assert "has another model file" in str(why_not(job, "another"))
    gone = replace(job, source=LocalSource(str(tmp_path / "nowhere")))
    assert "nowhere; give one that all nodes share" in str(why_not(gone, made))


def test_the_run_ends_when_a_node_does_not_fit(on_cluster: Run, many: Path, tmp_path: Path, toy_model: Path) -> None:
    order = importlib.import_module("deadly").Stranger(str(toy_model))
    with pytest.raises(RunError, match=r"node 127\.0\.0\.\d: has another model file or reference"):
        on_cluster(many, tmp_path / "there", order=order)


def test_a_killed_node_loses_nothing(
    nodes: Any, on_cluster: Run, here: Callable[[Path], dict[str, bytes]], many: Path, tmp_path: Path,
    contents: Contents,
) -> None:  # fmt: skip
    removed: list[Any] = []

    def remove() -> None:
        nodes.remove_node(nodes.second, allow_graceful=False)

    def kill(progress: Any, report: Report | None) -> None:
        if report is not None and not removed:
            removed.append(threading.Thread(target=remove))
            removed[0].start()

    summary = on_cluster(many, tmp_path / "there", kill)
    removed[0].join()
    assert (summary.done, summary.failed, summary.left) == (16, 0, 0)
    assert contents(tmp_path / "there") == here(many)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(OptionError, match="store of a cluster is 10; expected 80 or more"):
        Cluster(store=10)
