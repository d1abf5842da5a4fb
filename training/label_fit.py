"""Fitting on labels of any coverage: the model of `training.fit` for labels that are few, unnamed or without spans.

`training.fit` asks for a whole corpus: every indicator asserted in two folds, every context met. Here an indicator
without examples is simply never flagged, and a label that is no indicator gets a column behind them. The features, the
linear models, the folding and the document models are the same, so the result reads like any other model.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from classifier.artifact import build_outputs
from classifier.features import FeatureSpace
from classifier.fusion import spread
from classifier.model import TextWeights, Weights
from classifier.pipeline import Parse
from classifier.scoring import DocumentModel, Outputs
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
from training.labels import label_linear
from training.linear import (
    build_document,
    calibrated_rows,
    choose_thresholds,
    fit_linear,
    fold_linear,
    predict_out_of_fold,
)
from training.prepare import prepare
from training.recipe import Recipe
from training.thresholds import Threshold


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
        fold: fit_linear(data, data.folds != fold, recipe, outputs, taught=taught)
        for fold in np.unique(data.folds).tolist()
    }
    margins, text = predict_out_of_fold(data, by_fold)
    scale = fit_sigmoids(margins, label_linear(data.labels), calibrated_rows(data, outputs))
    pooled = pool_documents(spread(margins * scale[0] + scale[1]), data.document, text, outputs)
    setting = Setting(recipe.document, outputs)

    def fit_on(chosen: np.ndarray) -> LinearCalibrators:
        return fit_documents([pooled[i] for i in chosen], data.targets(chosen), setting)

    probabilities = cross_predict(pooled, data.folds, fit_on, outputs)
    thresholds = choose_thresholds(data, probabilities, recipe.thresholds, columns)
    document = build_document(fit_on(np.arange(len(pooled))), thresholds, columns)
    weights, text_weights = fold_linear(fit_linear(data, fair, recipe, outputs, taught=taught), data, scale)
    return LabelFit(data.featuriser.space, weights, text_weights, document, outputs, thresholds, probabilities)


def indicator_columns(labels: Sequence[str]) -> tuple[str, ...]:
    """Give the columns for these labels: all indicators in the order of the taxonomy, then the other labels."""
    ids = load_taxonomy().ids
    return (*ids, *(label for label in labels if label not in ids))
