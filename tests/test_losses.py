"""Losses against numbers worked out by hand."""

import math

import pytest
import torch

from photochrom.losses import gradient, huber, judged, l1, l2, perceptual, soft_cross_entropy


def test_soft_cross_entropy_is_minus_the_weighted_log_probability() -> None:
    logits = torch.log(torch.tensor([[0.5, 0.3, 0.2]]))
    index, weight = torch.tensor([[1, 0]]), torch.tensor([[0.75, 0.25]])
    expected = -(0.75 * math.log(0.3) + 0.25 * math.log(0.5))
    assert float(soft_cross_entropy(logits, index, weight, torch.ones(3))) == pytest.approx(expected)


def test_the_class_weight_of_the_nearest_bin_counts() -> None:
    logits = torch.zeros(2, 4)
    index, weight = torch.tensor([[1, 0], [3, 2]]), torch.tensor([[0.6, 0.4], [0.9, 0.1]])
    class_weight = torch.tensor([100.0, 2.0, 100.0, 5.0])
    expected = (2 + 5) / 2 * math.log(4)
    assert float(soft_cross_entropy(logits, index, weight, class_weight)) == pytest.approx(expected)


def test_soft_cross_entropy_ignores_a_constant_added_to_all_scores() -> None:
    logits = torch.randn(6, 9, generator=torch.Generator().manual_seed(0))
    index, weight = torch.arange(6)[:, None], torch.ones(6, 1)
    one, other = (soft_cross_entropy(logits + shift, index, weight, torch.ones(9)) for shift in (0, 50))
    assert float(one) == pytest.approx(float(other), rel=1e-5)


def test_soft_cross_entropy_is_least_at_the_soft_target() -> None:
    index, weight = torch.tensor([[0, 1, 2]]), torch.tensor([[0.7, 0.2, 0.1]])
    best = soft_cross_entropy(weight.log(), index, weight, torch.ones(3))
    for change in torch.eye(3):
        for sign in (-0.1, 0.1):
            assert soft_cross_entropy(weight.log() + sign * change, index, weight, torch.ones(3)) > best


@pytest.mark.parametrize(
    ("error", "expected"),
    [(0.0, 0.0), (5.0, 0.125), (10.0, 0.5), (-10.0, 0.5), (30.0, 2.5)],
)
def test_huber_is_quadratic_within_ten_lab_units_and_linear_beyond(error: float, expected: float) -> None:
    assert float(huber(torch.full((2, 2), error / 110), torch.zeros(2, 2))) == pytest.approx(expected)


def test_huber_averages_over_everything() -> None:
    assert float(huber(torch.tensor([0.0, 30.0]) / 110, torch.zeros(2))) == pytest.approx(1.25)


def test_l1_and_l2_are_means_over_everything() -> None:
    predicted, target = torch.tensor([0.5, -0.25]), torch.zeros(2)
    assert float(l1(predicted, target)) == pytest.approx(0.375)
    assert float(l2(predicted, target)) == pytest.approx(0.15625)


@pytest.mark.parametrize(("logit", "wanted", "expected"), [(0.0, 1.0, 0.6931), (2.0, 1.0, 0.1269), (2.0, 0.0, 2.1269)])
def test_a_critic_pays_for_what_it_should_not_have_said(logit: float, wanted: float, expected: float) -> None:
    assert float(judged(torch.full((2, 1, 3, 3), logit), wanted)) == pytest.approx(expected, abs=1e-4)


def test_gradient_ignores_a_constant_error() -> None:
    target = torch.randn(2, 2, 5, 7, generator=torch.Generator().manual_seed(0))
    assert float(gradient(target + 0.25, target)) == pytest.approx(0, abs=1e-4)


def test_gradient_adds_the_mean_steps_across_and_down() -> None:
    predicted = torch.tensor([[[[0.0, 10.0, 20.0], [5.0, 15.0, 25.0]]]])
    across, down = 1.0, 0.5
    assert float(gradient(predicted / 110, torch.zeros(1, 1, 2, 3))) == pytest.approx(across + down)


def test_every_loss_gives_finite_gradients_at_a_perfect_and_at_a_wild_answer() -> None:
    for scale in (0.0, 1e4):
        field = torch.full((1, 2, 4, 4), scale, requires_grad=True)
        logits = torch.full((3, 5), -scale).index_fill(1, torch.tensor([0]), scale).requires_grad_()
        entropy = soft_cross_entropy(logits, torch.tensor([[1], [2], [3]]), torch.ones(3, 1), torch.ones(5))
        (huber(field, torch.zeros_like(field)) + gradient(field, torch.zeros_like(field)) + entropy).backward()
        assert field.grad is not None
        assert logits.grad is not None
        assert torch.isfinite(field.grad).all()
        assert torch.isfinite(logits.grad).all()


def test_the_perceptual_loss_is_the_mean_over_layers_of_relative_errors() -> None:
    target = [torch.tensor([2.0, 2.0]), torch.tensor([0.5, 1.5, 1.0])]
    predicted = [torch.tensor([3.0, 2.0]), torch.tensor([0.5, 1.5, 4.0])]
    assert float(perceptual(predicted, target)) == pytest.approx((0.5 / 2 + 1.0 / 1.0) / 2)
    assert float(perceptual(target, target)) == 0
