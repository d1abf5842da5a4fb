"""A corpus that is too small for its split is refused before anything is fitted."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from tests.records import SPAN, make_record
from training.build import check_folds
from training.corpus import GENRES, Record
from training.recipe import SplitRule
from training.split import TEST, Split

INDICATORS = load_taxonomy().ids
FOLDS = 2
RULE = SplitRule(name="small", test_share=0.2, folds=FOLDS, lexicon_share=0.0)


def build_record(number: int, indicator: str, assertion: str = "asserted") -> Record:
    span = {**SPAN, "indicator": indicator, "assertion": assertion}
    genre = GENRES[number // FOLDS % len(GENRES)]
    text = "The foreman keeps my passport in a zebrawood drawer."
    return make_record(number, text, spans=[span], genre=genre, needs_review=number // FOLDS % 2 == 0)


# Every indicator once in each fold, and one document in the test part.
RECORDS = [build_record(number, INDICATORS[number // FOLDS]) for number in range(FOLDS * len(INDICATORS))]
RECORDS.append(build_record(99, INDICATORS[0]))
PARTS = [*(number % FOLDS for number in range(len(RECORDS) - 1)), TEST]


def split(parts: Sequence[int]) -> Split:
    return Split(np.array(parts), np.arange(len(parts)), np.zeros(len(parts)), "")


def test_corpus_with_every_answer_in_two_folds_is_accepted() -> None:
    check_folds(RECORDS, split(PARTS), RULE)


def replaced(change: Callable[[Record], Record]) -> list[Record]:
    return [change(record) if number % FOLDS == 0 else record for number, record in enumerate(RECORDS)]


def without_review(record: Record) -> Record:
    return make_record(0, record.text, spans=[SPAN | {"indicator": record.spans[0].indicator}], genre=record.genre)


def only_reports(record: Record) -> Record:
    span = SPAN | {"indicator": record.spans[0].indicator}
    return make_record(0, record.text, spans=[span], genre="report", needs_review=record.needs_review)


def denied(record: Record) -> Record:
    return build_record(int(record.id[1:]), record.spans[0].indicator, "negated")


@pytest.mark.parametrize(
    ("records", "parts", "message"),
    [
        (RECORDS, [max(part, 0) for part in PARTS], "no document fell into the test part"),
        (RECORDS, [min(part, 0) for part in PARTS], "no document fell into development fold 1"),
        (replaced(denied), PARTS, f"a document that asserts '{INDICATORS[0]}' stands in 1 development folds; 2 must"),
        (replaced(only_reports), PARTS, "a document that is 'disclosure' stands in 1 development folds"),
        (replaced(without_review), PARTS, "a document that needs review stands in 1 development folds"),
    ],
    ids=["no test part", "empty fold", "rare indicator", "rare context", "rare review"],
)
def test_corpus_that_is_too_small_is_refused(records: list[Record], parts: list[int], message: str) -> None:
    with pytest.raises(CorpusError, match=message):
        check_folds(records, split(parts), RULE)
