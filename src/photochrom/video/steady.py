"""Colors that stay: the network is asked at key frames, and what it says moves with the things.

From key frame to key frame colors are kept by a recursive filter along the flow. Each place knows how much was said of
it so far, w, which fades where the flow is not sure and never exceeds the memory M, in key frames:

    c_k = (w' c' + q o) / (w' + q),   w_k = min(w' + q, M max q)

where c' and w' are those of the key before, fetched along the flow, w' times its sureness,
o the network's own colors of frame k and q how far that frame is trusted: little in the dark or in a flash, where there
is nothing to see. Frames between two keys take the colors of both, fetched along the chains of flows, by their
nearness and sureness. At a cut everything begins anew.

Shapes: H x W pixels of a small upright picture, h x w places of the grid of colors.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from photochrom.errors import OptionError
from photochrom.video.flow import Codes, Floats, flows, joined, pattern, pull, sureness

Ask = Callable[[Floats, Floats], Floats]
"""Gives the network's colors (h', w', 2) of a picture (H, W), levels 0..1, with marks (n, 2) at their places, 0..1."""

SEEN: Final = 0.2
"""Pictures whose levels have at least this standard deviation are trusted fully, others by the square of theirs."""

LEAST_TRUST: Final = 0.001
IN_FLASH: Final = 0.02
"""How far pictures of nearly no contrast are trusted, and as a factor those in a flash."""

LOST: Final = 0.45
"""When less than this share of the last key frame is still followed, the next one comes early."""

FLOOR: Final = 0.02
"""How much colors count where no flow is sure."""


@dataclass(frozen=True, slots=True)
class Steadiness:
    """How steady colors are: a key frame every so many frames, and how many key frames the memory M holds.

    ``every=1, memory=0`` colors each frame by itself.
    """

    every: int = 8
    memory: float = 3.0

    def __post_init__(self) -> None:
        """Raise OptionError for values outside their ranges."""
        if not 1 <= self.every <= 100:
            raise OptionError(f"a key frame is wanted every {self.every} frames; expected 1 to 100")
        if not 0 <= self.memory <= 1000:
            raise OptionError(f"the memory is {self.memory:g} key frames; expected 0 (none) to 1000")

    @property
    def is_off(self) -> bool:
        """Whether each frame is colored by itself."""
        return self.every == 1 and self.memory == 0


@dataclass(frozen=True, eq=False)
class Key:
    """A key frame: its picture (H, W), colors (h, w, 2), what was said of them (h, w), and where the marks are.

    ``best`` is how far the shot's best key frame so far is trusted, max q.
    """

    picture: Codes
    ab: Floats
    said: Floats
    marks: Floats
    best: float

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays from which :meth:`of` makes the key again."""
        best = np.array(self.best)
        return {"picture": self.picture, "ab": self.ab, "said": self.said, "marks": self.marks, "best": best}

    @classmethod
    def of(cls, arrays: dict[str, NDArray[Any]]) -> "Key | None":
        """Return the key of these arrays; none where there are none."""
        if "ab" not in arrays:
            return None
        return cls(arrays["picture"], arrays["ab"], arrays["said"], arrays["marks"], float(arrays["best"]))


@dataclass(frozen=True, eq=False)
class _Step:
    """One frame and the flows between it and the one before: ``there`` from the one before, ``back`` to it."""

    picture: Codes
    levels: Floats
    trust: float
    there: Floats
    back: Floats
    sure_there: Floats
    sure_back: Floats
    to_key: Floats
    sure_to_key: Floats


@dataclass
class SteadyColors:
    """Is shown pictures one by one and gives their colors, some later than others, in order.

    ``key`` is the last key frame; when ``waiting`` is empty it is all there is to know.
    """

    ask: Ask
    steadiness: Steadiness = Steadiness()
    key: Key | None = None
    waiting: list[_Step] = field(default_factory=list)
    asked: int = 0

    def begin(self, levels: Floats, marks: Floats) -> list[Floats]:
        """Show the first picture of a shot, (H, W) in 0..1, with marks (n, 2) at places 0..1; gives its colors."""
        own = _finer(self._asked(levels, marks))
        trust = _trust(levels)
        said = np.full(own.shape[:2], trust * min(1.0, self.steadiness.memory), np.float32)
        self.key = Key(_codes(levels), own, said, marks, trust)
        return [own]

    def show(self, levels: Floats, is_last: bool, is_flash: bool = False) -> list[Floats]:
        """Show the next picture of the shot, (H, W) in 0..1; gives colors (h, w, 2) of frames, oldest first.

        After the shot's last picture nothing is left waiting.
        """
        if self.key is None:
            raise ValueError("a shot begins with its first picture: call begin")
        if self.steadiness.is_off:
            return self.begin(levels, self.key.marks)
        step = self._step(levels, _trust(levels) * (IN_FLASH if is_flash else 1))
        self.waiting.append(step)
        full = len(self.waiting) >= self.steadiness.every and not is_flash
        lost = len(self.waiting) > 1 and float(step.sure_to_key.mean()) < LOST
        return self._close() if is_last or full or lost or len(self.waiting) > 100 else []

    def _asked(self, levels: Floats, marks: Floats) -> Floats:
        self.asked += 1
        return self.ask(levels, marks)

    def _step(self, levels: Floats, trust: float) -> _Step:
        """Return a frame with its flows and the chain of them to the last key."""
        assert self.key is not None
        before, now = self.waiting[-1].picture if self.waiting else self.key.picture, _codes(levels)
        height, width = self.key.ab.shape[:2]
        there, back = flows(before, now, height, width)
        old, new = pattern(before, height, width), pattern(now, height, width)
        sure_there, sure_back = sureness(there, back, old, new), sureness(back, there, new, old)
        if self.waiting:
            to_key = joined(back, self.waiting[-1].to_key)
            sure_to_key = sure_back * pull(self.waiting[-1].sure_to_key, back)
        else:
            to_key, sure_to_key = back, sure_back
        return _Step(now, levels, trust, there, back, sure_there, sure_back, to_key, sure_to_key)

    def _close(self) -> list[Floats]:
        """Make the last waiting frame the key, and give the colors of all that wait."""
        assert self.key is not None
        chains, last = self._chains_to_last(), self.waiting[-1]
        first = self.waiting[0]
        marks = _moved(
            self.key.marks, joined(first.there, chains[0][0]), first.sure_there * pull(chains[0][1], first.there)
        )
        own = _finer(self._asked(last.levels, marks))
        new = _followed(self.key, last, own, marks, self.steadiness.memory)
        given = [
            _between(self.key.ab, new.ab, step, chain, (number + 1) / len(self.waiting))
            for number, (step, chain) in enumerate(zip(self.waiting[:-1], chains, strict=False))
        ]
        self.key, self.waiting = new, []
        return [*given, new.ab]

    def _chains_to_last(self) -> list[tuple[Floats, Floats]]:
        """Return for each waiting frame the flow to the last one, (h, w, 2), and how sure it is."""
        still = np.zeros_like(self.waiting[-1].there)
        chains = [(still, np.ones(still.shape[:2], np.float32))]
        for step in reversed(self.waiting[1:]):
            flow, sure = chains[-1]
            chains.append((joined(step.there, flow), step.sure_there * pull(sure, step.there)))
        return chains[::-1]


def _followed(key: Key, last: _Step, own: Floats, marks: Floats, memory: float) -> Key:
    """Return the next key: the colors of the one before, fetched along the flow, and the network's own."""
    kept = pull(key.ab, last.to_key, cv2.INTER_CUBIC)
    said = last.sure_to_key * pull(key.said, last.to_key)
    trust = np.float32(last.trust)
    ab = (said[..., None] * kept + trust * own) / (said + trust)[..., None]
    best = max(key.best, last.trust)
    return Key(last.picture, ab.astype(np.float32), np.minimum(said + trust, np.float32(memory * best)), marks, best)


def _between(first: Floats, last: Floats, step: _Step, chain: tuple[Floats, Floats], share: float) -> Floats:
    """Return the colors of a frame between two keys; ``share`` says how far it is from the first, 0..1."""
    flow, sure = chain
    near = (step.sure_to_key + FLOOR) * np.float32(1 - share)
    far = (sure + FLOOR) * np.float32(share)
    one, other = pull(first, step.to_key, cv2.INTER_CUBIC), pull(last, flow, cv2.INTER_CUBIC)
    return np.asarray((near[..., None] * one + far[..., None] * other) / (near + far)[..., None], np.float32)


def _moved(marks: Floats, flow: Floats, sure: Floats) -> Floats:
    """Return where marks (n, 2), places 0..1, have gone along a flow; not a number where one was lost or has left."""
    if not len(marks):
        return marks
    size = np.array(flow.shape[1::-1], np.float32)
    place = np.nan_to_num(marks * size - 0.5).reshape(-1, 1, 2)
    step = cv2.remap(flow, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]  # type: ignore[call-overload]
    safe = cv2.remap(sure, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)[:, 0]  # type: ignore[call-overload]
    found = marks + step / size
    lost = (found < 0).any(axis=1) | (found > 1).any(axis=1) | (safe < 0.05)
    found[lost] = np.nan
    return np.asarray(found, np.float32)


def _trust(levels: Floats) -> float:
    """Return how far the network's colors of a picture are to be trusted: little where there is little to see."""
    return float(np.clip((levels.std() / SEEN) ** 2, LEAST_TRUST, 1))


def _codes(levels: Floats) -> Codes:
    return np.rint(levels * 255).astype(np.uint8)


def _finer(ab: Floats) -> Floats:
    """Return colors (h', w', 2) on a grid of twice the size, so that fetching them along flows does not blur them."""
    height, width = ab.shape[:2]
    found: Any = cv2.resize(ab, (2 * width, 2 * height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(found, np.float32)
