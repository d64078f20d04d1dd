"""The contract of every critic in CRITICS, in its tiny variant: a new entry is tested by itself."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from photochrom.errors import RunError
from photochrom.networks import CRITIC_TINY_OPTIONS, CRITICS

INPUTS = 3
every_critic = pytest.mark.parametrize("name", CRITICS)


def build(name: str, inputs: int = INPUTS) -> nn.Module:
    torch.manual_seed(0)
    return CRITICS[name](inputs, **CRITIC_TINY_OPTIONS[name])


def pictures(count: int, inputs: int = INPUTS) -> Tensor:
    return torch.rand(count, inputs, 32, 32, generator=torch.Generator().manual_seed(count)) * 2 - 1


def test_every_critic_has_a_tiny_variant() -> None:
    assert CRITICS.keys() == CRITIC_TINY_OPTIONS.keys()


@every_critic
@pytest.mark.parametrize("inputs", [2, 3, 4])
def test_every_picture_is_judged(name: str, inputs: int) -> None:
    logits = build(name, inputs)(pictures(5, inputs))
    assert logits.shape[:2] == (5, 1)
    assert torch.isfinite(logits).all()


@every_critic
def test_a_picture_is_judged_alike_in_any_batch(name: str) -> None:
    critic = build(name).eval()
    with torch.no_grad():
        torch.testing.assert_close(critic(pictures(4))[2:3], critic(pictures(4)[2:3]), rtol=1e-4, atol=1e-6)


@every_critic
def test_backward_reaches_every_parameter_and_the_picture(name: str) -> None:
    critic = build(name)
    picture = pictures(4).requires_grad_()
    logits = critic(picture)
    functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits)).backward()
    assert not [key for key, value in critic.named_parameters() if value.grad is None or not value.grad.any()]
    assert picture.grad is not None
    assert (picture.grad != 0).float().mean() > 0.9


@every_critic
def test_logits_are_unbounded(name: str) -> None:
    critic = build(name).eval()
    *_, last = (layer for layer in critic.modules() if isinstance(layer, nn.Conv2d | nn.Linear))
    with torch.no_grad():
        before = critic(pictures(4))
        last.weight.mul_(1e6)
        torch.testing.assert_close(critic(pictures(4)), before * 1e6, rtol=1e-3, atol=1.0)


@every_critic
def test_the_seed_alone_decides_the_weights(name: str) -> None:
    first = build(name).state_dict()
    torch.rand(5)
    again = build(name).state_dict()
    assert all(torch.equal(value, again[key]) for key, value in first.items())


@every_critic
def test_real_and_fake_can_be_told_apart(name: str) -> None:
    critic = build(name)
    real, fake = pictures(8), pictures(8).mean(dim=1, keepdim=True).repeat(1, INPUTS, 1, 1)  # colored, gray
    optimizer = torch.optim.Adam(critic.parameters(), lr=2e-3, betas=(0.5, 0.999))
    for _ in range(40):
        loss = functional.softplus(critic(fake)).mean() + functional.softplus(-critic(real)).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        assert critic(real).mean() > 1 > -1 > critic(fake).mean()


@pytest.mark.parametrize(("side", "places"), [(24, 1), (32, 2), (64, 6), (256, 30)])
def test_a_patch_critic_answers_a_map(side: int, places: int) -> None:
    picture = torch.zeros(1, INPUTS, side, 2 * side)
    assert build("patch_critic").eval()(picture).shape == (1, 1, places, 2 * places + 2)


@pytest.mark.parametrize("size", [64, 128])
def test_a_dcgan_critic_answers_once(size: int) -> None:
    critic = CRITICS["dcgan_critic"](INPUTS, size=size, width=4)
    assert critic(torch.zeros(2, INPUTS, size, size)).shape == (2, 1)


def test_a_dcgan_critic_of_an_impossible_size_is_an_error() -> None:
    with pytest.raises(RunError, match="a critic of 6 blocks cannot judge 96 px; give a multiple of 64"):
        CRITICS["dcgan_critic"](INPUTS, size=96)


def test_a_picture_of_another_size_is_an_error_that_names_the_option() -> None:
    with pytest.raises(RunError, match="this critic judges 32 x 32 px, not 64 x 32; set its option size"):
        build("dcgan_critic")(torch.zeros(2, INPUTS, 64, 32))
