"""CSV and TSV: a document a row, the first row naming the columns; separator and character set detected."""

import csv
from collections.abc import Iterator

from service.batch.found import Found
from service.batch.limits import MAX_LINE_BYTES
from service.batch.readers.charset import SAMPLE_BYTES, UTF8, charset_of
from service.batch.readers.lines import recoded
from service.batch.readers.source import Source, UnreadableError
from service.batch.readers.tables import Table

_SEPARATORS = ",;\t|"


def read_csv(source: Source) -> Iterator[Found]:
    """Yield the documents of a table with separated columns.

    Raises:
        UnreadableError: It has no header with the text column, or is no text.
    """
    yield from _read(source, None)


def read_tsv(source: Source) -> Iterator[Found]:
    """Yield the documents of a table whose columns are separated by tabs.

    Raises:
        UnreadableError: It has no header with the text column, or is no text.
    """
    yield from _read(source, "\t")


def _read(source: Source, separator: str | None) -> Iterator[Found]:
    sample = source.stream.peek(SAMPLE_BYTES)[:SAMPLE_BYTES]
    charset, skip = charset_of(sample)
    source.stream.read(skip)
    lines = _lines(source, charset)
    header = next(lines, "")
    # Some spreadsheet programs write the separator into a line of its own.
    if header[:4].lower() == "sep=" and len(header.strip()) == 5:
        separator, header = header[4], next(lines, "")
    if not header.strip():
        raise UnreadableError("empty_file", "the table has no header")
    separator = separator or max(_SEPARATORS, key=header.count)
    csv.field_size_limit(MAX_LINE_BYTES)
    rows = csv.reader(_chained(header, lines), delimiter=separator)
    table = Table(source, [name.strip() for name in next(rows)])
    table.check()
    yield from table.rows(_checked(rows, source), first=2)


def _checked(rows: Iterator[list[str]], source: Source) -> Iterator[list[str]]:
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableError(
                "damaged", "a quoted cell does not end, or is too long; the rest was not read"
            ) from error
        if len(row) > min(source.limits.cells, 100_000):
            raise UnreadableError("too_many_cells", f"a row of {len(row)} cells")
        yield row


def _chained(header: str, lines: Iterator[str]) -> Iterator[str]:
    yield header
    yield from lines


def _lines(source: Source, charset: str) -> Iterator[str]:
    stream = source.stream if charset == UTF8 else recoded(source.stream, charset)
    while line := stream.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise UnreadableError("line_too_long", f"a line of more than {MAX_LINE_BYTES} bytes; the rest was not read")
        try:
            # NUL is no content of any table, and the parser stops at it.
            yield line.decode(UTF8).replace("\x00", "")
        except UnicodeDecodeError:
            # One row that was pasted from elsewhere must not cost the others.
            yield line.decode("cp1252", "replace").replace("\x00", "")
