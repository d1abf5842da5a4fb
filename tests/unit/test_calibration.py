"""Margins become log-odds and pooled log-odds become probabilities, and no document is judged by what saw it."""

from dataclasses import asdict

import numpy as np
import pytest

from classifier.artifact import build_outputs
from classifier.scoring import DocumentModel, Outputs, Pooled, score_document, sigmoid
from training.calibration import (
    LinearCalibrators,
    Setting,
    Targets,
    cross_predict,
    fit_documents,
    fit_sigmoids,
    pool_documents,
    predict_documents,
)
from training.recipe import load_recipe

OUTPUTS = build_outputs()
WIDTH = 4 * OUTPUTS.n_indicators
N = 120


def build_pooled(n: int = N, *, seed: int = 0) -> list[Pooled]:
    """Random scores of n documents with one to four sentences."""
    generator = np.random.default_rng(seed)
    document = np.repeat(np.arange(n), generator.integers(1, 5, size=n))
    sentences = generator.normal(size=(len(document), WIDTH))
    return pool_documents(sentences, document, generator.normal(size=(n, OUTPUTS.n_contexts + 1)), OUTPUTS)


def fit(pooled: list[Pooled], *, seed: int = 0) -> LinearCalibrators:
    """Document models on labels that hang on the scores, loosely."""
    generator = np.random.default_rng(seed)
    peak = np.stack([one.peak for one in pooled])
    return fit_documents(
        pooled,
        Targets(
            asserted=peak + generator.normal(size=peak.shape) > 1.0,
            genre=np.arange(len(pooled)) % OUTPUTS.n_contexts,
            review=peak.max(axis=1) > np.median(peak.max(axis=1)),
        ),
        Setting(load_recipe("default").document, OUTPUTS),
    )


def test_sigmoid_is_recovered() -> None:
    generator = np.random.default_rng(0)
    margins = generator.normal(size=(20_000, 2))
    labels = generator.random((20_000, 2)) < sigmoid(margins * [3.0, 1.0] + [-1.0, 0.5])
    slopes, shifts = fit_sigmoids(margins, labels, np.ones_like(labels))
    assert slopes == pytest.approx([3.0, 1.0], abs=0.15)
    assert shifts == pytest.approx([-1.0, 0.5], abs=0.1)


def test_sigmoid_is_fitted_on_the_chosen_rows_alone() -> None:
    generator = np.random.default_rng(0)
    margins = generator.normal(size=(400, 1))
    labels = generator.random((400, 1)) < sigmoid(2.0 * margins)
    rows = np.arange(400)[:, None] < 200
    spoiled = np.where(rows, labels, ~labels)
    assert fit_sigmoids(margins, spoiled, rows)[0] == fit_sigmoids(margins[:200], labels[:200], rows[:200])[0]


@pytest.mark.parametrize("label", [False, True])
def test_output_of_one_answer_keeps_its_margins(label: bool) -> None:
    slopes, shifts = fit_sigmoids(np.ones((5, 1)), np.full((5, 1), label), np.ones((5, 1), dtype=bool))
    assert (slopes.tolist(), shifts.tolist()) == ([1.0], [0.0])


def test_sentences_are_pooled_by_their_document() -> None:
    sentences = np.arange(3.0)[:, None] * np.ones(WIDTH)
    text = np.zeros((2, OUTPUTS.n_contexts + 1))
    first, second = pool_documents(sentences, np.array([0, 1, 1]), text, OUTPUTS)
    assert (first.peak[0], second.peak[0], second.second[0]) == (0.0, 2.0, 1.0)
    assert [first.length, second.length] == pytest.approx([0.0, np.log(2)])


def test_training_predicts_what_serving_scores() -> None:
    """One document at a time or all at once: the same probabilities."""
    pooled = build_pooled()
    model = fit(pooled)
    found = predict_documents(pooled, model, OUTPUTS)
    thresholds = np.full(OUTPUTS.n_indicators, 0.5)
    served = DocumentModel(**asdict(model), thresholds=thresholds, held_thresholds=thresholds, review_threshold=0.5)
    for number, one in enumerate(pooled):
        scores = score_document(one, served, OUTPUTS)
        assert found.indicators[number] == pytest.approx(scores.indicators, abs=1e-12)
        assert found.held[number] == pytest.approx(scores.held, abs=1e-12)
        assert found.context[number] == pytest.approx(scores.context, abs=1e-12)
        assert found.review[number] == pytest.approx(scores.review, abs=1e-12)


def test_probabilities_are_probabilities() -> None:
    pooled = build_pooled()
    found = predict_documents(pooled, fit(pooled), OUTPUTS)
    assert found.indicators.shape == found.held.shape == (N, OUTPUTS.n_indicators)
    assert found.context.sum(axis=1) == pytest.approx(np.ones(N))
    for part in (found.indicators, found.held, found.context, found.review):
        assert ((part >= 0.0) & (part <= 1.0)).all()


def test_each_fold_is_predicted_by_models_of_the_others() -> None:
    pooled = build_pooled(30)
    folds = np.arange(30) % 3
    seen: list[list[int]] = []

    def remember(chosen: np.ndarray) -> LinearCalibrators:
        seen.append(chosen.tolist())
        return constant(len(seen), OUTPUTS)

    found = cross_predict(pooled, folds, remember, OUTPUTS)
    assert seen == [np.flatnonzero(folds != fold).tolist() for fold in range(3)]
    assert found.review == pytest.approx(sigmoid(folds + 1.0))
    assert found.indicators == pytest.approx(np.tile(sigmoid(folds + 1.0)[:, None], OUTPUTS.n_indicators))


def test_predictions_come_back_in_the_order_of_the_documents() -> None:
    pooled = build_pooled(30)
    model = fit(build_pooled())
    expected = predict_documents(pooled, model, OUTPUTS)
    found = cross_predict(pooled, np.random.default_rng(0).integers(0, 4, size=30), lambda _: model, OUTPUTS)
    assert found.review == pytest.approx(expected.review)
    assert found.held == pytest.approx(expected.held)
    assert found.context == pytest.approx(expected.context)


def constant(log_odds: float, outputs: Outputs) -> LinearCalibrators:
    """Document models that give one answer to everything."""
    fitted = fit(build_pooled())
    return LinearCalibrators(
        context_weights=fitted.context_weights * 0.0,
        context_intercept=fitted.context_intercept * 0.0,
        indicator_weights=fitted.indicator_weights * 0.0,
        indicator_intercept=np.full(outputs.n_indicators, log_odds),
        review_weights=fitted.review_weights * 0.0,
        review_intercept=log_odds,
    )
