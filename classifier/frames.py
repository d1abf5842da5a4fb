"""Analyses the texts of a table of pandas, polars, `datasets` or Arrow, and gives the answers as a table of that kind.

None of these libraries is imported here: whoever hands in a table has loaded its library already, and it is taken from
there. So a server pays nothing for them, and this package needs none of them.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from classifier.rows import Kind, Reads, Shape, TableError, analyze_rows, columns_of

_ID: Kind = "text"
# Half of a surrogate pair: Python's strings can hold one, columns of text cannot.
_HALF = re.compile("[\ud800-\udfff]")
_ALLOWED = (
    "a DataFrame or Series of pandas or polars, a Dataset or a column of one, a Table or Array of pyarrow, or an "
    "iterable of texts"
)
_ADVICE = {
    "LazyFrame": "collect it first",
    "IterableDataset": "read it row by row with classifier.analyze_rows",
    "DatasetDict": "choose one of its splits",
    "IterableDatasetDict": "choose one of its splits",
}


Kinds = Mapping[str, Kind]
Cells = Mapping[str, list[Any]]


@dataclass(frozen=True, slots=True)
class _Library:
    """How a library's tables and single columns are told, by class path, and how a table is built."""

    tables: tuple[str, ...]
    columns: tuple[str, ...]
    build: Callable[[Any, Cells, Kinds], Any]
    indexed: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    """What was handed in, and the loaded library that it is of; `whole` for a table, not for a column."""

    data: Any
    module: Any
    library: _Library
    whole: bool


def analyze_frame(
    analyzer: Reads,
    data: Any,
    *,
    text: str = "text",
    id: str | None = None,  # noqa: A002  the name that documents have for it
    language: str | None = None,
    shape: Shape = "wide",
    prefix: str = "",
) -> Any:
    """Analyse every row of a table; nothing is lost, and a row that cannot be analysed says why in `error`.

    Args:
        analyzer: The model.
        data: A table, one column of one, or any iterable of texts, documents or mappings.
        text: The column with the texts; a single column needs no name.
        id: A column to be given back as `id`.
        language: A column of ISO 639-1 codes that go before detection, missing where it is to be detected.
        shape: `wide`: a row a document, in the order of the table; `long`: a row for each document and indicator;
            `spans`: a row for each piece of evidence. `columns_of` names their columns.
        prefix: Put before every column's name, so that the answers can stand beside what was there.

    Returns:
        A table of the kind that was handed in; with pandas the index is kept, repeated where a document has several
        rows. For any other iterable, a list of rows.

    Raises:
        TableError: the data are of no such kind, a column is not there, or the shape is unknown.
    """
    source = _find_source(data)
    if source is None:
        _refuse_tables(data)
        return [_rename(row, prefix) for row in analyze_rows(analyzer, data, shape=shape)]
    named = {"text": text, "id": id, "language": language}
    items = _read_items(source, {name: column for name, column in named.items() if column is not None})
    kinds = columns_of(shape) if id is None else {"id": _ID, **columns_of(shape)}
    cells: dict[str, list[Any]] = {name: [] for name in kinds}
    places: list[int] = []
    for number, row in enumerate(analyze_rows(analyzer, items, shape=shape)):
        places.append(row.get("document", number))
        for name, column in cells.items():
            cell = row[name]
            column.append(_HALF.sub("\ufffd", cell) if isinstance(cell, str) else cell)
    table = source.library.build(source.module, _rename(cells, prefix), _rename(kinds, prefix))
    if source.library.indexed:
        table.index = data.index.take(places)
    return table


def _rename(fields: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    return {f"{prefix}{name}": value for name, value in fields.items()}


def _find_source(data: Any) -> _Source | None:
    """Find whose table or column this is, among the libraries that are loaded."""
    for name, library in _LIBRARIES.items():
        module = sys.modules.get(name)
        if module is None:
            continue
        if isinstance(data, _classes(module, library.tables)):
            return _Source(data, module, library, whole=True)
        if isinstance(data, _classes(module, library.columns)):
            return _Source(data, module, library, whole=False)
    return None


def _classes(module: Any, paths: Iterable[str]) -> tuple[type, ...]:
    """Give the classes of a library that are there; one that a version does not have is passed over."""
    found = []
    for path in paths:
        place = module
        for part in path.split("."):
            place = getattr(place, part, None)
        if isinstance(place, type):
            found.append(place)
    return tuple(found)


def _refuse_tables(data: Any) -> None:
    """Refuse what would be iterated by something else than its texts: by letters, keys or names of columns."""
    kind = type(data).__name__
    if advice := _ADVICE.get(kind):
        raise TableError(f"a {kind} cannot be read as a whole: {advice}")
    table = isinstance(data, str | bytes | Mapping) or any(hasattr(data, name) for name in ("columns", "column_names"))
    if table or not isinstance(data, Iterable):
        raise TableError(f"a {kind} is no table of texts; allowed: {_ALLOWED}")


def _read_items(source: _Source, named: Mapping[str, str]) -> Iterable[object]:
    """Give the rows of a table as mappings with these columns, or the cells of a single column."""
    data = source.data
    if not source.whole:
        if extra := [column for name, column in named.items() if name != "text"]:
            raise TableError(f"a single column has no column '{extra[0]}'; hand in the table")
        return _read_cells(data)
    names = [str(name) for name in (data.column_names if hasattr(data, "column_names") else data.columns)]
    for column in named.values():
        if (count := names.count(column)) != 1:
            there = f"is there {count} times" if count else "is not there"
            raise TableError(f"column '{column}' {there}; columns are {', '.join(names) or 'none'}")
    columns = [_read_cells(data[column]) for column in named.values()]
    return (dict(zip(named, cells, strict=True)) for cells in zip(*columns, strict=True))


def _read_cells(column: Any) -> Iterable[object]:
    # Arrow's cells are objects of their own until they are asked for as Python's.
    cells: Iterable[object] = column.to_pylist() if hasattr(column, "to_pylist") else column
    return cells


def _build_pandas(module: Any, cells: Cells, kinds: Kinds) -> Any:
    types = {"text": "string", "number": "float64", "count": "Int64", "truth": "boolean"}
    return module.DataFrame({name: module.array(column, dtype=types[kinds[name]]) for name, column in cells.items()})


def _build_polars(module: Any, cells: Cells, kinds: Kinds) -> Any:
    types = {"text": module.String, "number": module.Float64, "count": module.Int64, "truth": module.Boolean}
    return module.DataFrame(cells, schema={name: types[kind] for name, kind in kinds.items()})


def _build_dataset(module: Any, cells: Cells, kinds: Kinds) -> Any:
    types = {"text": "string", "number": "float64", "count": "int64", "truth": "bool"}
    features = module.Features({name: module.Value(types[kind]) for name, kind in kinds.items()})
    return module.Dataset.from_dict(dict(cells), features=features)


def _build_arrow(module: Any, cells: Cells, kinds: Kinds) -> Any:
    types = {"text": module.string(), "number": module.float64(), "count": module.int64(), "truth": module.bool_()}
    return module.table({name: module.array(column, type=types[kinds[name]]) for name, column in cells.items()})


_LIBRARIES: Mapping[str, _Library] = {
    "pandas": _Library(("DataFrame",), ("Series",), _build_pandas, indexed=True),
    "polars": _Library(("DataFrame",), ("Series",), _build_polars),
    "datasets": _Library(("Dataset",), ("arrow_dataset.Column",), _build_dataset),
    "pyarrow": _Library(("Table",), ("Array", "ChunkedArray"), _build_arrow),
}
