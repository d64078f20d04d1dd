"""The door to libvips: settings, errors and the way in for NumPy arrays.

libvips evaluates a photo as a pipeline, strip by strip on all cores, when somebody asks for its pixels; nothing here
holds a photo. Its cache of operations is switched off for the process: a streamed file can be read only once, and
cached operations would hold on to memory and open files.
"""

import logging
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray
from pyvips import Error as VipsError
from pyvips import GValue, Image, Interpolate, Source

__all__ = ["GValue", "Image", "Interpolate", "Source", "VipsError", "from_array", "reason", "table", "use_threads"]

LONGEST_REASON = 300
_FORMATS = {"uint8": "uchar", "uint16": "ushort", "float32": "float"}

# Warnings of libvips arrive as Python log records; without a handler Python would print them on stderr.
logging.getLogger("pyvips").addHandler(logging.NullHandler())
pyvips.cache_set_max(0)


def use_threads(count: int) -> None:
    """Let libvips use so many threads for each photo from now on, in this whole process."""
    pyvips.concurrency_set(count)


def from_array(array: NDArray[Any]) -> Image:
    """Return an image over a copy of ``array``, shape (H, W) or (H, W, C), uint8, uint16 or float32."""
    pixels = np.ascontiguousarray(array)
    height, width = pixels.shape[:2]
    bands = 1 if pixels.ndim == 2 else pixels.shape[2]
    layout = _FORMATS[pixels.dtype.name]
    return Image.new_from_memory(pixels.tobytes(), width, height, bands, layout)


def table(values: NDArray[Any]) -> Image:
    """Return a look-up table for ``maplut`` from values of shape (entries,) or (entries, bands)."""
    return from_array(values[None])


def reason(error: Exception) -> str:
    """Return what libvips said last, on one line and without repetitions.

    It writes down all faults of the process in one place, so older lines may be about another photo. What is too long
    loses its oldest lines, whole: half a path tells nobody anything.
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    useful = [line for line in dict.fromkeys(lines) if not line.startswith("unable to call")] or lines
    while len(useful) > 1 and len("; ".join(useful)) > LONGEST_REASON:
        del useful[0]
    return "; ".join(useful)
