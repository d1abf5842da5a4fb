"""How many documents a day people can open decides the threshold; and where the model should rather say `uncertain`.

A labelled sample seldom holds positives as often as the stream does. So positives and negatives are measured apart and
put together at the stated prevalence, which holds as long as the stream's documents are like the labelled ones.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from training.metrics import Interval, Measure, draw_weights, measure_interval, share
from training.sample import Sample

# Documents of a kind, and groups they come from, below which a share of them says next to nothing.
LEAST_DOCUMENTS = 10
LEAST_GROUPS = 5


@dataclass(frozen=True, slots=True)
class Demand:
    """What people can take on.

    Attributes:
        alerts: At most so many flagged documents a day.
        volume: Documents a day.
        prevalence: Share of the documents that should be flagged, 0..1.
    """

    alerts: float
    volume: float
    prevalence: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What a threshold does to a stream; intervals are 95 percent, bootstrap over groups at this threshold.

    Attributes:
        threshold: Flagged at or above this probability.
        recall: Share of the positives that are flagged.
        precision: Share of the flagged that are positives, at the stated prevalence.
        alerts: Flagged documents a day.
    """

    threshold: float
    recall: Interval
    precision: Interval
    alerts: Interval


@dataclass(frozen=True, slots=True)
class Budget:
    """The answer to a demand; without figures where the data cannot support any.

    Attributes:
        demand: What was asked.
        positives: Labelled documents that should be flagged.
        negatives: The others.
        figures: None when `reasons` has any.
        reasons: Why there are no figures, and what it would take, in sentences.
    """

    demand: Demand
    positives: int
    negatives: int
    figures: Figures | None
    reasons: tuple[str, ...]


def choose_budget(sample: Sample, demand: Demand, *, resamples: int = 1000, seed: int = 0) -> Budget:
    """Find the lowest threshold whose expected alerts stay within the budget, and what it gives.

    Args:
        sample: Labelled documents that the model has not seen; an abstention is never flagged.
        demand: What people can take on.
        resamples: Bootstrap resamples over groups.
        seed: Of the resampling.
    """
    truth, probability = sample.truth, np.nan_to_num(sample.probability, nan=-1.0)
    reasons = [*scarcity("positives", truth, sample.groups), *scarcity("negatives", ~truth, sample.groups)]
    figures = None
    if not reasons:
        threshold = _lowest_threshold(truth, probability, demand)
        if threshold is None:
            reasons.append("even the documents of the highest probability alone would go over the budget")
        else:
            flagged = probability >= threshold
            reasons.extend(_check_resolution(sample, flagged, demand))
            figures = None if reasons else _measure(sample, flagged, demand, threshold, (resamples, seed))
    return Budget(demand, int(truth.sum()), int((~truth).sum()), figures, tuple(reasons))


def scarcity(name: str, chosen: np.ndarray, groups: np.ndarray) -> list[str]:
    """Say in a sentence when too few documents, or groups of them, are of a kind; else nothing."""
    documents, independent = int(chosen.sum()), len(np.unique(groups[chosen]))
    if documents >= LEAST_DOCUMENTS and independent >= LEAST_GROUPS:
        return []
    least = f"at least {LEAST_DOCUMENTS} in {LEAST_GROUPS} groups are needed"
    return [f"{documents} {name} in {independent} groups are labelled; {least}"]


def _lowest_threshold(truth: np.ndarray, probability: np.ndarray, demand: Demand) -> float | None:
    order = np.argsort(-probability, kind="stable")
    ranked, hits = probability[order], truth[order]
    # Documents of one value are flagged together; an abstention, -1, never is.
    last = np.append(ranked[:-1] != ranked[1:], True) & (ranked >= 0.0)
    recall, false_rate = np.cumsum(hits) / truth.sum(), np.cumsum(~hits) / (~truth).sum()
    alerts = demand.volume * (demand.prevalence * recall + (1.0 - demand.prevalence) * false_rate)
    values, allowed = ranked[last], np.flatnonzero(alerts[last] <= demand.alerts * (1.0 + 1e-12))
    if not len(allowed):
        return None
    best = int(allowed[-1])
    # Halfway to the next value below: the cut should not sit on a document's own probability.
    return float((values[best] + values[best + 1]) / 2.0) if best + 1 < len(values) else 0.0


def upper_count(found: int) -> float:
    """Give the 95 percent upper bound of a Poisson mean that gave `found` cases; of none it is 3, the rule of three."""
    return float(chi2.ppf(0.95, 2 * (found + 1)) / 2.0)


def _check_resolution(sample: Sample, flagged: np.ndarray, demand: Demand) -> list[str]:
    """Say when too few negatives stand above the threshold to know how many of the stream would."""
    above, negatives = flagged & ~sample.truth, int((~sample.truth).sum())
    if not scarcity("negatives", above, sample.groups):
        return []
    seen, groups = int(above.sum()), len(np.unique(sample.groups[above]))
    bound = upper_count(seen) / negatives
    # What the budget leaves for false alerts, as a share of the stream.
    room = demand.alerts / demand.volume - demand.prevalence * float(flagged[sample.truth].mean())
    wanted = math.ceil(LEAST_DOCUMENTS * (1.0 - demand.prevalence) / max(room, 1e-9))
    takes = f": about {wanted:,} labelled negatives would show them" if wanted > negatives and room > 0.0 else ""
    worst = demand.volume * (1.0 - demand.prevalence) * min(bound, 1.0)
    found = f"{seen} of {negatives:,} labelled negatives, in {groups} groups, stand above the threshold of this budget"
    least = f"at least {LEAST_DOCUMENTS} in {LEAST_GROUPS} groups are needed{takes}"
    share_above = f"up to {min(bound, 1.0):.2%} of the stream's negatives may stand there (95 percent upper bound)"
    return [f"{found}; {least}", f"as it is, {share_above}: up to {worst:,.0f} false alerts a day cannot be ruled out"]


def _measure(sample: Sample, flagged: np.ndarray, demand: Demand, threshold: float, draws: tuple[int, int]) -> Figures:
    positives = sample.truth.astype(float)
    recall = share(sample.truth & flagged, positives)
    false_rate = share(~sample.truth & flagged, 1.0 - positives)
    weights = draw_weights(sample.groups.tolist(), *draws)
    return Figures(
        threshold=threshold,
        recall=widen(measure_interval(recall, weights), int(positives.sum())),
        precision=measure_interval(_precision(recall, false_rate, demand.prevalence), weights),
        alerts=measure_interval(_alerts(recall, false_rate, demand), weights),
    )


def _precision(recall: Measure, false_rate: Measure, prevalence: float) -> Measure:
    def measure(weights: np.ndarray) -> np.ndarray:
        found, wrong = prevalence * recall(weights), (1.0 - prevalence) * false_rate(weights)
        with np.errstate(invalid="ignore"):
            return np.asarray(found / (found + wrong))

    return measure


def _alerts(recall: Measure, false_rate: Measure, demand: Demand) -> Measure:
    def measure(weights: np.ndarray) -> np.ndarray:
        found, wrong = demand.prevalence * recall(weights), (1.0 - demand.prevalence) * false_rate(weights)
        return np.asarray(demand.volume * (found + wrong))

    return measure


def widen(interval: Interval, cases: int) -> Interval:
    """Give a share of 0 or 1 the bound of the rule of three: no resample of its cases would ever show another."""
    if interval.value == 1.0:
        return Interval(1.0, min(interval.low, max(0.0, 1.0 - 3.0 / cases)), 1.0)
    if interval.value == 0.0:
        return Interval(0.0, 0.0, max(interval.high, min(1.0, 3.0 / cases)))
    return interval


@dataclass(frozen=True, slots=True)
class Band:
    """Two probabilities: cleared below `low`, flagged at or above `high`, `uncertain` between.

    Attributes:
        low: None when nothing can be cleared.
        high: None when nothing can be flagged.
    """

    low: float | None
    high: float | None


def choose_band(
    truth: np.ndarray,
    probability: np.ndarray,
    lower_npv: float,
    upper_ppv: float,
    *,
    weights: np.ndarray | None = None,
) -> Band:
    """Choose the band with the fewest documents inside that keeps what is outside as right as asked.

    Args:
        truth: (n,) bool.
        probability: (n,) of the model, 0..1.
        lower_npv: Least share of negatives below the band (negative predictive value).
        upper_ppv: Least share of positives above it (positive predictive value).
        weights: (n,) of the documents, by default 1.
    """
    weights = np.ones(len(truth)) if weights is None else weights
    values, place = np.unique(probability, return_inverse=True)
    positive = np.bincount(place, weights * truth, minlength=len(values))
    everything = np.bincount(place, weights, minlength=len(values))
    # Cut j has the first j values below it.
    below = np.concatenate([[0.0], np.cumsum(everything)])
    missed = np.concatenate([[0.0], np.cumsum(positive)])
    cuts = np.arange(len(below))
    clears = below - missed >= lower_npv * below - 1e-12
    flags = missed[-1] - missed >= upper_ppv * (below[-1] - below) - 1e-12
    # The highest cut that clears, at or below each; cut 0 always does, for it clears nothing.
    lower = np.maximum.accumulate(np.where(clears, cuts, 0))
    high = int(np.argmin(np.where(flags, below - below[lower], np.inf)))
    edges = [*_edges(values)]
    low = int(lower[high])
    return Band(edges[low] if low else None, edges[high] if high < len(values) else None)


def _edges(values: np.ndarray) -> list[float]:
    """Give the probability of each cut: halfway between neighbours, 0 under all, and just over the highest."""
    if not len(values):
        return [0.0]
    return [0.0, *((values[:-1] + values[1:]) / 2.0).tolist(), float(np.nextafter(values[-1], 2.0))]
