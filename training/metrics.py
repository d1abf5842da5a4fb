"""Measures with document weights, so that one pass over many bootstrap resamples of groups gives their intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

_BINS = 15
# 97.5th percentile of the standard normal distribution.
_NORMAL = 1.959963984540054
# (n_resamples, n_documents) weights to (n_resamples,) values.
Measure = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its 95 percent percentile interval."""

    value: float
    low: float
    high: float


def draw_weights(groups: Sequence[str], resamples: int, seed: int) -> np.ndarray:
    """Draw bootstrap resamples of whole groups.

    Returns:
        (n_resamples + 1, n_documents) counts; the first row is all ones: the sample itself.
    """
    names, number = np.unique(np.asarray(groups), return_inverse=True)
    random = np.random.default_rng(seed)
    drawn = random.multinomial(len(names), np.full(len(names), 1.0 / len(names)), size=resamples)
    return np.vstack([np.ones(len(number)), drawn[:, number]])


def measure_interval(measure: Measure, weights: np.ndarray) -> Interval:
    """Measure the sample and its resamples; resamples without a positive count nothing."""
    values = measure(weights)
    drawn = values[1:][~np.isnan(values[1:])]
    if not len(drawn):
        return Interval(float(values[0]), float("nan"), float("nan"))
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return Interval(float(values[0]), low, high)


def wilson_interval(hits: float, cases: float) -> Interval:
    """Give a share with its 95 percent score interval (Wilson 1927), taking the cases as independent; NaN of none."""
    if cases <= 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    found, z2 = hits / cases, _NORMAL * _NORMAL
    middle = (found + z2 / (2.0 * cases)) / (1.0 + z2 / cases)
    half = _NORMAL * np.sqrt(found * (1.0 - found) / cases + z2 / (4.0 * cases * cases)) / (1.0 + z2 / cases)
    return Interval(found, float(max(0.0, middle - half)), float(min(1.0, middle + half)))


def average_precision(truth: np.ndarray, score: np.ndarray) -> Measure:
    """Average precision of one output, as in scikit-learn: documents of one score enter together."""
    order = np.argsort(-score, kind="stable")
    hits, ranked = truth[order].astype(float), score[order]
    ends = np.flatnonzero(np.append(ranked[:-1] != ranked[1:], True))

    def measure(weights: np.ndarray) -> np.ndarray:
        ordered = weights[:, order]
        found = np.cumsum(ordered * hits, axis=1)[:, ends]
        seen = np.cumsum(ordered, axis=1)[:, ends]
        gained = np.diff(found, axis=1, prepend=0.0)
        precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
        with np.errstate(invalid="ignore"):
            return np.asarray((gained * precision).sum(axis=1) / found[:, -1])

    return measure


def f1(truth: np.ndarray, flagged: np.ndarray) -> Measure:
    """F1 of one output."""

    def measure(weights: np.ndarray) -> np.ndarray:
        both = weights @ (truth & flagged)
        total = weights @ truth.astype(float) + weights @ flagged.astype(float)
        with np.errstate(invalid="ignore"):
            return np.asarray(2.0 * both / total)

    return measure


def share(hits: np.ndarray, cases: np.ndarray) -> Measure:
    """Share of the cases that are hits, both counted by document, (n_documents,)."""

    def measure(weights: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.asarray((weights @ hits.astype(float)) / (weights @ cases.astype(float)))

    return measure


def character_f1(counts: np.ndarray) -> Measure:
    """Micro-averaged F1 of characters; `counts` is (n_documents, 3): shared, predicted, gold."""

    def measure(weights: np.ndarray) -> np.ndarray:
        shared, predicted, gold = (weights @ counts).T
        with np.errstate(invalid="ignore"):
            return np.asarray(2.0 * shared / (predicted + gold))

    return measure


def calibration_error(truth: np.ndarray, probability: np.ndarray) -> Measure:
    """Expected calibration error over 15 equal bins (Naeini et al. 2015); arrays (n_documents, n_outputs)."""
    bins = np.minimum((probability * _BINS).astype(int), _BINS - 1)
    gaps = truth.astype(float) - probability
    sums = np.stack([(gaps * (bins == b)).sum(axis=1) for b in range(_BINS)], axis=1)
    n_outputs = truth.shape[1]

    def measure(weights: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(weights @ sums).sum(axis=1) / (weights.sum(axis=1) * n_outputs))

    return measure


def macro(measures: Sequence[Measure]) -> Measure:
    """Mean over outputs; in a resample, outputs without a positive are left out."""

    def measure(weights: np.ndarray) -> np.ndarray:
        values = np.stack([one(weights) for one in measures])
        with np.errstate(invalid="ignore"):
            known = ~np.isnan(values)
            total = np.where(known, values, 0.0).sum(axis=0)
            return np.asarray(total / known.sum(axis=0))

    return measure
