"""The measures are scikit-learn's, with document weights; their intervals come from resampled groups."""

from collections.abc import Callable

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score

from training.metrics import (
    Measure,
    average_precision,
    calibration_error,
    character_f1,
    draw_weights,
    f1,
    macro,
    measure_interval,
    share,
)


def draw(seed: int, digits: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, scores that often tie when they have few digits, and whole weights that are often 0."""
    generator = np.random.default_rng(seed)
    n = int(generator.integers(5, 80))
    truth = generator.random(n) < 0.4
    truth[0] = True
    weights = generator.integers(0, 4, size=n).astype(float)
    weights[0] = 1.0
    return truth, generator.random(n).round(digits), weights


def value(measure: Measure, weights: np.ndarray) -> float:
    return float(measure(weights[None, :])[0])


@pytest.mark.parametrize("digits", [1, 2, 12], ids=["many ties", "some ties", "no ties"])
@pytest.mark.parametrize("seed", range(10))
def test_average_precision_is_that_of_scikit_learn(seed: int, digits: int) -> None:
    truth, score, weights = draw(seed, digits)
    measure = average_precision(truth, score)
    assert value(measure, np.ones(len(truth))) == pytest.approx(average_precision_score(truth, score), abs=1e-12)
    expected = average_precision_score(truth, score, sample_weight=weights)
    assert value(measure, weights) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(10))
def test_f1_is_that_of_scikit_learn(seed: int) -> None:
    truth, score, weights = draw(seed, 12)
    flagged = score >= 0.5
    measure = f1(truth, flagged)
    assert value(measure, np.ones(len(truth))) == pytest.approx(f1_score(truth, flagged), abs=1e-12)
    expected = f1_score(truth, flagged, sample_weight=weights)
    assert value(measure, weights) == pytest.approx(expected, abs=1e-12)


def test_a_row_of_weights_is_a_sample_of_repeated_documents() -> None:
    truth, score, weights = draw(4, 1)
    repeated = np.repeat(np.arange(len(truth)), weights.astype(int))
    again = average_precision(truth[repeated], score[repeated])
    assert value(average_precision(truth, score), weights) == pytest.approx(value(again, np.ones(len(repeated))))


@pytest.mark.parametrize(
    "measure",
    [average_precision(np.zeros(3, dtype=bool), np.ones(3)), f1(np.zeros(3, dtype=bool), np.zeros(3, dtype=bool))],
    ids=["average precision", "F1"],
)
def test_without_positives_there_is_no_figure(measure: Measure) -> None:
    assert np.isnan(value(measure, np.ones(3)))


def test_calibration_error_by_hand() -> None:
    """Bins are a fifteenth wide: 0.61 and 0.66 share one, 0.9 has its own, 0.02 has its own."""
    truth = np.array([[1], [0], [1], [0]], dtype=bool)
    probability = np.array([[0.61], [0.66], [0.9], [0.02]])
    measure = calibration_error(truth, probability)
    by_bin = abs(0.39 - 0.66) + 0.1 + 0.02
    assert value(measure, np.ones(4)) == pytest.approx(by_bin / 4)
    assert value(measure, np.array([1.0, 0.0, 2.0, 1.0])) == pytest.approx((0.39 + 2 * 0.1 + 0.02) / 4)


def test_calibration_error_pools_the_outputs() -> None:
    truth = np.array([[1, 0], [0, 0]], dtype=bool)
    probability = np.array([[1.0, 0.1], [0.0, 0.1]])
    assert value(calibration_error(truth, probability), np.ones(2)) == pytest.approx(0.2 / 4)


def test_calibrated_probabilities_have_next_to_no_error() -> None:
    generator = np.random.default_rng(0)
    probability = generator.random((20_000, 2))
    truth = generator.random((20_000, 2)) < probability
    assert value(calibration_error(truth, probability), np.ones(20_000)) < 0.01


def test_character_f1_sums_characters_before_it_divides() -> None:
    counts = np.array([[10, 10, 20], [0, 30, 0], [5, 5, 5]])
    measure = character_f1(counts)
    assert value(measure, np.ones(3)) == pytest.approx(2 * 15 / (45 + 25))
    assert value(measure, np.array([1.0, 0.0, 2.0])) == pytest.approx(2 * 20 / (20 + 30))


def test_share_counts_hits_among_cases() -> None:
    assert value(share(np.array([1, 0, 2]), np.array([1, 3, 2])), np.ones(3)) == pytest.approx(0.5)
    assert np.isnan(value(share(np.zeros(2), np.zeros(2)), np.ones(2)))


def test_macro_is_the_mean_over_outputs_that_have_a_positive() -> None:
    some, none = np.array([True, False]), np.array([False, False])
    score = np.array([0.9, 0.1])
    measure = macro([average_precision(some, score), average_precision(none, score), average_precision(some, -score)])
    assert value(measure, np.ones(2)) == pytest.approx((1.0 + 0.5) / 2)


def test_groups_are_drawn_whole() -> None:
    weights = draw_weights(["a", "b", "a", "c", "b"], 50, seed=1)
    assert weights.shape == (51, 5)
    assert weights[0].tolist() == [1.0] * 5
    assert (weights[:, 0] == weights[:, 2]).all()
    assert (weights[:, 1] == weights[:, 4]).all()
    assert (weights[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_the_same_seed_draws_the_same_groups() -> None:
    groups = [f"g{number}" for number in range(20)]
    assert (draw_weights(groups, 5, seed=2) == draw_weights(groups, 5, seed=2)).all()
    assert (draw_weights(groups, 5, seed=2) != draw_weights(groups, 5, seed=3)).any()


@pytest.mark.parametrize("build", [average_precision, lambda truth, score: f1(truth, score > 0.5)], ids=["AP", "F1"])
@pytest.mark.parametrize("seed", range(5))
def test_interval_contains_the_value(build: Callable[[np.ndarray, np.ndarray], Measure], seed: int) -> None:
    truth, score, _ = draw(seed + 100, 12)
    found = measure_interval(build(truth, score), draw_weights([str(n // 2) for n in range(len(truth))], 300, seed))
    assert found.low <= found.value <= found.high
    assert 0.0 <= found.low < found.high <= 1.0


def test_interval_is_wider_when_documents_hang_together() -> None:
    hits = (np.random.default_rng(0).random(20) < 0.5).repeat(10)

    def width(groups: list[str]) -> float:
        found = measure_interval(share(hits, np.ones(200)), draw_weights(groups, 500, seed=0))
        return found.high - found.low

    assert width([str(n // 10) for n in range(200)]) > 2.0 * width([str(n) for n in range(200)])


def test_value_without_any_resample_has_no_interval() -> None:
    found = measure_interval(average_precision(np.array([True, False]), np.array([0.9, 0.1])), np.ones((1, 2)))
    assert found.value == 1.0
    assert np.isnan([found.low, found.high]).all()
