"""Objectives: turns of losses, against the definition in NumPy."""

from collections.abc import Mapping
from dataclasses import asdict

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.batch import Batch
from photochrom.card import Decode
from photochrom.chroma import Bins
from photochrom.color.bins import AB_BINS
from photochrom.color.lab import lab_to_rgb, rgb_to_lab
from photochrom.encoding import EncodedBins, EncodedRegression, EncodedRgb, Reading
from photochrom.losses import gradient, huber, perceptual
from photochrom.objectives import OBJECTIVES, Adversarial, Supervised, Turn, objective_from

RANDOM = np.random.default_rng(0)
LOG_WEIGHTS = RANDOM.normal(0, 0.7, 313).astype(np.float32)
BINS = Bins.published(LOG_WEIGHTS)


class Fixed(nn.Module):
    """A painter that always answers the same scores."""

    def __init__(self, raw: Tensor) -> None:
        super().__init__()
        self.raw = nn.Parameter(raw)

    def forward(self, *_inputs: Tensor) -> Tensor:
        return self.raw


@pytest.fixture(scope="module")
def encoded(one_table: None) -> EncodedBins:
    return EncodedBins(BINS)


def a_batch(size: int = 16) -> Batch:
    lab = torch.from_numpy(RANDOM.uniform(-60, 60, (2, 3, size, size)).astype(np.float32))
    return Batch(lab[:, :1].abs(), torch.zeros(2, 3, size, size), lab)


def some_scores() -> Tensor:
    return torch.from_numpy(RANDOM.normal(0, 1.5, (2, 313, 4, 4)).astype(np.float32))


def the_turn(objective: Supervised, raw: Tensor, encoded: EncodedBins, batch: Batch) -> tuple[Turn, Fixed]:
    painter = Fixed(raw)
    turns = list(objective.turns({"painter": painter}, encoded, batch))
    assert len(turns) == 1
    return turns[0], painter


def test_plain_training_has_one_turn_of_the_painter(encoded: EncodedBins) -> None:
    turn, _ = the_turn(Supervised(), some_scores(), encoded, a_batch())
    assert turn.part == "painter"
    assert set(turn.parts_of_loss) == {"loss", "cross_entropy", "huber", "gradient"}
    assert float(turn.loss.detach()) == pytest.approx(turn.parts_of_loss["loss"])


def test_the_total_is_the_weighted_sum(encoded: EncodedBins) -> None:
    turn, _ = the_turn(Supervised(3.0, 5.0, 7.0), some_scores(), encoded, a_batch())
    parts: Mapping[str, float] = turn.parts_of_loss
    expected = 3 * parts["cross_entropy"] + 5 * parts["huber"] + 7 * parts["gradient"]
    assert parts["loss"] == pytest.approx(expected, rel=1e-5)


def test_huber_and_gradient_see_the_mean_without_rebalancing(encoded: EncodedBins) -> None:
    raw, batch = some_scores(), a_batch()
    turn, _ = the_turn(Supervised(), raw, encoded, batch)
    mean = BINS.decode(raw, Decode(temperature=1.0, balance=0.0), axis=1)
    truth = batch.lab_B3HW[:, 1:].reshape(2, 2, 4, 4, 4, 4).mean(dim=(3, 5))
    assert turn.parts_of_loss["huber"] == pytest.approx(float(huber(mean / 110, truth / 110)), rel=1e-4)
    assert turn.parts_of_loss["gradient"] == pytest.approx(float(gradient(mean / 110, truth / 110)), rel=1e-4)
    rebalanced = BINS.decode(raw, Decode(temperature=1.0, balance=1.0), axis=1)
    assert turn.parts_of_loss["huber"] != pytest.approx(float(huber(rebalanced / 110, truth / 110)), rel=1e-3)


def test_cross_entropy_agrees_with_the_definition(encoded: EncodedBins) -> None:
    raw, batch = some_scores(), a_batch()
    turn, _ = the_turn(Supervised(), raw, encoded, batch)
    truth = batch.lab_B3HW[:, 1:].reshape(2, 2, 4, 4, 4, 4).mean(dim=(3, 5)).permute(0, 2, 3, 1).reshape(-1, 2)
    index, weight = encoded.encode(truth)
    log_p = torch.log_softmax(raw, dim=1).permute(0, 2, 3, 1).reshape(-1, 313).numpy()
    rows = [
        -np.exp(LOG_WEIGHTS[nearest[0]])
        * sum(share * log_p[place, one] for one, share in zip(nearest, shares, strict=True))
        for place, (nearest, shares) in enumerate(zip(index.tolist(), weight.tolist(), strict=True))
    ]
    assert turn.parts_of_loss["cross_entropy"] == pytest.approx(np.mean(rows), rel=1e-4)


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e3])
def test_gradients_are_finite_and_reach_every_score(encoded: EncodedBins, scale: float) -> None:
    turn, painter = the_turn(Supervised(), some_scores() * scale, encoded, a_batch())
    turn.loss.backward()
    assert painter.raw.grad is not None
    assert torch.isfinite(painter.raw.grad).all()
    assert painter.raw.grad.abs().amax() > 0


def test_a_certain_and_right_answer_costs_no_huber_and_no_gradient_loss(encoded: EncodedBins) -> None:
    lab = torch.zeros(2, 3, 16, 16)
    lab[:, 1:] = torch.from_numpy(AB_BINS[150])[None, :, None, None]
    batch = Batch(lab[:, :1], torch.zeros(2, 3, 16, 16), lab)
    certain = torch.full((2, 313, 4, 4), -30.0)
    certain[:, 150] = 30.0
    turn, _ = the_turn(Supervised(), certain, encoded, batch)
    assert turn.parts_of_loss["huber"] == pytest.approx(0, abs=1e-6)
    assert turn.parts_of_loss["gradient"] == pytest.approx(0, abs=1e-6)


class Critic(nn.Module):
    """A critic of one convolution that counts how often it was asked."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.layer = nn.Conv2d(inputs, 1, 3)
        self.asked = 0

    def forward(self, picture: Tensor) -> Tensor:
        self.asked += 1
        answer: Tensor = self.layer(picture)
        return answer


def a_game() -> tuple[dict[str, nn.Module], EncodedRegression, Batch]:
    painter = Fixed(torch.from_numpy(RANDOM.normal(0, 0.3, (2, 2, 16, 16)).astype(np.float32)))
    return {"painter": painter, "critic": Critic(3)}, EncodedRegression(), a_batch()


def test_a_game_has_a_turn_of_the_critic_and_then_one_of_the_painter() -> None:
    models, encoding, batch = a_game()
    turns = list(Adversarial().turns(models, encoding, batch))
    assert [turn.part for turn in turns] == ["critic", "painter"]
    assert {name for turn in turns for name in turn.parts_of_loss} == {
        "D fake", "D real", "D", "G GAN", "G L1", "G", "loss",
    }  # fmt: skip


def test_the_losses_of_a_game_agree_with_their_definition() -> None:
    models, encoding, batch = a_game()
    critic, painter = turns = list(Adversarial(l1=7.0, gan=2.0).turns(models, encoding, batch))
    color, truth = torch.tanh(models["painter"].raw), batch.lab_B3HW[:, 1:] / 110
    seen = batch.lightness_B1HW / 50 - 1
    fake, real = (models["critic"](torch.cat([seen, ab], dim=1)) for ab in (color, truth))
    d_fake, d_real = -torch.log(1 - torch.sigmoid(fake)).mean(), -torch.log(torch.sigmoid(real)).mean()
    assert float(critic.loss.detach()) == pytest.approx(float((d_fake + d_real) / 2), rel=1e-4)
    expected = 2 * -torch.log(torch.sigmoid(fake)).mean() + 7 * (color - truth).abs().mean()
    assert float(painter.loss.detach()) == pytest.approx(float(expected), rel=1e-4)
    assert len(turns) == 2


def test_the_turn_of_the_critic_leaves_the_painter_alone_and_the_other_way_round() -> None:
    models, encoding, batch = a_game()
    turns = Adversarial().turns(models, encoding, batch)
    next(turns).loss.backward()
    assert models["painter"].raw.grad is None
    assert models["critic"].layer.weight.grad.abs().amax() > 0
    models["critic"].zero_grad()
    next(turns).loss.backward()
    assert models["painter"].raw.grad.abs().amax() > 0
    assert models["critic"].layer.weight.grad is None
    assert all(value.requires_grad for value in models["critic"].parameters())


def test_the_painter_plays_against_the_critic_that_has_just_learned() -> None:
    models, encoding, batch = a_game()
    turns = Adversarial(l1=0.0).turns(models, encoding, batch)
    next(turns)
    with torch.no_grad():
        models["critic"].layer.bias.fill_(50.0)  # it now takes everything for real
        models["critic"].layer.weight.zero_()
    assert float(next(turns).loss.detach()) == pytest.approx(0, abs=1e-6)


def test_regression_is_compared_in_the_units_of_the_encoding() -> None:
    batch = a_batch()
    painter = Fixed(torch.zeros(2, 2, 4, 4))
    truth = batch.lab_B3HW[:, 1:].reshape(2, 2, 4, 4, 4, 4).mean(dim=(3, 5)) / 110
    (turn,) = Supervised(0, 0, 0, l1=1.0, l2=2.0).turns({"painter": painter}, EncodedRegression(), batch)
    assert turn.parts_of_loss["l1"] == pytest.approx(float(truth.abs().mean()), rel=1e-4)
    assert turn.parts_of_loss["l2"] == pytest.approx(float((truth**2).mean()), rel=1e-4)
    assert set(turn.parts_of_loss) == {"loss", "l1", "l2"}


def test_rgb_is_compared_as_pictures() -> None:
    lab = rgb_to_lab(torch.full((1, 3, 8, 8), 0.25), axis=1)
    batch = Batch(lab[:, :1], None, lab)
    raw = torch.full((1, 3, 8, 8), float(np.log(0.75 / 0.25)))
    (turn,) = Supervised(0, 0, 0, l2=1.0).turns({"painter": Fixed(raw)}, EncodedRgb(), batch)
    assert turn.parts_of_loss["l2"] == pytest.approx((2 * 0.5) ** 2, rel=1e-3)  # 0.75 against 0.25, in -1..1


def test_every_objective_is_known_by_a_name_for_recipes() -> None:
    assert {"supervised": Supervised, "adversarial": Adversarial} == OBJECTIVES


def test_losses_look_at_the_color_as_it_is_read(encoded: EncodedBins) -> None:
    raw, batch = some_scores(), a_batch()
    turn, _ = the_turn(Supervised(reading=Reading(0.5, 0.75)), raw, encoded, batch)
    annealed = BINS.decode(raw, Decode(temperature=0.5, balance=0.75), axis=1)
    truth = batch.lab_B3HW[:, 1:].reshape(2, 2, 4, 4, 4, 4).mean(dim=(3, 5))
    assert turn.parts_of_loss["huber"] == pytest.approx(float(huber(annealed / 110, truth / 110)), rel=1e-4)


class Eyes(nn.Module):
    """Eyes that see a picture's mean color and its pixels."""

    def forward(self, rgb: Tensor) -> tuple[Tensor, ...]:
        self.size = rgb.shape[-1]
        return rgb.mean(dim=(2, 3)), rgb


def test_the_perceptual_loss_sees_both_pictures_at_twice_the_size_of_the_answer(encoded: EncodedBins) -> None:
    raw, batch, eyes = some_scores(), a_batch(), Eyes()
    models: dict[str, nn.Module] = {"painter": Fixed(raw), "eyes": eyes}
    (turn,) = Supervised(0, 0, 0, perceptual=2.0).turns(models, encoded, batch)
    assert eyes.size == 8

    def picture(ab: Tensor) -> Tensor:
        light = functional.avg_pool2d(batch.lab_B3HW[:, :1], 2)
        return lab_to_rgb(torch.cat([light, ab], dim=1), axis=1).clamp(0, 1)

    mean = BINS.decode(raw, Decode(temperature=1.0, balance=0.0), axis=1)
    painted = picture(functional.interpolate(mean, scale_factor=2.0, mode="bilinear"))
    expected = perceptual(eyes(painted), eyes(picture(functional.avg_pool2d(batch.lab_B3HW[:, 1:], 2))))
    assert turn.parts_of_loss["perceptual"] == pytest.approx(float(expected), rel=1e-3)
    assert turn.parts_of_loss["loss"] == pytest.approx(2 * float(expected), rel=1e-3)


@pytest.mark.parametrize("scale", [0.0, 1e3])
def test_the_gradient_of_the_perceptual_loss_is_finite(encoded: EncodedBins, scale: float) -> None:
    painter = Fixed(some_scores() * scale)
    (turn,) = Supervised(0, 0, 0, perceptual=1.0).turns({"painter": painter, "eyes": Eyes()}, encoded, a_batch())
    turn.loss.backward()
    assert painter.raw.grad is not None
    assert torch.isfinite(painter.raw.grad).all()


def test_what_is_beside_a_game_adds_its_losses_and_says_what_the_critic_sees(encoded: EncodedBins) -> None:
    raw, batch = some_scores(), a_batch()
    beside = Supervised(reading=Reading(0.5, 0.75))
    models: dict[str, nn.Module] = {"painter": Fixed(raw), "critic": Critic(3)}
    _, painter = Adversarial(l1=0.0, gan=0.5, beside=beside).turns(models, encoded, batch)
    alone, _ = the_turn(beside, raw, encoded, batch)
    seen = functional.avg_pool2d(batch.lightness_B1HW, 4) / 50 - 1
    read = BINS.decode(raw, Decode(temperature=0.5, balance=0.75), axis=1) / 110
    game = 0.5 * -torch.log(torch.sigmoid(models["critic"](torch.cat([seen, read], dim=1)))).mean()
    assert float(painter.loss.detach()) == pytest.approx(float(game.detach()) + alone.parts_of_loss["loss"], rel=1e-4)
    assert {"cross_entropy", "huber", "gradient", "G GAN", "G"} <= set(painter.parts_of_loss)
    assert Adversarial(beside=beside).needs_bins
    assert not Adversarial().needs_bins


@pytest.mark.parametrize(
    "objective",
    [
        Supervised(perceptual=2.0, reading=Reading(0.5, 0.75)),
        Adversarial(),
        Adversarial(beside=Supervised(perceptual=1.0, reading=Reading(0.4, 1.0))),
    ],
)
def test_objectives_are_read_back_from_what_recipes_keep(objective: Supervised | Adversarial) -> None:
    kind = "adversarial" if objective.critic else "supervised"
    assert objective_from({"kind": kind, **asdict(objective)}) == objective
    assert objective.needs_eyes == (objective != Adversarial())
