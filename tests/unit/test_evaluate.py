"""Figures of an evaluation, foretold by hand with an analyzer that finds phrases."""

from collections.abc import Sequence
from typing import Any

import pytest

from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from tests.fakes import FakeAnalyzer
from tests.records import make_record
from training.corpus import Record
from training.evaluate import Evaluation, evaluate
from training.rationale import asserted_spans, character_counts, character_f1

FOUND = "She keeps our passports."
MISSED = "My visa is in his safe."
DENIED = "Nobody holds their passports, it says."
PLAIN = "We eat at noon."


def label(number: int, text: str, words: str, assertion: str = "asserted", **changes: Any) -> Record:
    """A record with one span; its indicator is document retention unless `indicator` says otherwise."""
    start, indicator = text.index(words), changes.pop("indicator", "document_retention")
    span = {"start": start, "end": start + len(words), "indicator": indicator, "assertion": assertion}
    return make_record(number, text, spans=[span], **changes)


RECORDS = [
    label(1, FOUND, "keeps our passports", needs_review=True),
    label(2, MISSED, MISSED, needs_review=True),
    label(3, DENIED, "Nobody holds their passports", "negated"),
    make_record(4, PLAIN, genre="unrelated"),
]


def figures(records: Sequence[Record]) -> Evaluation:
    return evaluate(FakeAnalyzer(), records, resamples=20)  # type: ignore[arg-type]  # it has the shape of one


def test_figures_are_those_counted_by_hand() -> None:
    found = figures(RECORDS)
    assert (found.documents, found.groups, found.abstained) == (4, 4, 0)
    values = {name: interval.value for name, interval in found.overall.items()}
    assert values["indicator macro F1"] == pytest.approx(2 / 3)
    assert values["span character F1"] == pytest.approx(2 * 19 / (19 + 19 + 23))
    assert values["negated reported as such"] == 1.0
    assert values["negated not flagged"] == 1.0
    assert values["context accuracy"] == 0.75
    assert values["documents flagged for review"] == 0.25
    (row,) = [row for row in found.indicators if row.id == "document_retention"]
    assert row.positives == 2
    assert row.f1.value == pytest.approx(2 / 3)


def test_weakest_indicator_is_first_and_those_without_positives_last() -> None:
    found = figures([*RECORDS, label(5, "He took it.", "He took it", indicator="wage_withholding")])
    assert {row.id for row in found.indicators} == set(load_taxonomy().ids)
    assert [row.id for row in found.indicators[:2]] == ["wage_withholding", "document_retention"]
    assert [row.positives for row in found.indicators] == [1, 2, *[0] * (len(found.indicators) - 2)]


def test_nothing_to_evaluate_on_is_refused() -> None:
    with pytest.raises(CorpusError, match="there are no records to evaluate on"):
        figures([])


def test_document_that_cannot_be_analysed_is_refused_without_its_text() -> None:
    with pytest.raises(CorpusError, match=r"a record cannot be analysed: Allowed: at most 100000") as refused:
        figures([make_record(1, "zebrawood " * 20_000)])
    assert "zebrawood" not in str(refused.value)


@pytest.mark.parametrize(
    ("predicted", "gold", "counts"),
    [
        ([(0, 5)], [(3, 9)], (2, 5, 6)),
        ([(0, 5), (3, 8)], [(4, 5)], (1, 8, 1)),
        ([], [(0, 3)], (0, 0, 3)),
        ([], [], (0, 0, 0)),
    ],
    ids=["overlap", "predicted twice", "nothing predicted", "nothing at all"],
)
def test_characters_are_counted_once(
    predicted: list[tuple[int, int]], gold: list[tuple[int, int]], counts: tuple[int, int, int]
) -> None:
    assert character_counts(predicted, gold) == counts


def test_character_f1_of_counts() -> None:
    assert character_f1([(2, 5, 6), (0, 0, 3)]) == pytest.approx(4 / 14)
    assert character_f1([]) == 0.0


def test_only_asserted_spans_are_to_be_highlighted() -> None:
    assert asserted_spans(RECORDS[0]) == {"document_retention": [(4, 23)]}
    assert asserted_spans(RECORDS[2]) == {}
