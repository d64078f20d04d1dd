"""Names, settings, memory and faults: the small parts of the batch engine."""

import hashlib
import os
import pickle
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photochrom.archive.entry import Entry
from photochrom.archive.faults import IN_A_ROW, Streak, is_passing, retry
from photochrom.archive.memory import Rooms, megabytes_for, usual_jobs, usual_memory
from photochrom.archive.names import Globs, result_name, safe_key, second_name
from photochrom.archive.order import _KINDS, Order
from photochrom.archive.places import LocalSource
from photochrom.archive.remote import RemoteSource, RemoteTarget
from photochrom.archive.store import Store
from photochrom.archive.targets import ArchiveTarget, LocalTarget
from photochrom.archive.tasks import Report
from photochrom.archive.work import Job
from photochrom.errors import OptionError, OutputUnwritable, RunError
from photochrom.options import resolve
from photochrom.photo import Photo
from photochrom.photo.target import make_folder


@pytest.mark.parametrize(("pattern", "fitting", "others"), [
    ("*.tif", ["a.tif", "x/y/b.TIF"], ["a.tiff", "a.tif/b"]),
    ("1890/*", ["1890/a.jpg"], ["1890/x/a.jpg", "x/1890/a.jpg"]),
    ("1890/**", ["1890/a.jpg", "1890/x/a.jpg"], ["1891/a.jpg"]),
    ("**/x/*.jpg", ["x/a.jpg", "y/z/x/a.jpg"], ["yx/a.jpg"]),
    ("raw/", ["raw/a", "raw/b/c"], ["x/raw", "rawer/a"]),
    ("[ab]?.png", ["a1.png", "x/b2.png"], ["c1.png", "a/.png"]),
    ("[!a]*", ["b.png"], ["a.png"]),
    ("a+(1).jpg", ["a+(1).jpg"], ["aa1.jpg"]),
])  # fmt: skip
def test_patterns_fit_names(pattern: str, fitting: list[str], others: list[str]) -> None:
    for names, fits in ((fitting, True), (others, False)):
        for name in names:
            assert Globs([pattern]).take(name) is fits, name
            assert Globs([], [pattern]).take(name) is not fits, name


def test_a_pattern_of_nothing_is_refused() -> None:
    for pattern in ("", "/"):
        with pytest.raises(OptionError, match="pattern"):
            Globs([pattern])


@pytest.mark.parametrize(("key", "format", "name", "other"), [
    ("a/b.JPG", None, "a/b.JPG", "a/b.JPG"),
    ("a/b.JPG", "jpeg", "a/b.JPG", "a/b.JPG"),
    ("a/b.tif", "jpeg", "a/b.jpg", "a/b.tif.jpg"),
    ("b.gif", None, "b.png", "b.gif.png"),
    ("scan", None, "scan", "scan"),
    ("scan.v2", "png", "scan.v2.png", "scan.v2.png"),
    (".tif", "png", ".tif.png", ".tif.png"),
    ("d.x/.tif", "png", "d.x/.tif.png", "d.x/.tif.png"),
])  # fmt: skip
def test_results_are_named_like_photos(key: str, format: str | None, name: str, other: str) -> None:
    assert (result_name(key, format), second_name(key, format)) == (name, other)


@given(st.text())
def test_no_member_leads_out_of_the_target(name: str) -> None:
    key = safe_key(name)
    if key is not None:
        parts = key.split("/")
        assert not {"", ".", ".."} & set(parts)
        assert not key.startswith("/")
        assert (Path("/t") / key).is_relative_to("/t")


def test_settings_come_from_a_file_and_options_come_first(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text('{"saturation": 1.2, "warmth": 0.5, "format": "jpg", "look": "vivid", "hints": [], "model": null}')
    order = Order.read(path, {"warmth": -0.5})
    assert (order.saturation, order.warmth, order.format, order.look) == (1.2, -0.5, "jpeg", "vivid")
    assert (order.model, order.settings().saturation) == ("default", 1.2)
    assert set(_KINDS) == {field.name for field in fields(Order)}


@pytest.mark.parametrize("text", [
    "", "[]", "{", '{"saturations": 1}', '{"saturation": "1"}', '{"saturation": true}', '{"saturation": 9}',
    '{"seed": 1.5}', '{"seed": -1}', '{"look": "natural-1"}', '{"format": "bmp"}', '{"quality": 0}', '{"effort": "x"}',
    '{"hints": [{"points": [[1, 2]]}]}', '{"temperature": NaN}', '{"colors": "transplant"}', '{"model": 3}',
])  # fmt: skip
def test_settings_that_cannot_be_are_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(text)
    with pytest.raises(OptionError) as caught:
        Order.read(path, {})
    assert "\n" not in str(caught.value)


def test_every_setting_tells_results_apart(toy_model: Path, tmp_path: Path) -> None:
    reference = tmp_path / "r.png"
    reference.write_bytes(b"1")
    model = str(toy_model)
    orders = [
        Order(model), Order(model, temperature=0.5), Order(model, saturation=2), Order(model, warmth=1),
        Order(model, effort="best"), Order(model, look="vivid"), Order(model, seed=1), Order(model, format="png"),
        Order(model, quality=3), Order("default"),
        Order(effort="fast"), Order(model, reference=str(reference)),
    ]  # fmt: skip
    marks = [order.fingerprint() for order in orders]
    assert len(set(marks)) == len(marks)
    assert Order(model, format="jpg").fingerprint() == Order(model, format="jpeg").fingerprint()
    reference.write_bytes(b"2")
    assert orders[-1].fingerprint() != marks[-1]


def test_the_fast_effort_is_the_small_model_and_nobody_else_needs_to_know() -> None:
    order = Order(effort="fast")
    assert (order.model, order.effort, order) == ("small", "normal", Order("small"))
    assert order.fingerprint() == Order("small").fingerprint()
    assert resolve("small", "fast") == ("small", "normal")
    assert resolve("any.onnx", "best") == ("any.onnx", "best")
    for model, effort in (("any.onnx", "fast"), ("default", "faster")):
        with pytest.raises(OptionError, match="effort"):
            Order(model, effort=effort)


def test_a_model_is_read_once_until_it_changes(
    toy_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, reads = tmp_path / "m.onnx", []
    model.write_bytes(toy_model.read_bytes())
    os.utime(model, (1e9, 1e9))
    real = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *words: (reads.append(1), real(*words))[1])
    first = Order(str(model)).fingerprint()
    assert [Order(str(model)).fingerprint() for _ in range(3)] == [first] * 3
    assert len(reads) == 1
    model.write_bytes(toy_model.read_bytes() + b"1")
    second = Order(str(model)).fingerprint()
    model.write_bytes(toy_model.read_bytes() + b"2")
    assert len({first, second, Order(str(model)).fingerprint()}) == 3, "what changed just now may change again unseen"


def test_an_archive_that_is_open_goes_to_another_process(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        file.writestr("a.jpg", b"photo")
    source = LocalSource(str(tmp_path), ("x.zip",))
    (entry,) = source.entries()
    assert isinstance(entry, Entry)
    assert source.fetch(entry.where)[0] == b"photo"
    there = pickle.loads(pickle.dumps(source))
    (tmp_path / "x.zip").rename(tmp_path / "y.zip")
    there.root, there.starts = str(tmp_path), ("y.zip",)
    (entry,) = there.entries()
    assert there.fetch(entry.where)[0] == b"photo", "it opens archives itself, as it is now"


def test_a_report_is_whole_or_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target, new = LocalTarget(str(tmp_path / "t")), tmp_path / "new.html"
    new.write_text("first")
    target.keep("index.html", new)
    new.write_text("second")

    def failing(content: Path, part: Path) -> None:
        part.write_text("sec")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", failing)
        with pytest.raises(OutputUnwritable, match="No space left"):
            target.keep("index.html", new)
    assert Path(target.place("index.html")).read_text() == "first"
    assert [path.name for path in (tmp_path / "t" / ".photochrom").iterdir()] == ["index.html"]


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    for path in (tmp_path / "file", tmp_path / "file" / "x"):
        with pytest.raises(OutputUnwritable, match="choose another"):
            make_folder(path)


def test_failures_in_a_row_to_reach_a_place_take_hope() -> None:
    lost, bad = Report("failed", "TimeoutError", "slow", passing=True), Report("failed", "PhotoUnreadable", "bad")
    streak = Streak()
    for report in (*[lost] * (IN_A_ROW - 1), bad, *[lost] * (IN_A_ROW - 1), Report("done"), lost):
        streak.hear(report)
        streak.require_hope()
    streak = Streak()
    for _ in range(IN_A_ROW):
        streak.hear(Report("failed", "OutputUnwritable", "full"))
    with pytest.raises(RunError, match="30 photos in a row failed, the last with: full"):
        streak.require_hope()


def test_what_goes_between_processes_can(tmp_path: Path) -> None:
    store = Store("memory://x", {"a": 1})
    for source, target in (
        (LocalSource(str(tmp_path)), LocalTarget(str(tmp_path))),
        (LocalSource(str(tmp_path), ("x.zip",), ("y",)), ArchiveTarget("x.parts", "x")),
        (RemoteSource(store), RemoteTarget(store)),
    ):
        job = Job(source, target, Order())
        assert pickle.loads(pickle.dumps(job)) == job


@given(st.lists(st.tuples(st.integers(1, 900), st.integers(1, 900)), min_size=1, max_size=30))
def test_memory_is_shared_out_within_its_bound_and_nobody_waits_for_ever(photos: list[tuple[int, int]]) -> None:
    rooms, held, working, taken = Rooms(500), list[int](), list[int](), dict[int, int]()
    for number, (size, _) in enumerate(photos):
        rooms.ask(number, size, False)
    ended = 0
    while ended < len(photos):
        admitted = list(rooms.admitted())
        for number in admitted:
            if number in held:
                held.remove(number)
                working.append(number)
                taken[number] = sum(photos[number])
            else:
                held.append(number)
                taken[number] = photos[number][0]
                rooms.ask(number, sum(photos[number]), True)
        assert sum(taken.values()) <= 500 + max(taken.values(), default=0)
        if not admitted:
            assert working, "everybody waits"
            rooms.leave(working[0])
            taken.pop(working.pop(0))
            ended += 1


def test_photos_that_are_held_whole_count_more(tmp_path: Path) -> None:
    from PIL import Image

    sizes = {}
    for name, words in (("a.jpg", {}), ("b.jpg", {"progressive": True}), ("c.webp", {}), ("d.png", {})):
        Image.new("L", (4000, 3000)).save(tmp_path / name, **words)
        photo = Photo.open(tmp_path / name)
        sizes[name] = megabytes_for(photo, tmp_path / name, photo.format, False)
    assert sizes["a.jpg"] == sizes["d.png"] < 200
    assert sizes["b.jpg"] == sizes["a.jpg"] + 96
    assert sizes["c.webp"] > sizes["b.jpg"]
    assert megabytes_for(Photo.open(tmp_path / "a.jpg"), bytes(5_000_000), "tiff", True) == sizes["a.jpg"] + 41
    assert usual_memory() > 100
    assert usual_jobs() >= 1


class Throttled(Exception):  # noqa: N818 - as botocore has it
    response: ClassVar = {"ResponseMetadata": {"HTTPStatusCode": 503}}


class Refused(Exception):  # noqa: N818
    response: ClassVar = {"ResponseMetadata": {"HTTPStatusCode": 403}}


@pytest.mark.parametrize(("error", "passes"), [
    (TimeoutError(), True), (ConnectionResetError(), True), (OSError("connection closed"), True), (Throttled(), True),
    (FileNotFoundError(2, "no"), False), (PermissionError(13, "no"), False), (OSError(28, "full"), False),
    (Refused(), False), (ValueError("ours"), False),
])  # fmt: skip
def test_faults_that_pass_are_told_from_those_that_do_not(error: Exception, passes: bool) -> None:
    assert is_passing(error) is passes


def test_what_passes_is_tried_so_often_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    from photochrom import urls

    monkeypatch.setattr(urls, "FIRST_PAUSE", 0.0)
    tries: list[int] = []

    def failing(error: Exception, times: int) -> str:
        tries.append(1)
        if len(tries) <= times:
            raise error
        return "there"

    assert retry(lambda: failing(TimeoutError(), 3), 3) == "there"
    tries.clear()
    with pytest.raises(TimeoutError):
        retry(lambda: failing(TimeoutError(), 9), 3)
    assert len(tries) == 4
    tries.clear()
    with pytest.raises(PermissionError):
        retry(lambda: failing(PermissionError(), 9), 3)
    assert len(tries) == 1
