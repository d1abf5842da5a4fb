"""Readers that do to the reading process what hostile files may do: hang, die, fail, or eat memory."""

import os
import signal
import time
from collections.abc import Iterator

from service.batch.found import Found
from service.batch.readers import READERS as ALL
from service.batch.readers import Format
from service.batch.readers.source import Source


class UnforeseenError(Exception):
    """An error that nobody expects of a parser."""


def hang(source: Source) -> Iterator[Found]:
    """Make no progress."""
    time.sleep(1000)
    yield source.document("")


def burn(source: Source) -> Iterator[Found]:
    """Take processor time without progress, and without letting a thread run: a long power is one instruction."""
    yield source.document(str(pow(3, 500_000_000)))


def spin(source: Source) -> Iterator[Found]:
    """Make progress without end."""
    forever = True
    while forever:
        source.watch.tick()
    yield source.document("")


def killed(source: Source) -> Iterator[Found]:
    """Die as the kernel lets a process die that takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    yield source.document("")


def fail(source: Source) -> Iterator[Found]:
    """Raise what nobody expects."""
    if source.depth >= 0:
        raise UnforeseenError
    yield source.document("")


def eat(source: Source) -> Iterator[Found]:
    """Take more memory than is allowed."""
    yield source.document(str(len(bytearray(2**33))))


def chatter(source: Source) -> Iterator[Found]:
    """Print into the descriptors that answers would go out on."""
    os.write(1, b"words of the document\n")
    os.write(2, b"words of the document\n")
    yield source.document("quiet")


def echo(source: Source) -> Iterator[Found]:
    """Read a document for each line, as plain text is not."""
    for number, line in enumerate(source.stream, 1):
        yield source.document(line.decode().strip(), line=number, name=f"{source.label}:{number}")


# Called by suffix alone: the bytes of these files are plain text.
_BY_SUFFIX = {
    "md": hang,
    "html": spin,
    "eml": burn,
    "mbox": killed,
    "tsv": fail,
    "csv": eat,
    "json": chatter,
    "jsonl": echo,
}
READERS = {
    name: Format(_BY_SUFFIX.get(name, format_.read), (f".{name}",) if name in _BY_SUFFIX else format_.suffixes)
    for name, format_ in ALL.items()
}
