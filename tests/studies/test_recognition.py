"""What the study of recognition computes itself: gaps, sentences, features and probes, with known answers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from photochrom.networks import NETWORKS, TINY_OPTIONS
from photochrom.studies import recognition
from photochrom.studies.library import Library, Selection, is_held_out
from photochrom.studies.probe import deepest, features, probe, settle
from photochrom.studies.recognition import (
    LABELED,
    LEARNED_FROM,
    Probed,
    choose_examples,
    cost_of_gray,
    gap_closed,
    gap_text,
    probe_verdict,
    ranking,
)
from photochrom.studies.trial import TRAINING

TRUE, GRAY = np.array([1.0, 1, 1, 1] * 10), np.array([1.0, 0, 0, 0] * 10)
HALF = np.array([1.0, 1, 1, 0] * 10)


def test_held_out_photos_are_the_same_few_everywhere(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    for number in range(300):
        (tmp_path / "train" / f"photo{number:03}.jpg").touch()
    library = Library(tmp_path)
    held, others = (library.select(Selection(held_out=held)) for held in (True, False))
    assert 10 < len(held) < 60
    assert {*held, *others} == {*library.select(Selection())}
    assert not {*held} & {*others}
    assert all(is_held_out(replace(entry, key=f"elsewhere-000/{entry.key}")) for entry in held)
    assert TRAINING.held_out is False
    assert all(trial.photos.held_out is False for trial in recognition.STUDY.trials)
    assert LABELED.held_out is True
    assert LEARNED_FROM.held_out is False


def test_the_gap_is_closed_by_true_color_and_left_open_by_gray() -> None:
    assert gap_closed(TRUE, GRAY, TRUE) == (1.0, (1.0, 1.0))
    assert gap_closed(GRAY, GRAY, TRUE) == (0.0, (0.0, 0.0))


def test_a_gap_closed_in_part_has_its_share_inside_the_interval() -> None:
    found = gap_closed(HALF, GRAY, TRUE)
    assert found is not None
    value, (low, high) = found
    assert value == pytest.approx(2 / 3)
    assert low < value < high


def test_where_gray_is_as_good_as_true_there_is_no_gap_to_close() -> None:
    assert gap_closed(HALF, TRUE, TRUE) is None
    assert gap_text(HALF, TRUE, TRUE) == "no gap"


def test_the_cost_of_gray_says_when_it_may_be_luck() -> None:
    assert "75.0 points" in cost_of_gray({"true": TRUE, "gray": GRAY})
    assert "more than luck" in cost_of_gray({"true": TRUE, "gray": GRAY})
    assert "cannot tell" in cost_of_gray({"true": TRUE, "gray": np.array([0.0] + [1.0] * 39)})


def test_the_ranking_turns_round_with_the_numbers() -> None:
    (said,) = ranking({"true": TRUE, "gray": GRAY, "one": HALF, "two": np.zeros(40)})
    assert "Best is one" in said
    assert "helps (interval above 0): one; it harms (below 0): two" in said
    (said,) = ranking({"true": TRUE, "gray": GRAY, "one": np.zeros(40), "two": HALF})
    assert "Best is two" in said
    assert "helps (interval above 0): two; it harms (below 0): one" in said


def test_examples_are_photos_that_need_color() -> None:
    right, wrong = [0.0, 9.0, 0.0], [9.0, 0.0, 0.0]
    views = {"true": np.array([right, right, wrong]), "gray": np.array([right, wrong, wrong])}
    labels = [frozenset([1])] * 3
    places, rule = choose_examples(views, labels)
    assert places == [1]
    assert "(1)" in rule
    assert choose_examples({**views, "gray": views["true"]}, labels)[0] == [0, 1, 2]


def test_the_verdict_counts_only_networks_from_random_weights() -> None:
    good, bad = np.ones(40), np.zeros(40)
    found = [Probed("a", None, good, bad, 8), Probed("b", "resnet18_c4", good, bad, 8), Probed("c", None, bad, good, 8)]
    assert probe_verdict(found).startswith("Of 2 networks from random weights 1 know")
    assert "surely worse: c" in probe_verdict(found)


class Hourglass(nn.Module):
    """Convolutions at full, half and full size; what is smallest is not what comes last."""

    takes_hints = False

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.ConvTranspose2d(3, 2, 2, 2)  # registered first, used last
        self.first = nn.Conv2d(1, 4, 3, padding=1)
        self.halving = nn.Conv2d(4, 3, 2, 2)
        self.again = nn.Conv2d(3, 3, 1)

    def forward(self, lightness: torch.Tensor) -> torch.Tensor:
        return self.last(self.again(self.halving(self.first(lightness))))  # type: ignore[no-any-return]


def test_the_deepest_layer_is_the_last_convolution_at_the_smallest_size() -> None:
    network = Hourglass()
    assert deepest(network, torch.zeros(1, 1, 8, 8)) is network.again


def test_features_are_averages_over_the_photo_in_its_order() -> None:
    network = Hourglass()
    for layer, value in ((network.first, 0.0), (network.halving, 0.25), (network.again, 0.0)):
        nn.init.constant_(layer.weight, value)
        nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    with torch.no_grad():
        network.first.weight[0, 0, 1, 1] = 1.0  # passes lightness on; the next averages it
        network.again.weight[:, 0] = torch.tensor([1.0, 2.0, 3.0])[:, None, None]
    photos = [np.full((8, 8, 3), level, np.uint8) for level in (0, 255) * 9]
    found = features(network, photos, 8)
    assert found.shape == (18, 3)
    assert np.allclose(found[::2], 0, atol=1e-4)
    assert np.allclose(found[1::2], [100, 200, 300], atol=1e-2)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_has_features(name: str) -> None:
    network = NETWORKS[name](4, **TINY_OPTIONS[name]).eval()
    photos = list(np.random.default_rng(0).integers(0, 256, (3, 40, 40, 3), np.uint8))
    settle(network, photos, 2 * network.multiple)
    found = features(network, photos, 2 * network.multiple)
    assert found.shape[0] == 3
    assert np.ptp(found, axis=0).max() > 0


def test_a_probe_finds_what_is_there_and_guesses_where_nothing_is() -> None:
    random = np.random.default_rng(0)
    labels = ["left", "right"] * 60
    told = np.where(np.array(labels) == "left", -1.0, 1.0)[:, None] + random.normal(0, 0.1, (120, 3))
    noise = random.normal(0, 1, (120, 3))
    assert probe((told[:60], labels[:60]), (told[60:], labels[60:])).mean() == 1
    assert 0.2 < probe((noise[:60], labels[:60]), (noise[60:], labels[60:])).mean() < 0.8
