"""A manifest as lines for people: indented names, records that are alike as a table where it fits."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from service.visible import visible_line

_GAP = "  "


def outline(value: Mapping[str, Any], *, width: int, depth: int = 0) -> Iterator[str]:
    """Yield the lines of a manifest; numbers are rounded to three significant digits.

    Args:
        value: Of names, numbers, lists and further mappings.
        width: Columns that a line should have at most; a single long word may have more.
        depth: How far to indent.
    """
    for name, entry in value.items():
        start = f"{_GAP * depth}{_shown(name)}:"
        if not isinstance(entry, Mapping) and not _is_records(entry):
            yield from _wrap(f"{start} {_shown(entry)}", depth, width)
            continue
        yield start
        if isinstance(entry, list):
            for record in entry:
                yield from outline(record, width=width, depth=depth + 1)
        elif columns := _columns(entry):
            yield from _table(entry, columns, depth=depth + 1, width=width)
        else:
            yield from outline(entry, width=width, depth=depth + 1)


def _is_records(entry: object) -> bool:
    return isinstance(entry, list) and bool(entry) and all(isinstance(part, Mapping) for part in entry)


def _columns(entry: Mapping[str, Any]) -> list[str]:
    """Name the columns of records that all have the same plain fields; empty when they are no such records."""
    records = list(entry.values())
    if len(records) < 2 or not all(isinstance(record, Mapping) for record in records):
        return []
    columns = list(records[0])
    plain = not any(isinstance(cell, Mapping) or _is_records(cell) for record in records for cell in record.values())
    return columns if plain and all(list(record) == columns for record in records) else []


def _table(records: Mapping[str, Any], columns: list[str], *, depth: int, width: int) -> Iterator[str]:
    rows = [["", *map(_shown, columns)]]
    rows += [[_shown(name), *map(_shown, record.values())] for name, record in records.items()]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    indent = _GAP * depth
    if len(indent) + sum(widths) + len(_GAP) * len(columns) <= width:
        for row in rows:
            padded = [cell.ljust(size) for cell, size in zip(row, widths, strict=True)]
            yield f"{indent}{_GAP.join(padded)}".rstrip()
        return
    for name, *cells in rows[1:]:
        fields = "; ".join(f"{column} {cell}" for column, cell in zip(rows[0][1:], cells, strict=True))
        yield from _wrap(f"{indent}{name}: {fields}", depth, width)


def _wrap(line: str, depth: int, width: int) -> list[str]:
    later = _GAP * (depth + 2)
    return textwrap.wrap(line, width, subsequent_indent=later, break_long_words=False, break_on_hyphens=False)


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return f"{value:.3g}" if isinstance(value, float) else visible_line(str(value))
