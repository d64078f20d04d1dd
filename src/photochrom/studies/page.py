"""The page of a study: Markdown with tables and pictures, written whole at the end; never typed by hand."""

import io
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from photochrom.errors import OutputUnwritable

DPI = 100
QUALITY = 82


class Page:
    """Text, tables, figures and pictures in their order; :meth:`save` writes ``NAME.md`` and the folder ``NAME/``."""

    def __init__(self, name: str, title: str) -> None:
        self.name = name
        self._lines = [f"# {title}", ""]
        self._files: dict[str, bytes] = {}

    def heading(self, text: str) -> None:
        """Begin a section."""
        self._lines += [f"## {text}", ""]

    def text(self, *paragraphs: str) -> None:
        """Add paragraphs of Markdown."""
        for paragraph in paragraphs:
            self._lines += [paragraph, ""]

    def code(self, text: str) -> None:
        """Add a block of commands."""
        self._lines += ["```sh", text, "```", ""]

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add a table: the first column is text, the others are numbers or short words, set to the right."""
        self._lines.append("| " + " | ".join(columns) + " |")
        self._lines.append("|---|" + "--:|" * (len(columns) - 1))
        self._lines += ["| " + " | ".join(_cell(value) for value in row) + " |" for row in rows]
        self._lines.append("")

    def figure(self, name: str, figure: Figure, caption: str) -> None:
        """Add a matplotlib figure as PNG."""
        buffer = io.BytesIO()
        figure.savefig(buffer, dpi=DPI, format="png", metadata={"Software": ""})
        self._add(f"{name}.png", buffer.getvalue(), caption)

    def picture(self, name: str, rgb_HW3: NDArray[Any], caption: str) -> None:
        """Add a picture, RGB (H, W, 3) in 0..1, as JPEG."""
        buffer = io.BytesIO()
        pixels = (np.clip(rgb_HW3, 0, 1) * 255 + 0.5).astype(np.uint8)
        Image.fromarray(pixels).save(buffer, "JPEG", quality=QUALITY, optimize=True)
        self._add(f"{name}.jpg", buffer.getvalue(), caption)

    def save(self, out: Path) -> Path:
        """Write the page into the folder ``out``, replacing an older one; raises OutputUnwritable where it cannot."""
        target, pictures = out / f"{self.name}.md", out / self.name
        try:
            out.mkdir(parents=True, exist_ok=True)
            fresh = Path(tempfile.mkdtemp(prefix=f".{self.name}.", dir=out))
            try:
                for name, content in self._files.items():
                    (fresh / name).write_bytes(content)
                (fresh / "page.md").write_text("\n".join(self._lines).rstrip() + "\n", encoding="utf-8")
                fresh.chmod(0o755)
                shutil.rmtree(pictures, ignore_errors=True)
                os.replace(fresh / "page.md", target)
                if self._files:
                    os.replace(fresh, pictures)
            finally:
                shutil.rmtree(fresh, ignore_errors=True)
        except OSError as error:
            reason = error.strerror or error
            raise OutputUnwritable(f"{target} cannot be written ({reason}); give a folder with room") from error
        return target

    def _add(self, name: str, content: bytes, caption: str) -> None:
        self._files[name] = content
        self._lines += [f"![{caption}]({self.name}/{name})", "", f"*{caption}*", ""]


def _cell(value: object) -> str:
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value).replace("|", "\\|")


def as_rows(values: Mapping[str, Sequence[object]]) -> list[list[object]]:
    """Return the rows of a table from its first column's names and the other columns' values."""
    return [[name, *cells] for name, cells in values.items()]
