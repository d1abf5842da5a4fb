"""Writes analyses as JSON Lines, CSV or Parquet; the same analyses give the same bytes."""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, Protocol

import orjson

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
_LAST_COLUMNS: Mapping[str, str] = {
    "spans": "string",
    "warnings": "string",
    "model": "string",
    "tier": "string",
    "duplicate_of": "string",
    "similarity": "float64",
    "provenance": "string",
    "metadata": "string",
}


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
    model, repeated = data["model"], data.get("duplicate_of", {})
    return row | {
        "spans": orjson.dumps(spans).decode(),
        "warnings": " ".join(warning["code"] for warning in data["warnings"]),
        "model": f"{model['name']} {model['version']} {model['sha256']}",
        "tier": data["tier"],
        "duplicate_of": repeated.get("id"),
        "similarity": repeated.get("similarity"),
        "provenance": _json(data.get("provenance")),
        "metadata": _json(data.get("metadata")),
    }


def _json(value: object) -> str | None:
    return None if value is None else orjson.dumps(value).decode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return orjson.dumps(value).decode()
    number = value[:1] in ("+", "-") and value[1:].isdecimal()
    formula = value[:1] in ("=", "+", "-", "@", "\t", "\r") and not number
    return f"'{value}" if formula else value
