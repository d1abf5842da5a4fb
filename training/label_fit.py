"""Fitting on labels of any coverage: the model of `training.fit` for labels that are few, unnamed or without spans.

`training.fit` asks for a whole corpus: every indicator asserted in two folds, every context met. Here an indicator
without examples is simply never flagged, and a label that is no indicator gets a column behind them. The features, the
linear models, the folding and the document models are the same, so the result reads like any other model.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, vstack

from classifier.artifact import build_outputs, round_weights
from classifier.features import FeatureSpace
from classifier.fusion import spread
from classifier.model import TextWeights, Weights
from classifier.pipeline import Parse
from classifier.scoring import DocumentModel, Outputs, Pooled, indicator_inputs, review_inputs
from classifier.taxonomy import load_taxonomy
from training.calibration import (
    LinearCalibrators,
    Probabilities,
    cross_predict,
    fit_contexts,
    fit_sigmoids,
    log_contexts,
    pool_documents,
)
from training.corpus import Record
from training.design import fold_text_weights, fold_weights
from training.estimator import build_calibrator, build_estimator, fit_one_vs_rest, unfold_calibrator
from training.labels import label_linear
from training.prepare import Prepared, prepare
from training.recipe import Recipe
from training.thresholds import Threshold, choose_threshold

# Sentences of either answer that a sigmoid needs; with fewer, margins are taken for log-odds as they are.
_LEAST = 10
# Log-odds of a context that no text had.
_NEVER = -20.0


@dataclass(frozen=True, slots=True)
class Labelled:
    """Parsed texts with their labels.

    Attributes:
        records: n_documents of them; what was labelled without a span has one over the whole text.
        parses: Theirs.
        columns: Names of the labels: all indicators, then others.
        folds: (n_documents,) development folds, each of whole groups.
        spanned: (n_documents,) bool, whether its labels have spans of their own.
    """

    records: Sequence[Record]
    parses: Sequence[Parse]
    columns: tuple[str, ...]
    folds: np.ndarray
    spanned: np.ndarray

    @property
    def outputs(self) -> Outputs:
        """How the columns are read."""
        return replace(build_outputs(), n_indicators=len(self.columns))


@dataclass(frozen=True, slots=True)
class LabelFit:
    """A fitted model.

    Attributes:
        space: Vocabularies.
        weights: Of the sentence outputs.
        text: Of the outputs of the whole text.
        document: Document models and threshold values.
        outputs: How columns are read.
        thresholds: Column, `review` or `held:<column>` to the chosen threshold.
        probabilities: Of the documents, out of fold.
    """

    space: FeatureSpace
    weights: Weights
    text: TextWeights
    document: DocumentModel
    outputs: Outputs
    thresholds: dict[str, Threshold]
    probabilities: Probabilities


@dataclass(frozen=True, slots=True)
class _Linear:
    """Coefficients (n_outputs, n_columns) and intercepts of the sentence outputs and those of the whole text."""

    sentence: tuple[np.ndarray, np.ndarray]
    text: tuple[np.ndarray, np.ndarray]


def fit_labels(labelled: Labelled, recipe: Recipe) -> LabelFit:
    """Fit a model on labelled texts; every number that calibrates or cuts comes from out-of-fold scores.

    Args:
        labelled: Texts with at least one label, in at least two folds.
        recipe: Hyper-parameters and threshold rules.
    """
    outputs, columns = labelled.outputs, labelled.columns
    fair = np.ones(len(labelled.records), dtype=bool)
    data = prepare(
        labelled.records, labelled.parses, folds=labelled.folds, fair=fair, recipe=recipe, indicators=columns
    )
    taught = labelled.spanned[data.rationale_document]
    by_fold = {
        fold: _fit_linear(data, data.folds != fold, taught, recipe=recipe, outputs=outputs)
        for fold in np.unique(data.folds).tolist()
    }
    margins, text = _predict_out_of_fold(data, by_fold)
    labels = label_linear(data.labels)
    scale = fit_sigmoids(margins, labels, _calibrated(labels, outputs))
    pooled = pool_documents(spread(margins * scale[0] + scale[1]), data.document, text, outputs)

    def fit_on(chosen: np.ndarray) -> LinearCalibrators:
        return _fit_documents([pooled[i] for i in chosen], data, chosen, recipe=recipe, outputs=outputs)

    probabilities = cross_predict(pooled, data.folds, fit_on, outputs)
    thresholds = _choose_thresholds(data, probabilities, recipe, columns)
    document = DocumentModel(
        **asdict(fit_on(np.arange(len(pooled)))),
        thresholds=np.array([thresholds[name].value for name in columns]),
        held_thresholds=np.array([thresholds[f"held:{name}"].value for name in columns]),
        review_threshold=thresholds["review"].value,
    )
    final = _fit_linear(data, fair, taught, recipe=recipe, outputs=outputs)
    weights, text_weights = _fold(final, data, scale)
    return LabelFit(data.featuriser.space, weights, text_weights, document, outputs, thresholds, probabilities)


def _fit_linear(data: Prepared, chosen: np.ndarray, taught: np.ndarray, *, recipe: Recipe, outputs: Outputs) -> _Linear:
    """Fit the linear models on the documents where `chosen` (n_documents,) is true.

    Args:
        data: All documents.
        chosen: (n_documents,) bool.
        taught: (n_rationales,) bool, which rationales are spans that somebody marked.
        recipe: Hyper-parameters.
        outputs: How the columns are read.
    """
    options, found = recipe.estimator, 2 * outputs.n_indicators
    sentence, rationale = chosen[data.document], chosen[data.rationale_document] & taught
    rows = vstack([data.fitted[sentence], data.rationales[rationale]]).tocsr()
    labels = label_linear(np.vstack([data.labels[sentence], data.rationale_labels[rationale]]))
    weights = np.concatenate([np.ones(sentence.sum()), np.full(rationale.sum(), options.rationale_weight)])
    spoken = _fit_outputs(rows, labels[:, :found], weights, options.c, recipe)
    # How a sentence holds things is learned where there is something to hold.
    speaking = np.flatnonzero(labels[:, outputs.n_indicators : found].any(axis=1))
    held = _fit_outputs(rows[speaking], labels[speaking, found:], weights[speaking], options.held_c, recipe)
    targets = np.column_stack([data.genre[:, None] == np.arange(outputs.n_contexts), data.review])
    text = _fit_outputs(data.fitted_text[chosen], targets[chosen], np.ones(chosen.sum()), options.text_c, recipe)
    return _Linear((np.vstack([spoken[0], held[0]]), np.concatenate([spoken[1], held[1]])), text)


def _fit_outputs(
    rows: csr_matrix, labels: np.ndarray, weights: np.ndarray, c: float, recipe: Recipe
) -> tuple[np.ndarray, np.ndarray]:
    """Fit one model an output; what is always so gets a constant, as what is never so does."""
    coefficients, intercepts = np.zeros((labels.shape[1], rows.shape[1])), np.ones(labels.shape[1])
    open_ones = np.flatnonzero(~labels.all(axis=0)) if len(labels) else np.zeros(0, dtype=np.int64)
    if not len(labels):
        return coefficients, -intercepts
    if len(open_ones):
        estimator = build_estimator(c, recipe.estimator.iterations, recipe.seed)
        fitted = fit_one_vs_rest(rows, labels[:, open_ones], weights=weights, estimator=estimator, jobs=recipe.jobs)
        coefficients[open_ones], intercepts[open_ones] = fitted
    return coefficients, intercepts


def _predict_out_of_fold(data: Prepared, by_fold: dict[int, _Linear]) -> tuple[np.ndarray, np.ndarray]:
    """Score every sentence and text by the model that did not see its fold."""
    margins: Any = np.zeros((len(data.labels), len(next(iter(by_fold.values())).sentence[1])))
    text: Any = np.zeros((len(data.records), len(next(iter(by_fold.values())).text[1])))
    for fold, model in by_fold.items():
        whole = data.folds == fold
        inside = whole[data.document]
        margins[inside] = data.rows[inside] @ model.sentence[0].T + model.sentence[1]
        text[whole] = data.text[whole] @ model.text[0].T + model.text[1]
    return margins, text


def _calibrated(labels: np.ndarray, outputs: Outputs) -> np.ndarray:
    """Say which rows an output's sigmoid is fitted on, (n_sentences, n_outputs) bool: none where there are too few."""
    found = 2 * outputs.n_indicators
    rows = np.ones(labels.shape, dtype=bool)
    rows[:, found:] &= labels[:, outputs.n_indicators : found].any(axis=1, keepdims=True)
    fewest = np.minimum((labels & rows).sum(axis=0), (~labels & rows).sum(axis=0))
    return np.asarray(rows & (fewest >= _LEAST))


def _fold(model: _Linear, data: Prepared, scale: tuple[np.ndarray, np.ndarray]) -> tuple[Weights, TextWeights]:
    """Turn margins into log-odds, fold idf and block weights in, and round to what an artefact stores."""
    space, layout = data.featuriser.space, data.layout
    coefficients, intercepts = model.sentence[0] * scale[0][:, None], model.sentence[1] * scale[0] + scale[1]
    sentence, text = (
        fold_weights(coefficients, intercepts, space, layout),
        fold_text_weights(*model.text, space, layout),
    )
    rounded = [
        {name: round_weights(array) if array.ndim > 1 else array for name, array in asdict(block).items()}
        for block in (sentence, text)
    ]
    return Weights(**rounded[0]), TextWeights(**rounded[1])


def _fit_documents(
    pooled: list[Pooled], data: Prepared, chosen: np.ndarray, *, recipe: Recipe, outputs: Outputs
) -> LinearCalibrators:
    """Fit the document models on out-of-fold scores of the chosen documents; a constant where only one answer is."""
    options, targets = recipe.document, data.targets(chosen)
    contexts = _fit_contexts(np.stack([one.context for one in pooled]), targets.genre, options.context_c)
    logs = log_contexts(pooled, *contexts)
    inputs = np.stack([indicator_inputs(one, log) for one, log in zip(pooled, logs, strict=True)])
    found = [
        _fit_answer(inputs[:, number], targets.asserted[:, number], options.indicator_c)
        for number in range(outputs.n_indicators)
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


def _fit_contexts(scores: np.ndarray, genre: np.ndarray, c: float) -> tuple[np.ndarray, np.ndarray]:
    """Fit the context model for the contexts that are there; the others are as good as impossible."""
    n_contexts = scores.shape[1]
    there = np.unique(genre)
    weights, intercept = np.zeros((n_contexts, n_contexts)), np.full(n_contexts, _NEVER)
    intercept[there] = 0.0
    if len(there) > 1:
        fitted, shifts = fit_contexts(scores, genre, c)
        # Of two contexts scikit-learn gives the log-odds of the second alone.
        first = len(there) - len(fitted)
        weights[there[first:]], intercept[there[first:]] = fitted, shifts
    return weights, intercept


def _choose_thresholds(
    data: Prepared, found: Probabilities, recipe: Recipe, columns: tuple[str, ...]
) -> dict[str, Threshold]:
    rules = recipe.thresholds
    chosen = {"review": _choose(data.review, found.review, rules.review)}
    for number, name in enumerate(columns):
        truth, probability = data.states[:, number], found.indicators[:, number]
        chosen[name] = _choose(truth[:, 0], probability, rules.indicators)
        rest = probability < chosen[name].value
        held = truth[rest, 1:].any(axis=1) & ~truth[rest, 0]
        chosen[f"held:{name}"] = _choose(held, found.held[rest, number], rules.held)
    return chosen


def _choose(truth: np.ndarray, probability: np.ndarray, rule: str) -> Threshold:
    """Choose by the rule; of an answer that nothing is an example of, the threshold is 0.5."""
    some = truth if truth.any() else truth[:0]
    return choose_threshold(some, probability[: len(some)], rule)


def indicator_columns(labels: Sequence[str]) -> tuple[str, ...]:
    """Give the columns for these labels: all indicators in the order of the taxonomy, then the other labels."""
    ids = load_taxonomy().ids
    return (*ids, *(label for label in labels if label not in ids))
