"""Data cards of every corpus that can be looked at: where it is from, what its columns mean, and what is wrong with it.

A card is one of three kinds: records in our own format that come with the package (`training.corpus` reads those),
records of a site, or a table in the columns of whoever published it, locally or on the Hugging Face hub. A table that
is also a benchmark takes what the benchmark's card says from there.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

from classifier.errors import CorpusError
from training.benchmarks.card import BenchmarkCard, Part, load_benchmark_card
from training.corpus import GENRES
from training.recipe_files import toml_names

ROLES = ("indicators in spans", "indicators of documents", "other labels", "weak labels", "negatives")


@dataclass(frozen=True, slots=True)
class TableRule:
    """How the rows of a table become entries.

    Attributes:
        sha256: Of the local file; "" where none is known, and then nothing is checked.
        rows: In the whole file; None where unknown.
        text: Columns that make up the text, in order.
        id: Column with the id; "" for the number of the row.
        group: Columns whose values tie rows together; empty for none.
        group_characters: How many characters of each value count; None for all.
        part: Column that names the split; "" where there is none.
        where: Column to the only value that is kept.
        multi_hot: Column with a list of zeros and ones in the order of the labels; "" for none.
        streaming: Read row by row, never all at once.
    """

    text: tuple[str, ...]
    sha256: str = ""
    rows: int | None = None
    id: str = ""
    group: tuple[str, ...] = ()
    group_characters: int | None = None
    part: str = ""
    where: Mapping[str, str] | None = None
    multi_hot: str = ""
    streaming: bool = False


@dataclass(frozen=True, slots=True)
class CorpusCard:
    """What a corpus is.

    Attributes:
        name: Of the card.
        title: In one line.
        source: Who published it, where, and in which state.
        licence: Of the texts and labels.
        citation: How to name it.
        role: One of `ROLES`: what its labels can be used for.
        split: The rule that says which part a row belongs to, as a sentence.
        flaws: What is known to be wrong or odd.
        genre: Context that every text of a corpus of negatives has; "" for others.
        labels: Column to value to what a row with that value is called.
        part: File, columns, and the hub's id of a table; None for records.
        rule: How its rows are read; None for records.
    """

    name: str
    title: str
    source: str
    licence: str
    citation: str
    role: str
    split: str
    flaws: tuple[str, ...]
    genre: str = ""
    labels: Mapping[str, Mapping[str, str]] | None = None
    part: Part | None = None
    rule: TableRule | None = None

    @property
    def label_names(self) -> tuple[str, ...]:
        """What rows can be called, without repetition, in the order of the card."""
        return tuple(dict.fromkeys(name for values in (self.labels or {}).values() for name in values.values()))


_TEXTS = ("title", "source", "licence", "citation", "role", "split")
_AUTHORED = {
    "role": "indicators in spans",
    "split": "by a hash of the group, near-duplicates joined; frozen by the hash on the card",
}


def corpus_names() -> list[str]:
    """Name the corpora that have a card."""
    return toml_names(resources.files("training").joinpath("corpora"))


def load_corpus_card(name: str) -> CorpusCard:
    """Read a card by name, or by path when the name ends in `.toml`.

    Raises:
        CorpusError: there is none of that name, or it has a wrong field; the message names what there is.
    """
    entry = Path(name) if name.endswith(".toml") else resources.files("training").joinpath("corpora", f"{name}.toml")
    if not entry.is_file():
        raise CorpusError(f"no corpus '{name}'; there are {', '.join(corpus_names())}")
    try:
        return build_corpus_card(Path(name).stem, tomllib.loads(entry.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise CorpusError(f"corpus card '{name}' is not TOML: {error}") from None


def build_corpus_card(name: str, data: Mapping[str, Any]) -> CorpusCard:
    """Check parsed TOML and build a card of any kind.

    Raises:
        CorpusError: a field is missing, unknown or in the wrong form.
    """
    try:
        if "benchmark" in data:
            card = _build_benchmark(name, data)
        else:
            content = {**_AUTHORED, **data} if "file" in data else data
            split = content["split"] if isinstance(content["split"], str) else _AUTHORED["split"]
            texts = {key: content[key] for key in _TEXTS if key != "split"}
            flaws = tuple(data["flaws"])
            card = CorpusCard(name=name, split=split, flaws=flaws, genre=data.get("genre", ""), **texts)
        if "records" in data:
            return replace(card, part=_build_part(data["records"], ()))
        if "table" in data:
            return _add_table(card, data)
    except (KeyError, TypeError, AttributeError) as error:
        raise CorpusError(f"corpus card '{name}' lacks a field or has it in the wrong form: {error}") from None
    return _check(card)


def _build_benchmark(name: str, data: Mapping[str, Any]) -> CorpusCard:
    """Take what the benchmark's card says of the data set; this card adds how its rows are read."""
    known = load_benchmark_card(data["benchmark"])
    part = known.parts[data["part"]]
    flaws = (*known.flaws, *data.get("flaws", ()))
    own = {key: data[key] for key in ("role", "split")}
    texts = {key: getattr(known, key) for key in ("title", "source", "licence", "citation")}
    return CorpusCard(name=name, flaws=flaws, part=part, labels=_benchmark_labels(known, part), **texts, **own)


def _benchmark_labels(known: BenchmarkCard, part: Part) -> dict[str, dict[str, str]]:
    """Say what the labels of a benchmark are: a column of its own for each, or one list of them all."""
    columns = {*part.columns, *part.optional}
    if set(known.labels) <= columns:
        return {column: {"1": label} for column, label in known.labels.items()}
    return {"": dict(known.labels)}


def _add_table(card: CorpusCard, data: Mapping[str, Any]) -> CorpusCard:
    table = dict(data["table"])
    part = card.part or _build_part(table, tuple(table["columns"]))
    kept = {key: value for key, value in table.items() if key not in _PART_KEYS}
    if unknown := set(kept) - {field.name for field in fields(TableRule)}:
        raise CorpusError(f"corpus card '{card.name}': [table] has unknown {', '.join(sorted(unknown))}")
    plain: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in kept.items()}
    rule = TableRule(**plain)
    labels = {column: {str(k): v for k, v in values.items()} for column, values in data.get("labels", {}).items()}
    return _check(replace(card, part=part, rule=rule, labels=labels or card.labels or {}))


_PART_KEYS = {"folder", "file", "columns", "hub", "revision", "hub_split"}


def _build_part(table: Mapping[str, Any], columns: tuple[str, ...]) -> Part:
    hub = {"hub": table.get("hub", ""), "revision": table.get("revision", ""), "split": table.get("hub_split", "")}
    return Part(name="table", folder=table["folder"], file=table["file"], columns=columns, **hub)


def _check(card: CorpusCard) -> CorpusCard:
    """Refuse a card whose words are not those that the commands know, or whose columns are not on it.

    Raises:
        CorpusError: names the field and what is allowed.
    """
    place = f"corpus card '{card.name}'"
    if card.role not in ROLES:
        raise CorpusError(f"{place}: field 'role' is '{card.role}'; allowed: {', '.join(ROLES)}")
    if (card.role == "negatives") != bool(card.genre) or card.genre not in ("", *GENRES):
        raise CorpusError(f"{place}: field 'genre' is '{card.genre}'; negatives need one of {', '.join(GENRES)}")
    if card.rule is not None and card.part is not None:
        rule, columns = card.rule, {*card.part.columns, *card.part.optional}
        used = {*rule.text, *rule.group, *(rule.where or {}), *(c for c in card.labels or {} if c)}
        used |= {column for column in (rule.id, rule.part, rule.multi_hot) if column}
        if missing := used - columns:
            raise CorpusError(f"{place}: uses the columns {', '.join(sorted(missing))}, which it does not list")
    return card
