"""Losses as pure functions of tensors; every one returns a scalar.

Shapes: P places (B photos x h x w), Q bins, K soft-encoding neighbors.
"""

import torch
from torch import Tensor
from torch.nn import functional


def soft_cross_entropy(logits_PQ: Tensor, index_PK: Tensor, weight_PK: Tensor, class_weight_Q: Tensor) -> Tensor:
    """Rebalanced cross entropy with soft targets (Zhang et al. 2016, eq. 2 and 3).

    -sum_p w(q*_p) sum_k z_pk log softmax(logits_p)[index_pk] / P, where q* is the nearest bin: ``index`` is ordered
    nearest first and ``weight`` sums to one.
    """
    log_p = torch.log_softmax(logits_PQ, dim=-1).gather(1, index_PK)
    return -(class_weight_Q[index_PK[:, 0]] * (weight_PK * log_p).sum(dim=1)).mean()


def huber(predicted: Tensor, target: Tensor, delta: float = 10.0) -> Tensor:
    """Mean Huber loss in units of ``delta`` (Lab units): quadratic within it, linear beyond."""
    return functional.smooth_l1_loss(predicted / delta, target / delta)


def gradient(predicted_BChw: Tensor, target_BChw: Tensor, delta: float = 10.0) -> Tensor:
    """Mean absolute error of horizontal and vertical differences, in units of ``delta``: edges where they belong."""
    error = (predicted_BChw - target_BChw) / delta
    across = (error[..., :, 1:] - error[..., :, :-1]).abs().mean()
    down = (error[..., 1:, :] - error[..., :-1, :]).abs().mean()
    return across + down
