"""The commands of the human test; ``cli`` loads them when they are typed."""

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from photochrom import terminal
from photochrom.errors import OptionError
from photochrom.judge.store import FILE, Store
from photochrom.judge.trials import Plan, Rules


def judge(
    *,
    photos: Annotated[list[str], Parameter(consume_multiple=True)],
    out: Path,
    models: Annotated[tuple[str, ...], Parameter(consume_multiple=True, show_default=" ".join)] = ("default",),
    rules: Annotated[Rules, Parameter(name="*")] = Rules(),  # noqa: B008 - immutable
    port: int = 8765,
) -> None:
    """Ask people which of two is the real color photo, on a local web page.

    Args:
        photos: True color photos: folders, tar shards, globs.
        out: Folder for the test, its answers and its report; the same command again goes on with it.
        models: Shipped models' names, model files, or folders of results named like the photos.
        port: Port on 127.0.0.1; 0 takes any free one.
    """
    try:
        from photochrom.judge.web import judge_app, reserve, serve

        with reserve(port) as listener:
            plan = _plan(photos, models, rules, out)
            store = Store(out / FILE, plan.identity)
            terminal.note(f"Open http://localhost:{listener.getsockname()[1]}/ in a browser; Ctrl-C ends.")
            serve(judge_app(plan, store), listener)
            store.close()
    except ModuleNotFoundError as error:
        raise OptionError(f"{error.name} is not installed; this needs pip install 'photochrom[serve]'") from error


def judge_report(folder: Path, /) -> None:
    """Count the answers of photochrom judge: how often colorized photos passed for real.

    Args:
        folder: The folder that photochrom judge --out named; the report goes into it, too: Markdown, HTML, CSV, JSON.
    """
    from photochrom.judge.report import write_report

    write_report(folder)
    terminal.say((folder / "report.md").read_text(encoding="utf-8").removesuffix("\n"))


def _plan(photos: list[str], models: tuple[str, ...], rules: Rules, out: Path) -> Plan:
    """Make the test, or find it made, with a bar on a terminal."""
    from photochrom.data.catalog import list_entries
    from photochrom.judge.pictures import make_plan
    from photochrom.judge.rivals import find_rivals

    entries, rivals = list_entries(photos), find_rivals(models)
    with terminal.bar("making pictures") as bar:
        return make_plan(entries, rivals, rules, out, bar)
