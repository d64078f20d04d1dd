"""What a long command shows while it works, and how it is stopped."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def progress_bar(title: str, shown: bool, shares_stdout: bool) -> Iterator[Callable[..., None]]:
    """Show a bar with time left on stderr; gives ``move(share, note)``, which does nothing unless ``shown``.

    ``share`` is 0..1. With ``shares_stdout`` what is printed meanwhile goes above the bar: both are one terminal.
    """
    if not shown:
        yield lambda share, note="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), redirect_stdout=shares_stdout, transient=True) as progress:
        task = progress.add_task(title, total=1.0, note="")
        yield lambda share, note="": progress.update(task, completed=share, note=note)


@contextmanager
def interruptible() -> Iterator[Callable[[], None]]:
    """Give a function that raises KeyboardInterrupt if Ctrl-C came at a moment when it could not be raised.

    An exception raised within a callback of libvips would be printed there and vanish: then it waits for the function.
    """
    came = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        came.set()
        if frame is None or "pyvips" not in frame.f_code.co_filename:
            raise KeyboardInterrupt

    def check() -> None:
        if came.is_set():
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield check
        return
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)
