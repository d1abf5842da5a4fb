"""A threshold is chosen by a rule that reads as a sentence, and says what it gave."""

import numpy as np
import pytest
from sklearn.metrics import fbeta_score

from classifier.errors import RecipeError
from training.thresholds import choose_threshold

# Six documents from the highest probability to the lowest.
PROBABILITY = np.array([0.9, 0.8, 0.7, 0.6, 0.4, 0.2])
TRUTH = np.array([1, 1, 0, 1, 0, 0], dtype=bool)

# Rule, value, precision and recall on those six.
RULES = {
    "maximum f1": (0.5, 0.75, 1.0),
    "maximum f2": (0.5, 0.75, 1.0),
    "maximum recall": (0.5, 0.75, 1.0),
    "maximum f1 @ precision >= 0.75": (0.5, 0.75, 1.0),
    "maximum f1 @ precision >= 0.8": (0.75, 1.0, 2 / 3),
    "maximum f2 @ precision >= 0.8": (0.75, 1.0, 2 / 3),
    "maximum recall @ precision >= 0.8": (0.75, 1.0, 2 / 3),
    "maximum recall @ precision >= .6": (0.5, 0.75, 1.0),
    "maximum recall @ precision >= 1.0": (0.75, 1.0, 2 / 3),
}


@pytest.mark.parametrize("rule", RULES)
def test_rule_chooses(rule: str) -> None:
    found = choose_threshold(TRUTH, PROBABILITY, rule)
    assert (found.value, found.precision, found.recall) == pytest.approx(RULES[rule])
    assert (found.rule, found.support, found.met) == (rule, 3, True)


@pytest.mark.parametrize("rule", RULES)
def test_precision_and_recall_are_those_of_what_the_value_flags(rule: str) -> None:
    generator = np.random.default_rng(3)
    truth, probability = generator.random(200) < 0.3, generator.random(200).round(2)
    found = choose_threshold(truth, probability, rule)
    flagged = probability >= found.value
    assert found.precision == pytest.approx((flagged & truth).sum() / flagged.sum())
    assert found.recall == pytest.approx((flagged & truth).sum() / truth.sum())


@pytest.mark.parametrize(("rule", "beta"), [("maximum f1", 1.0), ("maximum f2", 2.0)])
def test_no_other_threshold_gives_a_better_score(rule: str, beta: float) -> None:
    generator = np.random.default_rng(5)
    truth, probability = generator.random(200) < 0.3, generator.random(200).round(2)
    cuts = (choose_threshold(truth, probability, rule).value, *np.unique(probability))
    found, *others = (float(fbeta_score(truth, probability >= cut, beta=beta)) for cut in cuts)
    assert found == max(others)


def test_missed_document_weighs_more_by_f2() -> None:
    truth, probability = np.array([1, 0, 0, 0, 1], dtype=bool), np.array([0.9, 0.6, 0.5, 0.4, 0.3])
    by_f1, by_f2 = (choose_threshold(truth, probability, f"maximum {target}") for target in ("f1", "f2"))
    assert (by_f1.value, by_f1.recall) == pytest.approx((0.75, 0.5))
    assert (by_f2.value, by_f2.recall) == pytest.approx((0.3, 1.0))


def test_rule_depends_on_no_order_of_documents() -> None:
    order = np.array([3, 0, 5, 1, 4, 2])
    assert choose_threshold(TRUTH[order], PROBABILITY[order], "maximum f1") == choose_threshold(
        TRUTH, PROBABILITY, "maximum f1"
    )


def test_documents_of_one_probability_are_flagged_together() -> None:
    """A cut between equal probabilities would look better than anything that can be applied."""
    truth = np.array([1, 1, 0, 0, 0], dtype=bool)
    found = choose_threshold(truth, np.array([0.9, 0.5, 0.5, 0.5, 0.1]), "maximum recall @ precision >= 0.5")
    assert (found.value, found.precision, found.recall) == pytest.approx((0.3, 0.5, 1.0))
    strict = choose_threshold(truth, np.array([0.9, 0.5, 0.5, 0.5, 0.1]), "maximum recall @ precision >= 0.8")
    assert (strict.value, strict.precision, strict.recall) == pytest.approx((0.7, 1.0, 0.5))


def test_of_equally_good_cuts_the_highest_is_taken() -> None:
    found = choose_threshold(np.array([1, 0, 1, 0], dtype=bool), np.array([0.9, 0.6, 0.5, 0.1]), "maximum f1")
    assert found.value == pytest.approx(0.3)
    equal = choose_threshold(np.array([1, 0, 0, 1], dtype=bool), np.array([0.9, 0.6, 0.5, 0.1]), "maximum f1")
    assert equal.value == pytest.approx(0.75)


def test_floor_that_cannot_be_held_gives_the_best_precision_and_says_so() -> None:
    truth = np.array([0, 1, 1, 0], dtype=bool)
    found = choose_threshold(truth, np.array([0.9, 0.8, 0.7, 0.1]), "maximum recall @ precision >= 0.9")
    assert found.met is False
    assert (found.value, found.precision, found.recall) == pytest.approx((0.4, 2 / 3, 1.0))


def test_lowest_document_can_be_flagged() -> None:
    found = choose_threshold(np.array([1, 1], dtype=bool), np.array([0.9, 0.2]), "maximum f1")
    assert (found.value, found.recall) == pytest.approx((0.2, 1.0))


def test_without_documents_half_is_the_threshold() -> None:
    found = choose_threshold(np.zeros(0, dtype=bool), np.zeros(0), "maximum f1")
    assert (found.value, found.support, found.met) == (0.5, 0, False)


def test_without_positives_nothing_is_claimed() -> None:
    found = choose_threshold(np.zeros(4, dtype=bool), PROBABILITY[:4], "maximum f1 @ precision >= 0.5")
    assert (found.support, found.precision, found.recall, found.met) == (0, 0.0, 0.0, False)


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "f1",
        "maximum accuracy",
        "maximum f3",
        "maximum f1 @ recall >= 0.8",
        "maximum f1 @ precision >= 2",
        "Maximum f1",
    ],
)
def test_rule_of_another_form_is_refused(rule: str) -> None:
    with pytest.raises(RecipeError, match=r"threshold rule '.*'; allowed: maximum f1\|f2\|recall"):
        choose_threshold(TRUTH, PROBABILITY, rule)
