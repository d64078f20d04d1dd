"""What commands tell: results on stdout, notes and bars on stderr, safe to show on any terminal."""

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from photochrom.progress import progress_bar

if TYPE_CHECKING:
    from photochrom.many import Outcome

NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


def say(text: object) -> None:
    """Write a result, on lines of its own."""
    sys.stdout.write(shown(str(text)) + "\n")
    sys.stdout.flush()


def note(text: object) -> None:
    """Write a remark that is no result."""
    sys.stderr.write(shown(str(text)) + "\n")
    sys.stderr.flush()


def note_error(error: Exception) -> None:
    """Note an error, on one line."""
    note(f"photochrom: {one_line(error)}")


def note_tint(name: object, tint: float) -> None:
    """Note that a photo was in color."""
    note(f"photochrom: {name} has color already (mean chroma {tint:.0f}); it was taken as gray")


def tell(outcome: "Outcome", as_json: bool, more: Mapping[str, Any] = NOTHING) -> bool:
    """Say what became of one photo, as JSON with ``more`` if asked, and note its error; returns whether it failed."""
    if as_json:
        say(json.dumps({**outcome.to_dict(), **more}, ensure_ascii=False))
    elif outcome.target is not None:
        say("\n".join(map(str, (outcome.target, *outcome.more))))
    if outcome.error is not None:
        note_error(outcome.error)
    if outcome.tint is not None:
        note_tint(outcome.source, outcome.tint)
    return outcome.error is not None


def end(count: int, failed: int) -> int:
    """Note how many of several photos were colorized; returns the exit code: 0, some failed 1, all failed 2."""
    if count > 1:
        note(f"{count - failed} of {count} photos colorized" + (f", {failed} failed" if failed else ""))
    return 0 if not failed else 1 if failed < count else 2


def is_watched() -> bool:
    """Tell whether notes and bars go to a terminal."""
    return sys.stderr.isatty()


def bar(title: str, wanted: bool = True) -> AbstractContextManager[Callable[..., None]]:
    """Return a bar, see :func:`photochrom.progress.progress_bar`; it is shown where somebody watches."""
    return progress_bar(title, wanted and is_watched(), sys.stdout.isatty())


def one_line(error: Exception) -> str:
    """Return an error's text on one line, without a period."""
    return " ".join(str(error).split("\n")).strip().removesuffix(".")


def shown(text: str) -> str:
    r"""Return a text without signs that steer a terminal or cannot be written: they become ``\u`` and four digits."""
    return "".join(sign if sign.isprintable() or sign in "\n\t" else json.dumps(sign)[1:-1] for sign in text)
