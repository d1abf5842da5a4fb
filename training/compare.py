"""Two models on the same labelled documents: paired differences with intervals, what changed, and whether it matters.

Both models are measured on the same resamples of whole groups, so that what makes a document hard cancels out of the
difference (paired bootstrap, Efron and Tibshirani 1993).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from classifier.assertion import STATES
from classifier.document import Analysis
from training.corpus import GENRES, Record
from training.evaluate import Outcome, build_measures
from training.evaluate import compare as put_side_by_side
from training.metrics import Interval, Measure, average_precision, draw_weights, f1, share
from training.reliability import Reliability, measure_reliability
from training.sample import REVIEW

ABSENT = "absent"
# Where less is better.
_ERRORS = ("indicator ECE", "review ECE")
# Measured, but neither more nor less of it is better.
_NEUTRAL = ("documents flagged for review",)
_LEAST_CASES = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One measure of both models.

    Attributes:
        name: Of the measure.
        a: Its value for the first model.
        b: Its value for the second.
        change: `b - a` with its 95 percent interval.
        better: Whether `b` is better beyond what chance explains: its interval lies on the good side of 0.
        worse: The same on the bad side.
        cases: What the measure counts; 0 where that is all documents.
    """

    name: str
    a: float
    b: float
    change: Interval
    better: bool
    worse: bool
    cases: int = 0


@dataclass(frozen=True, slots=True)
class FlagChange:
    """One flag that one model raises and the other does not.

    Attributes:
        id: Of the document.
        question: `review` or the id of an indicator.
        gained: Whether the second model raises it; else the first does.
        right: Whether the labels agree with the second model.
    """

    id: str
    question: str
    gained: bool
    right: bool


@dataclass(frozen=True, slots=True)
class Calibration:
    """How probabilities moved, of review or of all indicators together.

    Attributes:
        question: `review` or `indicators`.
        a: Reliability of the first model.
        b: Reliability of the second.
        bias_a: Mean probability less the share of true answers, first model.
        bias_b: The same, second model.
        moved: Mean absolute difference of the two probabilities.
    """

    question: str
    a: Reliability
    b: Reliability
    bias_a: float
    bias_b: float
    moved: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Everything that was found.

    Attributes:
        documents: How many.
        groups: How many independent groups they come from.
        overall: Measures over all indicators.
        indicators: Average precision and F1 of each indicator, largest loss first.
        cells: Share of right flags by context and assertion, largest loss first.
        flags: Every flag that one of the two raises alone.
        calibration: Of review and of the indicators.
        agreement: Share of the documents where all flags are the same.
    """

    documents: int
    groups: int
    overall: tuple[Difference, ...]
    indicators: tuple[Difference, ...]
    cells: tuple[Difference, ...]
    flags: tuple[FlagChange, ...]
    calibration: tuple[Calibration, ...]
    agreement: float


def compare_analyses(
    records: Sequence[Record], a: Sequence[Analysis], b: Sequence[Analysis], *, resamples: int = 1000, seed: int = 0
) -> Comparison:
    """Compare what two models say of the same labelled documents.

    Args:
        records: Documents that neither model was trained on.
        a: Analyses by the first model, in the same order.
        b: Analyses by the second.
        resamples: Bootstrap resamples over groups.
        seed: Of the resampling.
    """
    ids = tuple(score.id for score in a[0].indicators)
    first, second = (put_side_by_side(records, analyses, ids) for analyses in (a, b))
    weights = draw_weights([record.group for record in records], resamples, seed)
    genres = np.array([record.genre for record in records])
    overall = _pair(build_measures(first), build_measures(second), weights)
    indicators = _pair(_indicator_measures(first, ids), _indicator_measures(second, ids), weights)
    cells, cases = _cell_measures(first, genres), _count_cells(first, genres)
    by_cell = _pair(cells, _cell_measures(second, genres), weights, cases)
    same = (first.flagged == second.flagged).all(axis=1) & (first.review_flagged == second.review_flagged)
    return Comparison(
        documents=len(records),
        groups=len({record.group for record in records}),
        overall=overall,
        indicators=_largest_loss_first(indicators),
        cells=_largest_loss_first(by_cell),
        flags=_list_changes(records, first, second, ids),
        calibration=_compare_calibration(records, (a, b), (first, second)),
        agreement=float(same.mean()),
    )


def _pair(
    a: Mapping[str, Measure], b: Mapping[str, Measure], weights: np.ndarray, cases: Mapping[str, int] | None = None
) -> tuple[Difference, ...]:
    """Measure both on the same resamples."""
    found = []
    for name, one in a.items():
        first, second = one(weights), b[name](weights)
        change = second - first
        drawn = change[1:][~np.isnan(change[1:])]
        low, high = np.percentile(drawn, [2.5, 97.5]).tolist() if len(drawn) else (float("nan"), float("nan"))
        sign = 0.0 if name in _NEUTRAL else -1.0 if name in _ERRORS else 1.0
        interval = Interval(float(change[0]), low, high)
        better, worse = _judge(interval, sign)
        count = 0 if cases is None else cases[name]
        found.append(Difference(name, float(first[0]), float(second[0]), interval, better, worse, count))
    return tuple(found)


def _judge(change: Interval, sign: float) -> tuple[bool, bool]:
    """Say whether a change is better or worse; `sign` is 1 where more is better, -1 where less is, else 0."""
    up, down = change.low > 0.0, change.high < 0.0
    return ((sign > 0 and up) or (sign < 0 and down), (sign > 0 and down) or (sign < 0 and up))


def _indicator_measures(outcome: Outcome, ids: Sequence[str]) -> dict[str, Measure]:
    measures: dict[str, Measure] = {}
    for number, name in enumerate(ids):
        truth = outcome.states[:, number, 0]
        if truth.any():
            measures[f"{name} AP"] = average_precision(truth, outcome.probability[:, number])
            measures[f"{name} F1"] = f1(truth, outcome.flagged[:, number])
    return measures


def count_right_flags(outcome: Outcome, genres: np.ndarray) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Give for each context and assertion the right flags and the cases of each document, (n_documents,) both.

    A case is one indicator of one document: asserted ones should be flagged, the others should not.
    """
    asserted = outcome.states[:, :, 0]
    spoken = outcome.states.any(axis=2)
    cases = {"asserted": asserted, ABSENT: ~spoken}
    cases |= {STATES[k]: outcome.states[:, :, k] & ~asserted for k in (1, 2)}
    found = {}
    for genre in GENRES:
        chosen = (genres == genre)[:, None]
        for state, mask in cases.items():
            right = outcome.flagged if state == "asserted" else ~outcome.flagged
            counted = mask & chosen
            if counted.sum() >= _LEAST_CASES:
                found[f"{genre}, {state}"] = ((counted & right).sum(axis=1), counted.sum(axis=1))
    return found


def _cell_measures(outcome: Outcome, genres: np.ndarray) -> dict[str, Measure]:
    return {name: share(right, cases) for name, (right, cases) in count_right_flags(outcome, genres).items()}


def _count_cells(outcome: Outcome, genres: np.ndarray) -> dict[str, int]:
    return {name: int(cases.sum()) for name, (_, cases) in count_right_flags(outcome, genres).items()}


def _largest_loss_first(differences: Sequence[Difference]) -> tuple[Difference, ...]:
    return tuple(sorted(differences, key=lambda one: (np.isnan(one.change.value), one.change.value)))


def _list_changes(records: Sequence[Record], a: Outcome, b: Outcome, ids: Sequence[str]) -> tuple[FlagChange, ...]:
    truth = np.column_stack([a.review, a.states[:, :, 0]])
    one, other = (np.column_stack([outcome.review_flagged, outcome.flagged]) for outcome in (a, b))
    names = (REVIEW, *ids)
    return tuple(
        FlagChange(records[i].id, names[k], bool(other[i, k]), bool(other[i, k] == truth[i, k]))
        for i, k in np.argwhere(one != other).tolist()
    )


def _compare_calibration(
    records: Sequence[Record],
    analyses: tuple[Sequence[Analysis], Sequence[Analysis]],
    outcomes: tuple[Outcome, Outcome],
) -> tuple[Calibration, ...]:
    tables = [measure_reliability(records, one) for one in analyses]
    first, second = outcomes
    pairs = (
        (REVIEW, first.review.astype(float), first.review_probability, second.review_probability),
        ("indicators", first.states[:, :, 0].astype(float), first.probability, second.probability),
    )
    return tuple(
        Calibration(
            question,
            a,
            b,
            bias_a=float((before - truth).mean()),
            bias_b=float((after - truth).mean()),
            moved=float(np.abs(after - before).mean()),
        )
        for (question, truth, before, after), a, b in zip(pairs, *tables, strict=True)
    )


def write_verdict(comparison: Comparison) -> str:
    """Say in a sentence or two whether the second model is better, and where it is worse."""
    if comparison.agreement == 1.0 and all(
        one.change.value == 0.0 or np.isnan(one.change.value) for one in comparison.overall
    ):
        return f"B gives the answers of A on all {comparison.documents} documents."
    better = [_say(one) for one in comparison.overall if one.better]
    worse = [_say(one) for one in comparison.overall if one.worse]
    weak = [_say(one) for one in (*comparison.indicators, *comparison.cells) if one.worse]
    parts = [f"B is better on {_list(better)}" if better else "", f"worse on {_list(worse)}" if worse else ""]
    said = "; ".join(part for part in parts if part) or "No difference over all indicators is beyond chance"
    sentence = f"{said[0].upper() if not better else said[0]}{said[1:]}."
    if weak:
        looked = len(comparison.indicators) + len(comparison.cells)
        sentence += (
            f" By indicator and cell it is worse on {_list(weak[:5])}"
            f"{f' and {len(weak) - 5} more' if len(weak) > 5 else ''}, of {looked} looked at: "
            "about one in forty would look worse by chance."
        )
    return sentence


def _say(one: Difference) -> str:
    change = one.change
    size, ends = abs(change.value), sorted((abs(change.low), abs(change.high)))
    return f"{one.name} by {size:.3f} [{ends[0]:.3f}, {ends[1]:.3f}]"


def _list(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
