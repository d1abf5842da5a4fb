"""What to label next comes in an order that can be explained and repeated."""

import random
from typing import Any

import pytest

from service.review.active import (
    Candidate,
    Weights,
    choose_next,
    cluster_texts,
    disagreement,
    hash_words,
    uncertainty,
)

LOCKED = "The door of the dormitory is locked at night and the matron has the key to it."
PAID = "Harbour Kitchen pays fourteen pounds an hour each Friday and hires a cook for the summer."


def candidate(name: str, review: float | None = 0.05, text: str | None = None, **fields: Any) -> Candidate:
    words = text if text is not None else f"{name} " * 8
    return Candidate(name, words, {}, None if review is None else (review, 0.5), **fields)


@pytest.mark.parametrize(
    ("probability", "threshold", "unsure"),
    [(0.5, 0.5, 1.0), (0.2, 0.2, 1.0), (0.0, 0.5, 0.0), (1.0, 0.5, 0.0), (0.9, 0.5, 0.469), (0.1, 0.5, 0.469)],
)
def test_probability_is_most_uncertain_at_its_threshold(probability: float, threshold: float, unsure: float) -> None:
    assert uncertainty(Candidate("a", "", {}, (probability, threshold))) == pytest.approx(unsure, abs=1e-3)


def test_abstention_is_the_most_uncertain() -> None:
    assert uncertainty(candidate("a", None)) == 1.0


def test_unsure_indicator_counts_and_can_weigh_less() -> None:
    item = Candidate("a", "", {"isolation": (0.5, 0.5)}, (0.0, 0.5))
    assert uncertainty(item) == 1.0
    assert uncertainty(item, Weights(indicator={"isolation": 0.3})) == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("fields", "apart"),
    [
        ({}, 0.0),
        ({"other_models": (0.75,)}, 0.7),
        ({"verdicts": ("escalate", "no_concern")}, 1.0),
        ({"verdicts": ("escalate", "escalate", "no_concern")}, 2 / 3),
        ({"verdicts": ("escalate", "escalate")}, 0.0),
    ],
    ids=["alone", "models", "even split", "two to one", "same"],
)
def test_disagreement_of_models_and_of_people(fields: dict[str, Any], apart: float) -> None:
    assert disagreement(candidate("a", **fields)) == pytest.approx(apart)


def test_order_goes_by_uncertainty_and_disagreement_and_then_by_id() -> None:
    items = [
        candidate("sure", 0.01),
        candidate("unsure", 0.5),
        candidate("disputed", 0.5, verdicts=("escalate", "no_concern")),
        candidate("sure-too", 0.01),
    ]
    assert [one.id for one in choose_next(items)] == ["disputed", "unsure", "sure", "sure-too"]


def test_order_is_the_same_whatever_order_candidates_come_in() -> None:
    items = [
        candidate(f"doc-{number}", number / 40, [LOCKED, PAID, f"text {number}"][number % 3]) for number in range(40)
    ]
    expected = choose_next(items)
    shuffled = random.Random(3).sample(items, len(items))
    assert choose_next(shuffled) == expected
    assert choose_next(shuffled, count=5) == expected[:5]


def test_same_text_again_waits_behind_another() -> None:
    items = [candidate("a", 0.5, LOCKED), candidate("b", 0.5, f"{LOCKED} Please help."), candidate("c", 0.3, PAID)]
    assert [one.id for one in choose_next(items)] == ["a", "c", "b"]
    assert [one.id for one in choose_next(items, weights=Weights(repeat=1.0))] == ["a", "b", "c"]


def test_near_duplicates_share_a_cluster_and_others_do_not() -> None:
    assert cluster_texts([LOCKED, PAID, LOCKED.upper(), "", ""], similar=0.6) == [0, 1, 0, 2, 3]


def test_words_are_hashed_to_a_unit_vector_even_from_broken_text() -> None:
    assert hash_words("half \ud800a pair") @ hash_words("half \ud800a pair") == pytest.approx(1.0)
    assert not hash_words("").any()


def test_document_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="same id"):
        choose_next([candidate("a"), candidate("a")])
