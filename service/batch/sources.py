"""Finds input files and yields what is in them, one document at a time; what cannot be read becomes a dead letter."""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from io import BufferedReader, BytesIO
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

import orjson

from classifier.document import Document
from service.batch.found import Extract
from service.batch.items import STDIN, DeadLetter, Incoming, Item, ReadOptions
from service.batch.limits import MAX_LINE_BYTES, ReadLimits
from service.batch.reader_process import FORMATS_AT, ReaderProcess
from service.batch.readers.charset import decode
from service.batch.readers.json_lines import records
from service.batch.readers.lines import BOM, split
from service.batch.readers.source import Meter, Source, UnreadableError, Watch
from service.batch.readers.text import byte_limit, check_size

# Files that the reading process is told of at a time; the order must fit into a pipe.
_ORDER = 32


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file to read, the short name that its documents are called by, and its size in bytes (0 when not known)."""

    path: Path
    label: str
    size: int = 0


def find_files(arguments: Sequence[Path], *, skip: frozenset[Path] = frozenset()) -> Iterator[InputFile | DeadLetter]:
    """Yield the files that the arguments name, folders walked in sorted order.

    A file in a folder is called by its path inside that folder, with the folder's name in front when there are several
    arguments. Hidden entries, links to folders and the resolved paths in `skip` are left out.
    """
    for argument in arguments:
        if argument.is_dir():
            prefix = f"{argument.resolve().name}/" if len(arguments) > 1 else ""
            yield from _walk(argument, prefix, skip)
        else:
            name = argument.name if argument.is_absolute() else argument.as_posix()
            yield InputFile(argument, _utf8(name), _size(argument))


def read_files(
    files: Iterable[InputFile | DeadLetter],
    options: ReadOptions,
    *,
    limits: ReadLimits = ReadLimits(),  # noqa: B008 - frozen
    readers: str = FORMATS_AT,
) -> Iterator[Item]:
    """Yield every document of the files, in order; a file that cannot be read is one dead letter.

    Files are read in a process of their own, which ends with the iteration or when this generator is closed. What it
    delivers does not depend on how often it had to be started again.

    Args:
        files: What to read; dead letters are passed on in their place.
        options: How to read.
        limits: What reading one file may cost.
        readers: Where the formats are, as `module:name`.

    Raises:
        ReaderError: The process does not start.
    """
    with ReaderProcess(options, limits, readers=readers) as process:
        order: list[tuple[Path, str]] = []
        for file in files:
            if isinstance(file, InputFile):
                order.append((file.path, file.label))
            if len(order) >= _ORDER or (order and isinstance(file, DeadLetter)):
                yield from process.read(order)
                order = []
            if isinstance(file, DeadLetter):
                yield file
        yield from process.read(order)


def read_stdin(stream: BinaryIO, options: ReadOptions, *, jsonl: bool) -> Iterator[Item]:
    """Yield the documents of a stream: JSON Lines when told so or when its first line is a JSON object, else one."""
    first = stream.readline(MAX_LINE_BYTES + 1)
    if jsonl or _is_object(first):
        watch = Watch(ReadLimits())
        source = Source(
            BufferedReader(BytesIO()), STDIN, STDIN, STDIN, options, watch, Meter(watch.limits, 0), seekable=False
        )
        sizes = deque[int]()
        for found in records(_noted(split(stream, first), sizes), source):
            size = sum(sizes)
            sizes.clear()
            yield Incoming.of(found, size) if isinstance(found, Extract) else replace(found, size=size)
    else:
        raw = first + stream.read(max(0, byte_limit(options.max_characters) + 1 - len(first)))
        yield _whole_text(raw, options)


def input_bytes(files: Iterable[InputFile | DeadLetter]) -> int:
    """Return the size of all files together, in bytes; one that cannot be asked counts 0."""
    return sum(file.size for file in files)


def _walk(folder: Path, prefix: str, skip: frozenset[Path]) -> Iterator[InputFile | DeadLetter]:
    # A stack instead of calls: folders may be nested deeper than calls can be.
    waiting: list[Iterator[InputFile | DeadLetter | tuple[Path, str]]] = [_entries(folder, prefix, skip)]
    while waiting:
        for found in waiting[-1]:
            if isinstance(found, tuple):
                waiting.append(_entries(*found, skip))
                break
            yield found
        else:
            waiting.pop()


def _entries(folder: Path, prefix: str, skip: frozenset[Path]) -> Iterator[InputFile | DeadLetter | tuple[Path, str]]:
    names = {path.name for path in skip}
    try:
        with os.scandir(folder) as scanned:
            entries = sorted(scanned, key=attrgetter("name"))
    except OSError as error:
        yield DeadLetter(_utf8(str(folder)), None, None, "unreadable", error.strerror or type(error).__name__)
        return
    for entry in entries:
        path = folder / entry.name
        # Resolving asks for every folder above: only what could be among them is asked.
        may_be = entry.name in names or entry.is_symlink()
        if entry.name.startswith(".") or (may_be and path.resolve() in skip):
            continue
        if not path.is_dir():
            yield InputFile(path, prefix + _utf8(entry.name), _size(path))
        elif not entry.is_symlink():
            yield path, f"{prefix}{_utf8(entry.name)}/"


def _whole_text(raw: bytes, options: ReadOptions) -> Item:
    try:
        text, charset = decode(check_size(raw, options.max_characters))
    except UnreadableError as error:
        return DeadLetter(STDIN, None, None, error.code, error.detail, len(raw))
    return Incoming(Document(text=text, language=options.language), STDIN, None, len(raw), charset=charset)


def _noted(lines: Iterable[tuple[bytes | None, int]], sizes: deque[int]) -> Iterator[tuple[bytes | None, int]]:
    for line, size in lines:
        sizes.append(size)
        yield line, size


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(orjson.loads(line.removeprefix(BOM)), dict)
    except orjson.JSONDecodeError:
        return False


def _utf8(path: str) -> str:
    # A file name may hold bytes that are no UTF-8, and JSON cannot carry those.
    return os.fsencode(path).decode("utf-8", "replace")
