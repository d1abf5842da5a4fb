"""Writes analyses as JSON Lines, CSV or Parquet, and dead letters beside them; a file appears whole or not at all."""

import csv
import io
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

import orjson

from service.scoring_files import DeadLetter

# Rows held before a Parquet row group is written.
_ROW_GROUP = 1024
_COLUMNS: Mapping[str, str] = {
    "id": "string",
    "characters": "int64",
    "language": "string",
    "context": "string",
    "review_probability": "float64",
    "review_threshold": "float64",
    "review_flagged": "bool_",
    "reasons": "string",
}
_LAST_COLUMNS: Mapping[str, str] = {"spans": "string", "warnings": "string", "model": "string", "tier": "string"}


class AtomicFile:
    """A file that is written under a hidden temporary name and takes its own name when all went well."""

    def __init__(self, path: Path) -> None:
        """Open the temporary file beside `path`.

        Raises:
            OSError: The folder is missing or not writable.
        """
        self.path = path
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        self.stream: BinaryIO = self._temporary.open("wb")

    def commit(self) -> None:
        """Put the file in place, replacing an older one."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.stream.close()
        self._temporary.replace(self.path)

    def discard(self) -> None:
        """Remove what was written; without effect after `commit`."""
        self.stream.close()
        self._temporary.unlink(missing_ok=True)


class Writer(Protocol):
    """One file format."""

    def write(self, analysis: bytes) -> None:
        """Add an analysis, given as JSON."""

    def finish(self) -> None:
        """Write what is still held; the stream stays open."""


class JsonLines:
    """One analysis a line, exactly as it was encoded."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write to `stream`."""
        self._stream = stream

    def write(self, analysis: bytes) -> None:
        """Add an analysis, given as JSON."""
        self._stream.write(analysis + b"\n")

    def finish(self) -> None:
        """Nothing is held."""


class Csv:
    """One row a document; cells that a spreadsheet would take for a formula get a leading apostrophe."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write to `stream`; the first analysis decides the indicator columns."""
        self._stream = stream
        self._header = False

    def write(self, analysis: bytes) -> None:
        """Add an analysis, given as JSON."""
        row = flat_row(analysis)
        if not self._header:
            self._line(list(row))
        self._line([_cell(value) for value in row.values()])

    def finish(self) -> None:
        """Write the header of a file without rows."""
        if not self._header:
            self._line([*_COLUMNS, *_LAST_COLUMNS])

    def _line(self, cells: list[str]) -> None:
        self._header = True
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerow(cells)
        self._stream.write(text.getvalue().encode())


class Parquet:
    """The columns of `Csv` with their types, in row groups of 1,024."""

    def __init__(self, stream: BinaryIO) -> None:
        """Write to `stream`.

        Raises:
            ImportError: pyarrow is not installed.
        """
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415

        self._pyarrow, self._parquet, self._stream = pa, parquet, stream
        self._writer: Any = None
        self._rows: list[dict[str, Any]] = []

    def write(self, analysis: bytes) -> None:
        """Add an analysis, given as JSON."""
        self._rows.append(flat_row(analysis))
        if len(self._rows) >= _ROW_GROUP:
            self._flush()

    def finish(self) -> None:
        """Write the last rows and the footer."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        if self._writer is None:
            names = list(self._rows[0]) if self._rows else [*_COLUMNS, *_LAST_COLUMNS]
            self._schema = self._pyarrow.schema([(name, self._type(name)) for name in names])
            self._writer = self._parquet.ParquetWriter(self._stream, self._schema)
        self._writer.write_table(self._pyarrow.Table.from_pylist(self._rows, schema=self._schema))
        self._rows.clear()

    def _type(self, column: str) -> Any:
        # Every other column is an indicator: its probability, or its state.
        fallback = "string" if column.endswith("_state") else "float64"
        return getattr(self._pyarrow, {**_COLUMNS, **_LAST_COLUMNS}.get(column, fallback))()


WRITERS: Mapping[str, Callable[[BinaryIO], Writer]] = {".csv": Csv, ".jsonl": JsonLines, ".parquet": Parquet}


class ResultFiles:
    """The output file and the dead-letter file next to it; both appear on a clean exit of the `with` block."""

    def __init__(self, output: Path) -> None:
        """Open `output`, whose suffix picks the format.

        Raises:
            OSError: The folder is missing or not writable.
            ImportError: The format needs a package that is not installed.
        """
        self.dead_path = dead_letter_path(output)
        self._dead: AtomicFile | None = None
        self._output = AtomicFile(output)
        try:
            self._writer = WRITERS[output.suffix.lower()](self._output.stream)
        except ImportError:
            self._output.discard()
            raise

    def write(self, analysis: bytes) -> None:
        """Add an analysis, given as JSON."""
        self._writer.write(analysis)

    def bury(self, letter: DeadLetter) -> None:
        """Add a dead letter; its file is made with the first one."""
        if self._dead is None:
            self._dead = AtomicFile(self.dead_path)
        self._dead.stream.write(letter.to_json() + b"\n")

    def __enter__(self) -> Self:
        """Return the open files."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Put the files in place, or remove what was written when the block raised."""
        try:
            if kind is None:
                self._commit()
        finally:
            self._output.discard()
            if self._dead is not None:
                self._dead.discard()

    def _commit(self) -> None:
        self._writer.finish()
        # The output comes last: where it stands, its dead letters are complete, and none are left from an older run.
        if self._dead is None:
            self.dead_path.unlink(missing_ok=True)
        else:
            self._dead.commit()
        self._output.commit()


def dead_letter_path(output: Path) -> Path:
    """Return where the dead letters of an output file go: `OUT.jsonl` has `OUT.dead.jsonl`."""
    return output.with_name(f"{output.stem}.dead.jsonl")


def flat_row(analysis: bytes) -> dict[str, Any]:
    """Return an analysis as one row: review, a probability and a state for each indicator, spans as JSON."""
    data = orjson.loads(analysis)
    review, indicators = data["review"], data["indicators"]
    row = {
        "id": data["id"],
        "characters": data["characters"],
        "language": data["language"]["code"],
        "context": data["context"]["label"],
        "review_probability": review["probability"],
        "review_threshold": review["threshold"],
        "review_flagged": review["flagged"],
        "reasons": " ".join(review["reasons"]),
    }
    row |= {indicator["id"]: indicator["probability"] for indicator in indicators}
    row |= {f"{indicator['id']}_state": indicator["state"] for indicator in indicators}
    spans = [{"indicator": indicator["id"], **span} for indicator in indicators for span in indicator["spans"]]
    model = data["model"]
    return row | {
        "spans": orjson.dumps(spans).decode(),
        "warnings": " ".join(warning["code"] for warning in data["warnings"]),
        "model": f"{model['name']} {model['version']} {model['sha256']}",
        "tier": data["tier"],
    }


def _cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    number = value[:1] in ("+", "-") and value[1:].isdecimal()
    formula = value[:1] in ("=", "+", "-", "@", "\t", "\r") and not number
    return f"'{value}" if formula else value
