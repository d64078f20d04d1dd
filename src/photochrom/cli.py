"""The command line: each command in a few lines; the work is done elsewhere.

Results go to stdout; progress, notes and errors to stderr. Exit code 0: everything done; 1: some of several
photos failed; 2: nothing done, and one line says why; 130: interrupted.
"""

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, CycloptsError, Parameter

from photochrom import __version__, terminal
from photochrom.budget import Budget, Start
from photochrom.errors import OptionError, PhotochromError
from photochrom.evaluate.options import Options
from photochrom.options import STREAM, Look, Output
from photochrom.progress import interruptible

if TYPE_CHECKING:
    from photochrom.colorizer import Colorizer, Settings
    from photochrom.many import Outcome
    from photochrom.photo import SaveOptions
    from photochrom.transplanter import Transplanter

app = App(
    name="photochrom",
    help="Give black-and-white photographs their colors back.",
    version=__version__,
    help_format="plaintext",
    default_parameter=Parameter(negative="", show_default=lambda value: str(value) if value else None),
    suppress_keyboard_interrupt=False,
)


@app.command
def colorize(
    photos: Annotated[list[str], Parameter(allow_leading_hyphen=True)],
    /,
    *,
    look: Look = Look(),  # noqa: B008 - immutable
    output: Output = Output(),  # noqa: B008 - immutable
    as_json: Annotated[bool, Parameter(name="--json")] = False,
) -> int:
    """Colorize photos: each keeps its format, size, depth and metadata.

    Args:
        photos: Photo files; - reads one from standard input.
        as_json: Print one JSON object a photo instead of its name.
    """
    from photochrom.many import ReadAhead, colorize_files, plan_targets

    options, wanted = output.options(), output.wanted()
    look.check(len(photos), wanted)
    is_stream = output.is_stream(photos, as_json)
    ahead = ReadAhead(output.max_pixels)
    if not is_stream:
        ahead.begin(Path(photos[0]))  # while the model is loaded
    painter, settings = look.painter()
    if is_stream:
        return _colorize_stream(painter, settings, photos[0], output, options)
    pairs = plan_targets([Path(name) for name in photos], output.output, options.format, wanted)
    outcomes = colorize_files(painter, pairs, settings, options, ahead, wanted)
    return _tell_all(outcomes, len(pairs), as_json)


@app.command
def sheet(before: Path, after: Path, /, *, output: Annotated[Path, Parameter(name=["--output", "-o"])]) -> None:
    """Put photos and their results side by side into one picture.

    Args:
        before: Folder of photos.
        after: Folder of results of the same names.
        output: The picture to write; an existing one is replaced.
    """
    from photochrom.photo.sheet import write_sheet

    terminal.say(write_sheet(before, after, output))


@app.command
def info(photo: Annotated[str, Parameter(allow_leading_hyphen=True)], /) -> None:
    """Print what a photo is, as JSON.

    Args:
        photo: A photo file; - reads one from standard input.
    """
    from photochrom.photo import Photo

    terminal.say(json.dumps(Photo.open(_content(photo)).describe(), indent=2, ensure_ascii=False))


@app.command
def clean(*, photos: list[str], out: Path, workers: int = 1) -> None:
    """Sort photos for training: accepted or rejected, with a reason, in a CSV manifest.

    Args:
        photos: Folders, photo files or tar shards; globs and {000..004} patterns are expanded.
        out: The manifest to write.
        workers: Processes that read photos.
    """
    from photochrom.data import manifest

    with terminal.bar("cleaning") as bar:
        cleaned = manifest.clean(photos, out, workers=workers, progress=lambda done, total: bar(done / total))
    terminal.say(json.dumps(cleaned.counts(), indent=1))


@app.command
def train(
    recipe: str,
    /,
    *,
    photos: list[str],
    run: Path,
    validation: tuple[str, ...] = (),
    budget: Annotated[Budget, Parameter(name="*")] = Budget(),  # noqa: B008 - immutable
    start: Annotated[Start, Parameter(name="*")] = Start(),  # noqa: B008 - immutable
) -> None:
    """Train a recipe; goes on by itself when the run's folder holds a checkpoint.

    Args:
        recipe: A recipe's name (default, finetune, ...; docs/guide/train.md lists them) or a JSON file.
        photos: Training photos: folders, tar shards, globs.
        run: Folder for checkpoints, log, curves and sample sheets.
        validation: Photos to look at while training; the manifest's val split, or every tenth photo, if not given.
    """
    from photochrom.launch import plan_run
    from photochrom.recipes import find_recipe
    from photochrom.runlog import before_and_after
    from photochrom.train import train as train_recipe

    plan = plan_run(found := find_recipe(recipe), photos, validation, run, budget, start)
    with terminal.bar("training") as bar:
        train_recipe(found, plan, lambda report: bar(report.progress, _short(report.losses)))
    terminal.say(run)
    terminal.note(before_and_after(run))


@app.command
def evaluate(
    model_files: list[str],
    /,
    *,
    photos: list[str],
    out: Path,
    options: Annotated[Options, Parameter(name="*")] = Options(),  # noqa: B008 - immutable
) -> None:
    """Score models on true color photos, beside gray and the mean color, at matched colorfulness.

    Args:
        model_files: Shipped models' names or model files.
        photos: Color photos: folders, tar shards, globs.
        out: Folder for report.html, scores.json, scores.csv, scores.md and the contact sheets.
    """
    from photochrom.evaluate.command import evaluate_files

    with terminal.bar("evaluating") as bar:
        terminal.say(evaluate_files(model_files, photos, out, options, bar))


# Commands loaded when they are typed; the help stands here for photochrom --help.
export_help = "Write a run's averaged weights as a model file."
app.command("photochrom.packing:export", name="export", help=export_help)
average_help = "Write the mean of models that were trained on from the same weights: often better than each."
app.command("photochrom.packing:average", name="average", help=average_help)
quantize_help = "Write a model file with int8 weights and arithmetic: half the size, about twice as fast."
app.command("photochrom.packing:quantize", name="quantize", help=quantize_help)
models_help = "List the shipped models with their cards."
app.command("photochrom.questions:models", name="models", help=models_help)
alternatives_help = "List the likely colors of the thing at a point of a photo."
app.command("photochrom.questions:alternatives", name="alternatives", help=alternatives_help)
judge_help = "Ask people which of two is the real color photo, on a local web page."
app.command("photochrom.judge.command:judge", name="judge", help=judge_help)
judge_report_help = "Count the answers of photochrom judge: how often colorized photos passed for real."
app.command("photochrom.judge.command:judge_report", name="judge-report", help=judge_report_help)
serve_help = "Serve the web application and its REST API, on this computer."
app.command("photochrom.server.command:serve", name="serve", help=serve_help)
album_help = "Colorize the photos of a folder as one album: what several of them show gets the same colors in all."
app.command("photochrom.album.command:album", name="album", help=album_help)
batch_help = "Colorize an archive: the same command again goes on."
app.command("photochrom.archive.command:batch", name="batch", help=batch_help)
video_help = "Color a film: steady colors, its own luma, sound, subtitles and time stamps."
app.command("photochrom.video.command:video", name="video", help=video_help)
shots_help = "Write the first frame of each shot of a film, and a JSON file to put hints into."
app.command("photochrom.video.command:shots", name="shots", help=shots_help)
study_help = "Train, compare and explain the systems of the field; writes a page."
app.command("photochrom.studies.command:study", name="study", help=study_help)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; every expected error becomes one line on stderr and exit code 2."""
    typed, code = list(sys.argv[1:] if arguments is None else arguments), 2
    try:
        code = app(typed, result_action="return_value", exit_on_error=False, print_error=False)
    except CycloptsError as error:
        if typed == list(error.command_chain or ()):
            app.help_print(typed, console=app.error_console)
        command = " ".join(["photochrom", *(error.command_chain or ()), "--help"])
        terminal.note(f"photochrom: {terminal.one_line(error)}; see {command}")
    except PhotochromError as error:
        terminal.note_error(error)
    except ModuleNotFoundError as error:
        terminal.note(f"photochrom: {error.name} is not installed; this command needs pip install 'photochrom[train]'")
    except KeyboardInterrupt:
        terminal.note("photochrom: interrupted; what was finished is kept, nothing is half written")
        code = 130
    except BrokenPipeError:  # whoever read our output has gone; python would complain once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code if isinstance(code, int) else 0)


def _colorize_stream(
    painter: "Colorizer | Transplanter",
    settings: "Callable[[int, int], Settings]",
    source: str,
    output: Output,
    options: "SaveOptions",
) -> int:
    """Colorize one photo from standard input, to standard output, or both."""
    from photochrom.photo import Photo

    to_stdout = output.output in (None, STREAM)
    if to_stdout and sys.stdout.isatty():
        raise OptionError("the picture would go to the terminal; add > FILE or -o FILE")
    photo = Photo.open(_content(source), max_pixels=output.max_pixels)
    if photo.is_colored:
        terminal.note_tint(source if source != STREAM else "standard input", photo.tint)
    result = painter.colorize(photo, settings(photo.width, photo.height))
    if to_stdout:
        sys.stdout.buffer.write(result.encode(options))
        sys.stdout.buffer.flush()
    else:
        terminal.say(result.save(str(output.output), options=options))
    return 0


def _content(name: str) -> str | bytes:
    return sys.stdin.buffer.read() if name == STREAM else name


def _tell_all(outcomes: Iterator["Outcome"], count: int, as_json: bool) -> int:
    """Print what becomes of each photo, and a summary of several; returns the exit code."""
    failed = 0
    with interruptible() as check, terminal.bar("colorizing", count > 1) as bar:
        for done, outcome in enumerate(outcomes, 1):
            failed += terminal.tell(outcome, as_json)
            bar(done / count, outcome.source.name)
            check()
    return terminal.end(count, failed)


def _short(values: Mapping[str, float]) -> str:
    return " ".join(f"{name} {value:.3g}" for name, value in values.items())


if __name__ == "__main__":
    main()
