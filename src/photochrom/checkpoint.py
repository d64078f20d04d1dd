"""Checkpoints: safetensors and JSON in a folder, no pickle; written whole or not at all.

A run's folder holds ``checkpoint/`` with the newest state (and ``checkpoint.old/`` for the moment of the swap):

    painter.safetensors             weights      averaged.safetensors   EMA of the weights
    painter_optimizer.safetensors   moments      state.json             step, stage, seconds, recipe, chroma, origins,
                                                                        mark of the photos, random state
    critic.safetensors and critic_optimizer.safetensors where the recipe has a critic
"""

import base64
import json
import os
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from photochrom.errors import RunError

FOLDER = "checkpoint"


def save_checkpoint(run: Path, tensors: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> None:
    """Write ``tensors`` (file stem -> named tensors) and ``state`` so that a crash leaves the old or the new one."""
    fresh, current, old = run / f"{FOLDER}.new", run / FOLDER, run / f"{FOLDER}.old"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    for stem, named in tensors.items():
        contiguous = {key: value.detach().cpu().contiguous().clone() for key, value in named.items()}
        save_file(contiguous, fresh / f"{stem}.safetensors")
    whole = json.dumps({**state, "parts": sorted(tensors)}, indent=1)
    (fresh / "state.json").write_text(whole, encoding="utf-8")
    for path in fresh.iterdir():
        with path.open("rb") as file:
            os.fsync(file.fileno())
    if current.exists():  # if not, old is the only whole one until fresh has taken its place
        shutil.rmtree(old, ignore_errors=True)
        current.rename(old)
    fresh.rename(current)
    shutil.rmtree(old, ignore_errors=True)


def find_checkpoint(run: Path) -> Path | None:
    """Return the newest complete checkpoint of a run's folder, or None."""
    for name in (FOLDER, f"{FOLDER}.old"):
        if (run / name / "state.json").exists():
            return run / name
    return None


def load_checkpoint(folder: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """Read what :func:`save_checkpoint` wrote; raises RunError when a file is damaged or missing."""
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        return {stem: load_file(folder / f"{stem}.safetensors") for stem in state["parts"]}, state
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise RunError(
            f"the checkpoint in {folder} cannot be read ({error}); remove the folder to start anew"
        ) from error


def optimizer_tensors(optimizer: torch.optim.Optimizer, module: nn.Module) -> dict[str, Tensor]:
    """Return the optimizer's moments under the names of the module's parameters, as ``name:moment``."""
    names: dict[Tensor, str] = {parameter: name for name, parameter in module.named_parameters()}
    return {
        f"{names[parameter]}:{moment}": value
        for parameter, moments in optimizer.state.items()
        for moment, value in moments.items()
        if isinstance(value, Tensor)
    }


def restore_optimizer(optimizer: torch.optim.Optimizer, module: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Put the moments of :func:`optimizer_tensors` back; raises RunError when they are of another module."""
    parameters = dict(module.named_parameters())
    for key, value in tensors.items():
        name, _, moment = key.rpartition(":")
        if name not in parameters:
            raise RunError(f"the optimizer's state has {name!r}, which the network has not; use the recipe it was of")
        parameter = parameters[name]
        where = value.device if moment == "step" else parameter.device
        placed = value.to(where)
        if placed.dim() == 4:
            placed = placed.contiguous(memory_format=torch.channels_last)
        optimizer.state[parameter][moment] = placed


def random_state() -> dict[str, str]:
    """Return the state of what dropout draws from, on the processor and on the device in use."""
    states = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return {name: base64.b64encode(state.numpy().tobytes()).decode() for name, state in states.items()}


def restore_random(states: dict[str, str]) -> None:
    """Put back what :func:`random_state` gave, of the devices that are here."""
    for name, state in states.items():
        known = torch.frombuffer(bytearray(base64.b64decode(state)), dtype=torch.uint8)
        if name == "cpu":
            torch.set_rng_state(known)
        elif torch.cuda.is_available():
            torch.cuda.set_rng_state(known)
