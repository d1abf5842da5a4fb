"""The flow of training: labelled records and a recipe become an artefact, with every number out of fold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Memory

from classifier.artifact import build_outputs
from classifier.encoder import Encoder
from classifier.features import FeatureSpace
from classifier.fusion import Fusion, Reading, spread
from classifier.model import LinearModel, TextWeights, Weights
from classifier.scoring import DocumentModel
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
from training.encoder.out_of_fold import extend_reads, load_out_of_fold
from training.labels import label_linear
from training.linear import (
    build_document,
    calibrated_rows,
    choose_thresholds,
    fit_linear,
    fold_linear,
    predict_out_of_fold,
)
from training.prepare import Prepared, parse_texts, prepare
from training.rationale import choose_rule
from training.recipe import Recipe
from training.split import Split
from training.thresholds import Threshold

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
        probabilities: Of the development documents, out of fold at both levels.
    """

    document: DocumentModel
    fusion: Fusion
    thresholds: dict[str, Threshold]
    evidence: dict[str, float]
    curve: list[dict[str, float]]
    encoder_sha256: str
    documents: int
    probabilities: Probabilities


def fit(
    records: Sequence[Record],
    split: Split,
    recipe: Recipe,
    *,
    cache: Memory | None = None,
    encoder: Encoder | None = None,
    added: int = 0,
) -> FitResult:
    """Train a model on the development part of a corpus.

    Args:
        records: The whole corpus; records of the test part are not touched.
        split: Of the records.
        recipe: Everything that decides the run.
        cache: Keeps parsed texts between runs, for those who try many recipes.
        encoder: For the deep tier, with out-of-fold reads of this very split; None trains the fast tier only.
        added: How many of the records, the last ones, the encoder's corpus did not have; it reads them itself.

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
    if encoder is not None and encoded is not None and added:
        encoded = extend_reads(encoded, encoder, parses[-added:])
    fair = split.positions[split.development] >= recipe.split.lexicon_share
    folds = split.parts[split.development]
    data = prepare(chosen, parses, folds=folds, fair=fair, recipe=recipe, indicators=indicators)

    by_fold = {fold: fit_linear(data, data.folds != fold, recipe, outputs) for fold in np.unique(data.folds).tolist()}
    margins, text = predict_out_of_fold(data, by_fold)
    scale = fit_sigmoids(margins, label_linear(data.labels), calibrated_rows(data, outputs))
    linear = Scored(spread(margins * scale[0] + scale[1]), text)
    pooled = pool_documents(linear.sentences, data.document, text, outputs)
    setting = Setting(recipe.document, outputs)

    # Documents in whose sight the lexicon was written teach here too: half the data is worth more than fair phrases.
    def fit_on(chosen: np.ndarray) -> LinearCalibrators:
        return fit_documents([pooled[i] for i in chosen], data.targets(chosen), setting)

    probabilities = cross_predict(pooled, data.folds, fit_on, outputs)
    thresholds = choose_thresholds(data, probabilities, recipe.thresholds, indicators)
    final = fit_linear(data, np.ones(len(chosen), dtype=bool), recipe, outputs)
    calibrators = fit_on(np.arange(len(chosen)))
    document = build_document(calibrators, thresholds, indicators)
    base = _read_fold(data, fold_linear(by_fold[_SHOWN], data, scale), _SHOWN)
    flagged = dict(enumerate(probabilities.indicators >= document.thresholds))
    evidence = choose_rule(data, base, flagged, document=document, grid=recipe.evidence)
    deep = None
    if encoder is not None and encoded is not None:
        found = fit_deep(data, linear, encoded, setting=setting)
        found = choose_gate(data, found, linear, fast=calibrators, outputs=outputs)
        deep = _finish_deep(data, found, recipe, (encoder, base), indicators)
    weights, text_weights = fold_linear(final, data, scale)
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
    thresholds = choose_thresholds(data, found.probabilities, recipe.thresholds, indicators)
    document = build_document(found.calibrators, thresholds, indicators)
    flagged = dict(enumerate(found.probabilities.indicators >= document.thresholds))
    encoder, base = readers
    fused = {i: fuse_reading(data.parses[i], reading, i, found, encoder) for i, reading in base.items()}
    evidence = choose_rule(data, fused, flagged, document=document, grid=recipe.evidence)
    count = int(data.fair.sum())
    return DeepResult(
        document, found.fusion, thresholds, evidence, found.curve, encoder.sha256, count, found.probabilities
    )
