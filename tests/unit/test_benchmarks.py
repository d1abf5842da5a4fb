"""Public benchmarks: their cards, how their tables are found, and what is said when they are not there."""

import json
from pathlib import Path

import pytest
from datasets import Dataset

from classifier.errors import CorpusError
from tests.benchmark_tables import adverts, articles
from training.benchmarks.card import Part, benchmark_names, build_benchmark_card, load_benchmark_card
from training.benchmarks.cli import benchmark
from training.benchmarks.tables import load_tables


def unreachable(_: Part) -> Dataset:
    raise ConnectionError("no network")


@pytest.mark.parametrize("name", ["emscad", "aims", "rafola"])
def test_every_benchmark_has_a_whole_card(name: str) -> None:
    card = load_benchmark_card(name)
    assert name in benchmark_names()
    assert card.flaws
    assert card.licence.startswith("CC")
    assert all(one.measures and one.not_comparable for one in card.published)
    assert all(part.folder and part.file and part.columns for part in card.parts.values())


def test_unknown_benchmark_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CorpusError, match="no benchmark 'sms'; there are aims, emscad, rafola"):
        load_benchmark_card("sms")


def test_card_without_a_field_is_refused_by_its_name() -> None:
    with pytest.raises(CorpusError, match=r"benchmark card 'x' lacks a field.*'flaws'"):
        build_benchmark_card("x", {"title": "X"})


def test_card_with_an_unknown_field_of_a_part_is_refused() -> None:
    card = {"flaws": [], "labels": {}, "part": {"p": {"folder": "f", "file": "f", "columns": [], "colour": "red"}}}
    with pytest.raises(CorpusError, match="unknown colour"):
        build_benchmark_card("x", card)


@pytest.mark.parametrize("place", ["rafola/", "", "public/rafola/"], ids=["folder", "bare", "data directory"])
def test_local_file_is_found_in_the_folder_given(place: str, tmp_path: Path) -> None:
    card = load_benchmark_card("rafola")
    path = tmp_path / place / card.parts["articles"].file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(articles()), encoding="utf-8")
    assert load_tables(card, tmp_path, hub=unreachable)["articles"].column_names == ["content", "labels", "set"]


def test_file_given_by_its_path_is_read_whatever_it_is_called(tmp_path: Path) -> None:
    path = tmp_path / "articles.json"
    path.write_text(json.dumps(articles()), encoding="utf-8")
    assert len(load_tables(load_benchmark_card("rafola"), path)["articles"]) == 66


def test_json_by_columns_reads_as_json_by_rows(tmp_path: Path) -> None:
    rows, path = articles(), tmp_path / "columns.json"
    columns = {name: {str(number): row[name] for number, row in enumerate(rows)} for name in rows[0]}
    path.write_text(json.dumps(columns), encoding="utf-8")
    table = load_tables(load_benchmark_card("rafola"), path)["articles"]
    assert table["labels"][:] == [row["labels"] for row in rows]


def test_parquet_is_read_without_columns_nobody_asked_for(tmp_path: Path) -> None:
    adverts().add_column("key", ["k"] * 41).to_parquet(str(tmp_path / "emscad_subset.parquet"))
    table = load_tables(load_benchmark_card("emscad"), tmp_path)["adverts"]
    assert "key" not in table.column_names
    assert "selection" in table.column_names


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param("[1", "not UTF-8 JSON", id="not JSON"),
        pytest.param("[1]", "must hold a list of objects", id="not objects"),
        pytest.param('{"a": [1], "b": []}', "columns of one length", id="ragged columns"),
        pytest.param('[{"content": "a", "set": "test"}]', "lacks the column labels; it has content, set", id="column"),
    ],
)
def test_file_of_another_form_is_refused(content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CorpusError, match=message):
        load_tables(load_benchmark_card("rafola"), path)


def test_broken_parquet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "emscad_subset.parquet").write_bytes(b"not parquet")
    with pytest.raises(CorpusError, match=r"emscad_subset\.parquet: not a Parquet file"):
        load_tables(load_benchmark_card("emscad"), tmp_path)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("emscad", r"on the hub cannot be reached \(ConnectionError\)"), ("rafola", "no hub id"), ("aims", "no hub id")],
)
def test_missing_file_is_named_with_where_it_was_looked_for(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match=reason) as caught:
        load_tables(load_benchmark_card(name), tmp_path, hub=unreachable)
    assert str(tmp_path) in str(caught.value)


def test_without_a_folder_the_message_says_how_to_give_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TELLSIGN_DATA", raising=False)
    with pytest.raises(CorpusError, match="give --data, or set TELLSIGN_DATA; no hub id"):
        load_tables(load_benchmark_card("rafola"))


def test_table_from_the_hub_is_cut_to_the_columns_of_the_card(tmp_path: Path) -> None:
    table = adverts().remove_columns("selection").add_column("job_id", list(range(41)))
    assert (
        "job_id"
        not in load_tables(load_benchmark_card("emscad"), tmp_path, hub=lambda _: table)["adverts"].column_names
    )


def test_offline_command_says_at_once_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert benchmark(["emscad", "--data", str(tmp_path)]) == 3
    error = capsys.readouterr().err
    assert "benchmark file 'emscad_subset.parquet' is missing" in error
    assert "OfflineModeIsEnabled" in error


def test_command_scores_a_file_given_by_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "given.json"
    path.write_text(json.dumps(articles()), encoding="utf-8")
    assert benchmark(["rafola", "--data", str(path), "--resamples", "5", "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 11
