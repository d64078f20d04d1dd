"""The log of a run, and its picture."""

import json
import sys
import types
from pathlib import Path

import pytest
from PIL import Image

from photochrom.runlog import LOG, RunLog, draw_curves, read_log


def written(run: Path, steps: range) -> None:
    log = RunLog(run, steps.start)
    for step in steps:
        log.write("train", step + 1, {"loss": 1 / (step + 1), "rate": 0.1, "seconds": float(step)})
    log.close()


def test_rows_come_back_as_written_and_rounded(tmp_path: Path) -> None:
    log = RunLog(tmp_path, 0)
    log.write("train", 1, {"loss": 0.123456789})
    log.write("check", 1, {"psnr": 20.0})
    log.close()
    assert read_log(tmp_path) == [
        {"kind": "train", "step": 1, "loss": 0.123457},
        {"kind": "check", "step": 1, "psnr": 20.0},
    ]


def test_every_row_is_on_disk_at_once(tmp_path: Path) -> None:
    log = RunLog(tmp_path, 0)
    log.write("train", 1, {"loss": 1.0})
    assert len(read_log(tmp_path)) == 1
    log.close()


def test_a_run_without_a_log_has_no_rows_and_no_curves(tmp_path: Path) -> None:
    assert read_log(tmp_path) == []
    assert draw_curves(tmp_path) is None


def test_resuming_drops_the_rows_after_the_checkpoint(tmp_path: Path) -> None:
    written(tmp_path, range(10))
    written(tmp_path, range(6, 8))
    assert [row["step"] for row in read_log(tmp_path)] == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_run_that_never_saved_starts_with_an_empty_log(tmp_path: Path) -> None:
    written(tmp_path, range(3))
    RunLog(tmp_path, 0).close()
    assert read_log(tmp_path) == []


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_half_written_last_line_is_left_out_and_cleaned_away(tmp_path: Path, cut: int) -> None:
    written(tmp_path, range(4))
    path = tmp_path / LOG
    path.write_bytes(path.read_bytes()[:-cut])
    assert [row["step"] for row in read_log(tmp_path)] == ([1, 2, 3, 4] if cut == 1 else [1, 2, 3])
    written(tmp_path, range(4, 6))
    lines = path.read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == ([1, 2, 3, 4, 5, 6] if cut == 1 else [1, 2, 3, 5, 6])


def test_opening_the_log_never_leaves_it_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, range(4))
    before = (tmp_path / LOG).read_bytes()
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        RunLog(tmp_path, 2)
    assert (tmp_path / LOG).read_bytes() == before


def test_curves_are_a_picture_with_a_panel_for_every_quantity(tmp_path: Path) -> None:
    log = RunLog(tmp_path, 0)
    for step in range(1, 250):
        log.write("train", step, {"loss": 1 / step, "rate": 0.1, "seconds": float(step), "stage": 0})
    log.write("check", 249, {"psnr": 20.0, "psnr_gray": 19.0, "seconds": 3.0})
    log.close()
    target = draw_curves(tmp_path)
    assert target == tmp_path / "curves.png"
    with Image.open(target) as picture:
        assert picture.format == "PNG"
        assert picture.size == (3 * 440, 2 * 286)
        assert len(picture.convert("RGB").getcolors(1 << 20) or []) > 10


def test_tensorboard_gets_every_number_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    class Writer:
        def __init__(self, folder: str, purge_step: int) -> None:
            calls.append((Path(folder).name, purge_step))

        def add_scalar(self, name: str, value: float, step: int) -> None:
            calls.append((name, value, step))

        def close(self) -> None:
            calls.append("closed")

    fake = types.ModuleType("torch.utils.tensorboard")
    fake.SummaryWriter = Writer  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", fake)
    monkeypatch.setattr("photochrom.runlog.find_spec", lambda _: object())
    log = RunLog(tmp_path, 7)
    log.write("train", 8, {"loss": 0.5})
    log.close()
    assert calls == [("tensorboard", 8), ("train/loss", 0.5, 8), "closed"]
