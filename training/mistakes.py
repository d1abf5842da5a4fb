"""Where a model errs on documents it did not learn from: by indicator, by cell, instead of what, and worst first."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.assertion import STATES
from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from training.calibration import Probabilities
from training.corpus import GENRES, Record
from training.fit import FitResult
from training.labels import document_states
from training.metrics import Interval, wilson_interval
from training.sample import REVIEW, Sample

ABSENT = "absent"
NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Judged:
    """Labels and out-of-fold answers of n documents, side by side.

    Attributes:
        records: The documents.
        states: (n, n_indicators, 3) bool, what the labels say.
        probability: (n, n_indicators + 1), review last.
        threshold: (n_indicators + 1,).
    """

    records: tuple[Record, ...]
    states: np.ndarray
    probability: np.ndarray
    threshold: np.ndarray

    @property
    def truth(self) -> np.ndarray:
        """What should be flagged, (n, n_indicators + 1) bool, review last."""
        review = [record.needs_review for record in self.records]
        return np.column_stack([self.states[:, :, 0], review])

    @property
    def flagged(self) -> np.ndarray:
        """What is flagged, (n, n_indicators + 1) bool, review last."""
        return np.asarray(self.probability >= self.threshold)

    def take(self, chosen: np.ndarray) -> "Judged":
        """Keep the documents where `chosen`, (n,) bool, is true."""
        records = tuple(self.records[number] for number in np.flatnonzero(chosen).tolist())
        return Judged(records, self.states[chosen], self.probability[chosen], self.threshold)


@dataclass(frozen=True, slots=True)
class ErrorRate:
    """Wrong answers among the cases of a kind, with the Wilson interval of their share.

    Attributes:
        name: Of the kind.
        cases: How many.
        wrong: Share of them.
    """

    name: str
    cases: int
    wrong: Interval


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong answer.

    Attributes:
        record: The document.
        question: An indicator's id, or `review`.
        probability: That the model gave.
        truth: What the labels say; the model said otherwise.
        surprise: Minus the logarithm of the probability of the truth, nats.
    """

    record: Record
    question: str
    probability: float
    truth: bool
    surprise: float


def questions() -> tuple[str, ...]:
    """Name the questions in column order: the indicators, then review."""
    return (*load_taxonomy().ids, REVIEW)


def judge(result: FitResult) -> Judged:
    """Take the fair documents of a fit, each read by models that did not see its fold."""
    data, fair = result.prepared, np.flatnonzero(result.prepared.fair)
    return Judged(
        records=tuple(data.records[number] for number in fair.tolist()),
        states=data.states[fair],
        probability=np.column_stack([result.probabilities.indicators[fair], result.probabilities.review[fair]]),
        threshold=_thresholds(result),
    )


def judge_held_out(result: FitResult, records: Sequence[Record], found: Probabilities) -> Judged:
    """Put documents that a fit did not see beside what its model says of them.

    Args:
        result: Of training, for its thresholds.
        records: The documents.
        found: As from `predict_parses`, in the same order.
    """
    return Judged(
        records=tuple(records),
        states=np.stack([document_states(record, load_taxonomy().ids) for record in records]),
        probability=np.column_stack([found.indicators, found.review]),
        threshold=_thresholds(result),
    )


def _thresholds(result: FitResult) -> np.ndarray:
    return np.append(result.document.thresholds, result.document.review_threshold)


def build_judged_sample(judged: Judged, question: str) -> Sample:
    """Put one question's labels beside its probabilities, for `budget` and `curves`.

    Raises:
        CorpusError: there is no such question.
    """
    if question not in questions():
        raise CorpusError(f"no question '{question}'; allowed: {', '.join(questions())}")
    column = questions().index(question)
    groups = np.array([record.group for record in judged.records])
    return Sample(judged.truth[:, column], judged.probability[:, column], groups)


def rate_misses(judged: Judged) -> list[ErrorRate]:
    """Give the share of what should be flagged and is not, by question, worst first."""
    return _rate_columns(judged.truth, ~judged.flagged)


def rate_false_flags(judged: Judged) -> list[ErrorRate]:
    """Give the share of what is flagged and should not be, by question, worst first; cases are the flags."""
    return _rate_columns(judged.flagged, ~judged.truth)


def _rate_columns(cases: np.ndarray, wrong: np.ndarray) -> list[ErrorRate]:
    rates = [_rate(name, cases[:, k], wrong[:, k]) for k, name in enumerate(questions())]
    return _worst_first(rates)


def rate_cells(judged: Judged) -> list[ErrorRate]:
    """Give the share of wrong answers about indicators by context and assertion, worst first.

    A case is one indicator of one document: asserted ones should be flagged, the others should not.
    """
    genres = np.array([record.genre for record in judged.records])
    asserted, flagged = judged.states[:, :, 0], judged.flagged[:, :-1]
    cells = {STATES[0]: asserted, ABSENT: ~judged.states.any(axis=2)}
    cells |= {STATES[k]: judged.states[:, :, k] & ~asserted for k in (1, 2)}
    rates = [
        _rate(f"{genre}, {state}", cases & (genres == genre)[:, None], flagged != (state == STATES[0]))
        for genre in GENRES
        for state, cases in cells.items()
    ]
    return _worst_first(rates)


def _rate(name: str, cases: np.ndarray, wrong: np.ndarray) -> ErrorRate:
    count = int(cases.sum())
    return ErrorRate(name, count, wilson_interval(int((cases & wrong).sum()), count))


def _worst_first(rates: Sequence[ErrorRate]) -> list[ErrorRate]:
    return sorted((rate for rate in rates if rate.cases), key=lambda rate: (-rate.wrong.value, -rate.cases))


def count_confusions(judged: Judged) -> np.ndarray:
    """Count, for each false flag of an indicator, what the document asserts instead.

    Returns:
        (n_indicators, n_indicators + 1): rows are what is wrongly flagged, columns what is there; the last, nothing.
    """
    asserted, wrong = judged.states[:, :, 0], judged.flagged[:, :-1] & ~judged.states[:, :, 0]
    present = np.column_stack([asserted, ~asserted.any(axis=1)])
    return np.asarray(wrong.T.astype(int) @ present.astype(int))


def list_mistakes(judged: Judged, question: str | None = None) -> list[Mistake]:
    """List wrong answers, the most wrong first.

    Args:
        judged: Labels and answers.
        question: Only those to this one.

    Raises:
        CorpusError: there is no such question.
    """
    if question not in (None, *questions()):
        raise CorpusError(f"no question '{question}'; allowed: {', '.join(questions())}")
    wrong = judged.flagged != judged.truth
    right = np.where(judged.truth, judged.probability, 1.0 - judged.probability)
    surprise = -np.log(np.maximum(right, 1e-12))
    found = [
        Mistake(
            judged.records[row],
            questions()[column],
            float(judged.probability[row, column]),
            bool(judged.truth[row, column]),
            float(surprise[row, column]),
        )
        for row, column in np.argwhere(wrong).tolist()
        if question in (None, questions()[column])
    ]
    return sorted(found, key=lambda one: (-one.surprise, one.record.id, one.question))
