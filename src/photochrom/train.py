"""Training: one readable loop, resumable at any step, on one device or many.

    entries -> batches (pure function of seed and step) -> objective's turns -> optimizer -> EMA -> checkpoint, log

A run lives in a folder: checkpoint/, log.jsonl, curves.png, samples/. Started again in the same folder it goes on
where the checkpoint stands and follows the same curve as if it had never stopped.
"""

import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from accelerate.utils import broadcast, gather_object
from torch import Tensor, nn

from photochrom.batch import make_batch
from photochrom.budget import Budget, Start, rate_factor
from photochrom.card import Decode
from photochrom.checkpoint import find_checkpoint, load_checkpoint, random_state, restore_random, save_checkpoint
from photochrom.chroma import Chroma, chroma_from_card
from photochrom.data.catalog import Entry, list_mark
from photochrom.data.loading import LoadPlan, batches, fixed_samples
from photochrom.errors import RunError
from photochrom.objectives import Turn
from photochrom.preview import Preview
from photochrom.prior import fit_chroma
from photochrom.recipe import Recipe, Stage
from photochrom.runlog import RunLog, draw_curves
from photochrom.trainee import Trainee, build_trainee, load_encoder, load_eyes, load_weights

PREVIEW_PHOTOS = 96
PREVIEW_SIZE = 128
"""Validation photos are looked at in this size, or that of the last stage where it is smaller."""
FOREVER = 10**9

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run reads, where it writes and how it starts: everything besides its recipe.

    ``weights`` are named tensors for the whole painter (they win over ``start.encoder``), with the ``chroma`` they
    were trained with and the ``decode`` that the new model inherits; ``origins`` are kept for the card.
    """

    run: Path
    entries: Sequence[Entry]
    validation: Sequence[Entry]
    budget: Budget
    start: Start = field(default_factory=Start)
    weights: dict[str, Tensor] | None = None
    chroma: Chroma | None = None
    decode: Decode = field(default_factory=Decode)
    origins: tuple[dict[str, str], ...] = ()


@dataclass(slots=True)
class Position:
    """Where a run stands; ``stage_start`` is the step at which the stage began."""

    step: int = 0
    stage: int = 0
    stage_start: int = 0
    seconds: float = 0.0
    photos: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    """What a progress display may show after a step."""

    step: int
    progress: float
    seconds: float
    losses: dict[str, float] = field(default_factory=dict)


def train(recipe: Recipe, plan: Plan, report: Callable[[Report], None] = lambda _: None) -> Path:
    """Train a recipe within a budget and return the run's folder; resumes by itself where a checkpoint stands.

    Raises RunError when the folder holds another recipe's run or the weights do not fit, DataError without photos.
    """
    recipe.check()
    # without a device, say so: accelerate would otherwise let launched processes train each on its own
    accelerator = Accelerator(mixed_precision=plan.start.precision, cpu=not torch.accelerator.is_available())
    session = Session(recipe, plan, accelerator)
    try:
        if session.at.step == 0:
            session.check()
        for losses in session.steps():
            report(Report(session.at.step, session.progress(), session.at.seconds, losses))
        session.check()
        session.save()
        accelerator.wait_for_everyone()
        accelerator.end_training()  # processes that just end may pull the connection from under the others
    finally:
        if session.log is not None:
            session.log.close()
    return plan.run


class Session:
    """One process's share of a run, from the last checkpoint to the end of the budget."""

    def __init__(self, recipe: Recipe, plan: Plan, accelerator: Accelerator) -> None:
        self.recipe, self.plan, self.accelerator = recipe, plan, accelerator
        self.at = Position()
        self.origins = plan.origins
        self.last_saved = self.last_checked = 0.0
        self.optimizers: dict[str, Any] = {}
        self.mark = self._agreed()
        self.trainee, tensors = self._begin()
        if tensors is not None:
            self.trainee.restore(tensors)
        self.models = self._prepared()
        multiple = int(self.trainee.painter.multiple)  # type: ignore[arg-type]
        size = -(-min(PREVIEW_SIZE, recipe.stages[-1].size) // multiple) * multiple
        looked_at = fixed_samples(plan.validation, size, PREVIEW_PHOTOS)
        self.preview = Preview(*looked_at, self.trainee.chroma, self.trainee.takes_hints)
        self.log = RunLog(plan.run, self.at.step) if accelerator.is_main_process else None

    def _agreed(self) -> str:
        """Return the mark of the list of photos, of which each process takes its share."""
        marks = gather_object([list_mark(self.plan.entries)])
        if len(set(marks)) > 1:
            raise RunError("the processes were given different photos; give all nodes the same --photos and --manifest")
        return str(marks[0])

    def _begin(self) -> tuple[Trainee, dict[str, dict[str, Tensor]] | None]:
        """Build the trainee, from the checkpoint when there is one."""
        folder = find_checkpoint(self.plan.run)
        if folder is None:
            chroma = self.plan.chroma or fit_chroma(self.recipe, self.plan.entries)
            trainee = build_trainee(self.recipe, chroma, self.accelerator.device)
            if self.plan.start.encoder is not None:
                load_encoder(trainee, self.plan.start.encoder)
            if self.plan.weights is not None:
                for painter in (trainee.painter, trainee.averaged):
                    load_weights(painter, self.plan.weights, self.recipe.prunes)
            return trainee, None
        tensors, state = load_checkpoint(folder)
        if state["recipe"] != self.recipe.to_json():
            raise RunError(f"{self.plan.run} holds a run of another recipe; choose another folder or remove it")
        if state.get("mark", self.mark) != self.mark and self.accelerator.is_main_process:
            _log.warning("these are other photos than those the run began with: they come in another order from now on")
        self.at = Position(**state["position"])
        self.last_saved = self.last_checked = self.at.seconds
        self.origins = (*state["origins"], *(new for new in self.plan.origins if new not in state["origins"]))
        trainee = build_trainee(self.recipe, chroma_from_card(state["chroma"]), self.accelerator.device)
        restore_random(state.get("random", {}))
        return trainee, tensors

    def _prepared(self) -> dict[str, nn.Module]:
        """Hand parts and optimizers to the engine, the painter compiled if that was asked for."""
        models = {}
        for name, part in self.trainee.parts.items():
            compiled = self.plan.start.compile and name == "painter"
            module = torch.compile(part, dynamic=False) if compiled else part
            models[name], self.optimizers[name] = self.accelerator.prepare(module, self.trainee.optimizers[name])
        if self.recipe.needs_eyes:
            eyes = load_eyes(self.recipe, self.plan.start.eyes).to(self.accelerator.device)
            models["eyes"] = self.accelerator.prepare_model(eyes, evaluation_mode=True)
        return models

    def progress(self) -> float:
        """Return how much of the budget is used, 0..1."""
        return self.plan.budget.progress(self.at.step, self.at.seconds)

    def steps(self) -> Iterator[dict[str, float]]:
        """Train to the end of the budget, stage by stage; yields the losses after each step."""
        ends = np.cumsum([stage.share for stage in self.recipe.stages]) - 1e-9  # sums may round up past a step
        ends[-1] = 1.0
        while self.progress() < 1:
            if self.progress() >= ends[self.at.stage]:
                self.at.stage, self.at.stage_start = self.at.stage + 1, self.at.step
                continue
            stage = self.recipe.stages[self.at.stage]
            clock = time.monotonic()
            for photo, aged in self._batches(stage):
                losses = self._step(stage, photo, aged)
                self._advance(time.monotonic() - clock, stage)
                self._note(losses)
                yield losses
                clock = time.monotonic()  # looking and saving are not training
                if self.progress() >= ends[self.at.stage]:
                    break

    def _batches(self, stage: Stage) -> Iterator[tuple[Tensor, Tensor]]:
        plan = LoadPlan(
            size=stage.size,
            batch=stage.batch,
            seed=self.recipe.seed + self.at.stage,
            first_step=self.at.step - self.at.stage_start,
            steps=FOREVER,
            rank=self.accelerator.process_index,
            world=self.accelerator.num_processes,
            workers=self.plan.start.workers,
            aged=self.recipe.aged,
        )
        return batches(self.plan.entries, plan)

    def _step(self, stage: Stage, photo: Tensor, aged: Tensor) -> dict[str, float]:
        """One step: every turn of the objective steps its part's optimizer."""
        device = self.accelerator.device
        seed = torch.Generator().manual_seed((self.recipe.seed * 1_000_003 + self.at.step) * 64)
        before = self.accelerator.process_index * len(photo)
        batch = make_batch(photo.to(device), aged.to(device), seed, self.trainee.takes_hints, before)
        factor = stage.rate * rate_factor(self.progress(), self.recipe.warm_up, self.recipe.schedule)
        for optimizer in self.trainee.optimizers.values():
            for group in optimizer.param_groups:
                group["lr"] = group["highest"] * factor
        losses: dict[str, float] = {}
        for turn in stage.objective.turns(self.models, self.trainee.encoding, batch):
            self._turn(turn)
            losses |= turn.parts_of_loss
        self.trainee.average(self.recipe.ema, self.at.step)
        return losses

    def _turn(self, turn: Turn) -> None:
        """Step the optimizer of the turn's part."""
        optimizer = self.optimizers[turn.part]
        self._require_finite("loss", turn.loss)
        optimizer.zero_grad()
        self.accelerator.backward(turn.loss)
        norm = self.accelerator.clip_grad_norm_(self.models[turn.part].parameters(), self.recipe.clip)
        if self.accelerator.scaler is None:  # the scaler of fp16 skips such steps by itself
            self._require_finite("gradient's norm", norm)
        optimizer.step()

    def _require_finite(self, what: str, value: Tensor) -> None:
        """Stop before a step that would spoil the weights, and with them the next checkpoint."""
        if not math.isfinite(value.detach()):
            raise RunError(f"the {what} is {float(value.detach())} at step {self.at.step}; lower the learning rate")

    def _advance(self, seconds: float, stage: Stage) -> None:
        self.at.step += 1
        self.at.photos += stage.batch
        self.at.seconds += seconds
        if self.accelerator.num_processes > 1:  # all processes must agree on when a budget of minutes ends
            clock = torch.tensor(self.at.seconds, dtype=torch.float64, device=self.accelerator.device)
            self.at.seconds = float(broadcast(clock))

    def _note(self, losses: dict[str, float]) -> None:
        """Log the step; save and look when it is time."""
        if self.log is not None:
            values = {
                **losses,
                "rate": self.trainee.optimizers["painter"].param_groups[0]["lr"],
                "seconds": self.at.seconds,
            }
            self.log.write("train", self.at.step, values | {"stage": self.at.stage})
        if self.at.seconds - self.last_checked >= 60 * self.plan.budget.check_minutes:
            self.last_checked = self.at.seconds
            self.check()
        if self.at.seconds - self.last_saved >= 60 * self.plan.budget.save_minutes:
            self.last_saved = self.at.seconds
            self.save()

    def check(self) -> None:
        """Measure the averaged weights on the fixed photos, draw the sheet and the curves."""
        if self.log is None:
            return
        objective = self.recipe.stages[self.at.stage].objective
        values = self.preview.check(self.trainee.averaged)
        looking = {**self.models, "painter": self.trainee.averaged}
        values |= self.preview.losses(looking, objective, self.trainee.encoding)
        self.log.write("check", self.at.step, {**values, "seconds": self.at.seconds})
        samples = self.plan.run / "samples"
        samples.mkdir(exist_ok=True)
        self.preview.sheet(self.trainee.averaged, samples / f"{self.at.step:07d}.png")
        draw_curves(self.plan.run)

    def save(self) -> None:
        """Write a checkpoint (the main process only)."""
        if not self.accelerator.is_main_process:
            return
        state: dict[str, Any] = {
            "recipe": self.recipe.to_json(),
            "position": {name: getattr(self.at, name) for name in Position.__slots__},
            "chroma": self.trainee.chroma.to_card(),
            "decode": asdict(self.plan.decode),
            "origins": list(self.origins),
            "photos": len(self.plan.entries),
            "mark": self.mark,
            "random": random_state(),
        }
        save_checkpoint(self.plan.run, self.trainee.tensors(), state)
