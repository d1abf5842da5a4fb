"""Labelled corpora: cards that say what a corpus is, and records that are checked before anything learns from them."""

import json
import re
import tomllib
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from training.recipe_files import toml_names

if TYPE_CHECKING:
    from datasets import Dataset

ASSERTIONS = ("asserted", "negated", "hypothetical")
GENRES = ("disclosure", "solicitation", "report", "guidance", "unrelated")
_TYPES: Mapping[str, type] = {
    "id": str,
    "text": str,
    "lang": str,
    "genre": str,
    "needs_review": bool,
    "spans": list,
    "source": str,
    "group": str,
    "split": str,
}
_CARD_TEXTS = ("title", "licence", "source", "citation", "folder")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class LabelledSpan:
    """A labelled stretch of text: half-open code points, the indicator and how the text holds it."""

    start: int
    end: int
    indicator: str
    assertion: str


@dataclass(frozen=True, slots=True)
class Record:
    """One labelled document; `group` ties records that must never straddle a split."""

    id: str
    # Left out of what is written of a record, which may end up in a log.
    text: str = field(repr=False)
    lang: str
    genre: str
    needs_review: bool
    spans: tuple[LabelledSpan, ...]
    source: str
    group: str
    split: str


@dataclass(frozen=True, slots=True)
class CorpusFile:
    """A file of a corpus and the SHA-256 that it must have."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a corpus is: where from, under which licence, which files, and the hash of its frozen split."""

    name: str
    title: str
    licence: str
    source: str
    citation: str
    folder: str
    files: tuple[CorpusFile, ...]
    flaws: tuple[str, ...]
    split_sha256: Mapping[str, str]


def load_card(name: str) -> Card:
    """Read the card `training/corpora/<name>.toml`, or the one at a path when the name ends in `.toml`.

    Raises:
        CorpusError: there is no such card, or it lacks a field; the message names what there is or what is missing.
    """
    home, file_name = _find_card(name)
    entry = home.joinpath(file_name)
    if not entry.is_file():
        raise CorpusError(f"no corpus card '{name}'; there are {', '.join(toml_names(home)) or 'none'}")
    try:
        data = tomllib.loads(entry.read_text(encoding="utf-8"))
        return Card(
            name=Path(name).stem,
            files=tuple(CorpusFile(**item) for item in data["file"]),
            flaws=tuple(data["flaws"]),
            split_sha256=data.get("split", {}).get("sha256", {}),
            **{field: data[field] for field in _CARD_TEXTS},
        )
    except (KeyError, TypeError) as error:
        raise CorpusError(f"corpus card '{name}' lacks a field or has it in the wrong form: {error}") from None
    except ValueError as error:
        raise CorpusError(f"corpus card '{name}' is not TOML: {error}") from None


def _find_card(name: str) -> tuple[Traversable, str]:
    """Give the folder where a card and its corpus lie, and the card's file name there."""
    if name.endswith(".toml"):
        return Path(name).parent, Path(name).name
    return resources.files("training").joinpath("corpora"), f"{name}.toml"


def load_corpus(name: str, language: str | None = None) -> list[Record]:
    """Load a corpus by its card: every file's hash is checked, every record validated.

    Args:
        name: Of the card, or its path.
        language: Keep the records of this language only.

    Raises:
        CorpusError: a file changed, or a record breaks the format (file, line and field are named).
    """
    card = load_card(name)
    records: list[Record] = []
    with resources.as_file(_find_card(name)[0].joinpath(card.folder)) as folder:
        for item in card.files:
            path = folder / item.name
            found = sha256(path.read_bytes()).hexdigest() if path.is_file() else "missing"
            if found != item.sha256:
                raise CorpusError(f"{item.name}: sha256 is {found}; the card of '{name}' says {item.sha256}")
            records.extend(read_records(path))
    refuse_twins((record.id for record in records), "corpus")
    return [record for record in records if language in (None, record.lang)]


def read_records(path: Path) -> list[Record]:
    """Read a JSONL file of labelled records through `datasets` and validate each.

    Raises:
        CorpusError: names file, line and field of the first broken record.
    """
    rows = list(parse_lines(path))
    for line, row in rows:
        validate_record(row, f"{path.name}:{line}")
    return [build_record(row) for row in build_dataset([row for _, row in rows])]


def build_dataset(rows: Sequence[Mapping[str, Any]]) -> "Dataset":
    """Make a `datasets.Dataset` with the corpus features; extra fields are left out."""
    with warnings.catch_warnings():
        # Its progress bars, none of which is shown here, complain of a notebook without ipywidgets.
        warnings.filterwarnings("ignore", message="IProgress not found")
        from datasets import Dataset, Features, List, Value  # noqa: PLC0415  two seconds that only training pays

    span = {"start": Value("int64"), "end": Value("int64"), "indicator": Value("string"), "assertion": Value("string")}
    features: dict[str, Any] = {name: Value("bool" if kind is bool else "string") for name, kind in _TYPES.items()}
    features["spans"] = List(span)
    kept = [{name: row[name] for name in _TYPES} for row in rows]
    return Dataset.from_list(kept, features=Features(features))


def build_record(row: Mapping[str, Any]) -> Record:
    """Turn a validated row into a Record."""
    fields = {name: row[name] for name in _TYPES if name != "spans"}
    spans = tuple(
        LabelledSpan(span["start"], span["end"], span["indicator"], span["assertion"]) for span in row["spans"]
    )
    return Record(spans=spans, **fields)


def write_records(records: Iterable[Record], path: Path) -> None:
    """Write records as JSONL, one a line, in the corpus format."""
    lines = (json.dumps(asdict(record), ensure_ascii=False) for record in records)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def parse_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Read the objects of a JSONL file with their line numbers, 1-based; blank lines are left out.

    Raises:
        CorpusError: a line is not UTF-8, not JSON or no object; names file, line and place, never the text.
    """
    with path.open("rb") as stream:
        for line, content in enumerate(stream, start=1):
            if not content.strip():
                continue
            try:
                row = json.loads(content.decode("utf-8").rstrip())
            except UnicodeDecodeError as error:
                raise CorpusError(f"{path.name}:{line}: not UTF-8 at byte {error.start}") from None
            except json.JSONDecodeError as error:
                raise CorpusError(f"{path.name}:{line}: not JSON at column {error.colno}") from None
            if not isinstance(row, dict):
                raise CorpusError(f"{path.name}:{line}: a {type(row).__name__}; each line must be an object")
            yield line, row


def validate_record(row: Mapping[str, Any], place: str) -> None:
    """Check one record against the corpus format.

    Args:
        row: The parsed JSON object.
        place: `file:line`, for messages.

    Raises:
        CorpusError: names place and field, the value's kind and what is allowed; never the text.
    """
    _validate_fields(row, place)
    seen: dict[str, list[tuple[int, int]]] = {}
    for number, span in enumerate(row["spans"]):
        _validate_span(span, row["text"], f"{place}: field 'spans[{number}]'")
        for start, end in seen.setdefault(span["indicator"], []):
            if span["start"] < end and start < span["end"]:
                raise CorpusError(f"{place}: field 'spans[{number}]' overlaps another span of {span['indicator']}")
        seen[span["indicator"]].append((span["start"], span["end"]))


def _validate_fields(row: Mapping[str, Any], place: str) -> None:
    for name, kind in _TYPES.items():
        if name not in row:
            raise CorpusError(f"{place}: field '{name}' is missing")
        if not isinstance(row[name], kind):
            raise CorpusError(f"{place}: field '{name}' is {type(row[name]).__name__}; it must be {kind.__name__}")
        if kind is str and not row[name].isascii() and _SURROGATE.search(row[name]):
            raise CorpusError(f"{place}: field '{name}' holds half of a surrogate pair; it must be text")
    for name in ("id", "group", "text"):
        if not row[name].strip():
            raise CorpusError(f"{place}: field '{name}' is empty")
    if row["genre"] not in GENRES:
        raise CorpusError(f"{place}: field 'genre' is '{row['genre']}'; allowed: {', '.join(GENRES)}")


def _validate_span(span: object, text: str, place: str) -> None:
    if not isinstance(span, dict) or {"start", "end", "indicator", "assertion"} - set(span):
        raise CorpusError(f"{place} must be an object with start, end, indicator and assertion")
    start, end = span["start"], span["end"]
    whole = type(start) is int and type(end) is int
    if not whole or not 0 <= start < end <= len(text):
        raise CorpusError(f"{place}: start {start!r} and end {end!r} must satisfy 0 <= start < end <= {len(text)}")
    if not text[start:end].strip():
        raise CorpusError(f"{place}: covers only white space")
    ids = load_taxonomy().ids
    if span["indicator"] not in ids:
        raise CorpusError(f"{place}: indicator '{span['indicator']}' is unknown; allowed: {', '.join(ids)}")
    if span["assertion"] not in ASSERTIONS:
        raise CorpusError(f"{place}: assertion '{span['assertion']}' is unknown; allowed: {', '.join(ASSERTIONS)}")


def refuse_twins(ids: Iterable[str], place: str) -> None:
    """Refuse ids that are not unique.

    Raises:
        CorpusError: names the first id that comes again, and the place.
    """
    seen: set[str] = set()
    for name in ids:
        if name in seen:
            raise CorpusError(f"field 'id': '{name}' is used twice in the {place}")
        seen.add(name)
