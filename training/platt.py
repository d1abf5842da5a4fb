"""Slope and shift of log-odds, refitted on few labelled documents (Platt 1999), and judged by cross-validation.

An isotonic fit is left out on purpose: it has as many steps as the sample has turns, and takes chance for shape.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from classifier.scoring import sigmoid
from training.metrics import calibration_error
from training.sample import Sample

LEAST_DOCUMENTS = 10
# Positives from which on the slope is fitted too; below, only the shift is.
LEAST_FOR_SLOPE = 30
_FOLDS = 5
_UNREGULARISED = 1e6
_SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class Scaling:
    """New log-odds = slope * old log-odds + shift."""

    slope: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True, slots=True)
class Quality:
    """How well probabilities fit the labels; less is better.

    Attributes:
        log_loss: Mean negative log-likelihood.
        brier: Mean squared difference.
        error: Expected calibration error, 15 bins.
    """

    log_loss: float
    brier: float
    error: float


@dataclass(frozen=True, slots=True)
class Refit:
    """A scaling and what cross-validation says of it.

    Attributes:
        scaling: Fitted on the whole sample.
        positives: Documents with a yes.
        negatives: Documents with a no.
        before: Of the probabilities as they came.
        after: Of the cross-validated ones.
        probability: (n,) cross-validated: each from the fit that did not see its group.
    """

    scaling: Scaling
    positives: int
    negatives: int
    before: Quality
    after: Quality
    probability: np.ndarray


def log_odds(probability: np.ndarray) -> np.ndarray:
    """Turn probabilities into log-odds; those at the very ends are moved in by 1e-12."""
    inside = np.clip(probability, _SMALLEST, 1.0 - _SMALLEST)
    return np.asarray(np.log(inside) - np.log1p(-inside))


def fit_scaling(truth: np.ndarray, scores: np.ndarray, *, slope: bool) -> Scaling:
    """Fit slope and shift, or the shift alone.

    Args:
        truth: (n,) bool, both answers present.
        scores: (n,) log-odds.
        slope: Whether there are positives enough for a slope.
    """
    positives, n = int(truth.sum()), len(truth)
    # Platt's targets: a little short of 0 and 1, so that a sample that parts cleanly has a finite fit.
    target = np.where(truth, (positives + 1.0) / (positives + 2.0), 1.0 / (n - positives + 2.0))
    if slope:
        model = LogisticRegression(C=_UNREGULARISED, max_iter=2000)
        rows, answers = np.concatenate([scores, scores])[:, None], np.repeat([True, False], n)
        model.fit(rows, answers, sample_weight=np.concatenate([target, 1.0 - target]))
        steepness = float(model.coef_[0, 0])
        # One that is not positive would turn the order of the documents round.
        if steepness > 0.0:
            return Scaling(steepness, float(model.intercept_[0]))
    reach = float(np.abs(scores).max()) + 40.0
    shift = brentq(lambda value: float((sigmoid(scores + value) - target).mean()), -reach, reach, xtol=1e-12)
    return Scaling(1.0, float(shift))


def apply_scaling(scaling: Scaling, probability: np.ndarray) -> np.ndarray:
    """Give the new probabilities."""
    return sigmoid(scaling.slope * log_odds(probability) + scaling.shift)


def find_shortage(sample: Sample) -> str | None:
    """Say what a sample lacks for a refit; None when it has enough."""
    lacking = []
    for name, chosen in (("positives", sample.truth), ("negatives", ~sample.truth)):
        documents, groups = int(chosen.sum()), len(np.unique(sample.groups[chosen]))
        if documents < LEAST_DOCUMENTS or groups < 2:
            lacking.append(f"{documents} {name} in {groups} groups")
    return f"{' and '.join(lacking)}; at least {LEAST_DOCUMENTS} of each in 2 groups are needed" if lacking else None


def refit(sample: Sample, *, seed: int = 0) -> Refit:
    """Refit on a sample without abstentions that lacks nothing.

    Args:
        sample: As `find_shortage` approves.
        seed: Of the folds.
    """
    truth, scores = sample.truth, log_odds(sample.probability)
    crossed, slope = sample.probability.copy(), int(truth.sum()) >= LEAST_FOR_SLOPE
    groups = min(len(np.unique(sample.groups[chosen])) for chosen in (truth, ~truth))
    folds = StratifiedGroupKFold(min(_FOLDS, groups), shuffle=True, random_state=seed)
    for inside, outside in folds.split(scores[:, None], truth, sample.groups):
        # Whole groups in few folds may leave one answer out; such a fold keeps what it had.
        if truth[inside].any() and not truth[inside].all():
            scaling = fit_scaling(truth[inside], scores[inside], slope=slope)
            crossed[outside] = apply_scaling(scaling, sample.probability[outside])
    return Refit(
        scaling=fit_scaling(truth, scores, slope=slope),
        positives=int(truth.sum()),
        negatives=int((~truth).sum()),
        before=measure_quality(truth, sample.probability),
        after=measure_quality(truth, crossed),
        probability=crossed,
    )


def measure_quality(truth: np.ndarray, probability: np.ndarray) -> Quality:
    """Measure how well probabilities fit the labels."""
    inside = np.clip(probability, _SMALLEST, 1.0 - _SMALLEST)
    error = calibration_error(truth[:, None], probability[:, None])(np.ones((1, len(truth))))
    return Quality(
        log_loss=float(-np.where(truth, np.log(inside), np.log1p(-inside)).mean()),
        brier=float(((probability - truth) ** 2).mean()),
        error=float(error[0]),
    )
