"""The benchmark of reading photos, at toy size: that it runs and what it says, not how fast anything is."""

import json
import sys
from pathlib import Path

import pytest

pytest.importorskip("accelerate", reason="pip install 'photochrom[train]'")

from benchmarks import loading


def test_it_compares_steps_from_memory_with_steps_through_the_loader(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], photo_folder: Path
) -> None:
    words = ["loading", "--photos", str(photo_folder), "--recipe", "default_tiny", "--steps", "1", "--turns", "1"]
    monkeypatch.setattr(sys, "argv", words)
    loading.main()
    told = json.loads(capsys.readouterr().out)
    through, memory = told["steps_per_second_through_loader"], told["steps_per_second_in_memory"]
    assert told["ratio"] == pytest.approx(through / memory, rel=0.05)
    assert (told["recipe"], told["size"], told["batch"]) == ("default_tiny", 32, 4)
