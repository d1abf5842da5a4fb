"""Reads one input file by its format, and whatever is inside it, and turns every fault into a reason."""

import errno
import lzma
import os
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from io import BufferedReader, FileIO

from service.batch.found import DeadLetter, Found, ReadOptions
from service.batch.readers import Format, suffixes_of
from service.batch.readers.sniffing import format_of
from service.batch.readers.source import ExpansionError, Meter, Source, UnreadableError, Watch

_BUFFER = 1 << 16
# What parsers raise over bytes that are not what they expect; anything else ends the process, which is a reason too.
_FAULTS = (
    ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError,
    lzma.LZMAError, struct.error, tarfile.TarError, zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error,
)  # fmt: skip
_CUT_OFF = ("unexpected end of data", "Compressed file ended", "ends before")


def extract_file(
    path: str, label: str, *, options: ReadOptions, watch: Watch, readers: Mapping[str, Format]
) -> Iterator[tuple[Found, int]]:
    """Yield every document of a file, or why there is none, and the bytes of the file that each took up.

    The bytes add up to the size of the file, so that progress reaches its end.

    Args:
        path: The file.
        label: What its documents are called by.
        options: How to read.
        watch: Counts the cost; knows the limits.
        readers: The formats by name.
    """
    shown = os.fsencode(path).decode("utf-8", "replace")
    try:
        # Without O_NONBLOCK, a named pipe would hold everything up until somebody writes into it.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        yield DeadLetter(shown, None, label, "unreadable", _said(error)), 0
        return
    with FileIO(descriptor) as raw:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            yield DeadLetter(shown, None, label, "unreadable", "not a regular file"), 0
            return
        stream = BufferedReader(raw, _BUFFER)
        meter = Meter(watch.limits, status.st_size)
        source = Source(stream, os.path.basename(path), shown, label, options, watch, meter)  # noqa: PTH119 - no Path
        yield from _sized(extract(source, readers, suffixes_of(readers)), source, status.st_size)


def extract(source: Source, readers: Mapping[str, Format], suffixes: Mapping[str, str]) -> Iterator[Found]:
    """Yield every document of a file or member and of its own members, or why there is none."""
    try:
        source.watch.enter()
        if source.depth > source.limits.depth:
            detail = f"more than {source.limits.depth} containers in each other"
            raise UnreadableError("nested_too_deep", detail)
        for found in readers[format_of(source, suffixes)].read(source):
            source.watch.moved()
            if isinstance(found, Source):
                yield from extract(found, readers, suffixes)
                source.watch.moved()
            else:
                yield _fitting(found, source.options)
    except ExpansionError as error:
        # A container outside this one was overrun: it is the one that ends.
        if error.meter is not source.meter:
            raise
        yield source.dead(error.code, error.detail)
    except UnreadableError as error:
        yield source.dead(error.code, error.detail)
    except MemoryError:
        source.watch.exhausted = True
        yield source.dead("out_of_memory", f"takes more than {source.limits.memory_bytes} bytes of memory to read")
    except _FAULTS as error:
        yield source.dead(*_reason(error))


def _reason(error: Exception) -> tuple[str, str]:
    if isinstance(error, RecursionError):
        return "too_deep", "nested too deep to be read"
    # An error with a number came from the system, one without from a parser.
    if isinstance(error, OSError) and error.errno:
        return "unreadable", _said(error)
    if isinstance(error, EOFError) or any(sign in str(error) for sign in _CUT_OFF):
        return "truncated", "the file is cut off"
    return "damaged", f"the file is damaged: {type(error).__name__}"


def _fitting(item: Found, options: ReadOptions) -> Found:
    if isinstance(item, DeadLetter) or len(item.text) <= options.max_characters:
        return item
    detail = f"the text has {len(item.text)} code points; at most {options.max_characters} are allowed"
    return item.reject("text_too_long", detail)


def _sized(items: Iterator[Found], source: Source, size: int) -> Iterator[tuple[Found, int]]:
    spent, held = 0, next(items, None)
    if held is None:
        return
    for item in items:
        place = source.watch.consumed if source.watch.consumed is not None else source.stream.tell()
        count = max(0, min(place, size) - spent)
        spent += count
        yield held, count
        held = item
    yield held, size - spent


def _said(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "a link that leads to itself"
    return error.strerror or type(error).__name__
