"""Reviewers against check items, and the model against reviewers over time."""

from datetime import UTC, datetime, timedelta

import pytest

from service.review.agreement import share
from service.review.reliability import CheckAnswer, Judgement, check_scores, drift, newcombe

MONDAY = datetime(2030, 1, 7, tzinfo=UTC)
WEEK = timedelta(days=7)


def answer(reviewer: str, given: str, right: str, said: str = "", expected: str = "") -> CheckAnswer:
    return CheckAnswer(reviewer, given, right, frozenset(said.split()), frozenset(expected.split()))


def test_reviewer_is_scored_on_verdicts_and_indicators() -> None:
    answers = [
        answer("b", "escalate", "escalate", "debt_bondage isolation", "debt_bondage"),
        answer("a", "no_concern", "escalate", "", "debt_bondage"),
        answer("b", "no_concern", "no_concern"),
        answer("b", "escalate", "no_concern", "isolation", ""),
    ]
    first, second = check_scores(answers)
    assert (first.reviewer, first.items, first.accuracy.value, first.missed.value) == ("a", 1, 0.0, 1.0)
    assert first.unfounded.value is None
    assert (second.items, second.missed.value) == (3, 0.0)
    assert (second.accuracy, second.unfounded) == (share(2, 3), share(2, 3))


def test_difference_of_shares_is_newcombes_1998_example() -> None:
    """Method 10, example (a): 56/70 less 48/80 is 0.2 with 0.0524 to 0.3339."""
    estimate = newcombe(share(48, 80), share(56, 70))
    assert estimate.value == pytest.approx(0.2)
    assert estimate.low == pytest.approx(0.0524, abs=1e-4)
    assert estimate.high == pytest.approx(0.3339, abs=1e-4)


def judgements(week: int, *, agreeing: int, of: int) -> list[Judgement]:
    start = MONDAY + week * WEEK
    return [
        Judgement(
            start + timedelta(minutes=number),
            flagged=number % 2 == 0,
            confirmed=(number % 2 == 0) == (number < agreeing),
            probability=0.5,
        )
        for number in range(of)
    ]


def test_falling_agreement_is_told_from_chance() -> None:
    steady, worse = judgements(1, agreeing=88, of=100), judgements(3, agreeing=60, of=100)
    windows = drift([*worse, *judgements(0, agreeing=90, of=100), *steady], length=WEEK, start=MONDAY)
    assert [(window.start - MONDAY) // WEEK for window in windows] == [0, 1, 3]
    assert [window.drifted for window in windows] == [False, False, True]
    assert [window.agreement.value for window in windows] == [0.9, 0.88, 0.6]
    assert windows[0].change is None
    assert windows[2].change is not None
    assert windows[2].change.value == pytest.approx(-0.3)


def test_window_says_how_flags_fare_and_how_sure_the_model_was() -> None:
    said = [(True, True, 0.9), (True, False, 0.8), (False, False, 0.1), (False, False, None)]
    (window,) = drift([Judgement(MONDAY, *one) for one in said], length=WEEK)
    assert (window.judgements, window.agreement.value, window.upheld.value) == (4, 0.75, 0.5)
    assert window.calibration_gap == pytest.approx((0.9 + 0.8 + 0.1) / 3 - 1 / 3)
    assert window.kappa == pytest.approx(0.5)
    assert (window.start, window.end) == (MONDAY, MONDAY + WEEK)


def test_nothing_judged_makes_no_window_and_no_length_is_refused() -> None:
    assert drift([], length=WEEK) == []
    with pytest.raises(ValueError, match="longer than nothing"):
        drift([], length=timedelta(0))
