"""The study dcgan: the sentences that it chooses, and what validation photos looked like along the losses."""

import json
from pathlib import Path

from photochrom.studies.dcgan import _against, _ahead, _told, looks
from photochrom.studies.game import GUESSING, Trend
from photochrom.studies.trial import Trained
from photochrom.studies.trials import DCGAN


def test_losses_are_told_by_what_they_do() -> None:
    falls, level = Trend(-1.0, 0.1), Trend(0.0, 0.1)
    said = _told({"D fake": falls, "D real": falls, "D": falls, "G": level})
    assert said == "D fake, D real, D fall; G stays level."


def test_losses_against_each_other_are_told() -> None:
    values = [0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.1, 0.9]
    assert "against each other here: their correlation over the second half is -1.00" in _against(
        values, [1 - value for value in values]
    )
    assert "with each other" in _against(values, values)
    assert "too short" in _against([1.0], [1.0])


def test_a_critic_below_guessing_is_ahead() -> None:
    assert "the critic is ahead" in _ahead([0.1] * 20)
    assert "little better than guessing" in _ahead([GUESSING] * 20)


def test_a_look_is_set_beside_the_steps_since_the_one_before(tmp_path: Path) -> None:
    rows = [{"kind": "train", "step": step, "loss": float(step)} for step in range(1, 5)]
    rows += [{"kind": "check", "step": step, "psnr": 20.0 + step, "colorfulness": 1.0} for step in (2, 4, 4)]
    (tmp_path / "log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = looks(Trained(DCGAN, tmp_path, tmp_path / "model.onnx"))
    assert found == [("dcgan", 2, 1.5, 22.0, 1.0), ("dcgan", 4, 3.5, 24.0, 1.0)]
