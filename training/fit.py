"""The flow of training: labelled records and a recipe become an artefact, with every number out of fold."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
from joblib import Memory
from scipy.sparse import vstack

from classifier.artifact import build_outputs, round_weights
from classifier.encoder import Encoder
from classifier.features import FeatureSpace
from classifier.fusion import Fusion, Reading, spread
from classifier.model import LinearModel, TextWeights, Weights
from classifier.scoring import N_HELD, DocumentModel, Outputs
from classifier.taxonomy import load_taxonomy
from training.calibration import (
    LinearCalibrators,
    Probabilities,
    Setting,
    cross_predict,
    fit_documents,
    fit_sigmoids,
    pool_documents,
)
from training.corpus import Record
from training.deep import Deep, Scored, check_split, choose_gate, fit_deep, fuse_reading
from training.design import fold_text_weights, fold_weights
from training.encoder.out_of_fold import load_out_of_fold
from training.estimator import build_estimator, fit_one_vs_rest
from training.labels import label_linear
from training.prepare import Prepared, parse_texts, prepare
from training.rationale import choose_rule
from training.recipe import Recipe
from training.split import Split
from training.thresholds import Threshold, choose_threshold

# The fold whose documents show how long a highlight should be; explaining them all would take many times longer.
_SHOWN = 0


@dataclass(frozen=True, slots=True)
class FitResult:
    """What training gives.

    Attributes:
        space: Vocabularies.
        weights: Of the sentence outputs.
        text: Of the outputs of the whole text.
        document: Document models and threshold values.
        thresholds: Indicator id, `review`, or `held:<id>` to the chosen threshold.
        evidence: The evidence rule: `asserted`, `price` and the span character F1 it gave.
        deep: The same for documents that the encoder reads; None without an encoder.
        prepared: The development part.
        probabilities: Of the development documents, out of fold at both levels.
    """

    space: FeatureSpace
    weights: Weights
    text: TextWeights
    document: DocumentModel
    thresholds: dict[str, Threshold]
    evidence: dict[str, float]
    prepared: Prepared
    probabilities: Probabilities
    deep: "DeepResult | None" = None


@dataclass(frozen=True, slots=True)
class DeepResult:
    """The deep tier.

    Attributes:
        document: Document models and threshold values.
        fusion: Weights and gate.
        thresholds: As of the fast tier.
        evidence: As of the fast tier.
        curve: Quality against cost of every gate tried.
        encoder_sha256: Of the encoder's manifest.
        documents: Fair documents, on which thresholds and the gate were chosen.
    """

    document: DocumentModel
    fusion: Fusion
    thresholds: dict[str, Threshold]
    evidence: dict[str, float]
    curve: list[dict[str, float]]
    encoder_sha256: str
    documents: int


@dataclass(frozen=True, slots=True)
class _Linear:
    """Coefficients (n_outputs, n_columns) and intercepts of the sentence outputs and the outputs of the whole text."""

    sentence: tuple[np.ndarray, np.ndarray]
    text: tuple[np.ndarray, np.ndarray]


def fit(
    records: Sequence[Record],
    split: Split,
    recipe: Recipe,
    *,
    cache: Memory | None = None,
    encoder: Encoder | None = None,
) -> FitResult:
    """Train a model on the development part of a corpus.

    Args:
        records: The whole corpus; records of the test part are not touched.
        split: Of the records.
        recipe: Everything that decides the run.
        cache: Keeps parsed texts between runs, for those who try many recipes.
        encoder: For the deep tier, with out-of-fold reads of this very split; None trains the fast tier only.

    Raises:
        RecipeError: the encoder was fine-tuned on another split.
        ArtifactError: its out-of-fold reads are not there.
    """
    indicators, outputs = load_taxonomy().ids, build_outputs()
    encoded = None
    # Refused before minutes of work rather than after.
    if encoder is not None:
        check_split(encoder, split.sha256)
        encoded = load_out_of_fold(encoder)
    chosen = [records[i] for i in split.development]
    parse = (cache or Memory(location=None, verbose=0)).cache(parse_texts)
    parses = parse([record.text for record in chosen], recipe.language, indicators)
    fair = split.positions[split.development] >= recipe.split.lexicon_share
    folds = split.parts[split.development]
    data = prepare(chosen, parses, folds=folds, fair=fair, recipe=recipe, indicators=indicators)

    by_fold = {fold: _fit_linear(data, data.folds != fold, recipe, outputs) for fold in np.unique(data.folds).tolist()}
    margins, text = _predict_out_of_fold(data, by_fold)
    scale = fit_sigmoids(margins, label_linear(data.labels), _calibrated_rows(data, outputs))
    linear = Scored(spread(margins * scale[0] + scale[1]), text)
    pooled = pool_documents(linear.sentences, data.document, text, outputs)
    setting = Setting(recipe.document, outputs)

    # Documents in whose sight the lexicon was written teach here too: half the data is worth more than fair phrases.
    def fit_on(chosen: np.ndarray) -> LinearCalibrators:
        return fit_documents([pooled[i] for i in chosen], data.targets(chosen), setting)

    probabilities = cross_predict(pooled, data.folds, fit_on, outputs)
    thresholds = _choose_thresholds(data, probabilities, recipe, indicators)
    final = _fit_linear(data, np.ones(len(chosen), dtype=bool), recipe, outputs)
    calibrators = fit_on(np.arange(len(chosen)))
    document = _build_document(calibrators, thresholds, indicators)
    base = _read_fold(data, _fold(by_fold[_SHOWN], data, scale), _SHOWN)
    flagged = dict(enumerate(probabilities.indicators >= document.thresholds))
    evidence = choose_rule(data, base, flagged, document=document, grid=recipe.evidence)
    deep = None
    if encoder is not None and encoded is not None:
        found = fit_deep(data, linear, encoded, setting=setting)
        found = choose_gate(data, found, linear, fast=calibrators, outputs=outputs)
        deep = _finish_deep(data, found, recipe, (encoder, base), indicators)
    weights, text_weights = _fold(final, data, scale)
    return FitResult(
        data.featuriser.space, weights, text_weights, document, thresholds, evidence, data, probabilities, deep
    )


def _read_fold(data: Prepared, weights: tuple[Weights, TextWeights], fold: int) -> dict[int, Reading]:
    """Read the fair documents of a fold by the model that did not see it."""
    model = LinearModel(data.featuriser, *weights)
    numbers = np.flatnonzero((data.folds == fold) & data.fair).tolist()
    return {number: Reading(model, data.features[number], model.score(data.features[number])) for number in numbers}


def _finish_deep(
    data: Prepared,
    found: Deep,
    recipe: Recipe,
    readers: tuple[Encoder, Mapping[int, Reading]],
    indicators: tuple[str, ...],
) -> DeepResult:
    """Choose the thresholds and the evidence rule of the deep tier."""
    thresholds = _choose_thresholds(data, found.probabilities, recipe, indicators)
    document = _build_document(found.calibrators, thresholds, indicators)
    flagged = dict(enumerate(found.probabilities.indicators >= document.thresholds))
    encoder, base = readers
    fused = {i: fuse_reading(data.parses[i], reading, i, found, encoder) for i, reading in base.items()}
    evidence = choose_rule(data, fused, flagged, document=document, grid=recipe.evidence)
    count = int(data.fair.sum())
    return DeepResult(document, found.fusion, thresholds, evidence, found.curve, encoder.sha256, count)


def _fit_linear(data: Prepared, chosen: np.ndarray, recipe: Recipe, outputs: Outputs) -> _Linear:
    """Fit all linear models on the documents where `chosen` (n_documents,) is true."""
    options = recipe.estimator
    sentence, rationale = chosen[data.document], chosen[data.rationale_document]
    rows = vstack([data.fitted[sentence], data.rationales[rationale]]).tocsr()
    labels = label_linear(np.vstack([data.labels[sentence], data.rationale_labels[rationale]]))
    weights = np.concatenate([np.ones(sentence.sum()), np.full(rationale.sum(), options.rationale_weight)])
    found = 2 * outputs.n_indicators
    model = build_estimator(options.c, options.iterations, recipe.seed)
    first = fit_one_vs_rest(rows, labels[:, :found], weights=weights, estimator=model, jobs=recipe.jobs)
    # How a sentence holds things is learned where there is something to hold.
    speaking = np.flatnonzero(labels[:, outputs.n_indicators : found].any(axis=1))
    held = fit_one_vs_rest(
        rows[speaking],
        labels[speaking, found:],
        weights=weights[speaking],
        estimator=build_estimator(options.held_c, options.iterations, recipe.seed),
        jobs=recipe.jobs,
    )
    targets = np.column_stack([data.genre[:, None] == np.arange(outputs.n_contexts), data.review])
    text = fit_one_vs_rest(
        data.fitted_text[chosen],
        targets[chosen],
        weights=np.ones(chosen.sum()),
        estimator=build_estimator(options.text_c, options.iterations, recipe.seed),
        jobs=recipe.jobs,
    )
    joined = (np.vstack([first[0], held[0]]), np.concatenate([first[1], held[1]]))
    return _Linear(joined, text)


def _predict_out_of_fold(data: Prepared, by_fold: dict[int, _Linear]) -> tuple[np.ndarray, np.ndarray]:
    """Score every sentence and text by the model that did not see its fold."""
    n_outputs, n_text = len(by_fold[0].sentence[1]), len(by_fold[0].text[1])
    margins, text = np.zeros((len(data.labels), n_outputs)), np.zeros((len(data.records), n_text))
    for fold, model in by_fold.items():
        held_out = data.folds == fold
        sentence = held_out[data.document]
        margins[sentence] = data.rows[sentence] @ model.sentence[0].T + model.sentence[1]
        text[held_out] = data.text[held_out] @ model.text[0].T + model.text[1]
    return margins, text


def _calibrated_rows(data: Prepared, outputs: Outputs) -> np.ndarray:
    """Say which rows an output's sigmoid is fitted on: all fair ones; for the held outputs, those that speak."""
    found = 2 * outputs.n_indicators
    rows = np.repeat(data.fair[data.document, None], found + N_HELD, axis=1)
    rows[:, found:] &= np.any(data.labels[:, outputs.n_indicators : found], axis=1, keepdims=True)
    return rows


def _fold(model: _Linear, data: Prepared, scale: tuple[np.ndarray, np.ndarray]) -> tuple[Weights, TextWeights]:
    """Turn margins into log-odds, fold idf and block weights in, and round to what the artefact stores."""
    slopes, shifts = scale
    space, layout = data.featuriser.space, data.layout
    sentence = fold_weights(model.sentence[0] * slopes[:, None], model.sentence[1] * slopes + shifts, space, layout)
    text = fold_text_weights(*model.text, space, layout)
    return Weights(**_rounded(sentence)), TextWeights(**_rounded(text))


def _rounded(weights: Weights | TextWeights) -> dict[str, np.ndarray]:
    return {name: round_weights(array) if array.ndim > 1 else array for name, array in asdict(weights).items()}


def _choose_thresholds(
    data: Prepared, probabilities: Probabilities, recipe: Recipe, indicators: tuple[str, ...]
) -> dict[str, Threshold]:
    rules, fair = recipe.thresholds, data.fair
    chosen = {"review": choose_threshold(data.review[fair], probabilities.review[fair], rules.review)}
    for number, name in enumerate(indicators):
        asserted, truth = probabilities.indicators[fair, number], data.states[fair, number]
        chosen[name] = choose_threshold(truth[:, 0], asserted, rules.indicators)
        # Whether an indicator is denied or supposed only matters where it is not flagged.
        rest = asserted < chosen[name].value
        held = truth[rest, 1:].any(axis=1) & ~truth[rest, 0]
        chosen[f"held:{name}"] = choose_threshold(held, probabilities.held[fair, number][rest], rules.held)
    return chosen


def _build_document(
    model: LinearCalibrators, thresholds: dict[str, Threshold], indicators: tuple[str, ...]
) -> DocumentModel:
    return DocumentModel(
        **asdict(model),
        thresholds=np.array([thresholds[name].value for name in indicators]),
        held_thresholds=np.array([thresholds[f"held:{name}"].value for name in indicators]),
        review_threshold=thresholds["review"].value,
    )
