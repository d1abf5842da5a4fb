"""Records become windows of word pieces with labels, windows become batches, and reads become figures."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from classifier.encoder import pack_windows
from classifier.taxonomy import load_taxonomy
from tests.records import make_record
from training.corpus import GENRES
from training.encoder.data import CLOSING, OPENING, Example, Window, build_example, collate, cut_windows, plan_batches
from training.encoder.measure import compare_reads, find_deviations, measure_precision
from training.encoder.out_of_fold import DocumentRead
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
        sentence_labels=np.zeros((len(counts), 4 * N), dtype=bool),
        tag_labels=np.zeros((int(ends[-1]), N), dtype=bool),
    )


def ranges(windows: Sequence[Window]) -> list[tuple[int, int]]:
    return [(window.first, window.last) for window in windows]


def test_sentences_are_labelled_by_state() -> None:
    """Columns are asserted, spoken of, negated and hypothetical, one an indicator each."""
    found = {(row, column) for row, column in np.argwhere(LABELLED.sentence_labels).tolist()}
    assert found == {(1, WAGES), (1, N + WAGES), (2, N + DEBT), (2, 2 * N + DEBT)}
    supposed = example("Never pay him if he asks.", ("pay him", INDICATORS[DEBT], "hypothetical"))
    assert np.flatnonzero(supposed.sentence_labels).tolist() == [N + DEBT, 3 * N + DEBT]


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
    assert batch.sentence_labels.shape == (5, 4 * N)
    assert batch.tag_labels.shape == (len(pieces), N)
    assert batch.sentence_labels[:2].tolist() == LABELLED.sentence_labels[1:3].tolist()


def read(sentences: list[list[float]], *review: float) -> DocumentRead:
    """A read whose windows have one context and these log-odds of review."""
    texts, windows = np.array([[9.0, score] for score in review]), np.zeros((len(review), 2))
    return DocumentRead(np.array(sentences), texts, windows, np.zeros(len(sentences)))


def test_documents_are_measured_by_their_highest_sentence_and_window() -> None:
    """The second indicator is asserted nowhere and counts nothing."""
    reads = [read([[-3.0, 0.0], [2.0, 0.0]], 1.0, -5.0), read([[0.0, 9.0]], -1.0, 0.5)]
    asserted = np.array([[True, False], [False, False]])
    assert measure_precision(reads, asserted, np.array([False, True])) == {"macro_ap": 1.0, "review_ap": 0.5}
    assert measure_precision(reads, asserted, np.array([True, False])) == {"macro_ap": 1.0, "review_ap": 1.0}


def test_columns_behind_the_asserted_ones_are_not_measured() -> None:
    reads = [read([[1.0, -9.0]], 0.0), read([[0.0, 9.0]], 0.0)]
    assert measure_precision(reads, np.array([[True], [False]]), np.array([True, True]))["macro_ap"] == 1.0


def test_difference_is_taken_over_sentences_that_both_read() -> None:
    exact = [read([[0.0, 1.0], [2.0, 3.0]], 0.0)]
    stored = [read([[0.5, 1.0], [np.nan, np.nan]], 0.0)]
    assert compare_reads(exact, stored) == {"largest": 0.5, "mean": 0.25}


def figures(macro: float, *, split: str = "s", form: str = "out_of_fold") -> dict[str, Any]:
    return {"data": {"split_sha256": split}, "figures": {form: {"macro_ap": macro, "review_ap": 0.9}}}


@pytest.mark.parametrize(
    ("other", "deviates"),
    [
        pytest.param(figures(0.705), False, id="within"),
        pytest.param(figures(0.75), True, id="beyond"),
        pytest.param(figures(float("nan")), True, id="not a number"),
        pytest.param(figures(0.7, form="exact"), True, id="figures of a held-out fold"),
        pytest.param(figures(0.7, split="t"), True, id="other split"),
        pytest.param({}, True, id="no figures"),
    ],
)
def test_deviation_beyond_the_tolerance_is_named(other: dict[str, Any], deviates: bool) -> None:
    said: list[str] = []
    assert bool(find_deviations(figures(0.7), other, 0.01, said.append)) is deviates
    if not deviates:
        assert said == ["macro_ap: 0.7 here, 0.705 shipped", "review_ap: 0.9 here, 0.9 shipped"]
