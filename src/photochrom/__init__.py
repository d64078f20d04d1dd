"""Photochrom gives black-and-white photographs their colors back.

    import photochrom

    photochrom.colorize("grandmother.jpg")            # writes grandmother-color.jpg beside it

    colorizer = photochrom.Colorizer()                # load once, use often
    photo = photochrom.Photo.open("street.tif")
    colorizer.colorize(photo).save("street-color.tif")

Names are loaded when first used: importing the package costs nothing.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from photochrom.card import Card
    from photochrom.colorizer import Colorizer, Settings, colorize
    from photochrom.errors import (
        DataError,
        HintError,
        ModelError,
        OptionError,
        OutputError,
        OutputExists,
        OutputUnwritable,
        PhotochromError,
        PhotoError,
        PhotoNotFound,
        PhotoTooLarge,
        PhotoUnreadable,
        RunError,
    )
    from photochrom.hints import Hint, Hints
    from photochrom.photo import Photo, SaveOptions
    from photochrom.reference import Reference
    from photochrom.transplanter import transplant

__version__ = "0.1.0"

# ONNX Runtime keeps an id of the computer and sends reports home, unless this is said before it is loaded.
os.putenv("ORT_DISABLE_TELEMETRY", "1")

_HOMES = {
    "Card": "photochrom.card",
    "Colorizer": "photochrom.colorizer",
    "DataError": "photochrom.errors",
    "Hint": "photochrom.hints",
    "HintError": "photochrom.errors",
    "Hints": "photochrom.hints",
    "ModelError": "photochrom.errors",
    "OptionError": "photochrom.errors",
    "OutputError": "photochrom.errors",
    "OutputExists": "photochrom.errors",
    "OutputUnwritable": "photochrom.errors",
    "Photo": "photochrom.photo",
    "PhotoError": "photochrom.errors",
    "PhotoNotFound": "photochrom.errors",
    "PhotoTooLarge": "photochrom.errors",
    "PhotoUnreadable": "photochrom.errors",
    "PhotochromError": "photochrom.errors",
    "Reference": "photochrom.reference",
    "RunError": "photochrom.errors",
    "SaveOptions": "photochrom.photo",
    "Settings": "photochrom.colorizer",
    "colorize": "photochrom.colorizer",
    "transplant": "photochrom.transplanter",
}

__all__ = [
    "Card",
    "Colorizer",
    "DataError",
    "Hint",
    "HintError",
    "Hints",
    "ModelError",
    "OptionError",
    "OutputError",
    "OutputExists",
    "OutputUnwritable",
    "Photo",
    "PhotoError",
    "PhotoNotFound",
    "PhotoTooLarge",
    "PhotoUnreadable",
    "PhotochromError",
    "Reference",
    "RunError",
    "SaveOptions",
    "Settings",
    "__version__",
    "colorize",
    "transplant",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'photochrom' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
