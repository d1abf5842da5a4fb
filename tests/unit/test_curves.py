"""Precision, recall and cost of every threshold, counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.errors import CorpusError
from training.curves import build_curve
from training.sample import Sample


def make_sample(truth: list[bool], probability: list[float]) -> Sample:
    return Sample(np.array(truth), np.array(probability), np.arange(len(truth)).astype(str))


CURVE = build_curve(make_sample([True, True, False, False, False], [0.9, 0.6, 0.6, 0.2, np.nan]))


def test_thresholds_are_the_probabilities_and_an_abstention_is_never_flagged() -> None:
    assert CURVE.threshold.tolist() == [0.9, 0.6, 0.2]
    assert CURVE.recall.tolist() == [0.5, 1.0, 1.0]
    assert CURVE.false_rate.tolist() == pytest.approx([0.0, 1 / 3, 2 / 3])


def test_precision_is_that_of_the_stream_and_not_of_the_sample() -> None:
    assert CURVE.precision(0.4).tolist() == pytest.approx([1.0, 2 / 3, 0.5])
    # At 1 percent, 10 of 1,000 matter, and a third of 990 is flagged in vain.
    assert CURVE.precision(0.01)[1] == pytest.approx(10 / (10 + 330))
    assert CURVE.alerts(0.01)[1] == pytest.approx(0.34)


def test_cost_counts_what_is_missed_and_what_is_read_in_vain() -> None:
    # 1,000 documents, 100 of which matter: half missed at 20 each; then none, and a third of 900 in vain.
    assert CURVE.cost(0.1, 20.0).tolist() == pytest.approx([1000.0, 300.0, 600.0])
    assert CURVE.cheapest(0.1, 20.0) == 0.6
    assert CURVE.cheapest(0.1, 1.0) == 0.9


@pytest.mark.parametrize("truth", [True, False], ids=["positives alone", "negatives alone"])
def test_sample_of_one_kind_is_refused(*, truth: bool) -> None:
    with pytest.raises(CorpusError, match="a curve needs positives and negatives; there are"):
        build_curve(make_sample([truth, truth], [0.1, 0.9]))


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=2, max_size=60))
def test_shares_rise_as_the_threshold_falls(rows: list[tuple[bool, float]]) -> None:
    truth, probability = [True, False, *(t for t, _ in rows)], [0.5, 0.5, *(p for _, p in rows)]
    curve = build_curve(make_sample(truth, probability))
    assert (np.diff(curve.threshold) < 0).all()
    assert (np.diff(curve.recall) >= 0).all()
    assert (np.diff(curve.false_rate) >= 0).all()
    assert curve.recall[-1] == curve.false_rate[-1] == 1.0
