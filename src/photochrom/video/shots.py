"""Where a film cuts from one shot to the next, and where it only flashes.

PySceneDetect's adaptive detector says where a picture differs from the one before by far more than its neighbors do. A
flash, a photographer's or a splice, makes two such places close together with the same scene on both sides: those are
no cuts, and the frames between them are marked, so that no colors are taken from them.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

WIDTH: Final = 160
"""Pictures are compared at this width."""

RATIO: Final = 3.0
LEAST: Final = 6.0
"""A cut differs by this factor more than its neighborhood, and by this much at least, in 0..255."""

FLASH: Final = 6
ALIKE: Final = 0.7
"""A flash has at most so many frames, and the scenes before and after it correlate at least so much."""

Codes = NDArray[np.uint8]


@dataclass
class Shots:
    """Numbers of the first frames of all shots but the first, ascending, and of frames in a flash.

    ``times`` are those of all shots' first frames, ``end`` of the end of the last frame, in ticks; ``mended`` says that
    the film's own times had gaps or went back, so that they do not lead to its frames. ``tint`` is the mean chroma C*ab
    that the film has already.
    """

    cuts: list[int] = field(default_factory=list)
    flashes: list[int] = field(default_factory=list)
    frames: int = 0
    times: list[int] = field(default_factory=list)
    mended: bool = False
    end: int = 0
    tint: float = 0.0

    def of(self, number: int) -> int:
        """Return the number of a frame's shot, from 0."""
        return bisect_right(self.cuts, number)


class ShotFinder:
    """Is shown a film's pictures one by one and knows its shots in the end."""

    def __init__(self) -> None:
        self._detector = AdaptiveDetector(RATIO, min_scene_len=1, min_content_val=LEAST, luma_only=True)
        self._looks: dict[int, NDArray[np.float32]] = {}
        self._found = Shots()

    def show(self, picture: Codes) -> None:
        """Look at the next picture, (h, w)."""
        number = self._found.frames
        height = max(16, round(WIDTH * picture.shape[0] / picture.shape[1]))
        small = cv2.resize(picture, (WIDTH, height), interpolation=cv2.INTER_AREA)
        self._looks[number] = _look(small)
        self._looks.pop(number - 4 * FLASH, None)
        for cut in self._detector.process_frame(FrameTimecode(number, 25.0), cv2.merge([small, small, small])):
            self._cut(int(cut.frame_num))
        self._found.frames += 1

    def _cut(self, number: int) -> None:
        """Note a cut, or find that it ends a flash."""
        before = self._found.cuts[-1] if self._found.cuts else None
        if before is not None and number - before <= FLASH and self._alike(before - 1, number):
            self._found.cuts.pop()
            self._found.flashes += range(before, number)
            return
        self._found.cuts.append(number)

    def _alike(self, one: int, other: int) -> bool:
        if one not in self._looks or other not in self._looks:
            return False
        return float((self._looks[one] * self._looks[other]).sum()) >= ALIKE

    def end(self) -> Shots:
        """Return the shots of all pictures that were shown."""
        return self._found


def _look(small: NDArray[Any]) -> NDArray[np.float32]:
    """Return a picture's pattern, with mean 0 and length 1: the product of two is their correlation."""
    tiny = cv2.resize(small, (24, 18), interpolation=cv2.INTER_AREA).astype(np.float32)
    tiny -= tiny.mean()
    return tiny / np.float32(max(1e-3, float(np.linalg.norm(tiny))))
