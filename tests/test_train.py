"""The training loop in one process: budgets, stages, rates, averages, guards, and resuming."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from PIL import Image
from safetensors.torch import load_file

from photochrom import train as train_module
from photochrom.budget import Budget, Start, rate_factor
from photochrom.checkpoint import load_checkpoint
from photochrom.chroma import Bins
from photochrom.data.catalog import Entry, list_entries
from photochrom.errors import DataError, OptionError, RunError
from photochrom.objectives import Supervised
from photochrom.recipe import Recipe, Stage
from photochrom.recipes import find_recipe
from photochrom.runlog import read_log
from photochrom.train import Plan, Report, Session, train

TINY = find_recipe("default_tiny")
EQUAL = Bins.published()
pytestmark = pytest.mark.usefixtures("one_table")


@pytest.fixture(scope="module")
def entries(photo_folder: Path) -> list[Entry]:
    return list_entries([str(photo_folder)])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out the curves, which take a second."""
    monkeypatch.setattr(train_module, "draw_curves", lambda _: None)


@pytest.fixture
def plan(tmp_path: Path, entries: list[Entry]) -> Plan:
    return Plan(tmp_path, entries, entries[:2], Budget(steps=4), Start(workers=0), chroma=EQUAL)


def rows(run: Path) -> list[dict[str, Any]]:
    return [row for row in read_log(run) if row["kind"] == "train"]


def losses(run: Path) -> list[float]:
    return [row["loss"] for row in rows(run)]


def test_twenty_steps_give_the_golden_losses(
    trained_run: Path, golden_numbers: Callable[[str, Sequence[float], float], None]
) -> None:
    golden_numbers("losses_default_tiny.json", losses(trained_run), 2e-3)


def test_a_run_leaves_a_checkpoint_a_log_curves_and_a_sheet(trained_run: Path) -> None:
    names = {path.relative_to(trained_run).as_posix() for path in trained_run.rglob("*") if path.is_file()}
    looks = {"samples/0000000.png", "samples/0000020.png"}
    parts = {f"checkpoint/{name}.safetensors" for name in ("painter", "averaged", "painter_optimizer")}
    assert names == {*parts, "checkpoint/state.json", "log.jsonl", "curves.png", *looks}
    with Image.open(trained_run / "samples" / "0000020.png") as sheet:
        assert sheet.size == (6 * 64, 4 * 64)
        gray, truth = (np.asarray(sheet.crop((0, top, 384, top + 64))).astype(int) for top in (0, 192))
    assert np.ptp(gray, axis=2).max() == 0
    assert np.ptp(truth, axis=2).mean() > 20
    with Image.open(trained_run / "curves.png") as curves:
        assert curves.size[0] == 1320
        assert curves.size[1] % 286 == 0


def test_the_number_of_steps_is_exact_and_the_stages_have_their_shares(trained_run: Path) -> None:
    assert [row["step"] for row in rows(trained_run)] == list(range(1, 21))
    assert [row["stage"] for row in rows(trained_run)] == [0] * 11 + [1] * 6 + [2] * 3


def test_the_learning_rate_follows_the_schedule(trained_run: Path) -> None:
    expected = [TINY.rate * rate_factor(step / 20, TINY.warm_up) for step in range(20)]
    assert [row["rate"] for row in rows(trained_run)] == pytest.approx(expected, abs=1e-6)


def test_the_last_check_compares_with_gray(trained_run: Path) -> None:
    first, check = [row for row in read_log(trained_run) if row["kind"] == "check"]
    assert first["step"] == 0
    assert check["step"] == 20
    assert all(math.isfinite(check[name]) for name in ("psnr", "psnr_gray", "colorfulness", "colorfulness_truth"))


@pytest.mark.parametrize(
    ("progress", "factor"),
    [(0.0, 1e-3), (0.05, 0.5), (0.1, 1.0), (0.55, 0.505), (1.0, 0.01), (0.325, 0.01 + 0.99 * 0.5 * (1 + 0.5**0.5))],
)
def test_the_rate_rises_in_a_line_and_falls_as_a_cosine(progress: float, factor: float) -> None:
    assert rate_factor(progress, 0.1) == pytest.approx(factor)


def test_without_warm_up_the_rate_starts_at_its_highest() -> None:
    assert rate_factor(0.0, 0.0) == 1.0


@pytest.mark.usefixtures("quick")
def test_a_budget_of_minutes_ends_and_the_earlier_budget_wins(plan: Plan) -> None:
    train(TINY, replace(plan, budget=Budget(minutes=0.5 / 60, steps=10_000)))
    by_minutes = rows(plan.run)
    assert 1 <= len(by_minutes) < 10_000
    assert by_minutes[-1]["seconds"] >= 0.5
    assert all(row["seconds"] < 0.5 for row in by_minutes[:-1])
    plan.run.joinpath("other").mkdir()
    train(TINY, replace(plan, run=plan.run / "other", budget=Budget(minutes=1000, steps=3)))
    assert len(rows(plan.run / "other")) == 3


@pytest.mark.parametrize("budget", [{"steps": 0}, {"steps": -3}, {"minutes": 0.0}, {"minutes": -1.0}])
def test_a_budget_that_never_ends_is_an_error(budget: dict[str, Any]) -> None:
    with pytest.raises(RunError, match=r"--(steps|minutes) is .*; expected more than 0"):
        Budget(**budget)


def test_no_budget_is_an_error() -> None:
    with pytest.raises(RunError, match="no budget was given; set --steps or --minutes"):
        Budget().progress(0, 0.0)


@pytest.mark.usefixtures("quick")
def test_progress_is_reported_after_every_step(plan: Plan) -> None:
    seen: list[Report] = []
    train(TINY, plan, seen.append)
    assert [report.step for report in seen] == [1, 2, 3, 4]
    assert [report.progress for report in seen] == [0.25, 0.5, 0.75, 1.0]
    assert all(report.losses["loss"] > 0 for report in seen)


def test_the_average_moves_toward_the_painter_faster_at_first(plan: Plan) -> None:
    trainee = Session(TINY, plan, Accelerator()).trainee
    for step, decay in ((0, 1 / 10), (8, 9 / 18), (10**6, 0.998)):
        with torch.no_grad():
            for mine, theirs in zip(trainee.averaged.parameters(), trainee.painter.parameters(), strict=True):
                mine.zero_()
                theirs.fill_(1.0)
        trainee.average(0.998, step)
        for mine in trainee.averaged.parameters():
            torch.testing.assert_close(mine, torch.full_like(mine, 1 - decay))


def test_gradients_are_clipped_before_the_optimizer_steps(plan: Plan) -> None:
    norms = []
    for clip in (1e-3, 1e9):
        session = Session(replace(TINY, clip=clip), replace(plan, run=plan.run), Accelerator())

        def look(optimizer: torch.optim.Optimizer, *_: object) -> None:
            gradients = [value.grad for group in optimizer.param_groups for value in group["params"]]
            norms.append(float(torch.nn.utils.get_total_norm(gradients)))

        session.trainee.optimizers["painter"].register_step_pre_hook(look)
        next(session.steps())
    assert norms[0] == pytest.approx(1e-3, rel=1e-3)
    assert norms[1] > 1e-2


@pytest.mark.parametrize("bad", ["loss", "gradient"])
def test_a_loss_or_gradient_that_is_not_finite_stops_the_run_before_it_spoils_the_weights(plan: Plan, bad: str) -> None:
    class Spoiled(Supervised):
        def turns(self, models: Any, chroma: Any, batch: Any) -> Any:
            for turn in Supervised.turns(self, models, chroma, batch):
                root = (turn.loss - turn.loss.detach()).abs().sqrt()  # 0 with an infinite slope
                yield replace(turn, loss=turn.loss * math.nan if bad == "loss" else turn.loss + root)

    session = Session(TINY, replace(plan, budget=Budget(steps=4, save_minutes=0)), Accelerator())
    before = [value.clone() for value in session.trainee.painter.parameters()]
    stage = Stage(32, 1.0, 4, Spoiled())
    photo, aged = next(session._batches(stage))
    with pytest.raises(RunError, match=rf"the {bad}.* is (nan|inf) at step 0; lower the learning rate"):
        session._step(stage, photo, aged)
    assert all(map(torch.equal, before, session.trainee.painter.parameters()))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("stop", [1, 7, 11])
def test_a_stopped_run_goes_on_to_the_same_curve(
    plan: Plan, entries: list[Entry], trained_run: Path, stop: int
) -> None:
    origins = ({"what": "encoder", "name": "found at the start only"},)
    whole = Plan(plan.run, entries, entries[:2], Budget(steps=20, save_minutes=0), Start(workers=0), origins=origins)

    def stopping(report: Report) -> None:
        if report.step == stop:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(TINY, whole, stopping)
    (plan.run / "log.jsonl").open("a").write('{"kind": "train", "st')
    (plan.run / "checkpoint.new").mkdir()
    train(TINY, replace(whole, origins=({"what": "photos", "name": "more"},)))
    assert [row["step"] for row in rows(plan.run)] == list(range(1, 21))
    np.testing.assert_allclose(losses(plan.run), losses(trained_run), rtol=1e-5)
    for part in ("painter", "averaged"):
        mine, theirs = (load_file(run / "checkpoint" / f"{part}.safetensors") for run in (plan.run, trained_run))
        for name, value in theirs.items():
            torch.testing.assert_close(mine[name], value, rtol=1e-4, atol=1e-6)
    assert load_checkpoint(plan.run / "checkpoint")[1]["origins"] == [*origins, {"what": "photos", "name": "more"}]


@pytest.mark.usefixtures("quick")
def test_a_run_with_dropout_goes_on_to_the_same_curve(plan: Plan) -> None:
    recipe, whole = find_recipe("pix2pix_tiny"), replace(plan, chroma=None, budget=Budget(steps=6, save_minutes=0))

    def stopping(report: Report) -> None:
        if report.step == 3:
            raise KeyboardInterrupt

    plan.run.joinpath("whole").mkdir()
    train(recipe, replace(whole, run=plan.run / "whole"))
    with pytest.raises(KeyboardInterrupt):
        train(recipe, whole, stopping)
    torch.manual_seed(99)
    train(recipe, whole)
    np.testing.assert_allclose(losses(plan.run), losses(plan.run / "whole"), rtol=1e-5)


@pytest.mark.usefixtures("quick")
def test_other_photos_than_a_run_began_with_are_told(
    plan: Plan, entries: list[Entry], caplog: pytest.LogCaptureFixture
) -> None:
    train(TINY, plan)
    train(TINY, replace(plan, budget=Budget(steps=5)))
    assert not caplog.records
    train(TINY, replace(plan, entries=entries[:-1], budget=Budget(steps=6)))
    assert [record.message for record in caplog.records] == [
        "these are other photos than those the run began with: they come in another order from now on"
    ]


def test_processes_with_different_photos_are_an_error(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train_module, "gather_object", lambda marks: [*marks, "another"])
    with pytest.raises(RunError, match=r"were given different photos; give all nodes the same --photos and --manifest"):
        Session(TINY, plan, Accelerator())


@pytest.mark.usefixtures("quick")
def test_a_finished_run_started_again_trains_no_further(plan: Plan) -> None:
    train(TINY, plan)
    before = rows(plan.run)
    train(TINY, plan, lambda _: pytest.fail("it took a step"))
    assert rows(plan.run) == before


def test_a_folder_with_a_run_of_another_recipe_is_an_error(trained_run: Path, plan: Plan) -> None:
    with pytest.raises(RunError, match="holds a run of another recipe; choose another folder or remove it"):
        train(replace(TINY, rate=1e-3), replace(plan, run=trained_run))


def test_a_damaged_checkpoint_is_an_error(plan: Plan) -> None:
    Session(TINY, plan, Accelerator()).save()
    (plan.run / "checkpoint" / "painter.safetensors").write_bytes(b"half")
    with pytest.raises(RunError, match=r"cannot be read .*; remove the folder to start anew"):
        train(TINY, plan)


@pytest.mark.parametrize(
    ("recipe", "message"),
    [
        (replace(TINY, network_options={"encoder": "tiny", "depth": 3}), "encoder_unet cannot be built .*'depth'"),
        (replace(TINY, network_options={"encoder": "huge"}), "unknown encoder 'huge'"),
    ],
)
def test_a_network_that_cannot_be_built_is_an_error(plan: Plan, recipe: Recipe, message: str) -> None:
    with pytest.raises(RunError, match=message):
        train(recipe, plan)


def test_no_photos_are_an_error(plan: Plan) -> None:
    with pytest.raises(DataError):
        train(TINY, replace(plan, entries=[], chroma=EQUAL))
    with pytest.raises(DataError):
        train(TINY, replace(plan, validation=[]))


def test_every_process_takes_its_own_part_of_the_same_batch(plan: Plan) -> None:
    session = Session(TINY, plan, Accelerator())
    stage = TINY.stages[0]
    whole, _ = next(session._batches(stage))
    parts = []
    for rank in range(2):
        session.accelerator = SimpleNamespace(process_index=rank, num_processes=2)  # type: ignore[assignment]
        parts.append(next(session._batches(stage))[0])
    assert torch.equal(torch.cat(parts), whole)
    session.accelerator.num_processes = 3
    with pytest.raises(OptionError, match="batch 4 cannot be shared by 3 processes"):
        session._batches(stage)
