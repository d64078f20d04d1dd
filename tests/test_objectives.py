"""Objectives: turns of losses, against the definition in NumPy."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from photochrom.batch import Batch
from photochrom.card import Decode
from photochrom.chroma import Bins
from photochrom.color.bins import AB_BINS, soft_encode
from photochrom.losses import gradient, huber
from photochrom.objectives import OBJECTIVES, EncodedBins, Supervised, Turn

RANDOM = np.random.default_rng(0)
LOG_WEIGHTS = RANDOM.normal(0, 0.7, 313).astype(np.float32)
BINS = Bins.published(LOG_WEIGHTS)


class Fixed(nn.Module):
    """A painter that always answers the same scores."""

    def __init__(self, raw: Tensor) -> None:
        super().__init__()
        self.raw = nn.Parameter(raw)

    def forward(self, _lightness: Tensor, _hints: Tensor) -> Tensor:
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
    assert turn.parts_of_loss["huber"] == pytest.approx(float(huber(mean, truth)), rel=1e-4)
    assert turn.parts_of_loss["gradient"] == pytest.approx(float(gradient(mean, truth)), rel=1e-4)
    rebalanced = BINS.decode(raw, Decode(temperature=1.0, balance=1.0), axis=1)
    assert turn.parts_of_loss["huber"] != pytest.approx(float(huber(rebalanced, truth)), rel=1e-3)


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


def test_fast_encoding_equals_the_reference_on_whole_colors(encoded: EncodedBins) -> None:
    ab = RANDOM.integers(-100, 101, (400, 2)).astype(np.float32)
    index, weight = encoded.encode(torch.from_numpy(ab))
    expected_index, expected_weight = soft_encode(ab, AB_BINS)
    np.testing.assert_array_equal(index.numpy(), expected_index)
    np.testing.assert_allclose(weight.numpy(), expected_weight, atol=1e-5)


def test_encoded_weights_sum_to_one_with_the_nearest_bin_first(encoded: EncodedBins) -> None:
    ab = torch.from_numpy(RANDOM.uniform(-80, 80, (500, 2)).astype(np.float32)).round()
    index, weight = encoded.encode(ab)
    assert index.shape == weight.shape == (500, 5)
    torch.testing.assert_close(weight.sum(dim=1), torch.ones(500))
    assert (weight[:, :1] >= weight - 1e-6).all()


def test_colors_outside_the_table_are_encoded_too(encoded: EncodedBins) -> None:
    index, weight = encoded.encode(torch.tensor([[-200.0, 200.0], [300.0, -300.0]]))
    assert index.min() >= 0
    assert index.max() < 313
    assert torch.isfinite(weight).all()


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


def test_every_objective_is_known_by_a_name_for_recipes() -> None:
    assert OBJECTIVES["supervised"] is Supervised
