"""The linear models of a tier: fitted on rows, scored out of fold, and folded into the weights that serving holds."""

from dataclasses import asdict, dataclass

import numpy as np
from scipy.sparse import vstack

from classifier.artifact import round_weights
from classifier.model import TextWeights, Weights
from classifier.scoring import DocumentModel, Outputs
from training.calibration import LinearCalibrators, Probabilities
from training.design import fold_text_weights, fold_weights
from training.estimator import build_estimator, fit_one_vs_rest
from training.labels import label_linear
from training.prepare import Prepared
from training.recipe import Recipe, ThresholdRules
from training.thresholds import Threshold, choose_threshold

# Sentences of either answer that a sigmoid needs; with fewer, margins are taken for log-odds as they are.
_LEAST = 10


@dataclass(frozen=True, slots=True)
class Linear:
    """Coefficients (n_outputs, n_columns) and intercepts of the sentence outputs and the outputs of the whole text."""

    sentence: tuple[np.ndarray, np.ndarray]
    text: tuple[np.ndarray, np.ndarray]


def fit_linear(
    data: Prepared, chosen: np.ndarray, recipe: Recipe, outputs: Outputs, *, taught: np.ndarray | None = None
) -> Linear:
    """Fit all linear models.

    Args:
        data: All documents.
        chosen: (n_documents,) bool, those to fit on.
        recipe: Hyper-parameters.
        outputs: How the columns are read.
        taught: (n_rationales,) bool, which rationales are spans that somebody marked; None for all.
    """
    options, found = recipe.estimator, 2 * outputs.n_indicators
    sentence, rationale = chosen[data.document], chosen[data.rationale_document]
    if taught is not None:
        rationale &= taught
    rows = vstack([data.fitted[sentence], data.rationales[rationale]]).tocsr()
    labels = label_linear(np.vstack([data.labels[sentence], data.rationale_labels[rationale]]))
    weights = np.concatenate([np.ones(sentence.sum()), np.full(rationale.sum(), options.rationale_weight)])
    model = build_estimator(options.c, options.iterations, recipe.seed)
    spoken = fit_one_vs_rest(rows, labels[:, :found], weights=weights, estimator=model, jobs=recipe.jobs)
    # How a sentence holds things is learned where there is something to hold.
    speaking = np.flatnonzero(labels[:, outputs.n_indicators : found].any(axis=1))
    model = build_estimator(options.held_c, options.iterations, recipe.seed)
    held = fit_one_vs_rest(
        rows[speaking], labels[speaking, found:], weights=weights[speaking], estimator=model, jobs=recipe.jobs
    )
    targets = np.column_stack([data.genre[:, None] == np.arange(outputs.n_contexts), data.review])[chosen]
    model = build_estimator(options.text_c, options.iterations, recipe.seed)
    text = fit_one_vs_rest(
        data.fitted_text[chosen], targets, weights=np.ones(len(targets)), estimator=model, jobs=recipe.jobs
    )
    return Linear((np.vstack([spoken[0], held[0]]), np.concatenate([spoken[1], held[1]])), text)


def predict_out_of_fold(data: Prepared, by_fold: dict[int, Linear]) -> tuple[np.ndarray, np.ndarray]:
    """Score every sentence and text by the model that did not see its fold: margins, one row each."""
    any_fold = next(iter(by_fold.values()))
    n_outputs, n_text = len(any_fold.sentence[1]), len(any_fold.text[1])
    margins, text = np.zeros((len(data.labels), n_outputs)), np.zeros((len(data.records), n_text))
    for fold, model in by_fold.items():
        held_out = data.folds == fold
        sentence = held_out[data.document]
        margins[sentence] = data.rows[sentence] @ model.sentence[0].T + model.sentence[1]
        text[held_out] = data.text[held_out] @ model.text[0].T + model.text[1]
    return margins, text


def calibrated_rows(data: Prepared, outputs: Outputs) -> np.ndarray:
    """Say which rows an output's sigmoid is fitted on, (n_sentences, n_outputs) bool: none where there are too few.

    All fair ones; for the held outputs, those of them that speak of something.
    """
    labels, found = label_linear(data.labels), 2 * outputs.n_indicators
    rows = np.repeat(data.fair[data.document, None], labels.shape[1], axis=1)
    rows[:, found:] &= labels[:, outputs.n_indicators : found].any(axis=1, keepdims=True)
    fewest = np.minimum((labels & rows).sum(axis=0), (~labels & rows).sum(axis=0))
    return np.asarray(rows & (fewest >= _LEAST))


def fold_linear(model: Linear, data: Prepared, scale: tuple[np.ndarray, np.ndarray]) -> tuple[Weights, TextWeights]:
    """Turn margins into log-odds, fold idf and block weights in, and round to what an artefact stores.

    Args:
        model: On the columns of `data`.
        data: Holds space and layout.
        scale: Slopes and shifts of the sentence outputs, from `fit_sigmoids`.
    """
    slopes, shifts = scale
    space, layout = data.featuriser.space, data.layout
    sentence = fold_weights(model.sentence[0] * slopes[:, None], model.sentence[1] * slopes + shifts, space, layout)
    text = fold_text_weights(*model.text, space, layout)
    return Weights(**_rounded(sentence)), TextWeights(**_rounded(text))


def _rounded(weights: Weights | TextWeights) -> dict[str, np.ndarray]:
    return {name: round_weights(array) if array.ndim > 1 else array for name, array in asdict(weights).items()}


def choose_thresholds(
    data: Prepared, found: Probabilities, rules: ThresholdRules, columns: tuple[str, ...]
) -> dict[str, Threshold]:
    """Choose every threshold on the fair documents: `review`, each indicator and `held:<indicator>`."""
    fair = data.fair
    chosen = {"review": _choose(data.review[fair], found.review[fair], rules.review)}
    for number, name in enumerate(columns):
        asserted, truth = found.indicators[fair, number], data.states[fair, number]
        chosen[name] = _choose(truth[:, 0], asserted, rules.indicators)
        # Whether an indicator is denied or supposed only matters where it is not flagged.
        rest = asserted < chosen[name].value
        held = truth[rest, 1:].any(axis=1) & ~truth[rest, 0]
        chosen[f"held:{name}"] = _choose(held, found.held[fair, number][rest], rules.held)
    return chosen


def _choose(truth: np.ndarray, probability: np.ndarray, rule: str) -> Threshold:
    """Choose by the rule; of an answer that nothing is an example of, the threshold is 0.5."""
    some = truth if truth.any() else truth[:0]
    return choose_threshold(some, probability[: len(some)], rule)


def build_document(
    model: LinearCalibrators, thresholds: dict[str, Threshold], columns: tuple[str, ...]
) -> DocumentModel:
    """Put document models and thresholds together."""
    return DocumentModel(
        **asdict(model),
        thresholds=np.array([thresholds[name].value for name in columns]),
        held_thresholds=np.array([thresholds[f"held:{name}"].value for name in columns]),
        review_threshold=thresholds["review"].value,
    )
