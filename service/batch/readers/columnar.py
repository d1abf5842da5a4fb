"""Parquet and Arrow: a document a row, read batch by batch."""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from service.batch.found import Found
from service.batch.readers.source import Source, UnreadableError
from service.batch.readers.tables import Table

_BATCH = 512


def read_parquet(source: Source) -> Iterator[Found]:
    """Yield the documents of a Parquet file.

    Raises:
        UnreadableError: It is damaged, encrypted, or has no text column.
    """
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    try:
        with source.seekable_stream() as stream:
            file = parquet.ParquetFile(
                stream, memory_map=False, pre_buffer=False,
                thrift_string_size_limit=16 * 2**20, thrift_container_size_limit=1_000_000,
            )  # fmt: skip
            table = Table(source, list(file.schema_arrow.names))
            table.check()
            batches = file.iter_batches(_BATCH, columns=_wanted(table), use_threads=False)
            yield from _rows(source, _wanted(table), batches)
    except pa.ArrowException as error:
        raise _reason(error, "Parquet") from error


def read_arrow(source: Source) -> Iterator[Found]:
    """Yield the documents of an Arrow or Feather file, or of an Arrow stream.

    Raises:
        UnreadableError: It is damaged, or has no text column.
    """
    import pyarrow as pa  # noqa: PLC0415

    try:
        with source.seekable_stream() as stream:
            schema, batches = _arrow_batches(stream, pa)
            table = Table(source, list(schema.names))
            table.check()
            yield from _rows(source, _wanted(table), (batch.select(_wanted(table)) for batch in batches))
    except pa.ArrowException as error:
        raise _reason(error, "Arrow") from error


def _arrow_batches(stream: BinaryIO, pa: Any) -> tuple[Any, Iterable[Any]]:
    head = stream.read(8)
    stream.seek(0)
    if head.startswith(b"FEA1"):
        from pyarrow import feather  # noqa: PLC0415

        table = feather.read_table(stream, use_threads=False, memory_map=False)
        return table.schema, table.to_batches(_BATCH)
    options = pa.ipc.IpcReadOptions(use_threads=False)
    if head.startswith(b"ARROW1"):
        file = pa.ipc.open_file(stream, options=options)
        return file.schema, (file.get_batch(number) for number in range(file.num_record_batches))
    batches = pa.ipc.open_stream(stream, options=options)
    return batches.schema, batches


def _wanted(table: Table) -> list[str]:
    options = table.source.options
    names = {options.text_field, options.id_field, "language", *options.metadata_fields}
    return [name for name in table.columns if name in names]


def _rows(source: Source, names: list[str], batches: Iterable[Any]) -> Iterator[Found]:
    table, first = Table(source, names), 1
    for batch in batches:
        # Buffers of a damaged file may point anywhere; nothing is read from them unchecked.
        batch.validate(full=True)
        for begin in range(0, batch.num_rows, _BATCH):
            source.watch.tick()
            columns = [_values(column) for column in batch.slice(begin, _BATCH).columns]
            rows = zip(*columns, strict=True)
            yield from table.rows(rows, first=first)
            first += min(_BATCH, batch.num_rows - begin)


def _values(column: Any) -> list[object]:
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in column.to_pylist()]


def _reason(error: Exception, what: str) -> UnreadableError:
    if "encrypt" in str(error).lower():
        return UnreadableError("encrypted", f"the {what} file is encrypted")
    return UnreadableError("damaged", f"the {what} file is damaged: {type(error).__name__}")
