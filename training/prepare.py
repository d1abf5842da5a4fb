"""A corpus made ready for fitting: parsed, split, featurised, labelled, written out as matrices."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.sparse import csr_matrix

from classifier.features import Features, Featuriser
from classifier.pipeline import Parse, Pipeline
from training.calibration import Targets
from training.corpus import GENRES, Record
from training.design import (
    Layout,
    Minimum,
    build_layout,
    build_rows,
    build_text_rows,
    cut_features,
    fit_space,
)
from training.labels import align_spans, document_states, label_outputs, label_stretches
from training.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that fitting reads, for the documents of the development part.

    Attributes:
        records: n_documents of them, with `folds` (n_documents,).
        parses: Of the records.
        features: Of the parses.
        featuriser: Over the space of all of them.
        layout: Of the columns.
        fair: (n_documents,) bool, not in sight when the lexicon was written.
        rows: (n_sentences, n_columns) sentence rows, to be scored.
        fitted: The same rows to fit on: without lexicon phrases where the document is not fair.
        labels: (n_sentences, 4 * n_indicators) bool, as from `label_outputs`.
        document: (n_sentences,) document number of each row.
        rationales: (n_rationales, n_columns) rows of the labelled spans.
        rationale_labels: (n_rationales, 4 * n_indicators) bool.
        rationale_document: (n_rationales,) document numbers.
        text: (n_documents, n_columns) whole-text rows, to be scored; `fitted_text` to fit on.
        states: (n_documents, n_indicators, 3) bool, what each document holds.
        genre: (n_documents,) number of the context.
        review: (n_documents,) bool.
    """

    records: Sequence[Record]
    folds: np.ndarray
    parses: Sequence[Parse]
    features: Sequence[Features]
    featuriser: Featuriser
    layout: Layout
    fair: np.ndarray
    rows: csr_matrix
    fitted: csr_matrix
    labels: np.ndarray
    document: np.ndarray
    rationales: csr_matrix
    rationale_labels: np.ndarray
    rationale_document: np.ndarray
    text: csr_matrix
    fitted_text: csr_matrix
    states: np.ndarray
    genre: np.ndarray
    review: np.ndarray

    def targets(self, documents: np.ndarray) -> Targets:
        """Give the labels of the documents with these numbers."""
        return Targets(self.states[documents, :, 0], self.genre[documents], self.review[documents])


def parse_texts(texts: Sequence[str], language: str, indicators: tuple[str, ...]) -> list[Parse]:
    """Parse texts in order."""
    pipeline = Pipeline(language, indicators)
    return [pipeline.parse(text) for text in texts]


def prepare(
    records: Sequence[Record],
    parses: Sequence[Parse],
    *,
    folds: np.ndarray,
    fair: np.ndarray,
    recipe: Recipe,
    indicators: tuple[str, ...],
) -> Prepared:
    """Featurise and label parsed records.

    Args:
        records: Development documents.
        parses: Of their texts.
        folds: (n_documents,) their folds.
        fair: (n_documents,) bool, not in sight when the lexicon was written.
        recipe: Minimum counts and block weights.
        indicators: Ids in column order.
    """
    space = fit_space(parses, Minimum(**recipe.minimum))
    featuriser = Featuriser(space)
    features = [featuriser.featurise(parse) for parse in parses]
    layout = build_layout(space, len(indicators), recipe.scale)
    spans = [align_spans(record, parse, indicators) for record, parse in zip(records, parses, strict=True)]
    labels = [
        label_stretches(found, parse.sentences, len(indicators)) for found, parse in zip(spans, parses, strict=True)
    ]
    shown = [one if kept else hide_phrases(one) for one, kept in zip(features, fair.tolist(), strict=True)]
    cuts, cut_labels, cut_documents = [], [], []
    for number, found in enumerate(spans):
        for span in found:
            last = _sentence_end(parses[number], span.first, span.last)
            cuts.append(cut_features(shown[number], featuriser, span.first, last))
            cut_labels.append(label_stretches(found, np.array([[span.first, last]]), len(indicators)))
            cut_documents.append(number)
    return Prepared(
        records=records,
        folds=folds,
        parses=parses,
        features=features,
        featuriser=featuriser,
        layout=layout,
        fair=fair,
        rows=build_rows(features, featuriser, layout),
        fitted=build_rows(shown, featuriser, layout),
        labels=label_outputs(np.concatenate(labels)),
        document=np.repeat(np.arange(len(records)), [len(parse.sentences) for parse in parses]),
        rationales=build_rows(cuts, featuriser, layout),
        rationale_labels=label_outputs(np.concatenate(cut_labels)),
        rationale_document=np.array(cut_documents),
        text=build_text_rows(features, space, layout),
        fitted_text=build_text_rows(shown, space, layout),
        states=np.stack([document_states(record, indicators) for record in records]),
        genre=np.array([GENRES.index(record.genre) for record in records]),
        review=np.array([record.needs_review for record in records]),
    )


def hide_phrases(features: Features) -> Features:
    """Leave the lexicon phrases out of a document's features."""
    return replace(features, phrases=(), document_phrases=())


def _sentence_end(parsed: Parse, first: int, last: int) -> int:
    """Cut a span that runs over its sentence at the sentence's end."""
    sentence = int(np.searchsorted(parsed.sentences[:, 0], first, side="right")) - 1
    return min(last, int(parsed.sentences[sentence, 1]))
