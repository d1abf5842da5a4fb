"""Progress of a long run, on standard error: a live bar on a terminal, else a plain line now and then."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.progress import Task as BarTask
from rich.text import Text

from service.commands.exits import say

# Seconds between two plain lines.
INTERVAL = 10.0


class Silence(AbstractContextManager["Silence"]):
    """Says nothing."""

    def __init__(self, total: int | None = None) -> None:
        """Take what the others take."""

    def advance(self, documents: int, size: int, *, reused: bool = False) -> None:
        """Count nothing."""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """End without a word."""


class PlainLines(Silence):
    """A line every ten seconds with count, rate and, where the size of the input is known, the time left."""

    def __init__(self, total: int | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Start the clock.

        Args:
            total: Bytes of input, or None when unknown.
            clock: Seconds from any fixed moment.
        """
        super().__init__(total)
        self._total, self._clock = total, clock
        self._start = self._last = clock()
        self._documents = self._size = 0
        self._reused_documents = self._reused_size = 0

    def advance(self, documents: int, size: int, *, reused: bool = False) -> None:
        """Count finished documents and the bytes of input they took up; speak when it is time."""
        if reused:
            self._reused_documents += documents
            self._reused_size += size
        else:
            self._documents += documents
            self._size += size
        now = self._clock()
        if now - self._last < INTERVAL:
            return
        self._last = now
        elapsed = now - self._start
        done = self._documents + self._reused_documents
        say(f"{done:,} documents, {self._documents / elapsed:,.0f}/s{self._left(elapsed)}")

    def _left(self, elapsed: float) -> str:
        if not self._total or not self._size:
            return ""
        seconds = elapsed * max(0, self._total - self._reused_size - self._size) / self._size
        return f", {timedelta(seconds=round(seconds))} left"


class LiveBar(AbstractContextManager["LiveBar"]):
    """A bar drawn in place with count, rate and time left."""

    def __init__(self, total: int | None) -> None:
        """Prepare a bar of `total` bytes; with None it shows only that work goes on."""
        columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.fields[documents]:,} documents"), _Rate())
        self._progress = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
        self._task = self._progress.add_task("score", total=total, documents=0, scored=0)
        self._documents = self._scored = 0

    def advance(self, documents: int, size: int, *, reused: bool = False) -> None:
        """Count finished documents and the bytes of input they took up."""
        self._documents += documents
        self._scored += 0 if reused else documents
        self._progress.update(self._task, advance=size, documents=self._documents, scored=self._scored)

    def __enter__(self) -> Self:
        """Draw the bar."""
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Wipe the bar."""
        self._progress.stop()


class _Rate(ProgressColumn):
    """Documents a second since the start; rich's own speed would count bytes."""

    def render(self, task: BarTask) -> Text:
        documents, elapsed = task.fields["scored"], task.elapsed
        return Text(f"{documents / elapsed:,.0f}/s" if documents and elapsed else "-/s", style="progress.data.speed")
