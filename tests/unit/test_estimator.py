"""The scikit-learn models: repeatable, and linear on their raw inputs."""

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random_array

from training.estimator import build_calibrator, build_estimator, fit_one_vs_rest, unfold_calibrator

ROWS = csr_matrix(random_array((120, 40), density=0.2, rng=np.random.default_rng(0)) > 0.0, dtype=float)
# An output is a column, so a fit that works gets every row right.
LABELS = np.asarray(ROWS[:, :3].toarray() > 0.0)
WEIGHTS = np.ones(120)


def fit(labels: np.ndarray, *, jobs: int = 1, weights: np.ndarray = WEIGHTS) -> tuple[np.ndarray, np.ndarray]:
    return fit_one_vs_rest(ROWS, labels, weights=weights, estimator=build_estimator(1.0, 4_000, 7), jobs=jobs)


def test_one_model_is_fitted_for_each_output() -> None:
    coefficients, intercepts = fit(LABELS)
    assert coefficients.shape == (3, 40)
    assert intercepts.shape == (3,)
    margins = ROWS @ coefficients.T + intercepts
    assert (margins > 0).tolist() == LABELS.tolist()


@pytest.mark.parametrize("jobs", [1, 2], ids=["one process", "two processes"])
def test_fit_is_the_same_each_time_in_any_number_of_processes(jobs: int) -> None:
    first, again = fit(LABELS), fit(LABELS, jobs=jobs)
    assert first[0].tobytes() == again[0].tobytes()
    assert first[1].tobytes() == again[1].tobytes()


def test_output_of_one_model_does_not_depend_on_the_others() -> None:
    together, alone = fit(LABELS), fit(LABELS[:, 2:])
    assert together[0][2].tobytes() == alone[0][0].tobytes()


def test_output_without_an_example_stays_unlikely_everywhere() -> None:
    coefficients, intercepts = fit(np.zeros((120, 1), dtype=bool))
    assert not coefficients.any()
    assert intercepts.tolist() == [-1.0]


def test_row_of_weight_zero_is_as_good_as_absent() -> None:
    spoiled = LABELS.copy()
    spoiled[60:] = ~spoiled[60:]
    halved = np.where(np.arange(120) < 60, 1.0, 0.0)
    coefficients, intercepts = fit(spoiled, weights=halved)
    assert (ROWS[:60] @ coefficients.T + intercepts > 0).tolist() == LABELS[:60].tolist()


@pytest.mark.parametrize("classes", [2, 4])
def test_calibrator_unfolds_to_weights_on_raw_inputs(classes: int) -> None:
    generator = np.random.default_rng(1)
    inputs = generator.normal(5.0, [1.0, 20.0, 0.1], size=(200, 3))
    model = build_calibrator(0.5).fit(inputs, generator.integers(0, classes, size=200))
    weights, intercept = unfold_calibrator(model)
    assert weights.shape == (1 if classes == 2 else classes, 3)
    expected = model.decision_function(inputs).reshape(200, -1)
    assert inputs @ weights.T + intercept == pytest.approx(expected, abs=1e-9)
