"""How far a long run is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ui.rendering import printable

Show = Callable[[int, int, str], None]  # done, total, what is in work

_EVERY_S = 10.0  # between two plain lines


@contextmanager
def progress() -> Iterator[Show]:
    """Written to standard error, so that results can be piped."""
    if sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _lines()


def _lines() -> Show:
    last = time.monotonic()

    def show(done: int, total: int, text: str) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last < _EVERY_S and done < total:
            return
        last = now
        print(f"{done}/{total} {printable(text)}", file=sys.stderr, flush=True)

    return show


@contextmanager
def _bar() -> Iterator[Show]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[now]}", markup=False),  # a file name may look like markup
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, now="")

        def show(done: int, total: int, text: str) -> None:
            bar.update(task, completed=done, total=total, now=printable(text)[:60])

        yield show
