"""The whole evaluation, from files to a folder: what ``photochrom evaluate`` does."""

from collections.abc import Sequence
from pathlib import Path

from photochrom.data.catalog import list_entries
from photochrom.errors import OutputUnwritable
from photochrom.evaluate.options import Options
from photochrom.evaluate.report import write_all
from photochrom.evaluate.score import name_models, score_models
from photochrom.evaluate.truth import Progress
from photochrom.photo.target import make_folder


def evaluate_files(
    models: Sequence[str], photos: Sequence[str], out: Path, options: Options, progress: Progress
) -> str:
    """Score models, by name or file, on photos; write everything into folder ``out`` and return the table as Markdown.

    Raises what :func:`~photochrom.evaluate.score.score_models` raises, and OutputUnwritable.
    """
    entries = list_entries(photos)
    make_folder(out)
    scores = score_models(name_models(models), entries, options, progress)
    try:
        write_all(out, scores)
    except OSError as error:
        raise OutputUnwritable(f"{out}: cannot be written to ({error.strerror}); give a folder with room") from error
    return f"{(out / 'scores.md').read_text(encoding='utf-8')}\n{out / 'report.html'}"
