"""Counts of what stands together, words that tell, and the weights of a model by name."""

import numpy as np
import pytest

from classifier.errors import CorpusError
from classifier.features import DISTANCES, FeatureSpace
from classifier.model import ROLES, Weights
from classifier.taxonomy import load_taxonomy
from tests.records import make_record
from training.corpus import Record
from training.views import compare_words, count_together, list_features, share_together, show_in_context

IDS = load_taxonomy().ids
DEBT, PAPERS = IDS.index("debt_bondage"), IDS.index("document_retention")
TEXT = "He holds the papers. The ferry leaves at nine and the harbour is quiet."


def span(text: str, words: str, indicator: str, assertion: str = "asserted") -> dict[str, object]:
    start = text.index(words)
    return {"start": start, "end": start + len(words), "indicator": indicator, "assertion": assertion}


@pytest.fixture(scope="module")
def records() -> list[Record]:
    held, owed = "He holds the papers.", "She owes for the boat."
    both = f"{held} {owed}"
    return [
        make_record(1, TEXT, spans=[span(TEXT, held, "document_retention")]),
        make_record(2, both, spans=[span(both, held, "document_retention"), span(both, owed, "debt_bondage")]),
        make_record(3, owed, spans=[span(owed, owed, "debt_bondage", "negated")]),
        make_record(4, "The ferry leaves at nine and the harbour is quiet."),
    ]


def test_only_asserted_indicators_are_counted_together(records: list[Record]) -> None:
    counts = count_together(records)
    assert counts.shape == (len(IDS), len(IDS))
    assert (counts[PAPERS, PAPERS], counts[DEBT, DEBT], counts[PAPERS, DEBT]) == (2, 1, 1)
    shares = share_together(counts)
    assert (shares[PAPERS, DEBT], shares[DEBT, PAPERS]) == (0.5, 1.0)
    assert np.isnan(shares[PAPERS, PAPERS])


def test_indicator_that_nothing_asserts_has_no_share(records: list[Record]) -> None:
    assert np.isnan(share_together(count_together(records))[IDS.index("isolation")]).all()


def test_no_records_count_as_zero() -> None:
    assert count_together([]).tolist() == np.zeros((len(IDS), len(IDS))).tolist()


def test_word_of_the_spans_comes_before_a_word_of_everywhere(records: list[Record]) -> None:
    views = compare_words(records * 10, "document_retention", least=1)
    order = [view.word for view in views]
    assert order.index("papers") < order.index("the")
    found = {view.word: (view.inside, view.outside) for view in views}
    assert found["papers"] == (20, 0)
    assert found["the"] == (20, 60)
    assert "ferry" not in found


def test_rare_word_is_held_back(records: list[Record]) -> None:
    odd = make_record(5, "He zzz", spans=[span("He zzz", "zzz", "document_retention")])
    views = {view.word: view.z for view in compare_words([*records * 10, odd], "document_retention", least=1)}
    assert views["zzz"] < views["papers"]


def test_indicator_without_a_span_is_refused(records: list[Record]) -> None:
    with pytest.raises(CorpusError, match="no span asserts 'isolation'"):
        compare_words(records, "isolation")


def test_word_in_context_stands_in_one_column(records: list[Record]) -> None:
    lines = show_in_context(records, "PAPERS", width=12)
    assert len({line.index("papers") for line in lines}) == 1
    assert len(lines) == 2
    assert show_in_context(records, "ferr") == []
    assert len(show_in_context(records, "the", count=1)) == 1


def make_weights(space: FeatureSpace) -> Weights:
    n = 2 * len(IDS) + 2
    shapes = {"characters": len(space.characters), "pairs": len(space.pairs)}
    shapes |= dict.fromkeys(("phrases", "document_phrases"), len(IDS) * 3)
    tables = {name: np.zeros((rows, n)) for name, rows in shapes.items()}
    return Weights(words=np.zeros((len(ROLES), len(space.words), n)), intercept=np.zeros(n), **tables)


def test_features_carry_their_names_and_the_heaviest_comes_first() -> None:
    one = np.ones(1)
    # "keeps … papers": first 0, second 1, one word between.
    pairs = np.array([(0 * 2 + 1) * DISTANCES + 1])
    space = FeatureSpace(("keeps", "papers"), np.ones(2), ("pap",), one, pairs, one)
    weights = make_weights(space)
    weights.words[ROLES.index("negated"), 1, PAPERS] = -3.0
    weights.words[ROLES.index("word"), 1, DEBT] = 9.0
    weights.pairs[0, PAPERS] = 2.0
    weights.characters[0, PAPERS] = 1.0
    weights.phrases[PAPERS * 3 + 1, PAPERS] = 0.5
    found = [(one.name, one.block, one.weight) for one in list_features(space, weights, "document_retention")]
    assert found == [
        ("papers", "negated", -3.0),
        ("keeps … papers", "pairs", 2.0),
        ("pap", "characters", 1.0),
        ("document_retention, negated", "phrases", 0.5),
    ]


def test_unknown_indicator_is_refused() -> None:
    space = FeatureSpace((), np.zeros(0), (), np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0))
    with pytest.raises(CorpusError, match="no indicator 'passports'; allowed: abuse_of_vulnerability"):
        list_features(space, make_weights(space), "passports")
