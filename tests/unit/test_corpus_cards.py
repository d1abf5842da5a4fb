"""Data cards: every one is whole, opens from a file of its columns, and says clearly why it cannot be opened."""

import json
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from datasets import Dataset

from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from tests.benchmark_tables import adverts, articles, statements
from tests.corpora import draw_texts
from tests.records import make_row, write_rows
from training.benchmarks.card import Part, load_benchmark_card
from training.benchmarks.tables import fetch_from_hub
from training.corpus_cards import CorpusCard, build_corpus_card, corpus_names, load_corpus_card
from training.corpus_entries import Corpus, build_negatives, read_rows
from training.corpus_stats import measure_corpus
from training.corpus_tables import open_corpus

PUBLIC = [name for name in corpus_names() if load_corpus_card(name).rule is not None]
COMMIT = "5339710562cc46c4a32a369d63f1e8751a18a54e"


def card_of(name: str) -> tuple[CorpusCard, Part]:
    card = load_corpus_card(name)
    assert card.part is not None
    return card, card.part


def refuse(_part: Part, *, streaming: bool) -> Dataset:
    raise AssertionError(f"the hub was asked, streaming {streaming}")


@pytest.mark.parametrize("name", corpus_names())
def test_card_says_what_its_corpus_is(name: str) -> None:
    card = load_corpus_card(name)
    assert card.name == name
    assert all((card.title, card.source, card.licence, card.citation, card.split, card.flaws))


@pytest.mark.parametrize("name", PUBLIC)
def test_public_text_is_not_in_the_repository(name: str) -> None:
    _, part = card_of(name)
    home = Path(__file__).parents[2]
    assert [path for path in home.rglob(part.file) if ".venv" not in path.parts] == []


@pytest.mark.parametrize("name", [name for name in PUBLIC if name != "rafola"])
def test_local_table_is_checked_by_hash(name: str, tmp_path: Path) -> None:
    card, part = card_of(name)
    assert card.rule is not None
    assert len(card.rule.sha256) == 64
    Dataset.from_list([dict.fromkeys(part.columns, "x")]).to_parquet(tmp_path / part.file)
    with pytest.raises(CorpusError, match=rf"{part.file}: sha256 is [0-9a-f]{{64}}; the card of '{name}' says"):
        open_corpus(name, tmp_path, hub=refuse)


@pytest.mark.parametrize("name", PUBLIC)
def test_row_of_the_listed_columns_becomes_an_entry(name: str) -> None:
    """Every labelled value on the card names a label, and a row without text is passed over."""
    card, part = card_of(name)
    assert card.rule is not None
    labels = card.labels or {}
    row: dict[str, Any] = dict.fromkeys((*part.columns, *part.optional), "0")
    row |= dict(card.rule.where or {})
    row |= {column: next(iter(values)) for column, values in labels.items() if column}
    row |= {column: f"A word of {column}." for column in card.rule.text}
    if card.rule.multi_hot:
        row[card.rule.multi_hot] = [1] * len(card.label_names)
    empty = {**row, **dict.fromkeys(card.rule.text, None)}
    (entry,) = read_rows([row, empty], card, card.rule)
    firsts = [next(iter(values.values())) for values in labels.values()]
    assert entry.labels == (card.label_names if card.rule.multi_hot else tuple(firsts))
    assert all(f"A word of {column}." in entry.text for column in card.rule.text)
    assert entry.id
    assert entry.group


def test_benchmark_facts_have_one_home() -> None:
    card, known = load_corpus_card("emscad"), load_benchmark_card("emscad")
    assert (card.licence, card.citation) == (known.licence, known.citation)
    assert set(known.flaws) < set(card.flaws)
    rafola = load_corpus_card("rafola")
    assert set(rafola.label_names) <= set(load_taxonomy().ids)
    assert rafola.label_names == tuple(load_benchmark_card("rafola").labels.values())


def pin(tmp_path: Path, name: str, table: Dataset, **changes: Any) -> CorpusCard:
    """Write a table and give a card of it: the one that ships, with the hash of this file."""
    card, part = card_of(name)
    path = tmp_path / part.file
    table.to_parquet(path)
    assert card.rule is not None
    digest = sha256(path.read_bytes()).hexdigest()
    return replace(card, rule=replace(card.rule, sha256=digest, rows=len(table), **changes))


def test_groups_of_emscad_are_prefixes_of_the_description(tmp_path: Path) -> None:
    card = pin(tmp_path, "emscad", adverts())
    assert card.rule is not None
    entries = list(read_rows(adverts(), card, card.rule))
    assert len(entries) == 41
    assert sum(entry.labels == ("fraudulent",) for entry in entries) == 20
    assert len({entry.group for entry in entries}) == 40


def test_statements_of_one_country_are_kept() -> None:
    card, _ = card_of("aims_uk")
    assert card.rule is not None
    rows = [*statements("UK"), *statements("CA")]
    entries = list(read_rows(rows, card, card.rule))
    assert len(entries) == len(statements("UK"))
    assert {label for entry in entries for label in entry.labels} == set(card.label_names)


def test_rafola_has_its_authors_split_and_our_indicators(tmp_path: Path) -> None:
    path = tmp_path / "rationales_forced_labour_dataset.json"
    path.write_text(json.dumps(articles()))
    card, _ = card_of("rafola")
    assert card.rule is not None
    # The whole data set has 989 rows: a file of another length is another edition.
    with pytest.raises(CorpusError, match="has 66 rows; the card of 'rafola' says 989"):
        open_corpus("rafola", tmp_path, hub=refuse)
    entries = list(read_rows(articles(), card, card.rule))
    assert {entry.part for entry in entries} == {"train", "dev", "test"}
    with pytest.raises(CorpusError, match="row 1 of 'rafola' has 1 labels; the card has 11"):
        list(read_rows([{**articles()[0], "labels": [1]}], card, card.rule))


def test_card_at_a_path_opens_a_table_in_a_stream(tmp_path: Path) -> None:
    rows = [{"id": entry.id, "body": entry.text, "kind": "x"} for entry in draw_texts(30)]
    Dataset.from_list(rows).to_parquet(tmp_path / "own.parquet")
    digest = sha256((tmp_path / "own.parquet").read_bytes()).hexdigest()
    lines = [f'{key} = "of a test"' for key in ("title", "source", "licence", "citation", "split")]
    lines += ['role = "negatives"', 'genre = "unrelated"', "flaws = []", "[table]", 'folder = "own"']
    lines += ['file = "own.parquet"', f'sha256 = "{digest}"', 'columns = ["id", "body"]', 'text = ["body"]']
    card = tmp_path / "own.toml"
    card.write_text("\n".join([*lines, 'id = "id"', "streaming = true"]), encoding="utf-8")
    found = open_corpus(str(card), tmp_path)
    assert isinstance(found.entries, Iterator)
    records = build_negatives(found)
    assert [record.text for record in records] == [entry.text for entry in draw_texts(30)]
    assert {(record.genre, record.needs_review, record.spans) for record in records} == {("unrelated", False, ())}


def test_only_negatives_become_records_without_indicators() -> None:
    card = load_corpus_card("emscad")
    with pytest.raises(CorpusError, match="only negatives are free of indicators"):
        build_negatives(Corpus(card, "here", (), []))


def test_stream_is_counted_in_one_pass_and_its_sample_is_always_the_same() -> None:
    entries = draw_texts(400)
    card = load_corpus_card("sms_spam")
    numbers = count()
    stats = measure_corpus(Corpus(card, "here", ("boats",), (e for e in entries if next(numbers) >= 0)), limit=100)
    again = measure_corpus(Corpus(card, "here", ("boats",), reversed(entries)), limit=100)
    assert (stats.entries, stats.labels, next(numbers)) == (400, {"boats": 200}, 400)
    assert len(stats.sample) == 100
    assert {entry.id for entry in stats.sample} == {entry.id for entry in again.sample}
    assert [entry.id for entry in stats.sample] == sorted((e.id for e in stats.sample), key=lambda name: int(name[1:]))


def test_missing_file_says_where_it_was_looked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CorpusError, match=r"'sms_spam.parquet' is missing; looked for .*; no hub id is known"):
        open_corpus("sms_spam", tmp_path, hub=refuse)
    monkeypatch.delenv("TELLSIGN_DATA", raising=False)
    with pytest.raises(CorpusError, match=r"no folder to look for 'sms_spam\.parquet' in: give --data, or set"):
        open_corpus("sms_spam", hub=refuse)


def test_hub_is_not_asked_without_a_pinned_commit(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="has no pinned commit on the card: choose one with --revision"):
        open_corpus("emscad", tmp_path, hub=refuse)


def test_hub_is_asked_for_the_commit_that_was_chosen(tmp_path: Path) -> None:
    asked: list[tuple[str, bool]] = []

    def hub(part: Part, *, streaming: bool) -> Dataset:
        asked.append((part.revision, streaming))
        return adverts()

    found = open_corpus("emscad", tmp_path, revision=COMMIT, hub=hub)
    assert asked == [(COMMIT, False)]
    assert found.place == f"victor/real-or-fake-fake-jobposting-prediction at {COMMIT}"
    assert found.hashed == ""


def test_unreachable_hub_is_said_by_its_kind(tmp_path: Path) -> None:
    def unreachable(_part: Part, *, streaming: bool) -> Dataset:
        raise ConnectionError(f"many lines, streaming {streaming}")

    with pytest.raises(CorpusError, match=r"on the hub cannot be reached \(ConnectionError\)") as caught:
        open_corpus("emscad", tmp_path, revision=COMMIT, hub=unreachable)
    assert "many lines" not in str(caught.value)


def test_offline_the_hub_is_refused_without_a_wait(tmp_path: Path) -> None:
    """The tests run with HF_HUB_OFFLINE: the library says so before it opens a connection."""
    with pytest.raises(CorpusError, match="cannot be reached"):
        open_corpus("emscad", tmp_path, revision=COMMIT, hub=fetch_from_hub)


def test_authored_corpus_has_the_parts_of_its_frozen_split() -> None:
    found = open_corpus("authored")
    parts = {entry.part for entry in found.entries}
    assert parts == {"development", "test"}
    assert found.records


def test_spanish_records_are_opened_on_demand() -> None:
    found = open_corpus("authored", language="es")
    assert {record.lang for record in found.records} == {"es"}


def test_reviewed_decisions_open_from_a_file_or_a_folder_of_exports(tmp_path: Path) -> None:
    rows = [make_row(), make_row(id="r2", group="g2")]
    path = write_rows(tmp_path / "monday.jsonl", rows)
    for place in (path, tmp_path):
        assert [entry.id for entry in open_corpus("reviewed", place).entries] == ["r1", "r2"]
    assert [entry.id for entry in open_corpus(str(tmp_path)).entries] == ["r1", "r2"]
    write_rows(tmp_path / "tuesday.jsonl", rows[:1])
    with pytest.raises(CorpusError, match="'r1' is used twice"):
        open_corpus(str(tmp_path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"role": "any"}, "field 'role' is 'any'; allowed: indicators in spans"),
        ({"genre": "poem"}, "field 'genre' is 'poem'; negatives need one of disclosure"),
        ({"licence": None}, "lacks a field"),
        ({"table": {"folder": "f", "file": "f.parquet", "columns": ["a"], "text": ["b"]}}, "uses the columns b"),
        ({"table": {"folder": "f", "file": "f", "columns": ["a"], "text": ["a"], "rule": 1}}, "has unknown rule"),
    ],
    ids=["role", "genre", "licence", "column", "unknown field"],
)
def test_card_that_is_not_whole_is_refused(changes: dict[str, Any], message: str) -> None:
    data: dict[str, Any] = dict.fromkeys(("title", "source", "licence", "citation", "split"), "said")
    data |= {"role": "negatives", "genre": "unrelated", "flaws": []}
    data |= {"table": {"folder": "f", "file": "f.parquet", "columns": ["a"], "text": ["a"]}}
    assert build_corpus_card("own", data).rule is not None
    changed = {key: value for key, value in (data | changes).items() if value is not None}
    with pytest.raises(CorpusError, match=message):
        build_corpus_card("own", changed)
