"""Slices of large JSON Lines and Parquet files, on any filesystem, that each worker of a cluster reads for itself."""

import hashlib
import io
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from service.batch.cutting import MAX_SHARD_CHARACTERS
from service.batch.found import Extract
from service.batch.items import DeadLetter, Incoming, Item, ReadOptions
from service.batch.limits import MAX_LINE_BYTES, ReadLimits
from service.batch.readers.columnar import read_parquet
from service.batch.readers.json_lines import read_json_lines
from service.batch.readers.source import Meter, Source, UnreadableError, Watch
from service.batch.readers.tables import Table
from service.batch.run_folder import Listed
from service.batch.stores import BatchRefusedError, is_remote, open_filesystem

# Byte order marks of character sets in which a line feed is more than one byte.
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class Partition:
    """One file: its path or address, and what its documents are called by."""

    source: str
    label: str


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of one file that become one shard; read by whoever scores them.

    Attributes:
        partition: The file.
        options: How to read.
        skip: Lines or rows before it.
        start: Its first byte, for lines.
        end: One past its last byte, for lines; None for the end of the file.
        items: How many lines or rows it has; -1 for a file that is read as one.
    """

    partition: Partition
    options: ReadOptions
    skip: int
    start: int
    end: int | None
    items: int

    def read(self) -> Sequence[Item]:
        """Return its documents and dead letters, as reading the whole file would give them.

        Raises:
            OSError: The file cannot be read; it could when the run began.
        """
        # A name that no document can have by itself marks the ids that are made of line numbers.
        mark = secrets.token_hex(16)
        lines = self.partition.source.endswith(".jsonl")
        content = _read_bytes(self) if lines else _read_rows(self)
        source = _source(self.partition, io.BytesIO(content), self.options, label=mark)
        reader = read_json_lines if lines else read_parquet
        try:
            found = list(reader(source))
        except UnreadableError as error:
            found = [source.dead(error.code, error.detail)]
        items: list[Item] = [Incoming.of(one, 0) if isinstance(one, Extract) else one for one in found]
        if items and lines:
            items[0] = replace(items[0], size=len(content))
        return [_renamed(item, mark, self.partition.label, self.skip) for item in items]


def slices(listed: Listed, options: ReadOptions) -> Iterator[Slice]:
    """Yield the slices of a listed file, in order."""
    partition = Partition(listed.source, listed.label)
    for place, (skip, start, items) in enumerate(listed.cuts):
        after = listed.cuts[place + 1] if place + 1 < len(listed.cuts) else None
        yield Slice(partition, options, skip, start, after[1] if after else None, items)


def survey_file(partition: Partition, options: ReadOptions, shard_size: int) -> Listed:
    """Measure a file, hash it, and find where to cut it; reads it once.

    Raises:
        BatchRefusedError: It cannot be read.
    """
    try:
        with _opened(partition.source) as stream:
            size, digest = _hash(stream)
            stream.seek(0)
            if partition.source.endswith(".jsonl"):
                cuts = list(_cut_lines(stream, shard_size))
            else:
                cuts = list(_cut_rows(_source(partition, stream, options), shard_size))
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise BatchRefusedError(f"{partition.source} cannot be read: {reason}") from error
    return Listed(partition.label, partition.source, size, digest, tuple(cuts))


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    if is_remote(source):
        files, path = open_filesystem(source)
        with files.open(path, "rb") as stream:
            yield stream
    else:
        with Path(source).open("rb") as stream:
            yield stream


def _hash(stream: BinaryIO) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    while piece := stream.read(_PIECE):
        digest.update(piece)
        size += len(piece)
    return size, digest.hexdigest()


def _cut_lines(stream: BinaryIO, shard_size: int) -> Iterator[tuple[int, int, int]]:
    """Yield first line, first byte and number of items of each slice; a slice ends with a line that is not blank."""
    if stream.read(4).startswith(_WIDE):
        yield (0, 0, -1)
        return
    stream.seek(0)
    skip = start = items = line = place = blank = 0
    while piece := stream.readline(MAX_LINE_BYTES):
        place += len(piece)
        filled = bool(piece.strip())
        while piece and not piece.endswith(b"\n"):
            piece = stream.readline(MAX_LINE_BYTES)
            place, filled = place + len(piece), filled or bool(piece.strip())
        line += 1
        items, blank = (items + blank + 1, 0) if filled else (items, blank + 1)
        if filled and (items >= shard_size or place - start >= MAX_SHARD_CHARACTERS):
            yield (skip, start, items)
            skip, start, items = line, place, 0
    if items:
        yield (skip, start, items)


def _cut_rows(source: Source, shard_size: int) -> Iterator[tuple[int, int, int]]:
    from pyarrow import ArrowException, parquet  # noqa: PLC0415

    try:
        file = parquet.ParquetFile(source.stream)
        Table(source, list(file.schema_arrow.names)).check()
    except (UnreadableError, ArrowException):
        # One slice, so that the reason why it cannot be read is said once.
        yield (0, 0, -1)
        return
    for skip in range(0, file.metadata.num_rows, shard_size):
        yield (skip, 0, min(shard_size, file.metadata.num_rows - skip))


def _read_bytes(part: Slice) -> bytes:
    with _opened(part.partition.source) as stream:
        stream.seek(part.start)
        return stream.read(-1 if part.end is None else part.end - part.start)


def _read_rows(part: Slice) -> bytes:
    """Return a Parquet file of the slice's rows alone, for the reader of such files."""
    from pyarrow import parquet  # noqa: PLC0415

    with _opened(part.partition.source) as stream:
        if part.items < 0:
            return stream.read()
        file = parquet.ParquetFile(stream)
        groups, first = _groups(file.metadata, part.skip, part.skip + part.items)
        out = io.BytesIO()
        parquet.write_table(file.read_row_groups(groups).slice(part.skip - first, part.items), out)
        return out.getvalue()


def _groups(metadata: Any, begin: int, end: int) -> tuple[list[int], int]:
    """Return the row groups that hold rows `begin` to `end`, and the number of their first row."""
    groups: list[int] = []
    first = row = 0
    for number in range(metadata.num_row_groups):
        after = row + metadata.row_group(number).num_rows
        if row < end and after > begin:
            first = first if groups else row
            groups.append(number)
        row = after
    return groups, first


def _source(partition: Partition, stream: BinaryIO, options: ReadOptions, *, label: str | None = None) -> Source:
    limits = ReadLimits()
    return Source(
        stream=stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream),
        name=PurePosixPath(partition.source).name,
        path=partition.source,
        label=label or partition.label,
        options=options,
        watch=Watch(limits),
        meter=Meter(limits, 0),
    )


def _renamed(item: Item, mark: str, label: str, skip: int) -> Item:
    """Return an item of a slice as it would be read from the whole file."""
    line = None if item.line is None else item.line + skip
    if isinstance(item, DeadLetter):
        return replace(item, line=line, id=_rename(item.id, mark, label, skip))
    document = replace(item.document, id=_rename(item.document.id, mark, label, skip))
    return replace(item, line=line, document=document)


def _rename(name: str | None, mark: str, label: str, skip: int) -> str | None:
    if name is None or not name.startswith(mark):
        return name
    joint, number = name[len(mark) : len(mark) + 1], name[len(mark) + 1 :]
    return f"{label}{joint}{int(number) + skip}" if number else label
