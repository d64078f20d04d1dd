"""The log of a run: one JSON object a line, TensorBoard where it is installed, and the loss curves as a picture."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

LOG = "log.jsonl"


class RunLog:
    """Appends rows to ``log.jsonl`` of a run's folder; on resuming, rows after ``last_step`` are dropped first."""

    def __init__(self, run: Path, last_step: int) -> None:
        self.path = run / LOG
        kept = [row for row in read_log(run) if row["step"] <= last_step]
        fresh = self.path.with_suffix(".new")
        fresh.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
        fresh.replace(self.path)
        self.file = self.path.open("a", encoding="utf-8", buffering=1)
        self.board = _tensorboard(run, last_step)

    def write(self, kind: str, step: int, values: dict[str, float]) -> None:
        """Append one row of ``kind`` "train" or "check"."""
        self.file.write(json.dumps({"kind": kind, "step": step, **{k: round(v, 6) for k, v in values.items()}}) + "\n")
        if self.board is not None:
            for name, value in values.items():
                self.board.add_scalar(f"{kind}/{name}", value, step)

    def close(self) -> None:
        """Close the files."""
        self.file.close()
        if self.board is not None:
            self.board.close()


def read_log(run: Path) -> list[dict[str, Any]]:
    """Return the rows of a run's log; a half-written last line is left out."""
    rows = []
    path = run / LOG
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def before_and_after(run: Path) -> str:
    """Return the first and the last look at the validation photos, in words."""
    checks = [row for row in read_log(run) if row["kind"] == "check"]
    if not checks:
        return "the validation photos were not looked at"
    first, last = checks[0], checks[-1]
    parts = [f"gray {first['psnr_gray']:.2f} dB, colorfulness of the truth {first['colorfulness_truth']:.1f}"]
    for name, row in (("before", first), ("after", last)):
        loss = f", loss {row['loss']:.3f}" if "loss" in row else ""
        parts.append(f"{name} {row['psnr']:.2f} dB, colorfulness {row['colorfulness']:.1f}{loss}")
    return "validation photos: " + "; ".join(parts)


def draw_curves(run: Path) -> Path | None:
    """Draw every logged quantity over steps into ``curves.png``; None when nothing has been logged yet."""
    rows = read_log(run)
    if not rows:
        return None
    from matplotlib.figure import Figure

    series = _series(rows)
    columns = 3
    lines = -(-len(series) // columns)
    figure = Figure(figsize=(4 * columns, 2.6 * lines), layout="constrained")
    for place, ((kind, name), points) in enumerate(sorted(series.items()), start=1):
        axes = figure.add_subplot(lines, columns, place)
        steps, values = np.array(points).T
        window = max(1, len(values) // 100)
        smooth = np.convolve(values, np.ones(window) / window, mode="valid")
        axes.plot(steps, values, color="0.8", linewidth=0.6)
        axes.plot(steps[window - 1 :], smooth, color="tab:blue" if kind == "train" else "tab:orange")
        axes.set_title(f"{kind}: {name}", fontsize=9)
    target = run / "curves.png"
    figure.savefig(target, dpi=110)
    return target


def _series(rows: list[dict[str, Any]]) -> dict[tuple[str, str], list[tuple[float, float]]]:
    series: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in rows:
        for name in row.keys() - {"kind", "step", "seconds", "stage"}:
            series.setdefault((row["kind"], name), []).append((row["step"], row[name]))
    return series


def _tensorboard(run: Path, last_step: int) -> Any:
    if find_spec("tensorboard") is None:
        return None
    from torch.utils.tensorboard import SummaryWriter

    return SummaryWriter(str(run / "tensorboard"), purge_step=last_step + 1)
