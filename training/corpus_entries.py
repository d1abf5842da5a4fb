"""A corpus row by row: one shape for records of our own and for tables of others, so that one program checks both."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from training.corpus import Record
from training.corpus_cards import CorpusCard, TableRule
from training.split import TAUGHT

_LEARNED = "train"
REVIEW = "needs review"


@dataclass(frozen=True, slots=True)
class Entry:
    """One text with its labels.

    Attributes:
        id: Unique in its corpus.
        text: As published, or as submitted.
        labels: What it is called, in the order of the corpus.
        group: Ties rows that belong together.
        part: Of the split; "" where none is marked.
    """

    id: str
    text: str = field(repr=False)
    labels: tuple[str, ...]
    group: str
    part: str = ""


@dataclass(frozen=True, slots=True)
class Corpus:
    """Entries and what is known of them.

    Attributes:
        card: Of the corpus.
        place: Where the rows came from: a file, a folder or the hub.
        labels: What entries can be called, in order.
        entries: Read once, in file order; an iterator where the corpus is streamed.
        records: The same as records, where the corpus is in our own format.
        hashed: SHA-256 of what was read when it was checked against the card, else "".
    """

    card: CorpusCard
    place: str
    labels: tuple[str, ...]
    entries: Iterable[Entry]
    records: tuple[Record, ...] = ()
    hashed: str = ""


def record_labels() -> tuple[str, ...]:
    """Name the labels of records: the indicators that they assert, and whether they need review."""
    return (*load_taxonomy().ids, REVIEW)


def build_entry(record: Record, part: str | None = None) -> Entry:
    """Turn a record into an entry; `part` wins over what the record says of its split."""
    asserted = {span.indicator for span in record.spans if span.assertion == "asserted"}
    labels = [name for name in record_labels() if name in asserted or (name == REVIEW and record.needs_review)]
    marked = _LEARNED if record.split == TAUGHT else record.split
    return Entry(record.id, record.text, tuple(labels), record.group, marked if part is None else part)


def read_rows(rows: Iterable[Mapping[str, Any]], card: CorpusCard, rule: TableRule) -> Iterator[Entry]:
    """Turn the rows of a table into entries; rows without text, and those that the card leaves out, are passed over.

    Raises:
        CorpusError: a row's list of labels has another length than the card's.
    """
    for number, row in enumerate(rows):
        text = "\n\n".join(str(row[column]) for column in rule.text if row.get(column))
        if text.strip() and all(str(row[column]) == value for column, value in (rule.where or {}).items()):
            name = str(row[rule.id]) if rule.id else f"{card.name}-{number + 1}"
            part = str(row[rule.part]) if rule.part else ""
            yield Entry(name, text, _name_labels(row, card, rule, number), _name_group(row, rule, name), part)


def _name_labels(row: Mapping[str, Any], card: CorpusCard, rule: TableRule, number: int) -> tuple[str, ...]:
    if rule.multi_hot:
        marks = row[rule.multi_hot]
        if len(marks) != len(card.label_names):
            raise CorpusError(
                f"row {number + 1} of '{card.name}' has {len(marks)} labels; the card has {len(card.label_names)}"
            )
        return tuple(name for name, mark in zip(card.label_names, marks, strict=True) if mark)
    named = ((values, row[column]) for column, values in (card.labels or {}).items())
    return tuple(values[str(value)] for values, value in named if str(value) in values)


def _name_group(row: Mapping[str, Any], rule: TableRule, name: str) -> str:
    if not rule.group:
        return name
    return "\n".join(str(row[column] or "")[: rule.group_characters] for column in rule.group)


def build_negatives(corpus: Corpus) -> list[Record]:
    """Make records without indicators of a corpus of negatives, to learn from or to measure false alarms on.

    Raises:
        CorpusError: the corpus is not one of negatives.
    """
    card = corpus.card
    if not card.genre:
        raise CorpusError(f"corpus '{card.name}' has the role '{card.role}'; only negatives are free of indicators")
    return [
        Record(entry.id, entry.text, "en", card.genre, False, (), card.name, f"{card.name}/{entry.group}", _LEARNED)
        for entry in corpus.entries
    ]
