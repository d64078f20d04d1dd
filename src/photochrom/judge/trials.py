"""What a participant sees: photos, sides and models, drawn from a fixed seed.

Zhang et al. 2016, "Colorful Image Colorization", section 3.1: a photo beside a colorized version of it, each shown
for one second, one of the two to be named; one trial in ten sets the photo against obviously wrong colors.

Every participant sees every photo once, in an order of their own. Models take turns over the photos from participant
to participant, so that each photo meets each model equally often; the photo stands left in half of the trials.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any, Final, Literal, TypeVar

from photochrom.errors import DataError, OptionError

Viewing = Literal["second", "free"]
Side = Literal["left", "right"]
Thing = TypeVar("Thing")

SANITY_EVERY: Final = 10
"""So many trials bring one sanity trial along: 10%, as in the paper."""

SIDES: Final[tuple[Side, Side]] = ("left", "right")
FOLDER: Final = "test"
FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class Rules:
    """How long and how a test is."""

    trials: int = 40
    "Pairs that a participant judges; one sanity pair is added for every ten."
    viewing: Viewing = "second"
    "second: one picture after the other, one second each, then hidden; free: both, as long as wanted."
    seed: int = 0
    "Decides photos, order, sides and models."

    def __post_init__(self) -> None:
        """Raise OptionError for a value outside its range."""
        if self.trials < 1:
            raise OptionError(f"--trials is {self.trials}; expected 1 or more, the paper has 40")
        if self.viewing not in ("second", "free"):
            raise OptionError(f"the viewing is {self.viewing!r}; expected second or free")

    @property
    def sanity(self) -> int:
        """Sanity trials that a participant sees besides."""
        return math.ceil(self.trials / SANITY_EVERY)


@dataclass(frozen=True, slots=True)
class Subject:
    """One photo of the test: its key, and the picture files of the truth and of each rival by name.

    A sanity photo has one rival, without a name.
    """

    photo: str
    truth: str
    rivals: dict[str, str]


@dataclass(frozen=True, slots=True)
class Trial:
    """One pair as one participant sees it; ``model`` is None in a sanity trial. ``left`` and ``right`` are files."""

    number: int
    photo: str
    model: str | None
    true_side: Side
    left: str
    right: str

    def picture(self, side: Side) -> str:
        """Return the file of the picture on a side."""
        return self.left if side == "left" else self.right


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole test. ``identity`` tells tests apart; ``notes`` say how many photos were passed over, and why."""

    identity: str
    rules: Rules
    models: tuple[str, ...]
    subjects: tuple[Subject, ...]
    sanity: tuple[Subject, ...]
    folder: Path
    notes: dict[str, int]

    @property
    def length(self) -> int:
        """Pairs that a participant sees, sanity pairs counted."""
        return len(self.subjects) + len(self.sanity)

    def trials_for(self, participant: int) -> tuple[Trial, ...]:
        """Return the trials of the participant with this number, 0 or more: always the same for the same number."""
        random = Random(f"{self.rules.seed}/{participant}")
        models = [self.models[(place + participant) % len(self.models)] for place in range(len(self.subjects))]
        pairs: list[tuple[Subject, str | None]] = list(zip(self.subjects, models, strict=True))
        real = _with_sides(shuffled(pairs, random), random)
        sane = _with_sides(shuffled([(subject, None) for subject in self.sanity], random), random)
        placed = []
        for block, check in enumerate(sane):
            ten = real[block * SANITY_EVERY : (block + 1) * SANITY_EVERY]
            place = int(random.random() * (len(ten) + 1))
            placed += [*ten[:place], check, *ten[place:]]
        return tuple(_trial(number, *drawn) for number, drawn in enumerate(placed))

    def picture(self, name: str) -> Path:
        """Return where a picture file of the plan lies."""
        return self.folder / FOLDER / name

    def to_json(self) -> str:
        """Return the plan as JSON, without the folder in which it lies."""
        values = asdict(self)
        del values["folder"]
        return json.dumps({"format": FORMAT, **values}, indent=1, ensure_ascii=False)

    @classmethod
    def load(cls, folder: Path) -> "Plan":
        """Read the plan of a test folder; raises DataError where there is none or it cannot be read."""
        path = folder / FOLDER / "plan.json"
        try:
            values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if values.pop("format") != FORMAT:
                raise ValueError("it is of another version of photochrom")
            values["rules"] = Rules(**values["rules"])
            values["models"] = tuple(values["models"])
            for part in ("subjects", "sanity"):
                values[part] = tuple(Subject(**subject) for subject in values[part])
            return cls(folder=folder, **values)
        except FileNotFoundError:
            raise DataError(f"{folder} holds no test; give the folder that photochrom judge --out named") from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise DataError(f"{path} cannot be read ({error}); make the test anew in another folder") from error


def shuffled(things: Sequence[Thing], random: Random) -> list[Thing]:
    """Return the things in random order: the same in every version of Python, as only ``random()`` is."""
    keys = [random.random() for _ in things]
    return [things[index] for index in sorted(range(len(things)), key=keys.__getitem__)]


def _with_sides(pairs: Sequence[tuple[Subject, str | None]], random: Random) -> list[tuple[Subject, str | None, Side]]:
    """Give each pair the side of its true photo: left and right equally often, of an odd number one at random."""
    turned = 0 if random.random() < 0.5 else 1
    sides = shuffled([SIDES[(place + turned) % 2] for place in range(len(pairs))], random)
    return [(subject, model, side) for (subject, model), side in zip(pairs, sides, strict=True)]


def _trial(number: int, subject: Subject, model: str | None, true_side: Side) -> Trial:
    rival = subject.rivals[model or ""]
    left, right = (subject.truth, rival) if true_side == "left" else (rival, subject.truth)
    return Trial(number, subject.photo, model, true_side, left, right)
