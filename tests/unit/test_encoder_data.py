"""Records become windows of word pieces with labels, recipes are checked, and what is missing is named."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import asdict, replace
from importlib import resources
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from classifier.encoder import pack_windows
from classifier.errors import RecipeError, TellsignError
from classifier.taxonomy import load_taxonomy
from tests.records import make_record
from training.corpus import GENRES
from training.encoder.base import check_libraries, find_base
from training.encoder.command import train_encoder
from training.encoder.data import CLOSING, OPENING, Example, Window, build_example, collate, cut_windows, plan_batches
from training.encoder.measure import Read, compare_reads, find_deviations, measure_precision
from training.encoder.recipe import (
    build_encoder_recipe,
    check_folds_held_out,
    encoder_recipe_names,
    load_encoder_recipe,
)
from training.prepare import parse_texts

INDICATORS = load_taxonomy().ids
N = len(INDICATORS)
WAGES, DEBT = INDICATORS.index("wage_withholding"), INDICATORS.index("debt_bondage")
TEXT = "We pack fruit. He kept our wages. Nobody owes him for the trip."


def encode(text: str) -> tuple[list[int], list[tuple[int, int]]]:
    """A stand-in tokenizer: words and marks, in pieces of at most four letters."""
    offsets = [match.span() for match in re.finditer(r"\w{1,4}|[^\w\s]", text)]
    return [1000 + sum(map(ord, text[start:end])) for start, end in offsets], offsets


def example(text: str = TEXT, *spans: tuple[str, str, str], limit: int = 96) -> Example:
    """An example whose spans are given by words, indicator and assertion."""
    found = [
        {"start": text.index(words), "end": text.index(words) + len(words), "indicator": name, "assertion": state}
        for words, name, state in spans
    ]
    record = make_record(1, text, spans=found, needs_review=True, genre="report")
    (parsed,) = parse_texts([text], "en", INDICATORS)
    return build_example(record, parsed, encode, indicators=INDICATORS, limit=limit)


LABELLED = example(TEXT, ("kept our wages", INDICATORS[WAGES], "asserted"), ("owes him", INDICATORS[DEBT], "negated"))


def counted(counts: Sequence[int]) -> Example:
    """An example without labels whose sentences have these numbers of pieces."""
    ends = np.cumsum(counts)
    return replace(
        LABELLED,
        pieces=np.arange(ends[-1]) + 2000,
        bounds=np.stack([ends - counts, ends], axis=1),
        sentence_labels=np.zeros((len(counts), 2 * N + 2), dtype=bool),
        tag_labels=np.zeros((int(ends[-1]), N), dtype=bool),
    )


def ranges(windows: Sequence[Window]) -> list[tuple[int, int]]:
    return [(window.first, window.last) for window in windows]


def test_sentences_are_labelled_by_state() -> None:
    """Columns are asserted, spoken of, then held negated and held hypothetical."""
    found = {(row, column) for row, column in np.argwhere(LABELLED.sentence_labels).tolist()}
    assert found == {(1, WAGES), (1, N + WAGES), (2, N + DEBT), (2, 2 * N)}


def test_pieces_are_labelled_inside_spans_in_whatever_state() -> None:
    _, offsets = encode(TEXT)
    for column, words in ((WAGES, ["kept", "our", "wage", "s"]), (DEBT, ["owes", "him"])):
        assert [TEXT[slice(*offsets[i])] for i in np.flatnonzero(LABELLED.tag_labels[:, column])] == words
    assert LABELLED.tag_labels.any(axis=0).sum() == 2


def test_document_labels_are_kept() -> None:
    assert (LABELLED.genre, LABELLED.review) == (GENRES.index("report"), True)


def test_labels_of_a_repaired_text_stand_on_its_repaired_words() -> None:
    found = example("Tom &amp; Ann saw it. He k e p t our wages.", ("k e p t", INDICATORS[WAGES], "asserted"))
    assert found.tag_labels[:, WAGES].sum() == 1
    assert np.flatnonzero(found.sentence_labels[:, WAGES]).tolist() == [1]


def test_long_sentence_keeps_its_first_pieces() -> None:
    assert example(limit=3).bounds.tolist() == [[0, 3], [5, 8], [11, 14]]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([4, 4, 4], [(0, 2), (2, 3)], id="as many as fit"),
        pytest.param([10, 1], [(0, 1), (1, 2)], id="a full sentence stands alone"),
        pytest.param([0, 3, 0], [(0, 3)], id="sentences without pieces take no room"),
        pytest.param([5], [(0, 1)], id="one sentence"),
    ],
)
def test_windows_are_those_of_serving(counts: list[int], expected: list[tuple[int, int]]) -> None:
    found = counted(counts)
    assert ranges(cut_windows(found, limit=10)) == expected == pack_windows(found.bounds, limit=10)


def test_windows_that_end_early_hold_every_sentence_once() -> None:
    found = counted([3] * 40)
    windows = ranges(cut_windows(found, limit=12, early=0.5, random=np.random.default_rng(1)))
    assert [first for first, _ in windows] == [0, *(last for _, last in windows[:-1])]
    assert windows[-1][1] == 40
    assert len(windows) > len(cut_windows(found, limit=12))


def test_batches_hold_every_window_once_within_the_budget() -> None:
    windows = cut_windows(counted([*range(1, 11)] * 5), limit=10)
    batches = plan_batches(windows, 60, np.random.default_rng(0))
    assert sorted(ranges([window for batch in batches for window in batch])) == ranges(windows)
    assert all(len(batch) * (max(map(len, batch)) + 2) <= 60 for batch in batches)


def test_seed_decides_the_batches() -> None:
    windows = cut_windows(counted([3, 5, 8, 2, 9, 4] * 4), limit=10)
    first, again, other = (
        [ranges(batch) for batch in plan_batches(windows, 40, np.random.default_rng(seed))] for seed in (0, 0, 1)
    )
    assert first == again != other


def test_window_above_the_budget_is_a_batch_of_its_own() -> None:
    windows = [Window(counted([30]), 0, 1)] * 2
    assert [len(batch) for batch in plan_batches(windows, 10, np.random.default_rng(0))] == [1, 1]


def test_batch_points_from_every_piece_to_its_place_and_sentence() -> None:
    short = counted([2, 0, 1])
    batch = collate([Window(LABELLED, 1, 3), Window(short, 0, 3)])
    begin, end = LABELLED.bounds[1, 0], LABELLED.bounds[2, 1]
    pieces = np.concatenate([LABELLED.pieces[begin:end], short.pieces])
    assert batch.ids.reshape(-1)[batch.places].tolist() == pieces.tolist()
    assert np.bincount(batch.sentence, minlength=5).tolist() == [6, 8, 2, 0, 1]
    assert batch.ids[:, 0].tolist() == [OPENING, OPENING]
    assert [row[mask > 0][-1] for row, mask in zip(batch.ids, batch.mask, strict=True)] == [CLOSING, CLOSING]
    assert batch.mask.sum(axis=1).tolist() == [int(end - begin) + 2, 5]
    assert batch.sentence_labels.shape == (5, 2 * N + 2)
    assert batch.tag_labels.shape == (len(pieces), N)
    assert batch.sentence_labels[:2].tolist() == LABELLED.sentence_labels[1:3].tolist()


def content() -> dict[str, Any]:
    """The recipe that ships, as parsed TOML."""
    return tomllib.loads(resources.files("training").joinpath("encoder", "minilm.toml").read_text(encoding="utf-8"))


def test_recipe_that_ships_survives_being_written_into_a_manifest() -> None:
    assert encoder_recipe_names() == ["minilm"]
    recipe = load_encoder_recipe("minilm")
    assert build_encoder_recipe(asdict(recipe), "minilm") == recipe
    assert recipe.held_out == (0,)


def test_recipe_by_path_names_its_card_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    text = resources.files("training").joinpath("encoder", "minilm.toml").read_text(encoding="utf-8")
    path.write_text(text.replace('corpus = "authored"', 'corpus = "card.toml"'), encoding="utf-8")
    assert load_encoder_recipe(str(path)).corpus == str(tmp_path / "card.toml")


def test_unknown_recipe_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"no encoder recipe 'none'; there are minilm"):
        load_encoder_recipe("none")
    with pytest.raises(RecipeError, match=r"no encoder recipe file '.*none\.toml'"):
        load_encoder_recipe(str(tmp_path / "none.toml"))


@pytest.mark.parametrize(
    ("table", "field", "value", "message"),
    [
        pytest.param("", "threads", 0, "threads is 0; allowed: above 0", id="no thread"),
        pytest.param("", "title", 3, "title is 3; it must be a text", id="title"),
        pytest.param("", "held_out", 1, "held_out is 1; it must be a list of folds", id="one fold"),
        pytest.param("", "held_out", [5], "held_out is [5]; allowed: some of 0..4, not all", id="no such fold"),
        pytest.param("", "loss", 1, "[loss] is 1; it must be a table", id="no table"),
        pytest.param("", "colour", 1, "has unknown colour; allowed: base, ", id="unknown field"),
        pytest.param("fitting", "epochs", 1.5, "epochs is 1.5; it must be a whole number", id="part of an epoch"),
        pytest.param("fitting", "epochs", True, "epochs is True; it must be a whole number", id="truth for a number"),
        pytest.param("fitting", "body_rate", -1, "body_rate is -1; allowed: above 0", id="rate"),
        pytest.param("fitting", "dropout", 1.5, "dropout is 1.5; allowed: 0..1", id="share"),
        pytest.param("loss", "tag", -0.5, "tag is -0.5; allowed: 0 or more", id="weight"),
        pytest.param("windows", "pieces", 48, "pieces is 48; allowed: 96, as in serving", id="other windows"),
        pytest.param("windows", "batch_pieces", 90, "batch_pieces must be at least pieces + 2", id="small batches"),
    ],
)
def test_wrong_value_is_named_with_what_is_allowed(table: str, field: str, value: object, message: str) -> None:
    data = content()
    (data[table] if table else data)[field] = value
    with pytest.raises(RecipeError, match=re.escape(message)):
        build_encoder_recipe(data, "own")


@pytest.mark.parametrize("table", ["", "base", "split", "windows", "fitting", "loss"])
def test_missing_field_is_named_with_its_table(table: str) -> None:
    data = content()
    (data[table] if table else data).popitem()
    with pytest.raises(RecipeError, match=rf"encoder recipe 'own'{f': .{table}.' if table else ''} lacks "):
        build_encoder_recipe(data, "own")


def test_all_folds_cannot_be_held_out() -> None:
    recipe = replace(load_encoder_recipe("minilm"), held_out=(0, 1, 2, 3, 4))
    with pytest.raises(RecipeError, match=r"--held-out: held_out is \[0, 1, 2, 3, 4\]"):
        check_folds_held_out(recipe, "--held-out")


def test_missing_library_is_named_with_the_extra_that_brings_it() -> None:
    with pytest.raises(TellsignError, match=r"needs no_such_library.*tellsign\[train,train-encoder\]"):
        check_libraries(["numpy", "no_such_library"])


@pytest.mark.skipif(find_spec("torch") is not None, reason="torch is installed")
def test_command_without_torch_is_one_line_and_exit_code_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert train_encoder([]) == 3
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.startswith("tellsign: train-encoder needs torch")


def test_command_refuses_folds_before_it_looks_for_torch(capsys: pytest.CaptureFixture[str]) -> None:
    assert train_encoder(["--held-out", "7"]) == 3
    assert "held_out is [7]; allowed: some of 0..4" in capsys.readouterr().err


def test_base_that_is_missing_or_another_is_refused(tmp_path: Path) -> None:
    base = load_encoder_recipe("minilm").base
    with pytest.raises(TellsignError, match=r"no base weights in .*model\.safetensors"):
        find_base(base, tmp_path)
    for name in ("model.safetensors", "tokenizer.json", "config.json"):
        (tmp_path / name).write_text(name, encoding="utf-8")
    with pytest.raises(TellsignError, match="the recipe asks for 53aa5117"):
        find_base(base, tmp_path)
    with pytest.raises(TellsignError, match=r"the package no-such-weights==0\.1\.0.*or give --base"):
        find_base(replace(base, package="no-such-weights"))


def test_documents_are_measured_by_their_highest_sentence() -> None:
    """The second indicator is asserted nowhere and counts nothing."""
    reads = [Read(np.array([[-3.0, 0.0], [2.0, 0.0]]), 1.0), Read(np.array([[0.0, 9.0]]), -1.0)]
    asserted = np.array([[True, False], [False, False]])
    assert measure_precision(reads, asserted, np.array([False, True])) == {"macro_ap": 1.0, "review_ap": 0.5}


def test_difference_is_taken_over_sentences_that_both_read() -> None:
    exact = [Read(np.array([[0.0, 1.0], [2.0, 3.0]]), 0.0)]
    stored = [Read(np.array([[0.5, 1.0], [np.nan, np.nan]]), 0.0)]
    assert compare_reads(exact, stored) == {"largest": 0.5, "mean": 0.25}


def figures(macro: float, *, folds: Sequence[int] = (0,), split: str = "s") -> dict[str, Any]:
    precision = {"macro_ap": macro, "review_ap": 0.9}
    return {
        "data": {"split_sha256": split},
        "figures": {"folds": list(folds), "exact": precision, "stored": precision},
    }


@pytest.mark.parametrize(
    ("other", "deviates"),
    [
        pytest.param(figures(0.705), False, id="within"),
        pytest.param(figures(0.75), True, id="beyond"),
        pytest.param(figures(float("nan")), True, id="not a number"),
        pytest.param(figures(0.7, folds=[1]), True, id="other folds"),
        pytest.param(figures(0.7, split="t"), True, id="other split"),
        pytest.param({}, True, id="no figures"),
    ],
)
def test_deviation_beyond_the_tolerance_is_named(other: dict[str, Any], deviates: bool) -> None:
    said: list[str] = []
    assert bool(find_deviations(figures(0.7), other, 0.01, said.append)) is deviates
