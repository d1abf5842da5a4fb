"""Margins become log-odds, and pooled log-odds become document probabilities, on out-of-fold scores only."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from sklearn.linear_model import LogisticRegression

from classifier.scoring import Outputs, Pooled, indicator_inputs, pool, review_inputs, sigmoid, softmax_log
from training.estimator import build_calibrator, unfold_calibrator
from training.recipe import DocumentOptions

_UNREGULARISED = 1e6
# Log-odds of a context that no text had.
_NEVER = -20.0


@dataclass(frozen=True, slots=True)
class LinearCalibrators:
    """Weights and intercepts of the document models, on raw inputs."""

    context_weights: np.ndarray
    context_intercept: np.ndarray
    indicator_weights: np.ndarray
    indicator_intercept: np.ndarray
    review_weights: np.ndarray
    review_intercept: float


def fit_sigmoids(margins: np.ndarray, labels: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit Platt's sigmoid (Platt 1999) to each output.

    Args:
        margins: (n, n_outputs) out of fold.
        labels: (n, n_outputs) bool.
        rows: (n, n_outputs) bool, which rows an output is fitted on.

    Returns:
        Slopes and shifts, (n_outputs,) each: log-odds = slope * margin + shift.
    """
    slopes, shifts = np.ones(margins.shape[1]), np.zeros(margins.shape[1])
    for output in range(margins.shape[1]):
        chosen = rows[:, output]
        truth = labels[chosen, output]
        if truth.any() and not truth.all():
            model = LogisticRegression(C=_UNREGULARISED).fit(margins[chosen, output, None], truth)
            slopes[output], shifts[output] = model.coef_[0, 0], model.intercept_[0]
    return slopes, shifts


def pool_documents(sentences: np.ndarray, document: np.ndarray, text: np.ndarray, outputs: Outputs) -> list[Pooled]:
    """Pool sentence log-odds by document; `document` numbers the rows in ascending order."""
    first = np.searchsorted(document, np.arange(len(text) + 1))
    return [pool(sentences[a:b], text[number], outputs) for number, (a, b) in enumerate(pairwise(first.tolist()))]


def fit_contexts(scores: np.ndarray, genre: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    """Fit the multinomial model of the contexts that are there; the others are as good as impossible.

    Args:
        scores: (n_documents, n_contexts) raw context scores.
        genre: (n_documents,) numbers of the contexts.
        c: Inverse of the regularisation.
    """
    n_contexts, there = scores.shape[1], np.unique(genre)
    weights, intercept = np.zeros((n_contexts, n_contexts)), np.full(n_contexts, _NEVER)
    intercept[there] = 0.0
    if len(there) > 1:
        fitted, shifts = unfold_calibrator(build_calibrator(c).fit(scores, genre))
        # Of two contexts scikit-learn gives the log-odds of the second alone.
        first = len(there) - len(fitted)
        weights[there[first:]], intercept[there[first:]] = fitted, shifts
    return weights, intercept


def log_contexts(pooled: list[Pooled], weights: np.ndarray, intercept: np.ndarray) -> np.ndarray:
    """Give the calibrated log-probabilities of the contexts, (n_documents, n_contexts)."""
    return np.stack([softmax_log(weights @ one.context + intercept) for one in pooled])


@dataclass(frozen=True, slots=True)
class Targets:
    """What documents are, by their labels.

    Attributes:
        asserted: (n_documents, n_indicators) bool.
        genre: (n_documents,) context numbers.
        review: (n_documents,) bool.
    """

    asserted: np.ndarray
    genre: np.ndarray
    review: np.ndarray


def fit_documents(pooled: list[Pooled], targets: Targets, setting: "Setting") -> LinearCalibrators:
    """Fit all document models on out-of-fold scores of n_documents; a constant where only one answer is met."""
    options, outputs = setting.options, setting.outputs
    contexts = fit_contexts(np.stack([one.context for one in pooled]), targets.genre, options.context_c)
    logs = log_contexts(pooled, *contexts)
    inputs = np.stack([indicator_inputs(one, log) for one, log in zip(pooled, logs, strict=True)])
    found = [
        _fit_answer(inputs[:, k], targets.asserted[:, k], options.indicator_c) for k in range(outputs.n_indicators)
    ]
    rule = np.stack([review_inputs(one, log, outputs) for one, log in zip(pooled, logs, strict=True)])
    review = _fit_answer(rule, targets.review, options.review_c)
    return LinearCalibrators(
        *contexts,
        indicator_weights=np.stack([weights for weights, _ in found]),
        indicator_intercept=np.array([intercept for _, intercept in found]),
        review_weights=review[0],
        review_intercept=review[1],
    )


def _fit_answer(inputs: np.ndarray, truth: np.ndarray, c: float) -> tuple[np.ndarray, float]:
    """Fit a logistic model; where all answers are one, give its smoothed share (Laplace's rule) as a constant."""
    if truth.all() or not truth.any():
        share = (truth.sum() + 0.5) / (len(truth) + 1.0)
        return np.zeros(inputs.shape[1]), float(np.log(share) - np.log1p(-share))
    weights, intercept = unfold_calibrator(build_calibrator(c).fit(inputs, truth))
    return weights[0], float(intercept[0])


@dataclass(frozen=True, slots=True)
class Setting:
    """What the document models are fitted with."""

    options: DocumentOptions
    outputs: Outputs


@dataclass(frozen=True, slots=True)
class Probabilities:
    """Calibrated probabilities of n_documents.

    Attributes:
        indicators: (n_documents, n_indicators).
        held: (n_documents, n_indicators) spoken of without being asserted.
        review: (n_documents,).
        context: (n_documents, n_contexts).
    """

    indicators: np.ndarray
    held: np.ndarray
    review: np.ndarray
    context: np.ndarray


def predict_documents(pooled: list[Pooled], model: LinearCalibrators, outputs: Outputs) -> Probabilities:
    """Apply document models to pooled scores."""
    logs = log_contexts(pooled, model.context_weights, model.context_intercept)
    inputs = np.stack([indicator_inputs(one, log) for one, log in zip(pooled, logs, strict=True)])
    rule = np.stack([review_inputs(one, log, outputs) for one, log in zip(pooled, logs, strict=True)])
    return Probabilities(
        indicators=sigmoid(np.einsum("dki,ki->dk", inputs, model.indicator_weights) + model.indicator_intercept),
        held=sigmoid(np.stack([one.held.max(axis=1) for one in pooled])),
        review=sigmoid(rule @ model.review_weights + model.review_intercept),
        context=np.exp(logs),
    )


def cross_predict(
    pooled: list[Pooled],
    folds: np.ndarray,
    fit: Callable[[np.ndarray], LinearCalibrators],
    outputs: Outputs,
) -> Probabilities:
    """Predict every fold by document models fitted on the other folds.

    Args:
        pooled: Out-of-fold scores of n_documents.
        folds: (n_documents,).
        fit: Fits on the documents with these indices.
        outputs: How columns are read.
    """
    parts: dict[int, Probabilities] = {}
    for fold in np.unique(folds).tolist():
        inside = np.flatnonzero(folds == fold)
        parts[fold] = predict_documents([pooled[i] for i in inside], fit(np.flatnonzero(folds != fold)), outputs)
    order = np.argsort(np.concatenate([np.flatnonzero(folds == fold) for fold in parts]))

    def join(name: str) -> np.ndarray:
        return np.asarray(np.concatenate([getattr(part, name) for part in parts.values()])[order])

    return Probabilities(join("indicators"), join("held"), join("review"), join("context"))
