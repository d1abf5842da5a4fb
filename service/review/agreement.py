"""How far people agree: Cohen's kappa, Krippendorff's alpha, agreement on spans, and the interval of a share.

Categories are small integers; `MISSING` stands where somebody did not say. numpy only, nothing random without a seed.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

MISSING = -1
Ratings = NDArray[np.int64]
# The normal quantile of a two-sided 95 percent interval.
_Z = 1.959963984540054


class Marked(Protocol):
    """A span of an indicator: half-open code points."""

    @property
    def start(self) -> int:
        """First code point."""

    @property
    def end(self) -> int:
        """One past the last code point."""

    @property
    def indicator(self) -> str:
        """What it shows."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 percent interval; all None where the data do not determine it."""

    value: float | None
    low: float | None
    high: float | None


def cohen_kappa(first: Sequence[int], second: Sequence[int]) -> float | None:
    """Cohen's kappa of two raters over the items that both rated; None when chance alone explains everything.

    Source: Cohen 1960, A coefficient of agreement for nominal scales, Educational and Psychological Measurement 20.

    Raises:
        ValueError: The lists differ in length.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} ratings; allowed: as many of the one as of the other")
    both = np.array([pair for pair in zip(first, second, strict=True) if MISSING not in pair], dtype=np.int64)
    if not len(both):
        return None
    observed = float((both[:, 0] == both[:, 1]).mean())
    values = np.unique(both)
    expected = float(sum((both[:, 0] == value).mean() * (both[:, 1] == value).mean() for value in values))
    return None if expected == 1.0 else (observed - expected) / (1.0 - expected)


def krippendorff_alpha(ratings: Ratings) -> float | None:
    """Krippendorff's alpha for nominal data.

    Source: Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section C.

    Args:
        ratings: (n_raters, n_items) categories, `MISSING` where a rater did not say; any number of raters.

    Returns:
        1 for full agreement, 0 for what chance would give; None when nothing can be paired or only one category occurs.
    """
    return _alpha(_counts(ratings))


def alpha_interval(ratings: Ratings, *, draws: int = 1_000, seed: int = 0) -> Estimate:
    """Alpha with a bootstrap interval over items.

    Args:
        ratings: As for `krippendorff_alpha`.
        draws: Samples of items, drawn with replacement.
        seed: Of the draws; the same gives the same interval.
    """
    counts = _counts(ratings)
    value = _alpha(counts)
    if value is None:
        return Estimate(None, None, None)
    random = np.random.default_rng(seed)
    drawn = [_alpha(counts[random.integers(len(counts), size=len(counts))]) for _ in range(draws)]
    kept = [one for one in drawn if one is not None]
    if not kept:
        return Estimate(value, None, None)
    low, high = np.quantile(kept, [0.025, 0.975])
    return Estimate(value, float(low), float(high))


def _counts(ratings: Ratings) -> NDArray[np.float64]:
    """(n_items, n_categories): how many raters chose what, for the items that two or more rated."""
    values = np.unique(ratings[ratings != MISSING])
    counts = np.stack([(ratings == value).sum(axis=0) for value in values], axis=1) if len(values) else None
    if counts is None:
        return np.zeros((0, 0))
    paired: NDArray[np.float64] = counts[counts.sum(axis=1) >= 2].astype(np.float64)
    return paired


def _alpha(counts: NDArray[np.float64]) -> float | None:
    if not counts.size:
        return None
    raters = counts.sum(axis=1, keepdims=True)
    # Coincidences: every ordered pair of ratings within an item, weighed so that an item counts its ratings once.
    disagreement = float(((raters**2 - (counts**2).sum(axis=1, keepdims=True)) / (raters - 1)).sum())
    totals = counts.sum(axis=0)
    total = float(totals.sum())
    expected = (total**2 - float((totals**2).sum())) / (total - 1)
    return None if expected == 0.0 else 1.0 - disagreement / expected


# --------------------------------------------------------------------------------------------------------- indicators


@dataclass(frozen=True, slots=True)
class IndicatorAgreement:
    """One indicator: documents that two or more people judged, alpha, and kappa where there are exactly two people."""

    indicator: str
    documents: int
    alpha: Estimate
    kappa: float | None


def indicator_agreement(
    judged: Mapping[str, Mapping[str, frozenset[str]]], indicators: Sequence[str], *, draws: int = 1_000
) -> list[IndicatorAgreement]:
    """Agreement on each indicator, over documents.

    Args:
        judged: Document, then reviewer, then the indicators that the reviewer holds to be asserted in it.
        indicators: Which, in the order of the answer.
        draws: Bootstrap samples of an interval.
    """
    documents = sorted(judged)
    people = sorted({person for readers in judged.values() for person in readers})
    found = []
    for indicator in indicators:
        ratings = np.full((len(people), len(documents)), MISSING, dtype=np.int64)
        for column, document in enumerate(documents):
            for person, held in judged[document].items():
                ratings[people.index(person), column] = int(indicator in held)
        shared = int(((ratings != MISSING).sum(axis=0) >= 2).sum())
        kappa = cohen_kappa(ratings[0].tolist(), ratings[1].tolist()) if len(people) == 2 else None
        found.append(IndicatorAgreement(indicator, shared, alpha_interval(ratings, draws=draws), kappa))
    return found


# -------------------------------------------------------------------------------------------------------------- spans


@dataclass(frozen=True, slots=True)
class SpanAgreement:
    """How far two people mark the same stretches.

    Attributes:
        score: Soft F1, 0..1; None where neither marked anything.
        chance: The same with the second person's spans shifted around the text, on average.
        corrected: `(score - chance) / (1 - chance)`: 1 for the same spans, about 0 for spans laid anywhere.
    """

    score: float | None
    chance: float | None
    corrected: float | None


def span_agreement(text: str, first: Iterable[Marked], second: Iterable[Marked], *, shifts: int = 50) -> SpanAgreement:
    """Agreement of two people on the spans of one document.

    Spans lose white space and marks at their ends before they are compared. Spans of one indicator are matched one to
    one and in reading order so that the sum of their overlaps is largest; an overlap is the length of what both cover
    over the length of what either covers (Jaccard). Soft F1 is twice that sum over the number of spans of both. What
    chance would give is measured by moving all spans of the second person along the text, which closes to a ring: the
    idea of gamma (Mathet, Widlöcher and Métivier 2015) without its alignment over several people.

    Args:
        text: The document.
        first: One person's spans.
        second: The other's.
        shifts: Places on the ring, evenly spaced.
    """
    one = [_trim(text, span) for span in first]
    two = [_trim(text, span) for span in second]
    score = _soft_f1(one, two)
    if score is None or not text:
        return SpanAgreement(score, None, None)
    steps = [len(text) * step // (shifts + 1) for step in range(1, shifts + 1)]
    moved = [_soft_f1(one, [_shift(span, step, len(text)) for span in two]) or 0.0 for step in steps]
    chance = sum(moved) / len(moved) if moved else 0.0
    return SpanAgreement(score, chance, None if chance == 1.0 else (score - chance) / (1.0 - chance))


@dataclass(frozen=True, slots=True)
class _Bare:
    start: int
    end: int
    indicator: str


def _trim(text: str, span: Marked) -> _Bare:
    start, end = span.start, span.end
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    # A span of marks alone stays as it was: it still is a span.
    return _Bare(start, end, span.indicator) if start < end else _Bare(span.start, span.end, span.indicator)


def _shift(span: _Bare, step: int, length: int) -> _Bare:
    """The span moved along; one that would run over the end begins at the start of the text."""
    start = (span.start + step) % length
    if start + span.end - span.start > length:
        start = 0
    return _Bare(start, start + span.end - span.start, span.indicator)


def _soft_f1(first: Sequence[_Bare], second: Sequence[_Bare]) -> float | None:
    if not first and not second:
        return None
    names = {span.indicator for span in (*first, *second)}
    return (
        2.0
        * sum(_matched(*(_of(spans, name) for spans in (first, second))) for name in names)
        / (len(first) + len(second))
    )


def _of(spans: Sequence[_Bare], indicator: str) -> list[_Bare]:
    return sorted((span for span in spans if span.indicator == indicator), key=lambda span: (span.start, span.end))


def _matched(first: Sequence[_Bare], second: Sequence[_Bare]) -> float:
    """The largest sum of overlaps of a matching that keeps the order of both."""
    best = np.zeros((len(first) + 1, len(second) + 1))
    for row, one in enumerate(first, start=1):
        for column, two in enumerate(second, start=1):
            met = best[row - 1, column - 1] + _overlap(one, two)
            best[row, column] = max(met, best[row - 1, column], best[row, column - 1])
    return float(best[-1, -1])


def _overlap(one: _Bare, two: _Bare) -> float:
    shared = min(one.end, two.end) - max(one.start, two.start)
    return max(0, shared) / (max(one.end, two.end) - min(one.start, two.start)) if shared > 0 else 0.0


# ------------------------------------------------------------------------------------------------------------- shares


def share(hits: int, total: int) -> Estimate:
    """A share with its 95 percent interval by Wilson's score (Wilson 1927).

    Raises:
        ValueError: More hits than cases, or fewer than none.
    """
    if not 0 <= hits <= total:
        raise ValueError(f"{hits} hits of {total}; allowed: from 0 to as many as there are")
    if total == 0:
        return Estimate(None, None, None)
    value = hits / total
    middle = (value + _Z**2 / (2 * total)) / (1 + _Z**2 / total)
    half = _Z * math.sqrt(value * (1 - value) / total + _Z**2 / (4 * total**2)) / (1 + _Z**2 / total)
    return Estimate(value, max(0.0, middle - half), min(1.0, middle + half))
