"""The stages of a cluster's work, here one after another in this process: what they carry, and what comes out."""

import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from photochrom import Colorizer, Photo
from photochrom.archive import cluster_stages
from photochrom.archive.cluster_stages import Alone, Colored, Colorist, Ended, Finisher, Looked, Looker, Ready
from photochrom.archive.entry import Entry
from photochrom.archive.order import Order
from photochrom.archive.tasks import Report, Task
from photochrom.archive.work import Job

Draw = Callable[..., Path]
Run = Callable[..., Any]
Contents = Callable[[Path], dict[str, bytes]]


def carried(value: Any) -> Any:
    """What another process would have of it."""
    return pickle.loads(pickle.dumps(value, 5))


def tasks(job: Job) -> list[Task]:
    entries = [entry for entry in job.source.entries() if isinstance(entry, Entry)]
    return [Task(number, one.key, one.where, one.key, False, None, one.size) for number, one in enumerate(entries)]


def through(job: Job, task: Task, room: int = 1000) -> Any:
    """Take a photo through all stages."""
    job = carried(job)
    one = carried(Looker(job, Colorizer(job.order.model, threads=1).card, room)).look(Ready(task))
    one = carried(Colorist(job).color(carried(one))) if isinstance(one, Looked) else one
    return carried(carried(Finisher(job)).finish(one)) if isinstance(one, Colored) else one


def report_of(end: Any) -> Report:
    assert isinstance(end, Ended)
    return end.report


@pytest.mark.parametrize(
    "words",
    [{}, {"effort": "best"}, {"look": "vivid"}, {"look": "sample-2", "seed": 3}, {"saturation": 1.5, "warmth": -0.5},
     {"format": "webp", "quality": 60}],
    ids=str,
)  # fmt: skip
def test_three_stages_give_the_bits_of_one(
    words: dict[str, Any], run: Run, campaign: Run, archive: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    toy_model, contents = request.getfixturevalue("toy_model"), request.getfixturevalue("contents")
    scroll = [Image.new("L", (48, 40), shade) for shade in (90, 160)]
    scroll[0].save(archive / "pages.tif", save_all=True, append_images=scroll[1:])
    order = Order(str(toy_model), **words)
    run(archive, tmp_path / "here", order=order)
    job = campaign(archive, tmp_path / "there", order=order).job
    names = {name.rpartition(".")[0]: name for name in contents(tmp_path / "here")}
    for task in tasks(job):
        if (stem := task.source.rpartition(".")[0]) in names:
            report = report_of(through(job, replace(task, target=names[stem])))
            assert (report.state, report.width) == ("done", 48 if stem == "pages" else 60)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_a_reference_moves_colors_as_it_does_in_one_process(
    run: Run, campaign: Run, archive: Path, tmp_path: Path, toy_model: Path, contents: Contents
) -> None:
    colors = np.random.default_rng(3).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(colors).save(tmp_path / "reference.png")
    order = Order(str(toy_model), reference=str(tmp_path / "reference.png"))
    run(archive, tmp_path / "here", order=order)
    job = campaign(archive, tmp_path / "there", order=order).job
    for task in tasks(job):
        through(job, task)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_the_fast_effort_is_understood_by_every_stage(campaign: Run, draw: Draw, tmp_path: Path) -> None:
    draw(tmp_path / "source" / "a.png", 1)
    job = campaign(tmp_path / "source", tmp_path / "target", order=Order(effort="fast")).job
    assert report_of(through(job, tasks(job)[0])).state == "done"
    Colorizer("small").colorize(Photo.open(tmp_path / "source" / "a.png")).save(tmp_path / "alone.png")
    assert (tmp_path / "target" / "a.png").read_bytes() == (tmp_path / "alone.png").read_bytes()


def test_what_travels_is_small(campaign: Run, draw: Draw, tmp_path: Path, toy_model: Path) -> None:
    draw(tmp_path / "source" / "large.png", 1, 3000, 2000)
    job = campaign(tmp_path / "source", tmp_path / "target").job
    looked = Looker(job, Colorizer(toy_model, threads=1).card, 5000).look(Ready(tasks(job)[0]))
    assert isinstance(looked, Looked)
    colored = Colorist(job).color(looked)
    assert looked.content == tmp_path / "source" / "large.png", "a path, no bytes"
    assert len(pickle.dumps(colored)) < len(pickle.dumps(looked)) < 300_000


def test_a_photo_without_room_is_left_for_later(campaign: Run, archive: Path, tmp_path: Path) -> None:
    job = campaign(archive, tmp_path / "target").job
    end = through(job, next(task for task in tasks(job) if task.source == "a.jpg"), room=10)
    assert isinstance(end, Alone)
    assert end.megabytes > 10
    assert not list((tmp_path / "target").rglob("*.jpg"))


def test_failures_and_texts_are_told_at_the_first_stage(campaign: Run, archive: Path, tmp_path: Path) -> None:
    (archive / "cut.jpg").write_bytes((archive / "a.jpg").read_bytes()[:200])
    job = campaign(archive, tmp_path / "target").job
    ends = {task.source: report_of(through(job, task)) for task in tasks(job)}
    assert ends["1890/notes.txt"].state == "skipped"
    assert ends["cut.jpg"].state == "failed"
    assert ends["cut.jpg"].kind == "PhotoUnreadable"
    assert ends["a.jpg"].state == "done"


def test_bytes_of_a_member_travel_and_large_ones_are_fetched_again(
    campaign: Run, run: Run, archive: Path, tmp_path: Path, contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", archive))
    run(packed, tmp_path / "here")
    for number, most in enumerate((1 << 20, 10)):
        monkeypatch.setattr(cluster_stages, "CARRIED", most)
        target = tmp_path / f"there{number}"
        job = campaign(packed, target).job
        card = Colorizer(job.order.model, threads=1).card
        for task in tasks(job):
            looked = Looker(job, card, 1000).look(Ready(task))
            if isinstance(looked, Looked):
                assert (looked.content is None) == (number == 1)
                assert report_of(Finisher(job).finish(Colorist(job).color(looked))).state == "done"
        assert contents(target) == contents(tmp_path / "here")


def test_a_photo_that_changes_under_our_hands_fails_and_is_not_written(
    campaign: Run, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    monkeypatch.setattr(cluster_stages, "CARRIED", 10)
    packed = shutil.make_archive(str(tmp_path / "packed"), "tar", archive)
    job = campaign(Path(packed), tmp_path / "target").job
    task = next(task for task in tasks(job) if task.source == "b.png")
    looked = Looker(job, Colorizer(job.order.model, threads=1).card, 1000).look(Ready(task))
    assert isinstance(looked, Looked)
    colored = Colorist(job).color(replace(looked, digest="another"))
    report = report_of(Finisher(job).finish(colored))
    assert (report.state, report.kind) == ("failed", "PhotoUnreadable")
    assert "was changed" in str(report.reason)
    assert not (tmp_path / "target" / "b.png").exists()
