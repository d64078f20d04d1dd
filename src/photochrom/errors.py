"""Every error that photochrom raises on purpose.

    PhotochromError
    ├── PhotoError                a photo that cannot be read
    │   ├── PhotoNotFound         no such file, or a folder where a file was expected
    │   ├── PhotoUnreadable       empty, truncated, not an image, or of an unknown format
    │   └── PhotoTooLarge         more pixels than allowed; raised before any pixel is decoded
    ├── OutputError               a result that cannot be written
    │   ├── OutputExists          the target exists and overwriting was not asked for
    │   └── OutputUnwritable      no such folder, no permission, or a full disk
    ├── ModelError                a model file that cannot be found or used
    ├── HintError                 a color hint that cannot be read or does not fit its photo
    ├── OptionError               a setting outside its range, or settings that exclude each other
    ├── DataError                 training or evaluation photos that cannot be used
    └── RunError                  a training run that cannot start, go on or be exported

Every message is one line: what came, what was expected, what to do.
"""


class PhotochromError(Exception):
    """The root of the tree: catch this to catch everything photochrom raises on purpose."""


class PhotoError(PhotochromError):
    """A photo that cannot be read."""


class PhotoNotFound(PhotoError):  # noqa: N818 - reads as the fact it states
    """There is no such file, or a folder stands where a file was expected."""


class PhotoUnreadable(PhotoError):  # noqa: N818
    """The file is empty, truncated, not an image, or of an unknown format."""


class PhotoTooLarge(PhotoError):  # noqa: N818
    """The photo has more pixels than allowed; raised before any pixel is decoded."""


class OutputError(PhotochromError):
    """A result that cannot be written."""


class OutputExists(OutputError):  # noqa: N818
    """The target exists and overwriting was not asked for."""


class OutputUnwritable(OutputError):  # noqa: N818
    """The target's folder is missing, not writable, or the disk is full."""


class ModelError(PhotochromError):
    """A model file that cannot be found or used."""


class HintError(PhotochromError):
    """A color hint that cannot be read or does not fit its photo."""


class OptionError(PhotochromError):
    """A setting outside its range, or settings that exclude each other."""


class DataError(PhotochromError):
    """Training or evaluation photos that cannot be used."""


class RunError(PhotochromError):
    """A training run that cannot start, go on or be exported."""
