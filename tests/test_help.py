"""What photochrom --help and each command's --help say."""

import io
from collections.abc import Callable

import pytest
from rich.console import Console

from photochrom.cli import app

Golden = Callable[[str, str], None]
COMMANDS = [name for name in app if not name.startswith("-")]


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_says_this(command: str, golden: Golden) -> None:
    page = io.StringIO()
    app.help_print([command] if command else [], console=Console(file=page, width=100, color_system=None))
    golden(
        f"help/{command or 'photochrom'}.txt", "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"
    )
