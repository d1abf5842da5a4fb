"""Agreement figures are those of worked examples in the literature, and spans agree where people mean the same."""

import numpy as np
import pytest

from service.review.agreement import (
    MISSING,
    Ratings,
    alpha_interval,
    cohen_kappa,
    indicator_agreement,
    krippendorff_alpha,
    share,
    span_agreement,
)
from service.review.reviewed import LabelledSpan

_ = MISSING


def ratings(*rows: list[int]) -> Ratings:
    return np.array(rows, dtype=np.int64)


# Krippendorff 2011, Computing Krippendorff's Alpha-Reliability: sections A, B and C.
BINARY = ratings([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0])
NOMINAL = ratings([1, 1, 2, 2, 4, 3, 3, 3, 5, 4, 4, 1], [2, 1, 2, 2, 2, 3, 3, 3, 5, 4, 4, 4])
MISSING_DATA = ratings(
    [1, 2, 3, 3, 2, 1, 4, 1, 2, _, _, _],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, _, 3],
    [_, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, _],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, _],
)


@pytest.mark.parametrize(
    ("data", "alpha"),
    [(BINARY, 0.095), (NOMINAL, 0.692), (MISSING_DATA, 0.743)],
    ids=["binary, two raters", "nominal, two raters", "nominal, four raters, missing data"],
)
def test_alpha_is_the_one_of_krippendorff_2011(data: Ratings, alpha: float) -> None:
    assert krippendorff_alpha(data) == pytest.approx(alpha, abs=5e-4)


def table(counts: list[list[int]]) -> tuple[list[int], list[int]]:
    pairs = [
        (row, column) for row, line in enumerate(counts) for column, count in enumerate(line) for _ in range(count)
    ]
    return [one for one, _ in pairs], [two for _, two in pairs]


@pytest.mark.parametrize(
    ("counts", "kappa"),
    [
        ([[88, 14, 18], [10, 40, 10], [2, 6, 12]], 0.492),
        ([[20, 5], [10, 15]], 0.4),
        ([[45, 15], [25, 15]], 0.1304),
        ([[25, 35], [5, 35]], 0.2593),
    ],
    ids=["Cohen 1960", "grants", "same agreement, like margins", "same agreement, unlike margins"],
)
def test_kappa_is_the_one_of_worked_examples(counts: list[list[int]], kappa: float) -> None:
    assert cohen_kappa(*table(counts)) == pytest.approx(kappa, abs=5e-4)


def test_full_agreement_is_one_and_opposites_are_below_zero() -> None:
    assert krippendorff_alpha(ratings([0, 1, 1], [0, 1, 1])) == 1.0
    assert cohen_kappa([0, 1, 1], [0, 1, 1]) == 1.0
    opposite = krippendorff_alpha(ratings([0, 1, 0, 1], [1, 0, 1, 0]))
    assert opposite is not None
    assert opposite < 0


@pytest.mark.parametrize(
    "data",
    [ratings([1, 1], [1, 1]), ratings([_, 1], [0, _]), ratings([0, 1]), np.zeros((0, 0), dtype=np.int64)],
    ids=["one category", "nothing paired", "one rater", "nobody"],
)
def test_alpha_of_data_that_determine_none_is_none(data: Ratings) -> None:
    assert krippendorff_alpha(data) is None
    assert alpha_interval(data).value is None


def test_kappa_leaves_out_what_one_did_not_rate() -> None:
    assert cohen_kappa([0, 1, _, 1], [0, 1, 0, _]) == 1.0
    assert cohen_kappa([_], [1]) is None
    assert cohen_kappa([1, 1], [1, 1]) is None


def test_kappa_refuses_lists_of_two_lengths() -> None:
    with pytest.raises(ValueError, match="2 and 1 ratings"):
        cohen_kappa([0, 1], [0])


def test_order_of_raters_does_not_matter_for_alpha() -> None:
    assert krippendorff_alpha(MISSING_DATA[::-1]) == pytest.approx(krippendorff_alpha(MISSING_DATA), abs=1e-12)


def test_interval_holds_the_value_and_repeats() -> None:
    first, second = (alpha_interval(MISSING_DATA, draws=300, seed=7) for _ in range(2))
    assert first == second
    assert first.low is not None
    assert first.value is not None
    assert first.high is not None
    assert first.low < first.value < first.high <= 1.0


def test_indicators_are_judged_one_by_one() -> None:
    judged = {
        "a": {"r1": frozenset({"debt_bondage"}), "r2": frozenset({"debt_bondage"})},
        "b": {"r1": frozenset({"debt_bondage", "isolation"}), "r2": frozenset({"debt_bondage"})},
        "c": {"r1": frozenset[str](), "r2": frozenset({"isolation"})},
        "d": {"r1": frozenset({"isolation"})},
    }
    debt, isolation = indicator_agreement(judged, ["debt_bondage", "isolation"], draws=50)
    assert (debt.documents, debt.alpha.value, debt.kappa) == (3, 1.0, 1.0)
    assert isolation.documents == 3
    assert isolation.kappa == pytest.approx(-0.5)


TEXT = "They took my passport. I owe 4,000 for the ticket and it goes up each week. The door is locked."


def span(words: str, indicator: str = "debt_bondage", *, before: int = 0, after: int = 0) -> LabelledSpan:
    start = TEXT.index(words)
    return LabelledSpan(start - before, start + len(words) + after, indicator, "asserted")


@pytest.mark.parametrize(
    ("first", "second", "score"),
    [
        ([span("I owe 4,000")], [span("I owe 4,000")], 1.0),
        ([span("I owe 4,000")], [span("I owe 4,000", before=1, after=1)], 1.0),
        ([span("it goes up each week")], [span("it goes up each week", after=2)], 1.0),
        ([span("I owe 4,000 for the ticket")], [span("for the ticket")], 14 / 26),
        ([span("I owe 4,000")], [span("I owe 4,000", "isolation")], 0.0),
        ([span("I owe 4,000")], [], 0.0),
        ([span("I owe 4,000"), span("each week")], [span("I owe 4,000")], 2 / 3),
        ([span("I owe 4,000 for the ticket")], [span("I owe 4,000"), span("for the ticket")], 2 * (14 / 26) / 3),
    ],
    ids=["same", "white space", "full stop", "part", "other indicator", "one side", "one of two", "one against two"],
)
def test_spans_agree_by_what_both_cover(first: list[LabelledSpan], second: list[LabelledSpan], score: float) -> None:
    assert span_agreement(TEXT, first, second).score == pytest.approx(score)
    assert span_agreement(TEXT, second, first).score == pytest.approx(score)


def test_matching_takes_the_best_pairs_and_not_the_first() -> None:
    first = [span("passport"), span("I owe 4,000 for the ticket")]
    second = [span("my passport. I owe"), span("4,000 for the ticket")]
    overlaps = 8 / 18 + 20 / 26
    assert span_agreement(TEXT, first, second).score == pytest.approx(2 * overlaps / 4)


def test_spans_are_corrected_for_chance() -> None:
    same = span_agreement(TEXT, [span("I owe 4,000")], [span("I owe 4,000")])
    assert same.corrected == 1.0
    assert same.chance is not None
    assert 0 < same.chance < 0.3
    whole = LabelledSpan(0, 16, "isolation", "asserted")
    everything = span_agreement("we are locked in", [whole], [whole])
    # Whoever marks the whole text agrees with anybody who does: nothing is left to correct.
    assert (everything.score, everything.chance, everything.corrected) == (1.0, 1.0, None)


def test_spans_that_nobody_marked_say_nothing() -> None:
    assert span_agreement(TEXT, [], []).score is None


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (29, 29, 0.8830, 1.0)],
    ids=["81/263", "15/148", "0/20", "29/29"],
)
def test_interval_of_a_share_is_newcombes_1998_example(hits: int, total: int, low: float, high: float) -> None:
    estimate = share(hits, total)
    assert estimate.low == pytest.approx(low, abs=5e-4)
    assert estimate.high == pytest.approx(high, abs=5e-4)


def test_share_of_nothing_is_unknown_and_of_too_much_refused() -> None:
    assert share(0, 0).value is None
    with pytest.raises(ValueError, match="3 hits of 2"):
        share(3, 2)
