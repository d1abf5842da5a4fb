"""Scoring on public benchmarks, with tiny invented tables: nothing held out is looked at, and no group straddles."""

import json
from typing import Any

import numpy as np
import pytest
from datasets import Dataset
from rich.console import Console

from classifier.errors import CorpusError
from tests.benchmark_tables import AIMS_LABELS, adverts, articles, statements
from training.benchmarks.aims import build_candidates, draw_shape, encode_places, order_sentences, run_aims
from training.benchmarks.blocks import Block, build_step, count_terms, join_blocks, weigh_block
from training.benchmarks.card import load_benchmark_card
from training.benchmarks.emscad import choose_rows, join_near_duplicates, number_prefixes, run_emscad
from training.benchmarks.held_out import (
    Candidate,
    Rows,
    cross_predict_groups,
    learn_like_product,
    predict_held_out,
    split_groups,
)
from training.benchmarks.outcome import BASELINE, OURS, TUNED_BASELINE, Outcome, compare, roc_auc
from training.benchmarks.rafola import read_labels, run_rafola
from training.benchmarks.report import print_outcome, summarise
from training.metrics import draw_weights, f1


def quiet(_: str) -> None:
    """Say nothing."""


def test_held_out_rows_do_not_change_the_columns_of_training_rows() -> None:
    training = np.arange(4)
    texts = ["bread and rolls", "rolls and salt", "bread with salt", "rolls"]
    first, second = (
        weigh_block(Block(count_terms([*texts, other]), least=1), training, np.arange(5))
        for other in ("bread bread rolls", "salt salt salt")
    )
    assert first[training].toarray().tolist() == second[training].toarray().tolist()


def test_term_of_too_few_training_rows_weighs_nothing() -> None:
    block = Block(count_terms(["rye", "oats", "rye oats"]), least=2)
    assert weigh_block(block, np.array([0, 1]), np.arange(3)).nnz == 0
    assert weigh_block(block, np.array([0, 1, 2]), np.arange(3)).nnz == 4


def test_step_takes_the_neighbour_and_never_leaves_the_group() -> None:
    groups = np.array([0, 0, 1, 1])
    assert build_step(groups, 1).toarray().tolist() == [[0, 1, 0, 0], [0] * 4, [0, 0, 0, 1], [0] * 4]
    assert build_step(groups, -1).toarray().tolist() == build_step(groups, 1).toarray().T.tolist()
    assert build_step(groups, 5).nnz == 0


@pytest.mark.parametrize("texts", [["", " "], ["-", "..."]], ids=["blank", "marks"])
def test_texts_without_a_word_give_no_column(texts: list[str]) -> None:
    counts = count_terms(texts)
    assert counts.shape == (2, 0)
    assert weigh_block(Block(counts, step=1), np.arange(2), np.zeros(2)).shape == (2, 0)


def invented_rows(count: int = 48) -> tuple[Rows, list[str]]:
    """Rows whose label a word gives away, in pairs that make a group."""
    labels = np.array([number % 4 < 2 for number in range(count)])[:, None]
    texts = [f"{'debt' if label else 'bread'} word{number}" for number, label in enumerate(labels[:, 0].tolist())]
    return Rows(labels, np.arange(count) // 2), texts


def candidates(texts: list[str]) -> list[Candidate]:
    noise = count_terms([text.split()[1] for text in texts])
    return [
        Candidate("noise", [Block(noise, least=1)], learn_like_product(1.0)),
        Candidate("words", [Block(count_terms(texts))], learn_like_product(1.0)),
    ]


def test_no_group_straddles_a_fold() -> None:
    rows, _ = invented_rows()
    for training, held_out in split_groups(rows.groups, 5):
        assert not set(rows.groups[training]) & set(rows.groups[held_out])


def test_labels_of_held_out_rows_choose_nothing() -> None:
    """Neither threshold nor candidate nor calibration moves when every held-out label is turned round."""
    rows, texts = invented_rows()
    training, held_out = np.arange(32), np.arange(32, 48)
    turned = rows.labels.copy()
    turned[held_out] = ~turned[held_out]
    first, second = (
        predict_held_out(candidates(texts), one, training=training, held_out=held_out)
        for one in (rows, Rows(turned, rows.groups))
    )
    assert first.probability.tolist() == second.probability.tolist()
    assert first.flagged.tolist() == second.flagged.tolist()
    assert first.chosen == second.chosen == "words"
    assert (first.flagged == rows.labels[held_out]).all()


def test_group_that_tells_its_label_does_not_help_in_cross_validation() -> None:
    """Each group has a word of its own: learned by rote it would be perfect, across groups it is worth nothing."""
    rows, _ = invented_rows()
    rote = Candidate("rote", [Block(count_terms([f"group{g}" for g in rows.groups]), least=1)], learn_like_product(1.0))
    found = cross_predict_groups([rote], rows, 4)
    measure = roc_auc(rows.labels[:, 0], found.probability[:, 0])
    assert measure(np.ones((1, len(rows.labels))))[0] <= 0.5


def test_too_few_groups_for_the_folds_are_refused() -> None:
    with pytest.raises(CorpusError, match="3 groups cannot fill 5 folds"):
        split_groups(np.array([0, 1, 2, 2]), 5)


def test_answer_of_one_group_only_is_refused() -> None:
    rows, texts = invented_rows()
    labels = np.zeros_like(rows.labels)
    labels[:2] = True
    with pytest.raises(CorpusError, match="output 0 is True in fewer than 2 training groups"):
        predict_held_out(candidates(texts), Rows(labels, rows.groups), training=np.arange(48), held_out=np.arange(2))


def test_area_counts_ties_half_and_resamples_by_weight() -> None:
    truth, score = np.array([True, False, True, False]), np.array([0.9, 0.5, 0.5, 0.1])
    weights = np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 1.0, 2.0, 1.0]])
    assert roc_auc(truth, score)(weights).tolist() == [0.875, 0.75]


def test_gain_over_the_baseline_is_the_difference_of_the_two() -> None:
    truth = np.array([True, True, False, False] * 5)
    half = truth & (np.arange(20) % 4 == 0)
    measures = {BASELINE: {"F1": f1(truth, half)}, TUNED_BASELINE: {"F1": f1(truth, truth)}}
    weights = draw_weights([str(number) for number in range(20)], 50, 0)
    systems = compare("all", {**measures, OURS: {"F1": f1(truth, truth)}}, weights)
    values = {system.name: system.measures["F1"].value for system in systems}
    assert values["ours minus baseline at 0.5"] == pytest.approx(1.0 - 2.0 / 3.0)
    assert values["ours minus baseline, tuned thresholds"] == 0.0


def test_genuine_adverts_chosen_for_being_complete_are_left_out() -> None:
    assert len(choose_rows(adverts())["title"]) == 40
    assert len(choose_rows(adverts().remove_columns("selection"))["title"]) == 41


def test_one_description_prefix_is_one_group() -> None:
    groups = number_prefixes(["a" * 150 + "x", "a" * 150 + "y", "b"])
    assert groups[0] == groups[1] != groups[2]


def test_near_duplicates_join_groups() -> None:
    groups = join_near_duplicates(np.array([0, 0, 1, 2]), ["one two three four", "x", "x", "five six seven"])
    assert len({*groups[:3].tolist()}) == 1
    assert groups[3] != groups[0]


def test_sentences_are_put_in_reading_order_and_statements_kept_apart() -> None:
    tables = {"australian": statements(None, 2), "abroad": statements("UK", 2)}
    data = order_sentences(tables, AIMS_LABELS)
    assert data.texts[0] == "Mill 0 writes about approval"
    assert data.texts[: len(AIMS_LABELS)] == [f"Mill 0 writes about {label.lower()}" for label in AIMS_LABELS]
    assert data.jurisdictions.tolist() == ["AU"] * 20 + ["UK"] * 20
    assert data.rows.groups.tolist() == [0] * 10 + [1] * 10 + [2] * 10 + [3] * 10
    assert data.rows.labels[0].tolist() == [True] + [False] * 8


def test_context_is_not_taken_from_another_statement() -> None:
    tables = {"australian": statements(None, 2), "abroad": statements("UK", 2)}
    data = order_sentences(tables, AIMS_LABELS)
    (candidate,) = build_candidates(data)
    whole = join_blocks([weigh_block(block, np.arange(20), data.rows.groups) for block in candidate.blocks])
    other = order_sentences({**tables, "abroad": statements("UK", 1)}, AIMS_LABELS)
    (again,) = build_candidates(other)
    part = join_blocks([weigh_block(block, np.arange(20), other.rows.groups) for block in again.blocks])
    assert whole[:20].multiply(whole[:20]).sum() == pytest.approx(part[:20].multiply(part[:20]).sum())


def test_shape_keeps_capitals_and_digits_only() -> None:
    assert draw_shape("ACME Ltd, 2021") == "XXXX Xx, 9999"


def test_place_is_counted_from_both_ends() -> None:
    first, middle, last, single = encode_places(["a"] * 4, np.array([0, 0, 0, 1])).toarray().tolist()
    assert len({tuple(row) for row in (first, middle, last)}) == 3
    assert sum(single) == sum(first) == 4


def test_emscad_is_scored_in_every_setting() -> None:
    outcome = run_emscad(load_benchmark_card("emscad"), {"adverts": adverts()}, resamples=10, say=quiet)
    assert (outcome.rows, outcome.groups) == (40, 40)
    ours = {system.setting: system.measures["F1"].value for system in outcome.systems if system.name == OURS}
    assert list(ours) == ["description", "full text", "full text and fields", "full text, near-duplicates grouped"]
    assert all(value > 0.9 for value in ours.values())


def test_aims_learns_at_home_and_is_scored_abroad() -> None:
    abroad = Dataset.from_list([*statements("CA"), *statements("UK")])
    tables = {"australian": statements(None), "abroad": abroad}
    outcome = run_aims(load_benchmark_card("aims"), tables, resamples=10, say=quiet)
    assert (outcome.rows, outcome.groups) == (120, 12)
    assert {system.setting for system in outcome.systems} == {"UK and CA", "CA", "UK", "AU, cross-validated"}
    assert outcome.notes == ["120 of 120 test sentences also stand word for word in an Australian statement"]


def rafola_outcome() -> Outcome:
    tables = {"articles": Dataset.from_list([{k: row[k] for k in ("content", "labels", "set")} for row in articles()])}
    return run_rafola(load_benchmark_card("rafola"), tables, resamples=10, say=quiet)


def test_rafola_is_scored_by_the_authors_split() -> None:
    outcome = rafola_outcome()
    assert outcome.rows == 11
    assert outcome.details is not None
    assert set(outcome.details) == set(load_benchmark_card("rafola").labels.values())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"labels": [1]}, "article 3 has 1 labels; the card names 11", id="labels"),
        pytest.param({"set": "held"}, "article 3 is in set 'held'; allowed: train, dev, test", id="set"),
    ],
)
def test_article_of_another_form_is_named(change: dict[str, Any], message: str) -> None:
    rows = [{k: row[k] for k in ("labels", "set")} for row in articles()]
    rows[3] |= change
    with pytest.raises(CorpusError, match=message):
        read_labels(Dataset.from_list(rows), 11)


def test_report_gives_ours_the_baseline_the_published_figure_and_why_it_does_not_compare() -> None:
    outcome, console = rafola_outcome(), Console(width=150)
    with console.capture() as shown:
        print_outcome(outcome, console)
    for expected in ("ours", "baseline at 0.5", "RoBERTa-base", "0.280", "Not comparable with", "debt_bondage"):
        assert expected in shown.get()
    assert not any(row["content"] in shown.get() for row in articles())


def test_summary_is_plain_json() -> None:
    summary = json.loads(json.dumps(summarise(rafola_outcome()), allow_nan=False))
    assert summary["published"][0]["measures"]["macro-F1"] == 0.28
    assert {system["system"] for system in summary["systems"]} >= {OURS, BASELINE, TUNED_BASELINE}
