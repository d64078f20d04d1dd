from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("cv2")

from photochrom.errors import OptionError
from photochrom.video.flow import Floats, flows, joined, pattern, pull, sureness
from photochrom.video.measures import divergence, film_scores, histograms
from photochrom.video.steady import Key, Steadiness, SteadyColors

NO_MARKS = np.zeros((0, 2), np.float32)


def ground(shift: int = 0, seed: int = 0) -> Floats:
    """Give a smooth texture (48, 64), 0..1, shifted to the right."""
    import cv2

    rough = np.random.default_rng(seed).random((60, 120)).astype(np.float32)
    smooth = cv2.GaussianBlur(rough, (0, 0), 2.5)
    smooth = (smooth - smooth.min()) / (smooth.max() - smooth.min())
    return np.ascontiguousarray(smooth[4:52, 30 - shift : 94 - shift])


def codes(picture: Floats) -> np.ndarray:
    return np.rint(picture * 255).astype(np.uint8)


def test_a_flow_says_where_things_go() -> None:
    there, back = flows(codes(ground(0)), codes(ground(4)), 24, 32)
    assert np.median(there[..., 0]) == pytest.approx(2, abs=0.3)  # four pixels are two places
    assert np.median(back[..., 0]) == pytest.approx(-2, abs=0.3)
    assert np.abs(np.median(there[..., 1])) < 0.3


def test_a_flow_to_another_scene_is_not_trusted() -> None:
    sure = {}
    for name, other in {"same": ground(2), "other": ground(0, seed=9)}.items():
        there, back = flows(codes(ground()), codes(other), 24, 32)
        sure[name] = sureness(there, back, pattern(codes(ground()), 24, 32), pattern(codes(other), 24, 32)).mean()
    assert sure["same"] > 0.75
    assert sure["other"] < 0.4


def test_brightness_alone_does_not_make_a_flow_unsure() -> None:
    one, other = codes(ground()), codes(ground() * 0.5)
    there, back = flows(one, other, 24, 32)
    assert sureness(there, back, pattern(one, 24, 32), pattern(other, 24, 32)).mean() > 0.6


def test_going_there_and_back_is_staying() -> None:
    right, left = np.zeros((8, 9, 2), np.float32), np.zeros((8, 9, 2), np.float32)
    right[..., 0], left[..., 0] = 1, -1
    assert np.abs(joined(right, left)).max() < 1e-6
    field = np.arange(72, dtype=np.float32).reshape(8, 9)
    assert (pull(field, right)[:, :-1] == field[:, 1:]).all()


class Flickering:
    """A network that colors dark and light apart, and changes its mind at each look by a random hue."""

    def __init__(self, noise: float = 20) -> None:
        self._random, self.looks, self._noise, self.marks = np.random.default_rng(1), 0, noise, []

    def __call__(self, levels: Floats, marks: Floats) -> Floats:
        import cv2

        self.looks += 1
        self.marks.append(marks)
        small = cv2.resize(levels, (16, 12), interpolation=cv2.INTER_AREA)
        color = np.stack([60 * (small - 0.5), -40 * (small - 0.5)], axis=-1)
        return (color + self._random.normal(0, self._noise, 2)).astype(np.float32)


def run(network: Flickering, pictures: list[Floats], steadiness: Steadiness) -> list[Floats]:
    colors = SteadyColors(network, steadiness)
    found = colors.begin(pictures[0], NO_MARKS)
    for number, picture in enumerate(pictures[1:], 1):
        found += colors.show(picture, is_last=number == len(pictures) - 1)
    return found


def changes(found: list[Floats]) -> float:
    return float(np.mean([np.abs(b - a).mean() for a, b in pairwise(found)]))


def test_every_frame_gets_its_colors_once() -> None:
    for count in (1, 2, 7, 8, 9, 20):
        assert len(run(Flickering(), [ground(n % 5) for n in range(count)], Steadiness(8))) == count


def test_steady_colors_flicker_at_most_half_as_much() -> None:
    pictures = [ground(n // 2) for n in range(33)]
    alone = run(Flickering(), pictures, Steadiness(1, 0))
    steady = run(network := Flickering(), pictures, Steadiness(8, 3))
    assert network.looks <= 8
    assert changes(steady) < changes(alone) / 4


def test_colors_go_with_the_things() -> None:
    pictures = [ground(n) for n in range(17)]
    steady = run(Flickering(0), pictures, Steadiness(8, 3))
    alone = run(Flickering(0), pictures, Steadiness(1, 0))
    frozen = np.abs(alone[0] - alone[16]).mean()
    assert np.abs(steady[12] - alone[12]).mean() < frozen / 3


def test_a_new_scene_does_not_keep_old_colors() -> None:
    pictures = [ground(0)] * 10 + [ground(0, seed=9)] * 10  # a cut that nobody found
    steady = run(Flickering(0), pictures, Steadiness(8, 3))
    alone = run(Flickering(0), pictures, Steadiness(1, 0))
    assert np.abs(steady[19] - alone[19]).mean() < np.abs(alone[0] - alone[19]).mean() / 2


def test_the_dark_end_of_a_fade_does_not_change_colors() -> None:
    class Afraid(Flickering):
        def __call__(self, levels: Floats, marks: Floats) -> Floats:
            return np.full((12, 16, 2), 30 if levels.max() > 0.5 else -50, np.float32)

    pictures = [ground() * max(0.02, 1 - n / 24) for n in range(25)]
    assert run(Afraid(), pictures, Steadiness(4, 3))[-1].mean() > 0


def test_a_flash_is_not_asked_about_for_long() -> None:
    class Blinded(Flickering):
        def __call__(self, levels: Floats, marks: Floats) -> Floats:
            return np.full((12, 16, 2), -50 if levels.mean() > 0.9 else 30, np.float32)

    colors = SteadyColors(Blinded(), Steadiness(4, 3))
    found = colors.begin(ground(), NO_MARKS)
    for number in range(1, 12):
        is_flash = number in (4, 5)
        found += colors.show(np.full_like(ground(), 0.98) if is_flash else ground(), number == 11, is_flash)
    assert min(ab.mean() for ab in found) > 20


def test_marks_go_with_their_things_and_leave_with_them() -> None:
    network = Flickering(0)
    colors = SteadyColors(network, Steadiness(4, 3))
    colors.begin(ground(), np.array([[0.5, 0.5], [0.98, 0.5]], np.float32))
    for number in range(1, 9):
        colors.show(ground(number), number == 8)
    moved = network.marks[-1]
    assert moved[0, 0] == pytest.approx(0.5 + 8 / 64, abs=0.03)
    assert moved[0, 1] == pytest.approx(0.5, abs=0.03)
    assert np.isnan(moved[1]).all()


def test_a_key_becomes_the_same_again() -> None:
    colors = SteadyColors(Flickering())
    colors.begin(ground(), NO_MARKS)
    assert colors.key is not None
    again = Key.of(colors.key.arrays())
    assert again is not None
    assert (again.ab == colors.key.ab).all()
    assert again.best == colors.key.best
    assert Key.of({}) is None


@pytest.mark.parametrize("wrong", [{"every": 0}, {"every": 101}, {"memory": -1.0}])
def test_steadiness_out_of_range_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="expected"):
        Steadiness(**wrong)


def test_equal_distributions_do_not_diverge_and_others_by_ln_2_at_most() -> None:
    one, other = np.eye(4)[0], np.eye(4)[2]
    assert divergence(one, one) == 0
    assert divergence(one, other) == pytest.approx(np.log(2))
    assert histograms(np.zeros((2, 3, 3), np.uint8))[:, 0].tolist() == [1, 1, 1]


def test_a_true_still_film_has_perfect_scores() -> None:
    picture = np.stack([codes(ground())] * 3, axis=-1)
    scores = film_scores([(picture, picture)] * 6)
    assert (scores.flicker, scores.cdc, scores.ciede2000, scores.frames) == (0, 0, 0, 6)


def test_flicker_is_how_far_colors_jump() -> None:
    from photochrom.color.lab import lab_to_rgb

    gray = np.stack([codes(ground())] * 3, axis=-1)
    tints = [lab_to_rgb(np.full((48, 64, 3), (60, a, 0), np.float32)) for a in (0, 10)]
    pairs = [(gray, np.rint(tints[n % 2] * 255).astype(np.uint8)) for n in range(5)]
    assert film_scores(pairs).flicker == pytest.approx(10, abs=0.5)
    assert film_scores(pairs, cuts=[1, 2, 3, 4]).flicker == 0
