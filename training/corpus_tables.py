"""Opens a corpus by name or path: records of our own, or a table checked by hash, local first, then the pinned hub."""

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING

from classifier.errors import CorpusError
from training.benchmarks.card import Part
from training.benchmarks.tables import fetch_from_hub, list_places, read_table
from training.corpus import Record, load_card, load_corpus, read_records, refuse_twins
from training.corpus_cards import CorpusCard, TableRule, corpus_names, load_corpus_card
from training.corpus_entries import Corpus, Entry, build_entry, read_rows, record_labels
from training.recipe import load_recipe
from training.split import TEST, check_split, split_records

if TYPE_CHECKING:
    from datasets import Dataset

# Fetches a part, or opens it row by row; raises OSError where the hub cannot be reached.
Hub = Callable[..., "Dataset"]


def open_corpus(
    name: str, data: Path | None = None, *, language: str | None = None, revision: str = "", hub: Hub = fetch_from_hub
) -> Corpus:
    """Open a corpus.

    Args:
        name: Of a card; or the path of a card, of a JSONL file in the corpus format, or of a folder of such files.
        data: Where the files of a card lie; None looks in `$TELLSIGN_DATA/public`, then on the hub.
        language: Keep the records of this language; only for the corpus format.
        revision: Commit on the hub to read when the card pins none.
        hub: Fetches a table that no local file holds.

    Raises:
        CorpusError: there is no such corpus, its files are missing or changed, or a row breaks the format.
    """
    path = Path(name)
    if name in corpus_names() or name.endswith(".toml"):
        card = load_corpus_card(name)
        if card.part is None:
            return _open_own(name, card, language)
        return _open_table(card, card.part, data, revision, hub) if card.rule else _open_site(card, data, language)
    if path.exists():
        return _build_records(_describe_path(path), str(path), _read_path(path, language))
    raise CorpusError(f"no corpus '{name}'; give a path, or one of {', '.join(corpus_names())}")


def say_place(card: CorpusCard, data: Path | None = None) -> str:
    """Say where the data of a card are, without reading them: in the package, in a file, on the hub, or nowhere."""
    if card.part is None:
        return "in the package"
    path = _find_site(card.part, data) if card.rule is None else _find(card.part, data)
    if path is not None:
        return path.name
    return f"hub: {card.part.hub}" if card.part.hub else "not here"


def _open_own(name: str, card: CorpusCard, language: str | None) -> Corpus:
    """Open records that come with their card, in the parts of its frozen split where it has one."""
    frozen, rule = load_card(name).split_sha256, load_recipe("default")
    expected = frozen.get(rule.split.name)
    records = load_corpus(name, language or (rule.language if expected else None))
    corpus = _build_records(card, "the package" if not name.endswith(".toml") else name, records)
    if expected is None or language not in (None, rule.language):
        return corpus
    split = split_records(records, test_share=rule.split.test_share, folds=rule.split.folds)
    check_split(split, expected, rule.split.name)
    parts = ["test" if part == TEST else "development" for part in split.parts.tolist()]
    entries = [build_entry(record, part) for record, part in zip(records, parts, strict=True)]
    return replace(corpus, entries=entries, hashed=split.sha256)


def _open_site(card: CorpusCard, data: Path | None, language: str | None) -> Corpus:
    """Open records of a site, which lie beside the public data and not among them."""
    part = _part_of(card)
    path = _find_site(part, data)
    if path is None:
        raise CorpusError(_say_missing(part, _list_site(part, data)))
    return _build_records(card, path.name, _read_path(path, language))


def _list_site(part: Part, data: Path | None) -> list[Path]:
    home = os.environ.get("TELLSIGN_DATA")
    if data is None:
        return [Path(home) / part.folder / part.file] if home else []
    return [data / part.file, data / part.folder / part.file, data] if data.is_dir() else [data]


def _find_site(part: Part, data: Path | None) -> Path | None:
    """Find a file, or a folder of exports that was named."""
    places = _list_site(part, data)
    whole = data is not None and data.is_dir() and any(data.glob("*.jsonl"))
    return next((path for path in places if path.is_file() or (whole and path == data)), None)


def _read_path(path: Path, language: str | None) -> list[Record]:
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    if not files:
        raise CorpusError(f"no *.jsonl file in '{path}'")
    records = [record for file in files for record in read_records(file)]
    refuse_twins((record.id for record in records), f"corpus '{path.name}'")
    return [record for record in records if language in (None, record.lang)]


def _describe_path(path: Path) -> CorpusCard:
    return CorpusCard(
        name=path.stem,
        title=path.name,
        source="not stated: a file without a card",
        licence="not stated",
        citation="not stated",
        role="indicators in spans",
        split="the field `split` of its records",
        flaws=(),
    )


def _build_records(card: CorpusCard, place: str, records: list[Record]) -> Corpus:
    if not records:
        raise CorpusError(f"corpus '{card.name}' has no record of that language")
    entries = [build_entry(record) for record in records]
    return Corpus(card, place, record_labels(), entries, tuple(records))


def _open_table(card: CorpusCard, part: Part, data: Path | None, revision: str, hub: Hub) -> Corpus:
    path = _find(part, data)
    if path is None:
        return _open_hub(card, part, data, revision, hub)
    hashed = _check_hash(path, card)
    entries = _read_streaming(path, card) if _rule_of(card).streaming else _read_whole(path, card)
    return Corpus(card, path.name, card.label_names, entries, hashed=hashed)


def _check_hash(path: Path, card: CorpusCard) -> str:
    """Refuse a file that is not the one on the card.

    Raises:
        CorpusError: names both hashes.
    """
    expected = _rule_of(card).sha256
    if not expected:
        return ""
    with path.open("rb") as stream:
        found = file_digest(stream, "sha256").hexdigest()
    if found != expected:
        raise CorpusError(
            f"{path.name}: sha256 is {found}; the card of '{card.name}' says {expected}. "
            "For another edition, write a card of your own and give its path"
        )
    return found


def _read_whole(path: Path, card: CorpusCard) -> list[Entry]:
    table = read_table(path, _part_of(card))
    expected = _rule_of(card).rows
    if expected not in (None, len(table)):
        raise CorpusError(f"{path.name} has {len(table)} rows; the card of '{card.name}' says {expected}")
    return list(read_rows(table, card, _rule_of(card)))


def _read_streaming(path: Path, card: CorpusCard) -> Iterator[Entry]:
    """Read a large Parquet file row by row through `datasets`, its listed columns only."""
    from datasets import load_dataset  # noqa: PLC0415  two seconds that only a table pays

    rows = load_dataset(
        "parquet", data_files=str(path), split="train", streaming=True, columns=list(_part_of(card).columns)
    )
    return read_rows(rows, card, _rule_of(card))


def _open_hub(card: CorpusCard, part: Part, data: Path | None, revision: str, hub: Hub) -> Corpus:
    """Read a table from the hub at a pinned commit: an unpinned one could be another table tomorrow.

    Raises:
        CorpusError: there is no hub id or no commit, or the hub cannot be reached.
    """
    missing, commit = _say_missing(part, list_places(part, data)), part.revision or revision
    if not part.hub:
        raise CorpusError(f"{missing}; no hub id is known for it in this form")
    if not commit:
        raise CorpusError(
            f"{missing}; '{part.hub}' on the hub has no pinned commit on the card: choose one with --revision"
        )
    streaming = _rule_of(card).streaming
    try:
        rows = hub(replace(part, revision=commit), streaming=streaming)
    except OSError as error:
        # The kind alone: the hub's own messages run over many lines.
        raise CorpusError(f"{missing}; '{part.hub}' on the hub cannot be reached ({type(error).__name__})") from None
    entries = read_rows(rows, card, _rule_of(card))
    place = f"{part.hub} at {commit}"
    return Corpus(card, place, card.label_names, entries if streaming else list(entries))


def _find(part: Part, data: Path | None) -> Path | None:
    return next((path for path in list_places(part, data) if path.is_file()), None)


def _say_missing(part: Part, places: Iterable[Path]) -> str:
    looked = ", ".join(str(path) for path in places)
    if not looked:
        return f"no folder to look for '{part.file}' in: give --data, or set TELLSIGN_DATA"
    return f"'{part.file}' is missing; looked for {looked}"


def _part_of(card: CorpusCard) -> Part:
    if card.part is None:
        raise CorpusError(f"corpus '{card.name}' has no table")
    return card.part


def _rule_of(card: CorpusCard) -> TableRule:
    if card.rule is None:
        raise CorpusError(f"corpus '{card.name}' has no table")
    return card.rule
