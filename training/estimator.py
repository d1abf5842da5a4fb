"""The scikit-learn models on one screen."""

from typing import cast

import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC


def build_estimator(c: float, iterations: int, seed: int) -> LinearSVC:
    """Build the model of one output: squared hinge and L2 beat logistic loss at rare labels here too."""
    return LinearSVC(C=c, dual=True, max_iter=iterations, random_state=seed)


def build_calibrator(c: float) -> Pipeline:
    """Build a logistic model on few standardised inputs."""
    return make_pipeline(StandardScaler(), LogisticRegression(C=c, max_iter=2000))


def unfold_calibrator(model: Pipeline) -> tuple[np.ndarray, np.ndarray]:
    """Give weights and intercept on the raw inputs: the scaler is folded in."""
    scaler, logistic = model.steps[0][1], model.steps[1][1]
    weights = logistic.coef_ / scaler.scale_
    return weights, logistic.intercept_ - weights @ scaler.mean_


def fit_one_vs_rest(
    rows: csr_matrix, labels: np.ndarray, *, weights: np.ndarray, estimator: LinearSVC, jobs: int
) -> tuple[np.ndarray, np.ndarray]:
    """Fit one model an output, in processes: liblinear's random numbers are global to a process.

    Args:
        rows: (n_rows, n_columns).
        labels: (n_rows, n_outputs) bool.
        weights: (n_rows,) sample weights.
        estimator: Cloned for each output by its parameters.
        jobs: Worker processes; the result does not depend on it.

    Returns:
        Coefficients (n_outputs, n_columns) and intercepts (n_outputs,).
    """
    parameters = estimator.get_params()
    fitted = Parallel(n_jobs=jobs)(
        delayed(_fit_output)(rows, labels[:, output], weights, parameters) for output in range(labels.shape[1])
    )
    coefficients, intercepts = zip(*cast("list[tuple[np.ndarray, float]]", fitted), strict=True)
    return np.stack(coefficients), np.array(intercepts)


def _fit_output(
    rows: csr_matrix, labels: np.ndarray, weights: np.ndarray, parameters: dict[str, object]
) -> tuple[np.ndarray, float]:
    if labels.all() or not labels.any():
        # Nothing to learn: what is never so, or always, gets a constant.
        return np.zeros(rows.shape[1]), 1.0 if len(labels) and labels.all() else -1.0
    model = LinearSVC(**parameters).fit(rows, labels, sample_weight=weights)
    return model.coef_[0], float(model.intercept_[0])
