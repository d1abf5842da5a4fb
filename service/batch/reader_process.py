"""Drives the reading process: starts it, watches it, ends it when it stalls, and goes on where it broke off."""

import mmap
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import takewhile
from pathlib import Path
from types import TracebackType
from typing import IO, Self

import orjson

import service
from classifier.document import Document
from classifier.errors import TellsignError
from service.batch.items import DeadLetter, Incoming, Item, Part, ReadOptions
from service.batch.limits import CLOCK, ReadLimits
from service.batch.reading import BEAT_BYTES, LENGTH_BYTES, framed
from service.batch.wire import LETTER, Record, decode, is_end, retires

FORMATS_AT = "service.batch.readers:READERS"
_START_SECONDS = 120.0
_LOOK_SECONDS = 0.2
_PIECE = 1 << 18
# Messages hold half a megabyte of text, and at most one document beyond that.
_MAX_MESSAGE = 1 << 28
# Cells of the shared progress: it grows, the running number of the member, the place of the file in the order.
_COUNT, _MEMBER, _FILE = range(3)


class ReaderError(TellsignError):
    """The reading process does not start."""


class _EndedError(Exception):
    """The reading process has ended: a stable machine word, a sentence, and whether it was killed from outside."""

    def __init__(self, code: str, detail: str, *, killed: bool = False) -> None:
        super().__init__(detail)
        self.code, self.detail, self.killed = code, detail, killed


@dataclass(slots=True)
class _Task:
    """One file: what was delivered of it, which of its members ended a process, and at which one was killed once."""

    path: Path
    label: str
    delivered: int = 0
    broken: dict[int, tuple[str, str]] = field(default_factory=dict)
    last: int | None = None
    failed: tuple[str, str] | None = None
    spared: set[int] = field(default_factory=set)

    def order(self) -> dict[str, object]:
        broken = {str(ordinal): why for ordinal, why in self.broken.items()}
        path = os.fsencode(self.path).hex()
        place = {"path": path, "label": self.label}
        return {**place, "delivered": self.delivered, "broken": broken, "last": self.last}

    @property
    def source(self) -> str:
        return os.fsencode(self.path).decode("utf-8", "replace")


class ReaderProcess:
    """A reading process and those that follow it; a context manager that ends it."""

    def __init__(self, options: ReadOptions, limits: ReadLimits, *, readers: str = FORMATS_AT) -> None:
        """Start nothing yet: the first file does.

        Args:
            options: How to read.
            limits: What reading one file may cost.
            readers: Where the formats are, as `module:name`.
        """
        self._limits = limits
        self._orders = orjson.dumps({"options": asdict(options), "limits": asdict(limits), "readers": readers}).decode()
        self._process: subprocess.Popen[bytes] | None = None
        self._buffer = bytearray()
        self._progress: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._progress.write(bytes(BEAT_BYTES))
        self._progress.flush()
        self._beat = memoryview(mmap.mmap(self._progress.fileno(), BEAT_BYTES)).cast("Q")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End the process."""
        self._end()
        self._progress.close()

    def read(self, files: Sequence[tuple[Path, str]]) -> Iterator[Item]:
        """Yield every document of the files, given as path and label, or why there is none.

        Raises:
            ReaderError: The process does not start.
        """
        tasks = deque(_Task(path, label) for path, label in files)
        while tasks:
            if tasks[0].failed is not None:
                yield _given_up(tasks.popleft())
                continue
            self._start()
            ordered = list(takewhile(lambda task: task.failed is None, tasks))
            try:
                self._order(ordered)
                yield from self._answers(tasks, len(tasks) - len(ordered))
            except _EndedError as ended:
                self._end()
                self._blame(ordered[min(self._beat[_FILE], len(ordered) - 1)], ended)

    def _answers(self, tasks: deque[_Task], left: int) -> Iterator[Item]:
        """Yield the items of the tasks and take off what is done, until `left` are left or the process retires."""
        while len(tasks) > left:
            for record in decode(self._message(CLOCK * self._limits.stall_seconds)):
                if not is_end(record):
                    tasks[0].delivered += 1
                    yield _item(record, tasks[0].source)
                    continue
                tasks.popleft()
                if retires(record):
                    self._end()
                    return

    def _blame(self, task: _Task, ended: _EndedError) -> None:
        member = self._beat[_MEMBER]
        if ended.killed and member not in task.spared:
            # A system short of memory kills whoever is at hand: what was read then is not to blame the first time.
            task.spared.add(member)
            return
        # A member is left out when the file is read again, and so are all behind it once there were too many.
        if member == 0 or member in task.broken:
            task.failed = (ended.code, ended.detail)
            return
        task.broken[member] = (ended.code, ended.detail)
        if len(task.broken) >= self._limits.crashes:
            task.last = member + 1

    def _start(self) -> None:
        if self._process is not None:
            return
        # The place of this package comes first, whatever folder the command was started in.
        here = str(Path(service.__file__).parents[1])
        places = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
        arguments = [str(self._progress.fileno()), self._orders]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            # With -P, a folder that is full of strangers' files is no place to import from.
            [sys.executable, "-P", "-m", "service.batch.reading", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What a library says about a file may quote the file.
            stderr=subprocess.DEVNULL,
            pass_fds=[self._progress.fileno()],
            # Ctrl-C in a terminal is for the command, which ends this process itself.
            process_group=0,
            env=os.environ | {"PYTHONPATH": places, "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
        )
        try:
            self._message(_START_SECONDS)
        except _EndedError as ended:
            self._end()
            raise ReaderError(f"the reading process does not start: {ended.detail}") from ended

    def _order(self, tasks: Sequence[_Task]) -> None:
        process = self._running()
        self._beat[_MEMBER] = self._beat[_FILE] = 0
        try:
            process.stdin.write(framed(orjson.dumps([task.order() for task in tasks])))  # type: ignore[union-attr]
            process.stdin.flush()  # type: ignore[union-attr]
        except BrokenPipeError:
            raise self._reason() from None

    def _message(self, seconds: float) -> bytes:
        """Return the next message.

        Raises:
            _EndedError: The process has ended, or showed no progress for so many seconds and was ended.
        """
        while True:
            if len(self._buffer) >= LENGTH_BYTES:
                size = int.from_bytes(self._buffer[:LENGTH_BYTES], "big")
                if size > _MAX_MESSAGE:
                    raise _EndedError("reader_failed", "the reading process answered with too much")
                if len(self._buffer) >= LENGTH_BYTES + size:
                    message = bytes(memoryview(self._buffer)[LENGTH_BYTES : LENGTH_BYTES + size])
                    del self._buffer[: LENGTH_BYTES + size]
                    return message
            self._buffer += self._piece(seconds)

    def _piece(self, seconds: float) -> bytes:
        output = self._running().stdout
        if output is None:
            raise ReaderError("the reading process has no output")
        seen, since = self._beat[_COUNT], time.monotonic()
        while not select.select([output], [], [], min(_LOOK_SECONDS, seconds))[0]:
            if self._beat[_COUNT] != seen:
                seen, since = self._beat[_COUNT], time.monotonic()
            elif time.monotonic() - since > seconds:
                raise self._stalled()
        piece = os.read(output.fileno(), _PIECE)
        if not piece:
            raise self._reason()
        return piece

    def _reason(self) -> _EndedError:
        status = self._running().wait()
        if status >= 0:
            return _EndedError("reader_failed", f"the reading process failed and ended with code {status}")
        if -status == signal.SIGPROF:
            return self._stalled()
        name = signal.Signals(-status).name
        detail = f"the reading process was ended by {name}, perhaps for want of memory"
        return _EndedError("reader_ended", detail, killed=-status == signal.SIGKILL)

    def _stalled(self) -> _EndedError:
        return _EndedError("too_slow", f"no progress for {self._limits.stall_seconds:g} seconds")

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise ReaderError("the reading process is not running")
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        self._buffer.clear()
        if process is not None:
            process.kill()
            # Closing writes what is still held, to a process that is no more.
            with suppress(BrokenPipeError):
                process.communicate()


def _given_up(task: _Task) -> DeadLetter:
    code, detail = task.failed or ("", "")
    seen = f"; {task.delivered} documents of it were read before" if task.delivered else ""
    return DeadLetter(task.source, None, task.label, code, detail + seen)


def _item(record: Record, source: str) -> Item:
    if record[0] == LETTER:
        _, line, name, code, detail, size, member = record
        return DeadLetter(source, line, name, code, detail, size, member)
    _, text, name, language, metadata, line, size, member, sheet, parts, charset = record
    located = tuple(Part(part, start) for part, start in parts)
    return Incoming(Document(text, name, language, metadata), source, line, size, member, sheet, located, charset)
