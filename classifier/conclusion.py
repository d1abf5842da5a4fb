"""From the scores of one document to what is said of it: states, flags, evidence, context and review."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from classifier.document import Context, Evidence, IndicatorScore, Review
from classifier.evidence import Rule, build_evidence, choose_claims, collect
from classifier.features import Features
from classifier.fusion import Reading
from classifier.pipeline import Parse
from classifier.scoring import DocumentModel, DocumentScores, Outputs, Pooled, choose_state, pool, score_document


@dataclass(frozen=True, slots=True)
class Judge:
    """What turns the scores of a tier into probabilities, flags and evidence."""

    document: DocumentModel
    rule: Rule


@dataclass(frozen=True, slots=True)
class Case:
    """What is known of a document while its indicators are scored.

    Attributes:
        explain: Gives what each token of a sentence adds to an output, computed once.
        touched: Indicators that any sentence may speak of; the others need no evidence.
    """

    parsed: Parse
    features: Features
    reading: Reading
    judge: Judge
    pooled: Pooled
    calibrated: DocumentScores
    explain: Callable[[int, int], np.ndarray]
    touched: frozenset[int]


def build_judge(document: DocumentModel, evidence: Mapping[str, float]) -> Judge:
    """Put thresholds and the evidence rule of a tier together; `evidence` is as in the manifest."""
    held = np.log(document.held_thresholds / (1.0 - document.held_thresholds))
    return Judge(document, Rule(asserted=evidence["asserted"], held=held, price=evidence["price"]))


def open_case(parsed: Parse, features: Features, reading: Reading, judge: Judge, outputs: Outputs) -> Case:
    """Pool and calibrate what was read."""
    pooled = pool(reading.sentences, reading.text, outputs)
    held = (pooled.held.max(axis=1) >= judge.rule.held).nonzero()[0].tolist()
    return Case(
        parsed=parsed,
        features=features,
        reading=reading,
        judge=judge,
        pooled=pooled,
        calibrated=score_document(pooled, judge.document, outputs),
        # The deciding sentence is laid out for its span and again for the sum.
        explain=cache(reading.explain),
        touched=frozenset(held) | {hit.indicator for hit in parsed.hits},
    )


def score_indicators(case: Case, names: Sequence[str]) -> tuple[IndicatorScore, ...]:
    """Score every indicator, in the order of their names."""
    return tuple(_score_indicator(number, name, case) for number, name in enumerate(names))


def _score_indicator(number: int, name: str, case: Case) -> IndicatorScore:
    state = choose_state(number, case.pooled, case.calibrated, case.judge.document)
    flagged = state == "asserted"
    log_odds = float(case.pooled.peak[number])
    intercept = case.reading.intercept(int(case.pooled.sentence[number]), number)
    spans, remainder = _explain(number, case, flagged=flagged)
    return IndicatorScore(
        id=name,
        probability=float(case.calibrated.indicators[number]),
        threshold=float(case.judge.document.thresholds[number]),
        flagged=flagged,
        state=state,
        log_odds=log_odds,
        intercept=intercept,
        remainder=log_odds - intercept if remainder is None else remainder,
        spans=spans,
    )


def _explain(number: int, case: Case, *, flagged: bool) -> tuple[tuple[Evidence, ...], float | None]:
    """Give the evidence of an indicator and the contributions outside it; None where nothing was laid out."""
    if not flagged and number not in case.touched:
        return (), None
    deciding, rule = int(case.pooled.sentence[number]), case.judge.rule
    sentences = case.reading.sentences
    claims = choose_claims(sentences, number, len(case.pooled.peak), deciding=deciding if flagged else None, rule=rule)
    found = collect(case.explain, case.parsed, indicator=number, claims=claims, price=rule.price)
    if not flagged:
        return build_evidence(found, case.parsed, None)
    shares = case.reading.surroundings(deciding, number)
    first, last = case.features.sentences[deciding].tolist()
    shares[first:last] += case.explain(deciding, number)
    return build_evidence(found, case.parsed, shares)


def choose_context(calibrated: DocumentScores, names: Sequence[str]) -> Context:
    """Name the most probable context."""
    probabilities = dict(zip(names, calibrated.context.tolist(), strict=True))
    return Context(max(probabilities, key=probabilities.__getitem__), probabilities)


def choose_review(calibrated: DocumentScores, indicators: Sequence[IndicatorScore], threshold: float) -> Review:
    """Decide whether a person should read the document; the reasons are the flagged indicators, surest first."""
    flagged = [score for score in indicators if score.flagged]
    reasons = sorted(flagged, key=lambda score: -(score.probability or 0.0))
    return Review(calibrated.review, threshold, calibrated.review >= threshold, tuple(score.id for score in reasons))
