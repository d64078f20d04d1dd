"""Checkpoints: whole or not at all, whatever happens in between."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import nn

from photochrom import checkpoint
from photochrom.checkpoint import (
    find_checkpoint,
    load_checkpoint,
    optimizer_tensors,
    random_state,
    restore_optimizer,
    restore_random,
    save_checkpoint,
)
from photochrom.errors import RunError


class PulledPlugError(BaseException):
    """The process ends here."""


def tensors(value: float) -> dict[str, dict[str, torch.Tensor]]:
    weight = torch.full((2, 3, 4, 4), value).contiguous(memory_format=torch.channels_last)
    return {stem: {"weight": weight} for stem in ("painter", "averaged", "painter_optimizer")}


def saved(run: Path, value: float) -> None:
    save_checkpoint(run, tensors(value), {"value": value})


def found(run: Path) -> float:
    """Give the value of the newest whole checkpoint, after a look that its parts belong together."""
    folder = find_checkpoint(run)
    assert folder is not None
    parts, state = load_checkpoint(folder)
    assert {float(part["weight"][0, 0, 0, 0]) for part in parts.values()} == {state["value"]}
    return float(state["value"])


def test_a_checkpoint_comes_back_as_it_was(tmp_path: Path) -> None:
    state = {"value": 1.0, "recipe": "{}", "position": {"step": 3, "seconds": 0.1 + 0.2}}
    save_checkpoint(tmp_path, tensors(1.0), state)
    parts, again = load_checkpoint(tmp_path / "checkpoint")
    assert again == {**state, "parts": ["averaged", "painter", "painter_optimizer"]}
    assert all(torch.equal(part["weight"], torch.ones(2, 3, 4, 4)) for part in parts.values())


def test_the_newest_checkpoint_is_found_and_nothing_else_is_left(tmp_path: Path) -> None:
    assert find_checkpoint(tmp_path) is None
    for value in (1.0, 2.0, 3.0):
        saved(tmp_path, value)
        assert found(tmp_path) == value
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_no_file_of_a_checkpoint_is_a_pickle(tmp_path: Path) -> None:
    saved(tmp_path, 1.0)
    assert {path.suffix for path in (tmp_path / "checkpoint").iterdir()} == {".safetensors", ".json"}


def plug_pulled_at(call: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the process end at the given call of anything that changes the disk."""
    calls = 0

    def counted(real: Callable[..., object]) -> Callable[..., object]:
        def ends(*arguments: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == call:
                raise PulledPlugError
            return real(*arguments, **named)

        return ends

    monkeypatch.setattr(checkpoint, "save_file", counted(checkpoint.save_file))
    monkeypatch.setattr(shutil, "rmtree", counted(shutil.rmtree))
    for name in ("rename", "mkdir", "write_text"):
        monkeypatch.setattr(Path, name, counted(getattr(Path, name)))


@pytest.mark.parametrize("call", range(1, 12))
@pytest.mark.parametrize("between_renames", [False, True])
def test_whenever_a_save_ends_the_old_or_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: int, between_renames: bool
) -> None:
    saved(tmp_path, 1.0)
    if between_renames:  # an earlier save ended there: the only whole one is the old one
        (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")
    with monkeypatch.context() as patch:
        plug_pulled_at(call, patch)
        try:
            saved(tmp_path, 2.0)
        except PulledPlugError:
            assert found(tmp_path) in {1.0, 2.0}
        else:
            assert found(tmp_path) == 2.0
    saved(tmp_path, 3.0)
    assert found(tmp_path) == 3.0
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_a_half_written_new_checkpoint_is_ignored(tmp_path: Path) -> None:
    fresh = tmp_path / "checkpoint.new"
    fresh.mkdir()
    (fresh / "painter.safetensors").write_bytes(b"\x10\x00\x00")
    assert find_checkpoint(tmp_path) is None
    saved(tmp_path, 1.0)
    assert found(tmp_path) == 1.0


def test_a_checkpoint_without_its_last_file_does_not_count(tmp_path: Path) -> None:
    saved(tmp_path, 1.0)
    (tmp_path / "checkpoint" / "state.json").unlink()
    assert find_checkpoint(tmp_path) is None


@pytest.mark.parametrize(
    "name", ["painter.safetensors", "averaged.safetensors", "painter_optimizer.safetensors", "state.json"]
)
@pytest.mark.parametrize("damage", ["cut", "emptied", "removed"])
def test_a_damaged_checkpoint_is_an_error_in_one_line(tmp_path: Path, name: str, damage: str) -> None:
    saved(tmp_path, 1.0)
    path = tmp_path / "checkpoint" / name
    content = path.read_bytes()
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(content[: len(content) // 2] if damage == "cut" else b"")
    with pytest.raises(RunError, match=r"the checkpoint in .* cannot be read \(.*\); remove the folder") as caught:
        load_checkpoint(tmp_path / "checkpoint")
    assert "\n" not in str(caught.value)


def stepped(steps: int) -> tuple[nn.Module, torch.optim.Optimizer]:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 2, 1)).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.01, fused=True)
    for step in range(steps):
        one_step(module, optimizer, step)
    return module, optimizer


def one_step(module: nn.Module, optimizer: torch.optim.Optimizer, step: int) -> None:
    optimizer.zero_grad()
    (module(torch.full((1, 1, 8, 8), 1.0 + step)) ** 2).mean().backward()
    optimizer.step()


def test_an_optimizer_goes_on_from_its_saved_moments_as_if_never_stopped(tmp_path: Path) -> None:
    module, optimizer = stepped(5)
    kept = {
        "painter": dict(module.state_dict()),
        "averaged": {},
        "painter_optimizer": optimizer_tensors(optimizer, module),
    }
    save_checkpoint(tmp_path, kept, {})
    again, fresh = stepped(0)
    parts, _ = load_checkpoint(tmp_path / "checkpoint")
    again.load_state_dict(parts["painter"])
    restore_optimizer(fresh, again, parts["painter_optimizer"])
    for step in range(5, 8):
        one_step(module, optimizer, step)
        one_step(again, fresh, step)
    for mine, theirs in zip(module.parameters(), again.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_moments_are_named_after_their_parameters() -> None:
    module, optimizer = stepped(1)
    names = {f"{layer}.{kind}" for layer in (0, 1) for kind in ("weight", "bias")}
    moments = {"step", "exp_avg", "exp_avg_sq"}
    assert set(optimizer_tensors(optimizer, module)) == {f"{name}:{moment}" for name in names for moment in moments}


def test_moments_of_another_network_are_an_error() -> None:
    module, optimizer = stepped(1)
    kept = optimizer_tensors(optimizer, module)
    with pytest.raises(RunError, match=r"optimizer.*0\.weight"):
        restore_optimizer(optimizer, nn.Linear(2, 2), kept)


def test_state_is_readable_json(tmp_path: Path) -> None:
    saved(tmp_path, 1.0)
    assert json.loads((tmp_path / "checkpoint" / "state.json").read_text())["value"] == 1.0


def test_what_dropout_draws_from_comes_back() -> None:
    torch.manual_seed(3)
    state = json.loads(json.dumps(random_state()))
    drawn = torch.rand(5)
    torch.manual_seed(4)
    restore_random(state)
    assert torch.equal(torch.rand(5), drawn)
    restore_random({})  # a checkpoint of an older version
    assert not torch.equal(torch.rand(5), drawn)
