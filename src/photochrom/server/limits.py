"""What the server may take: checked before anything starts."""

import os
from dataclasses import dataclass

from cyclopts import Parameter

from photochrom.errors import OptionError
from photochrom.photo import Photo
from photochrom.photo.photo import MAX_PIXELS

MEGABYTE = 1_000_000
_EVERY_PHOTO = 200
"""MB that any photo takes while it is processed: the network, the strips being worked on, the encoder."""
_WHOLE_BYTES = 8
"""Bytes a pixel of photos that their decoder or encoder holds whole."""
_HELD_WHOLE = ("webp", "avif", "gif")


@Parameter(name="*")
@dataclass(frozen=True)
class Limits:
    """What the server may take."""

    jobs: int = 0
    "Photos processed at once; 0 means one for every two cores."
    memory: int = 2000
    "MB that the photos being processed may take together; one that needs more is processed alone."
    queue: int = 500
    "Photos that may wait; more are refused until there is room."
    max_upload: int = 1000
    "MB of one request."
    max_pixels: int = MAX_PIXELS // 2
    "Refuse photos with more pixels than this, before decoding them."
    rate: int = 100
    "Requests a second that one address may send, four times as many at once; 0 means any number."
    quota: int | None = None
    "MB of disk for all photos and results: the oldest finished ones are deleted to keep it; no limit if not given."

    def __post_init__(self) -> None:
        """Raise OptionError for a value outside its range."""
        for name, least in (
            ("jobs", 0),
            ("memory", 1),
            ("queue", 1),
            ("max_upload", 1),
            ("max_pixels", 1),
            ("rate", 0),
        ):
            if getattr(self, name) < least:
                option = "--" + name.replace("_", "-")
                raise OptionError(f"{option} is {getattr(self, name)}; expected {least} or more")
        if self.quota is not None and self.quota < 1:
            raise OptionError(f"--quota is {self.quota}; expected 1 or more, or leave it out")

    @property
    def workers(self) -> int:
        """How many photos are processed at once."""
        return self.jobs or max(1, (os.cpu_count() or 1) // 2)


def megabytes_for(photo: Photo) -> int:
    """Return about how much memory processing a photo takes, in MB.

    Photos are processed in strips, but some files can only be decoded or encoded whole: WebP, AVIF, GIF, progressive
    JPEG, interlaced PNG.
    """
    pixels = max(page.width * page.height for page in photo.pages)
    held = photo.format in _HELD_WHOLE or "interlaced" in photo.origin.load().get_fields()
    return _EVERY_PHOTO + (pixels * _WHOLE_BYTES // MEGABYTE if held else 0)
