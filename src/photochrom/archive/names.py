"""Names: which files are meant, and what their results are called."""

import re
from collections.abc import Sequence
from typing import Final

from photochrom.errors import OptionError
from photochrom.photo.formats import FORMATS, by_suffix

_READ: Final = {suffix for format in FORMATS.values() for suffix in format.suffixes} | {".heic", ".heif"}


class Globs:
    """Tells the keys that were asked for: all, or those that fit ``include``, without those that fit ``exclude``.

    A pattern without a slash is for the name at any depth, one with a slash for the whole key, one that ends in a slash
    for all in such a folder. ``*`` and ``?`` stop at slashes, ``**`` does not; case does not count.
    """

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        """Raise OptionError for a pattern that cannot be read."""
        self._include = [_pattern(text) for text in include]
        self._exclude = [_pattern(text) for text in exclude]

    def take(self, key: str) -> bool:
        """Tell whether a key was asked for."""
        if self._include and not any(pattern.fullmatch(key) for pattern in self._include):
            return False
        return not any(pattern.fullmatch(key) for pattern in self._exclude)


def suffix_of(name: str) -> str:
    """Return the ending (".jpg") of a name that photos have, as it is written; "" for any other."""
    dot = name.rfind(".")
    ending = name[dot:] if dot > name.rfind("/") + 1 else ""
    return ending if ending.lower() in _READ else ""


def result_name(key: str, format: str | None) -> str:
    """Return where the result of a photo goes: the same name, with another ending where the format is another."""
    ending = suffix_of(key)
    if not ending:
        return key if format is None else key + FORMATS[format].suffixes[0]
    own = by_suffix(ending)
    wanted = FORMATS["png" if own is None else own.name] if format is None else FORMATS[format]
    return key if own == wanted else key[: -len(ending)] + wanted.suffixes[0]


def second_name(key: str, format: str | None) -> str:
    """Return the name of a result where :func:`result_name` is taken: "a.tif.jpg" tells a.tif from a.png."""
    first, ending = result_name(key, format), suffix_of(key)
    return first if first == key or not ending else key + suffix_of(first)


def safe_key(name: str) -> str | None:
    """Return the key of a member of an archive; None for a name that would lead out of the target."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    unsafe = not parts or ".." in parts or "\0" in name or name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", name)
    return None if unsafe else "/".join(parts)


def is_sidecar(name: str) -> bool:
    """Tell whether a name is what macOS puts beside files, which are named like photos and are none."""
    return name.rpartition("/")[2].startswith("._")


def _pattern(text: str) -> re.Pattern[str]:
    if not text.strip("/"):
        raise OptionError(f"the pattern is {text!r}; expected one such as '*.tif' or '1890/**'")
    whole = text.removeprefix("/") + ("**" if text.endswith("/") else "")
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[!?[^\]]+\])", whole)
    meaning = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    fitted = [meaning.get(part) or (_choice(part) if part.startswith("[") else re.escape(part)) for part in parts]
    anywhere = "" if "/" in whole else "(?:.*/)?"
    try:
        return re.compile(anywhere + "".join(fitted), re.IGNORECASE | re.DOTALL)
    except re.error as error:
        raise OptionError(f"the pattern {text!r} cannot be read ({error}); check its brackets") from error


def _choice(part: str) -> str:
    if len(part) < 3 or not part.endswith("]"):
        return re.escape(part)
    inside = part[1:-1].replace("\\", r"\\")
    return f"[^{inside[1:]}]" if inside.startswith("!") else f"[{inside}]"
