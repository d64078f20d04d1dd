"""What is left to do: every file of a source is held against the ledger and against what stands in the target."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final, TypeVar

from photochrom.archive.entry import NOT_A_PHOTO, Entry, Standing, Trouble
from photochrom.archive.ledger import Ledger
from photochrom.archive.names import Globs, result_name, second_name
from photochrom.archive.rows import Planned, Row

T = TypeVar("T")

BATCH: Final = 500
"""Files that the ledger is asked about at once: so many are in memory, however many there are."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How files are chosen: ``globs`` says which; ``made`` is the order's fingerprint, ``format`` its format.

    ``inside`` gives the name that a source's file has in the target, where the source lies in it, else None.
    """

    made: str
    globs: Globs = field(default_factory=Globs)
    format: str | None = None
    overwrite: bool = False
    inside: str | None = None


@dataclass(slots=True)
class Counts:
    """What a plan found: ``waiting`` photos to be done, those ``unchanged`` since, ``skipped`` and ``failed`` ones."""

    seen: int = 0
    waiting: int = 0
    unchanged: int = 0
    skipped: int = 0
    failed: int = 0


def plan(
    ledger: Ledger,
    entries: Iterable[Entry | Trouble],
    rules: Rules,
    run: int,
    told: Callable[[int, list[str]], None] = lambda seen, reasons: None,
) -> Counts:
    """Write into the ledger what is to be done, and return how much.

    ``told`` hears, now and then, how many files were seen, and why some of the last ones cannot be done. Nothing of a
    source is read but its listing; files are taken as unchanged while their size and stamp are.
    """
    counts = Counts()
    with ledger.hasty():
        for batch in _batches(entries, BATCH):
            told(counts.seen, _plan_batch(ledger, batch, rules, run, counts))
    return counts


def _plan_batch(ledger: Ledger, batch: list[Entry | Trouble], rules: Rules, run: int, counts: Counts) -> list[str]:
    """Write down what is to be done about some files, and count it; returns why some cannot be done."""
    troubles = [one for one in batch if isinstance(one, Trouble) and rules.globs.take(one.key)]
    wanted = [one for one in batch if isinstance(one, Entry) and rules.globs.take(one.key)]
    planned, more = _decided(ledger, wanted, rules, run, counts)
    ledger.put(planned, run)
    ledger.trouble([*troubles, *more], run)
    counts.failed += sum(one.state == "failed" for one in planned)
    counts.waiting += sum(one.state == "waiting" for one in planned)
    for trouble in (*troubles, *more):
        counts.failed += trouble.failed
        counts.skipped += not trouble.failed
    counts.seen += len(troubles) + len(wanted)
    reasons = [one.reason or "" for one in planned if one.state == "failed"]
    return [*reasons, *(one.text for one in (*troubles, *more) if one.failed)]


def decide(entry: Entry, target: str, known: tuple[Row | None, Standing | None], rules: Rules) -> Planned | None:
    """Return what to do about a file whose result is to be ``target``; None where nothing is left to do.

    ``known`` is the ledger's row of that result, and what stands under its name.
    """
    row, stands = known
    same = row is not None and (row.size, row.stamp) == (entry.size, entry.stamp)
    if row is not None and same and (row.state == "skipped" or (_is_made(row, rules) and stands is not None)):
        return None
    planned = Planned(target, entry.key, entry.where, entry.size, entry.stamp)
    if stands is None or rules.overwrite:
        return replace(planned, replaces=rules.overwrite)
    if row is None or not row.mine:
        why = f"{target}: exists already and is none of ours; move it away or allow --overwrite"
        return replace(planned, state="failed", kind="OutputExists", reason=why)
    touched = row.result_stamp is not None and (row.result_size, row.result_stamp) != (stands.size, stands.stamp)
    if touched and row.state not in ("begun", "waiting"):
        why = f"{target}: was changed after it was made; move it away or allow --overwrite"
        return replace(planned, state="failed", kind="OutputExists", reason=why)
    return replace(planned, replaces=True, expected=row.content if _is_made(row, rules) else None)


def _is_made(row: Row, rules: Rules) -> bool:
    return row.state == "done" and row.made == rules.made


def _decided(
    ledger: Ledger, entries: list[Entry], rules: Rules, run: int, counts: Counts
) -> tuple[list[Planned], list[Trouble]]:
    """Return rows for files that are to be done, or cannot be, and troubles for those without a name for a result."""
    names = sorted({name for entry in entries for name in _names(entry, rules)})
    rows, standing = ledger.rows(names), ledger.standing(names)
    planned: dict[str, Planned] = {}
    troubles: list[Trouble] = []
    for entry in entries:
        if rules.inside is not None and ledger.is_result(rules.inside + entry.key):
            continue
        name = _free_name(entry, rules, rows, planned)
        if isinstance(name, Trouble):
            troubles.append(name)
            continue
        row = rows.get(name)
        if name in planned or _is_seen(entry, row, run):
            continue
        verdict = decide(entry, name, (row, standing.get(name)), rules)
        if verdict is not None:
            planned[name] = verdict
        elif row is not None and row.state == "skipped":
            troubles.append(Trouble(entry.key, NOT_A_PHOTO, "looked at before, and unchanged", failed=False))
        else:
            counts.unchanged += 1
    return list(planned.values()), troubles


def _is_seen(entry: Entry, row: Row | None, run: int) -> bool:
    """Tell whether a file was planned in this run already: watched folders are listed again and again."""
    if row is None or row.run != run:
        return False
    return row.state in ("waiting", "begun") or (row.size, row.stamp) == (entry.size, entry.stamp)


def _free_name(entry: Entry, rules: Rules, rows: dict[str, Row], planned: dict[str, Planned]) -> str | Trouble:
    """Return the best name for a result that is not that of another photo's."""
    names = _names(entry, rules)
    for name in names:
        owner = planned[name].source if name in planned else rows[name].source if name in rows else entry.key
        if owner != entry.key:
            continue
        if rules.inside is not None and name.startswith(rules.inside):
            text = f"{entry.key}: its result {name} would lie among the photos; choose a target outside the source"
            return Trouble(entry.key, "AmongSources", text)
        return name
    owner = planned[names[0]].source if names[0] in planned else rows[names[0]].source
    text = f"{entry.key}: its result would be {names[0]}, which is that of {owner}; rename one of them"
    return Trouble(entry.key, "NameTaken", text)


def _names(entry: Entry, rules: Rules) -> tuple[str, ...]:
    """Return the names that a result may have, the best first."""
    first, second = result_name(entry.key, rules.format), second_name(entry.key, rules.format)
    return (first,) if first == second else (first, second)


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
