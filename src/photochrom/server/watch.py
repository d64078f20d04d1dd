"""How far the processing of a photo is, told by libvips itself, and a way to stop it in the middle of its pixels."""

import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from photochrom.photo import Image, Photo

READ: Final = 0.4
"""The share of reading, which ends with the network's answer, in the work on a photo; the rest is writing."""


KEPT: Final = 8
"""Images kept while libvips may call back for them: pages are worked on one after the other."""


class Stopped(BaseException):
    """The work on a photo was stopped; no Exception, so that nothing takes it for a damaged photo."""


class Watch:
    """Follows the work on one photo: every page is read once, then written once."""

    def __init__(self, pages: int, told: Callable[[float], None]) -> None:
        """Follow the work on ``pages`` pages; ``told`` hears the share that is done, 0..1."""
        self._told, self._pages, self._stopped = told, pages, threading.Event()
        self._loaded, self._writing = 0, False
        self._followed: deque[Image] = deque(maxlen=KEPT)

    def stop(self) -> None:
        """Stop the work; from any thread."""
        self._stopped.set()

    @property
    def is_stopped(self) -> bool:
        """Whether the work is to end."""
        return self._stopped.is_set()

    def check(self) -> None:
        """Raise Stopped if the work is to end."""
        if self.is_stopped:
            raise Stopped

    def wrote(self) -> None:
        """Say that reading has ended and writing begins."""
        self.check()
        self._loaded, self._writing = 0, True

    def watched(self, photo: Photo) -> Photo:
        """Return the photo, its pixels counted when they are read."""
        return photo.followed(self._follow)

    def _follow(self, image: Image) -> Image:
        """Have an image tell how much of it was read."""
        self.check()
        page, self._loaded = min(self._loaded, self._pages - 1), self._loaded + 1
        self._followed.append(image)
        image.set_progress(True)
        image.signal_connect("eval", lambda image, progress: self._evaluated(image, page, progress.percent / 100))
        return image

    def _evaluated(self, image: Image, page: int, share: float) -> None:
        if self.is_stopped:
            image.set_kill(True)
        done = (page + share) / self._pages
        self._told(READ + (1 - READ) * done if self._writing else READ * done)
