"""How good a model is on labelled documents that it has not seen: every figure with an interval, weak cells first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier import Analyzer
from classifier.assertion import STATES
from classifier.document import Analysis, Document
from classifier.errors import CorpusError, DocumentError
from training.corpus import Record
from training.labels import document_states
from training.metrics import (
    Interval,
    Measure,
    average_precision,
    calibration_error,
    character_f1,
    draw_weights,
    f1,
    macro,
    measure_interval,
    share,
)
from training.rationale import asserted_spans, character_counts


@dataclass(frozen=True, slots=True)
class IndicatorRow:
    """One indicator's figures; NaN where the data hold no positive."""

    id: str
    positives: int
    average_precision: Interval
    f1: Interval
    character_f1: Interval


@dataclass(frozen=True, slots=True)
class Evaluation:
    """All figures of one evaluation.

    Attributes:
        documents: How many.
        groups: How many independent groups they come from; intervals resample these.
        abstained: Documents the model abstained on; they count as unflagged, with probability 0.
        overall: Name of the measure to its interval.
        indicators: Weakest first.
    """

    documents: int
    groups: int
    abstained: int
    overall: dict[str, Interval]
    indicators: list[IndicatorRow]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Truth and predictions side by side.

    Attributes:
        states: (n, n_indicators, 3) bool, what the labels say.
        probability: (n, n_indicators).
        flagged: (n, n_indicators) bool.
        predicted: (n, n_indicators) numbers of the predicted states; 3 for absent and abstained.
        review: (n,) bool, labels; review_probability (n,), review_flagged (n,) bool.
        context: (n,) bool, whether the context is right.
        characters: (n, n_indicators, 3) counts of shared, predicted and gold characters.
    """

    states: np.ndarray
    probability: np.ndarray
    flagged: np.ndarray
    predicted: np.ndarray
    review: np.ndarray
    review_probability: np.ndarray
    review_flagged: np.ndarray
    context: np.ndarray
    characters: np.ndarray


def evaluate(analyzer: Analyzer, records: Sequence[Record], *, resamples: int = 1000, seed: int = 0) -> Evaluation:
    """Evaluate a model on labelled documents.

    Args:
        analyzer: The model.
        records: Documents that it was not trained on.
        resamples: Bootstrap resamples over groups.
        seed: Of the resampling.

    Raises:
        CorpusError: there are no records, or one cannot be analysed.
    """
    return measure(records, analyze_records(analyzer, records), resamples=resamples, seed=seed)


def analyze_records(analyzer: Analyzer, records: Sequence[Record]) -> list[Analysis]:
    """Analyse labelled documents.

    Raises:
        CorpusError: there are no records, or one cannot be analysed.
    """
    if not records:
        raise CorpusError("there are no records to evaluate on")
    return [_expect(one) for one in analyzer.analyze_many(Document(r.text, r.id) for r in records)]


def measure(
    records: Sequence[Record], analyses: Sequence[Analysis], *, resamples: int = 1000, seed: int = 0
) -> Evaluation:
    """Measure analyses of labelled documents, given in the same order; see `evaluate`."""
    ids = tuple(score.id for score in analyses[0].indicators)
    outcome = compare(records, analyses, ids)
    weights = draw_weights([record.group for record in records], resamples, seed)
    rows = [_row(number, name, outcome, weights) for number, name in enumerate(ids)]
    return Evaluation(
        documents=len(records),
        groups=len({record.group for record in records}),
        abstained=sum(analysis.review.probability is None for analysis in analyses),
        overall={name: measure_interval(one, weights) for name, one in build_measures(outcome).items()},
        indicators=sorted(rows, key=lambda row: (np.isnan(row.average_precision.value), row.average_precision.value)),
    )


def _expect(result: Analysis | DocumentError) -> Analysis:
    if isinstance(result, DocumentError):
        raise CorpusError(f"a record cannot be analysed: {result}")
    return result


def compare(records: Sequence[Record], analyses: Sequence[Analysis], indicators: tuple[str, ...]) -> Outcome:
    """Put labels and predictions of the same documents side by side."""
    probability = [[score.probability or 0.0 for score in one.indicators] for one in analyses]
    states = [[STATES.index(s.state) if s.state in STATES else len(STATES) for s in one.indicators] for one in analyses]
    return Outcome(
        states=np.stack([document_states(record, indicators) for record in records]),
        probability=np.array(probability),
        flagged=np.array([[score.flagged for score in one.indicators] for one in analyses]),
        predicted=np.array(states),
        review=np.array([record.needs_review for record in records]),
        review_probability=np.array([one.review.probability or 0.0 for one in analyses]),
        review_flagged=np.array([one.review.flagged for one in analyses]),
        context=np.array([r.genre == one.context.label for r, one in zip(records, analyses, strict=True)]),
        characters=np.array([_count_characters(r, one) for r, one in zip(records, analyses, strict=True)]),
    )


def _count_characters(record: Record, analysis: Analysis) -> list[tuple[int, int, int]]:
    gold = asserted_spans(record)
    counts = []
    for score in analysis.indicators:
        found = [(span.start, span.end) for span in score.spans if score.flagged and span.assertion == "asserted"]
        counts.append(character_counts(found, gold.get(score.id, [])))
    return counts


def _row(number: int, name: str, outcome: Outcome, weights: np.ndarray) -> IndicatorRow:
    truth = outcome.states[:, number, 0]
    return IndicatorRow(
        id=name,
        positives=int(truth.sum()),
        average_precision=measure_interval(average_precision(truth, outcome.probability[:, number]), weights),
        f1=measure_interval(f1(truth, outcome.flagged[:, number]), weights),
        character_f1=measure_interval(character_f1(outcome.characters[:, number]), weights),
    )


def build_measures(outcome: Outcome) -> dict[str, Measure]:
    """Give the measures over all indicators, by name."""
    truth = outcome.states[:, :, 0]
    present = np.flatnonzero(truth.any(axis=0)).tolist()
    everything = np.ones(len(truth))
    measures = {
        "indicator macro AP": macro([average_precision(truth[:, k], outcome.probability[:, k]) for k in present]),
        "indicator macro F1": macro([f1(truth[:, k], outcome.flagged[:, k]) for k in present]),
        "indicator ECE": calibration_error(truth, outcome.probability),
        "span character F1": character_f1(outcome.characters.sum(axis=1)),
        "review AP": average_precision(outcome.review, outcome.review_probability),
        "review F1": f1(outcome.review, outcome.review_flagged),
        "review ECE": calibration_error(outcome.review[:, None], outcome.review_probability[:, None]),
        "context accuracy": share(outcome.context, everything),
        "documents flagged for review": share(outcome.review_flagged, everything),
    }
    for state in (1, 2):
        spoken = outcome.states[:, :, state] & ~truth
        reported = spoken & (outcome.predicted == state)
        measures[f"{STATES[state]} reported as such"] = share(reported.sum(axis=1), spoken.sum(axis=1))
        measures[f"{STATES[state]} not flagged"] = share((spoken & ~outcome.flagged).sum(axis=1), spoken.sum(axis=1))
    return measures
