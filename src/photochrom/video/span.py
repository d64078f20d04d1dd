"""Which part of a film is wanted."""

import re
from dataclasses import dataclass
from fractions import Fraction

from photochrom.errors import OptionError

_CLOCK = re.compile(r"(?:(\d+):)?(?:(\d+):)?(\d+(?:\.\d*)?)")


@dataclass(frozen=True, slots=True)
class Span:
    """From where to where a film is wanted, in seconds from its beginning; ``end`` None is its end."""

    start: float = 0.0
    end: float | None = None

    def __post_init__(self) -> None:
        """Raise OptionError for a span that holds nothing."""
        if self.start < 0 or (self.end is not None and self.end <= self.start):
            raise OptionError(
                f"the span goes from {self.start:g} to {self.end} seconds; expected a start before its end"
            )

    @classmethod
    def parse(cls, start: str | None, end: str | None, preview: float | None) -> "Span":
        """Return the span between two times, SECONDS or [HH:]MM:SS, at most ``preview`` seconds of it."""
        first = seconds(start) if start else 0.0
        last = seconds(end) if end else None
        if preview is not None:
            last = first + preview if last is None else min(last, first + preview)
        return cls(first, last)

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left out."""
        return self.start == 0 and self.end is None

    @property
    def first(self) -> Fraction:
        """Where it begins, in seconds, free of the errors of binary fractions."""
        return Fraction(self.start).limit_denominator(10**6)

    def ends_before(self, moment: Fraction) -> bool:
        """Whether it has ended at so many seconds after its beginning."""
        return self.end is not None and moment >= Fraction(self.end).limit_denominator(10**6) - self.first


def seconds(text: str) -> float:
    """Return the seconds of "90", "1:30" or "0:01:30.5"; raises OptionError for any other text."""
    found = _CLOCK.fullmatch(text.strip())
    if found is None:
        raise OptionError(f"the time is {text!r}; expected seconds or [HH:]MM:SS, such as 90 or 1:30")
    first, second, last = found.groups()
    hours, minutes = (first, second) if second is not None else (None, first)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(last)


def frame_rate(text: str) -> Fraction:
    """Return the frames a second of "16", "23.976" or "24000/1001"; raises OptionError for any other text."""
    try:
        found = Fraction(text.strip()).limit_denominator(1001)
    except (ValueError, ZeroDivisionError):
        found = Fraction(0)
    if not 0 < found <= 1000:
        raise OptionError(f"the rate is {text!r}; expected frames a second, such as 16, 23.976 or 24000/1001")
    return found
