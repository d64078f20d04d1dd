"""Which way up a film is: cameras lay pictures down as the sensor lies and note how to turn them.

FFmpeg's display matrix, nine integers in 16.16 and 2.30 fixed point, takes a point of the stored picture to

    x' = a x + c y,   y' = b x + d y,   (a, b, _, c, d, _, _, _, _) / 65536

Films are stored turned by quarters; other turns count as the nearest of these. PyAV tells a film's turn in degrees.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Turn:
    """How a stored picture becomes upright: rows and columns are exchanged first, then each is perhaps reversed."""

    exchanged: bool = False
    across: bool = False
    down: bool = False

    @classmethod
    def from_matrix(cls, matrix: tuple[int, ...]) -> "Turn":
        """Return the turn of a display matrix of nine integers."""
        a, b, _, c, d = matrix[:5]
        if abs(b) + abs(c) > abs(a) + abs(d):
            return cls(True, c < 0, b < 0)
        return cls(False, a < 0, d < 0)

    def upright(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Return a picture (H, W, ...) the right way up."""
        found = stored.swapaxes(0, 1) if self.exchanged else stored
        return np.ascontiguousarray(self._reversed(found))

    def stored(self, upright: NDArray[Any]) -> NDArray[Any]:
        """Return an upright picture (H, W, ...) as it is stored: the inverse of :meth:`upright`."""
        found = self._reversed(upright)
        return np.ascontiguousarray(found.swapaxes(0, 1) if self.exchanged else found)

    def _reversed(self, picture: NDArray[Any]) -> NDArray[Any]:
        return picture[:: -1 if self.down else 1, :: -1 if self.across else 1]


def matrix_of(degrees: float) -> tuple[int, ...]:
    """Return the display matrix of a turn to the left by so many degrees."""
    cosine, sine = (round(65536 * part(math.radians(degrees))) for part in (math.cos, math.sin))
    return cosine, -sine, 0, sine, cosine, 0, 0, 0, 1 << 30
