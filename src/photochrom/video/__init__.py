"""Film in, film out: the film's own luma, sound and time stamps, and colors that stay steady; needs ``[video]``.

    from photochrom.video import colorize_film

    colorize_film("home-movie.mp4", "home-movie-color.mp4")

Names are loaded when first used, so that the command line can show its help without PyAV and OpenCV.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photochrom.video.coders import Coder
    from photochrom.video.film import Filmed, Plan, colorize_film
    from photochrom.video.span import Span
    from photochrom.video.steady import Steadiness

_HOMES = {
    "Coder": "photochrom.video.coders",
    "Filmed": "photochrom.video.film",
    "Plan": "photochrom.video.film",
    "Span": "photochrom.video.span",
    "Steadiness": "photochrom.video.steady",
    "colorize_film": "photochrom.video.film",
}

__all__ = ["Coder", "Filmed", "Plan", "Span", "Steadiness", "colorize_film"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'photochrom.video' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
