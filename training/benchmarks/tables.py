"""Finds a benchmark's table and reads it through `datasets`: a local file first, the hub where there is none."""

import json
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.errors import CorpusError
from training.benchmarks.card import BenchmarkCard, Part

if TYPE_CHECKING:
    from datasets import Dataset

_DATA = "TELLSIGN_DATA"
_PROBE_SECONDS = 3.0
# Raises OSError where the hub cannot be reached.
Hub = Callable[[Part], "Dataset"]


def load_tables(card: BenchmarkCard, data: Path | None = None, *, hub: Hub | None = None) -> dict[str, "Dataset"]:
    """Load all tables of a benchmark.

    Args:
        card: Of the benchmark.
        data: A folder with the files, alone or in the card's folders; or the file itself where there is only one.
            None looks in `$TELLSIGN_DATA/public`.
        hub: Fetches a table that no local file holds.

    Returns:
        Part name to a `datasets.Dataset` with the card's columns, in file order.

    Raises:
        CorpusError: a table cannot be had, or lacks a column; the message says where it was looked for.
    """
    # What only a file can give comes first: nothing is fetched when the rest is not there.
    parts = sorted(card.parts.items(), key=lambda item: bool(item[1].hub))
    return {name: _load_part(part, data, hub or fetch_from_hub) for name, part in parts}


def _load_part(part: Part, data: Path | None, hub: Hub) -> "Dataset":
    places = list(list_places(part, data))
    for path in places:
        if path.is_file():
            return read_table(path, part)
    if not part.hub:
        raise CorpusError(f"{_missing(part, places)}; no hub id is known for it in this form")
    try:
        return _choose_columns(hub(part), part, part.hub)
    except OSError as error:
        # The kind alone: the hub's own messages run over many lines.
        raise CorpusError(
            f"{_missing(part, places)}; '{part.hub}' on the hub cannot be reached ({type(error).__name__})"
        ) from None


def list_places(part: Part, data: Path | None) -> Iterable[Path]:
    """Give the places where the file of a part may lie, the most likely first; see `load_tables`."""
    if data is not None:
        if not data.is_dir():
            yield data
        else:
            yield from (data / part.file, data / part.folder / part.file, data / "public" / part.folder / part.file)
    elif home := os.environ.get(_DATA):
        yield Path(home) / "public" / part.folder / part.file


def _missing(part: Part, places: list[Path]) -> str:
    if not places:
        return f"no folder to look for benchmark file '{part.file}' in: give --data, or set {_DATA}"
    return f"benchmark file '{part.file}' is missing; looked for {', '.join(str(path) for path in places)}"


def read_table(path: Path, part: Part) -> "Dataset":
    """Read a local file with the columns of a part.

    Raises:
        CorpusError: the file is in another form, or lacks a column.
    """
    return _choose_columns(_read_file(path, part), part, path.name)


def _read_file(path: Path, part: Part) -> "Dataset":
    if path.suffix == ".parquet":
        return _read_parquet(path)
    from datasets import Dataset  # noqa: PLC0415  two seconds that only a benchmark pays

    try:
        content = path.read_text(encoding="utf-8")
        lines = path.suffix == ".jsonl"
        rows = [json.loads(line) for line in content.splitlines() if line.strip()] if lines else json.loads(content)
    except ValueError as error:
        raise CorpusError(f"{path.name}: not UTF-8 JSON: {type(error).__name__}") from None
    wanted = {*part.columns, *part.optional}
    kept = [{name: row[name] for name in wanted if name in row} for row in _read_rows(rows, path.name)]
    return Dataset.from_list(kept)


def _read_parquet(path: Path) -> "Dataset":
    import pyarrow as pa  # noqa: PLC0415
    from datasets import Dataset  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    try:
        # Read as it stands: `load_dataset` would leave a second copy in a cache.
        return Dataset(parquet.read_table(path))
    except pa.ArrowInvalid:
        raise CorpusError(f"{path.name}: not a Parquet file") from None


def _read_rows(content: object, name: str) -> Iterable[Mapping[str, Any]]:
    """Give the rows of a JSON table: a list of objects, or an object of columns, each a list or keyed by row."""
    if isinstance(content, list) and all(isinstance(row, dict) for row in content):
        return content
    if isinstance(content, dict) and content and all(isinstance(column, list | dict) for column in content.values()):
        columns = {key: list(c.values()) if isinstance(c, dict) else c for key, c in content.items()}
        if len({len(column) for column in columns.values()}) == 1:
            return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    raise CorpusError(f"{name}: must hold a list of objects, or columns of one length")


def _choose_columns(table: "Dataset", part: Part, place: str) -> "Dataset":
    found = set(table.column_names)
    if missing := [name for name in part.columns if name not in found]:
        raise CorpusError(f"{place} lacks the column {', '.join(missing)}; it has {', '.join(sorted(found))}")
    return table.select_columns([*part.columns, *(name for name in part.optional if name in found)])


def fetch_from_hub(part: Part, *, streaming: bool = False) -> "Dataset":
    """Load a part from the Hugging Face hub, or open it for reading row by row; `HF_HUB_OFFLINE` is respected.

    Raises:
        OSError: the hub cannot be reached; said within seconds, where `load_dataset` alone would retry for twenty.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415
    from huggingface_hub.errors import HTTPError  # type: ignore[attr-defined]  # noqa: PLC0415

    revision = part.revision or None
    try:
        HfApi().dataset_info(part.hub, revision=revision, timeout=_PROBE_SECONDS)
    except HTTPError as error:
        raise ConnectionError(type(error).__name__) from None
    from datasets import load_dataset  # noqa: PLC0415

    try:
        return load_dataset(part.hub, split=part.split or "train", revision=revision, streaming=streaming)
    except ValueError:
        raise CorpusError(f"'{part.hub}' on the hub has no split '{part.split}'") from None
