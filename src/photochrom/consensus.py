"""One answer from several looks at a photo: at several scales, and at its mirror image.

What a network gets wrong at one scale, or on one side, it often gets right on another. The answers r_v of V looks are
laid on one grid and averaged as the network gave them, before they mean color:

    r(x) = 1/V sum_v r_v(x),    for bins  p(q | x) ~ prod_v p_v(q | x)^(1/V)

which is the geometric mean of the distributions: a color stays probable where every look thinks it so.

Shapes: Q outputs of the network, h x w places of its answer, H x W pixels of what it sees.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from photochrom.color.resample import downsample_area, upsample_chroma

EFFORTS: Final = {"normal": (1.0,), "best": (1.5, 1.0, 0.75)}
"""At which sizes a photo is looked at, by effort, as factors on the working size; the first gives the answer its grid.

One size is one look; with several, the photo is looked at twice at each, as it is and mirrored.
"""

Floats = NDArray[np.float32]
Sight = tuple[Floats, Floats]
"""What the network sees of a photo: L (H, W), 0..100, and a field of hints (3, H, W)."""


def consensus(look: Callable[[Floats, Floats], Floats], sights: Sequence[Sight]) -> Floats:
    """Return the mean answer, (Q, h, w), of looks at sights and their mirror images, on the grid of the first sight.

    ``look`` gives the answer, (Q, h', w'), to one. The mirror image of all sights gets the mirror image of the answer,
    to the last bit.
    """
    first = look(*sights[0])
    height, width = first.shape[1:]
    total = np.zeros_like(first)
    for number, (lightness, hints) in enumerate(sights):
        straight = look(lightness, hints) if number else first
        mirrored = look(lightness[:, ::-1], hints[..., ::-1])
        total += resized(straight, height, width) + resized(mirrored, height, width)[..., ::-1]
    return total / np.float32(2 * len(sights))


def resized(maps: NDArray[Any], height: int, width: int) -> Floats:
    """Return maps (..., h, w) at another size, (..., height, width): means of areas to shrink, bicubic to enlarge."""
    found = maps
    if maps.shape[-2] != height:
        found = _weights(maps.shape[-2], height) @ found
    if maps.shape[-1] != width:
        found = found @ _weights(maps.shape[-1], width).T
    return np.asarray(found, dtype=np.float32)


def _weights(count: int, size: int) -> Floats:
    """Return how much of each of ``count`` pixels is in each of ``size``: (size, count)."""
    each = np.eye(count, dtype=np.float32)
    if size < count:
        return downsample_area(each, size, count)
    return upsample_chroma(each[..., None], size, count)[..., 0]
