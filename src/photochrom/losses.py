"""Losses as pure functions of tensors; every one returns a scalar.

Shapes: P places (B photos x h x w), Q bins, K soft-encoding neighbors, C color channels in -1..1 (ab / 110, or RGB).
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

DELTA = 10 / 110
"""Ten Lab units: where errors begin to count linearly."""


def soft_cross_entropy(logits_PQ: Tensor, index_PK: Tensor, weight_PK: Tensor, class_weight_Q: Tensor) -> Tensor:
    """Rebalanced cross entropy with soft targets (Zhang et al. 2016, eq. 2 and 3).

    -sum_p w(q*_p) sum_k z_pk log softmax(logits_p)[index_pk] / P, where q* is the nearest bin: ``index`` is ordered
    nearest first and ``weight`` sums to one.
    """
    log_p = torch.log_softmax(logits_PQ, dim=-1).gather(1, index_PK)
    return -(class_weight_Q[index_PK[:, 0]] * (weight_PK * log_p).sum(dim=1)).mean()


def huber(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean Huber loss in units of :data:`DELTA`: quadratic within it, linear beyond."""
    return functional.smooth_l1_loss(predicted / DELTA, target / DELTA)


def gradient(predicted_BChw: Tensor, target_BChw: Tensor) -> Tensor:
    """Mean absolute error of horizontal and vertical differences in units of :data:`DELTA`: edges in their places."""
    error = (predicted_BChw - target_BChw) / DELTA
    across = (error[..., :, 1:] - error[..., :, :-1]).abs().mean()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    return across + down


def l1(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean absolute error."""
    return functional.l1_loss(predicted, target)


def l2(predicted: Tensor, target: Tensor) -> Tensor:
    """Mean squared error."""
    return functional.mse_loss(predicted, target)


def perceptual(predicted: Sequence[Tensor], target: Sequence[Tensor]) -> Tensor:
    """Mean absolute error of a network's features, each layer's relative to the size of the target's features.

    Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", eq. 2 (feature
    reconstruction), with absolute errors, which outliers move less.
    """
    pairs = zip(predicted, target, strict=True)
    return torch.stack([(one - other).abs().mean() / other.abs().mean().clamp(min=1e-6) for one, other in pairs]).mean()


def judged(logits: Tensor, wanted: float) -> Tensor:
    """Binary cross entropy of a critic's logits with what it should, or is wanted to, say: 1 real, 0 fake.

    Goodfellow et al. 2014, eq. 1, the painter's part in its non-saturating form.
    """
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, wanted))
