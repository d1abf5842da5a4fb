"""Wrong answers by question and cell, counted by hand."""

import numpy as np
import pytest

from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from tests.records import make_record
from training.mistakes import (
    Judged,
    build_judged_sample,
    count_confusions,
    list_mistakes,
    questions,
    rate_cells,
    rate_false_flags,
    rate_misses,
)

IDS = load_taxonomy().ids
DEBT, PAPERS = IDS.index("debt_bondage"), IDS.index("document_retention")


@pytest.fixture(scope="module")
def judged() -> Judged:
    """Four documents; papers are found in 0, missed in 1, flagged in vain in 2, which denies them, and 3 is silent."""
    records = (
        make_record(0, "one", needs_review=True),
        make_record(1, "two", needs_review=True),
        make_record(2, "three", genre="report"),
        make_record(3, "four", genre="unrelated"),
    )
    states = np.zeros((4, len(IDS), 3), dtype=bool)
    states[[0, 1], PAPERS, 0] = True
    states[2, PAPERS, 1] = True
    states[2, DEBT, 0] = True
    probability = np.full((4, len(IDS) + 1), 0.1)
    probability[[0, 2], PAPERS] = 0.8
    probability[1, PAPERS] = 0.01
    probability[2, DEBT] = 0.6
    probability[[0, 1], -1] = 0.9
    return Judged(records, states, probability, np.full(len(IDS) + 1, 0.5))


def test_misses_are_shares_of_what_should_be_flagged(judged: Judged) -> None:
    rates = {rate.name: (rate.cases, rate.wrong.value) for rate in rate_misses(judged)}
    assert rates == {"document_retention": (2, 0.5), "debt_bondage": (1, 0.0), "review": (2, 0.0)}
    assert rate_misses(judged)[0].name == "document_retention"


def test_false_flags_are_shares_of_the_flags(judged: Judged) -> None:
    rates = {rate.name: (rate.cases, rate.wrong.value) for rate in rate_false_flags(judged)}
    assert rates == {"document_retention": (2, 0.5), "debt_bondage": (1, 0.0), "review": (2, 0.0)}


def test_cells_cross_context_and_assertion(judged: Judged) -> None:
    rates = {rate.name: (rate.cases, rate.wrong.value) for rate in rate_cells(judged)}
    assert rates["disclosure, asserted"] == (2, 0.5)
    assert rates["report, negated"] == (1, 1.0)
    assert rates["report, asserted"] == (1, 0.0)
    assert rates["unrelated, absent"] == (len(IDS), 0.0)
    assert "guidance, asserted" not in rates


def test_false_flag_is_counted_by_what_is_there_instead(judged: Judged) -> None:
    counts = count_confusions(judged)
    assert counts.shape == (len(IDS), len(IDS) + 1)
    assert counts[PAPERS, DEBT] == 1
    assert counts.sum() == 1


def test_false_flag_of_a_document_that_asserts_nothing_stands_in_the_last_column(judged: Judged) -> None:
    probability = judged.probability.copy()
    probability[3, PAPERS] = 0.7
    assert count_confusions(Judged(judged.records, judged.states, probability, judged.threshold))[PAPERS, -1] == 1


def test_most_wrong_answer_comes_first(judged: Judged) -> None:
    found = [(one.record.id, one.question, one.truth, round(one.surprise, 3)) for one in list_mistakes(judged)]
    assert found == [
        ("r1", "document_retention", True, round(-np.log(0.01), 3)),
        ("r2", "document_retention", False, round(-np.log(0.2), 3)),
    ]
    assert list_mistakes(judged, "debt_bondage") == []


def test_sample_of_a_question_is_what_was_judged(judged: Judged) -> None:
    sample = build_judged_sample(judged, "review")
    assert sample.truth.tolist() == [True, True, False, False]
    assert sample.probability.tolist() == [0.9, 0.9, 0.1, 0.1]
    assert sample.groups.tolist() == ["g0", "g1", "g2", "g3"]
    assert build_judged_sample(judged, "document_retention").truth.tolist() == [True, True, False, False]


def test_unknown_question_is_refused(judged: Judged) -> None:
    assert questions()[-1] == "review"
    for ask in (list_mistakes, build_judged_sample):
        with pytest.raises(CorpusError, match="no question 'passports'; allowed: abuse_of_vulnerability"):
            ask(judged, "passports")
