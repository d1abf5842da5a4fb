"""Labelled spans become token spans, sentence labels and document labels."""

import numpy as np
import pytest

from classifier.pipeline import Parse
from classifier.taxonomy import load_taxonomy
from tests.records import make_record
from training.corpus import Record
from training.labels import (
    TokenSpan,
    align_spans,
    document_states,
    label_linear,
    label_outputs,
    label_stretches,
)
from training.prepare import parse_texts

INDICATORS = load_taxonomy().ids
WAGES, DEBT = INDICATORS.index("wage_withholding"), INDICATORS.index("debt_bondage")


def parse(text: str) -> Parse:
    (parsed,) = parse_texts([text], "en", INDICATORS)
    return parsed


def label(text: str, *spans: tuple[str, str, str]) -> Record:
    """A record whose spans are given by the words they cover, the indicator and the assertion."""
    found = [
        {"start": text.index(words), "end": text.index(words) + len(words), "indicator": name, "assertion": state}
        for words, name, state in spans
    ]
    return make_record(1, text, spans=found)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("We work. He pays nothing at all.", "pays nothing"),
        ("Tom &amp; Ann pay nothing.", "pay nothing"),
        ("He p a y s nothing.", "p a y s nothing"),
        ("😂 he pays\u200b nothing", "pays\u200b nothing"),
    ],
    ids=["plain", "entity before", "spaced letters", "hidden character"],
)
def test_span_is_aligned_to_the_tokens_it_covers(text: str, words: str) -> None:
    parsed = parse(text)
    (span,) = align_spans(label(text, (words, "wage_withholding", "negated")), parsed, INDICATORS)
    assert parsed.source_span(span.first, span.last) == (text.index(words), text.index(words) + len(words))
    assert (span.indicator, span.state) == (WAGES, 1)


def test_span_that_cuts_a_word_takes_all_of_it() -> None:
    parsed = parse("They withhold wages.")
    (span,) = align_spans(
        label("They withhold wages.", ("hold wag", "wage_withholding", "asserted")), parsed, INDICATORS
    )
    assert parsed.tokens[span.first : span.last] == ["withhold", "wages"]


def test_span_over_no_token_is_left_out() -> None:
    text = "He left.\u200b\u200b He came."
    assert align_spans(label(text, ("\u200b\u200b", "isolation", "asserted")), parse(text), INDICATORS) == []


# Token bounds of a span, and which of the stretches 0-4, 4-6 and 6-9 it labels.
@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (0, 4, [True, False, False]),
        (3, 5, [True, True, False]),
        (4, 6, [False, True, False]),
        (0, 9, [True, True, True]),
        (8, 9, [False, False, True]),
    ],
    ids=["whole first", "over the border", "whole second", "everything", "last token"],
)
def test_stretch_is_labelled_by_each_span_that_overlaps_it(first: int, last: int, expected: list[bool]) -> None:
    stretches = np.array([[0, 4], [4, 6], [6, 9]])
    labels = label_stretches([TokenSpan(first, last, DEBT, 2)], stretches, len(INDICATORS))
    assert labels.shape == (3, len(INDICATORS), 3)
    assert labels[:, DEBT, 2].tolist() == expected
    assert labels.sum() == sum(expected)


def build_labels() -> np.ndarray:
    """Four sentences and three indicators: asserted, negated, one supposed beside another asserted, and nothing."""
    labels = np.zeros((4, 3, 3), dtype=bool)
    labels[0, 1, 0] = True
    labels[1, 2, 1] = True
    labels[2, 0, 2] = labels[2, 1, 0] = True
    return labels


ASSERTED = [[0, 1, 0], [0, 0, 0], [0, 1, 0], [0, 0, 0]]
SPOKEN = [[0, 1, 0], [0, 0, 1], [1, 1, 0], [0, 0, 0]]


def test_sentence_outputs_are_asserted_spoken_of_negated_and_hypothetical() -> None:
    negated = [[0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]
    supposed = [[0, 0, 0], [0, 0, 0], [1, 0, 0], [0, 0, 0]]
    expected = np.hstack([ASSERTED, SPOKEN, negated, supposed])
    assert label_outputs(build_labels()).astype(int).tolist() == expected.tolist()


def test_indicator_in_all_states_of_a_sentence_has_all_its_outputs() -> None:
    found = label_outputs(np.ones((1, 3, 3), dtype=bool) & (np.arange(3) == 1)[:, None])
    assert np.flatnonzero(found).tolist() == [1, 4, 7, 10]


def test_linear_model_learns_once_for_all_indicators_how_a_sentence_holds_things() -> None:
    held = [[0, 0], [1, 0], [0, 1], [0, 0]]
    found = label_linear(label_outputs(build_labels()))
    assert found.astype(int).tolist() == np.hstack([ASSERTED, SPOKEN, held]).tolist()


def test_document_holds_each_indicator_in_the_states_of_its_spans() -> None:
    record = label(
        "Nobody pays us. He says we owe him. You may owe him.",
        ("Nobody pays us", "wage_withholding", "asserted"),
        ("we owe him", "debt_bondage", "asserted"),
        ("You may owe him", "debt_bondage", "hypothetical"),
    )
    states = document_states(record, INDICATORS)
    assert {(INDICATORS[k], state) for k, state in np.argwhere(states).tolist()} == {
        ("wage_withholding", 0),
        ("debt_bondage", 0),
        ("debt_bondage", 2),
    }
