"""How a model does on the functional suite: pass rates by ability, and whether a changed identity changes an answer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from classifier import Analyzer
from classifier.document import Analysis, Document, IndicatorScore
from classifier.errors import CorpusError, DocumentError
from training.metrics import Interval, wilson_interval
from training.suite_cases import CELLS, Case, Suite, Swap

# What the stricter second figure of a cell asks for, by the answer that its cases expect.
STRICTER = {"asserted": "shown", "negated": "named", "hypothetical": "named", "absent": "silent"}


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case: whether it passed, and whether it passed the stricter figure of its cell too."""

    case: Case
    passed: bool
    strictly: bool


@dataclass(frozen=True, slots=True)
class CellRate:
    """Pass rate of a cell, over all indicators or of one.

    Attributes:
        cell: A key of `CELLS`.
        indicator: None for all.
        cases: How many.
        passed: Share with its Wilson interval.
        strictly: Share that passed as the cell's value of `STRICTER` asks.
    """

    cell: str
    indicator: str | None
    cases: int
    passed: Interval
    strictly: Interval


@dataclass(frozen=True, slots=True)
class AxisRate:
    """How much a changed identity moves.

    Attributes:
        axis: What was changed.
        pairs: Variants compared with the first of their swap.
        flips: Share of the pairs where an indicator's flag, the review flag or an abstention changed.
        largest: Largest move of any probability, 0..1.
        mean: Mean absolute move over pairs, indicators and review, 0..1.
        expected: Share of all variants that say what their swap expects: without flags nothing could flip.
    """

    axis: str
    pairs: int
    flips: Interval
    largest: float
    mean: float
    expected: Interval


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """All figures of a suite.

    Attributes:
        results: Case by case.
        cells: Over all indicators, weakest first.
        indicators: Indicator by cell, weakest first.
        axes: Most flips first; the last is `all` of them when there is more than one.
        abstained: Cases without an answer; they pass nothing, since an abstention is not an all-clear.
    """

    results: tuple[CaseResult, ...]
    cells: tuple[CellRate, ...]
    indicators: tuple[CellRate, ...]
    axes: tuple[AxisRate, ...]
    abstained: int


def run_suite(analyzer: Analyzer, suite: Suite) -> SuiteResult:
    """Analyse every text of a suite and count.

    Raises:
        CorpusError: a text cannot be analysed; names the case.
    """
    analyses = _analyze(analyzer, [(case.id, case.text) for case in suite.cases])
    results = [check_case(case, one) for case, one in zip(suite.cases, analyses, strict=True)]
    variants = iter(_analyze(analyzer, [(swap.id, text) for swap in suite.swaps for text in swap.variants]))
    answered = [(swap, [next(variants) for _ in swap.variants]) for swap in suite.swaps]
    indicators = list(dict.fromkeys(case.indicator for case in suite.cases))
    return SuiteResult(
        results=tuple(results),
        cells=_weakest_first(_rate(results, cell, None) for cell in CELLS),
        indicators=_weakest_first(_rate(results, cell, name) for name in indicators for cell in CELLS),
        axes=_rate_axes(answered),
        abstained=sum(one.review.probability is None for one in analyses),
    )


def _analyze(analyzer: Analyzer, texts: Sequence[tuple[str, str]]) -> list[Analysis]:
    found = []
    outcomes = analyzer.analyze_many(Document(text, name) for name, text in texts)
    for (name, _), outcome in zip(texts, outcomes, strict=True):
        if isinstance(outcome, DocumentError):
            raise CorpusError(f"suite case '{name}' cannot be analysed: {outcome}")
        found.append(outcome)
    return found


def check_case(case: Case, analysis: Analysis) -> CaseResult:
    """Hold an analysis against a case: a flag where one is expected, and none where none is.

    Stricter, an asserted case needs evidence that overlaps its span, a negated or hypothetical one its own state, and a
    look-alike silence.
    """
    score = _score_of(analysis, case.indicator)
    if case.expect == "asserted":
        return CaseResult(case, score.flagged, score.flagged and _shows(score, case))
    passed = not score.flagged and score.state != "abstained"
    return CaseResult(case, passed, score.state == case.expect)


def _score_of(analysis: Analysis, indicator: str) -> IndicatorScore:
    return next(score for score in analysis.indicators if score.id == indicator)


def _shows(score: IndicatorScore, case: Case) -> bool:
    start = case.text.find(case.span or "")
    end = start + len(case.span or "")
    return any(span.assertion == "asserted" and span.start < end and start < span.end for span in score.spans)


def _rate(results: Iterable[CaseResult], cell: str, indicator: str | None) -> CellRate:
    chosen = [one for one in results if one.case.cell == cell and indicator in (None, one.case.indicator)]
    passed, strictly = sum(one.passed for one in chosen), sum(one.strictly for one in chosen)
    n = len(chosen)
    return CellRate(cell, indicator, n, wilson_interval(passed, n), wilson_interval(strictly, n))


def _weakest_first(rates: Iterable[CellRate]) -> tuple[CellRate, ...]:
    present = [rate for rate in rates if rate.cases]
    return tuple(sorted(present, key=lambda rate: (rate.passed.value, rate.strictly.value)))


def _rate_axes(answered: Sequence[tuple[Swap, list[Analysis]]]) -> tuple[AxisRate, ...]:
    names = list(dict.fromkeys(swap.axis for swap, _ in answered))
    rates = [_rate_axis(name, [pair for pair in answered if pair[0].axis == name]) for name in names]
    rates.sort(key=lambda rate: (-rate.flips.value, -rate.largest))
    return (*rates, _rate_axis("all", answered)) if len(rates) > 1 else tuple(rates)


def _rate_axis(axis: str, answered: Sequence[tuple[Swap, list[Analysis]]]) -> AxisRate:
    pairs = [(analyses[0], other) for _, analyses in answered for other in analyses[1:]]
    moves = np.abs([_probabilities(first) - _probabilities(other) for first, other in pairs])
    flips = sum(_answers(first) != _answers(other) for first, other in pairs)
    met = [_meets(swap, analysis) for swap, analyses in answered for analysis in analyses]
    return AxisRate(
        axis=axis,
        pairs=len(pairs),
        flips=wilson_interval(flips, len(pairs)),
        largest=float(moves.max()),
        mean=float(moves.mean()),
        expected=wilson_interval(sum(met), len(met)),
    )


def _probabilities(analysis: Analysis) -> np.ndarray:
    """Give the probabilities of the indicators and of review, (n_indicators + 1,); 0 where abstained."""
    return np.array([*(score.probability or 0.0 for score in analysis.indicators), analysis.review.probability or 0.0])


def _answers(analysis: Analysis) -> tuple[bool, ...]:
    abstained = analysis.review.probability is None
    return (abstained, analysis.review.flagged, *(score.flagged for score in analysis.indicators))


def _meets(swap: Swap, analysis: Analysis) -> bool:
    if swap.indicator is None:
        answered = analysis.review.probability is not None
        return answered and not any(score.flagged for score in analysis.indicators)
    score = _score_of(analysis, swap.indicator)
    return score.flagged if swap.expect == "asserted" else not score.flagged and score.state != "abstained"


def build_suite_summary(result: SuiteResult) -> dict[str, Any]:
    """Give the few figures that a model card shows, as plain JSON values: shares, and moves of probabilities."""
    return {
        "cases": len(result.results),
        "abstained": result.abstained,
        "interval": "value, low, high: 95 percent, Wilson, cases taken as independent",
        "cells": {
            rate.cell: {
                "cases": rate.cases,
                "passed": _plain(rate.passed),
                STRICTER[CELLS[rate.cell]]: _plain(rate.strictly),
            }
            for rate in result.cells
        },
        "swaps": {
            rate.axis: {
                "pairs": rate.pairs,
                "flips": _plain(rate.flips),
                "largest_move": round(rate.largest, 4),
                "mean_move": round(rate.mean, 4),
                "as_expected": _plain(rate.expected),
            }
            for rate in result.axes
        },
    }


def build_suite_details(result: SuiteResult) -> dict[str, Any]:
    """Give the summary, indicator by cell, and the ids of the cases that failed, as plain JSON values."""
    return {
        **build_suite_summary(result),
        "indicators": [
            {
                "indicator": rate.indicator,
                "cell": rate.cell,
                "cases": rate.cases,
                "passed": _plain(rate.passed),
                STRICTER[CELLS[rate.cell]]: _plain(rate.strictly),
            }
            for rate in result.indicators
        ],
        "failed": [one.case.id for one in result.results if not one.passed],
    }


def _plain(interval: Interval) -> list[float]:
    return [round(value, 4) for value in (interval.value, interval.low, interval.high)]
