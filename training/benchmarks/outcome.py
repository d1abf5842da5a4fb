"""What a benchmark run found: systems, their measures with intervals, and how far ours lies from the baseline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from training.benchmarks.card import BenchmarkCard
from training.metrics import Interval, Measure, average_precision, character_f1, f1, macro, measure_interval

# Words and word pairs, balanced classes; flagged at probability 0.5, or at thresholds chosen as ours are.
BASELINE = "baseline at 0.5"
TUNED_BASELINE = "baseline, tuned thresholds"
OURS = "ours"


@dataclass(frozen=True, slots=True)
class System:
    """A system in a setting, and its measures with intervals."""

    setting: str
    name: str
    measures: Mapping[str, Interval]


@dataclass(frozen=True, slots=True)
class Outcome:
    """A benchmark run.

    Attributes:
        card: Of the benchmark.
        rows: Held-out rows, positives or not.
        groups: That the intervals resample.
        systems: In the order of the table.
        notes: What a reader must know of this run.
        details: Figures of single labels: label, then system name to F1.
    """

    card: BenchmarkCard
    rows: int
    groups: int
    systems: Sequence[System]
    notes: Sequence[str] = ()
    details: Mapping[str, Mapping[str, Interval]] | None = None


def roc_auc(truth: np.ndarray, score: np.ndarray) -> Measure:
    """Area under the ROC curve of one output; ties count half (Hanley and McNeil 1982)."""
    order = np.argsort(score, kind="stable")
    positive, ranked = truth[order].astype(float), score[order]
    starts = np.flatnonzero(np.append(True, ranked[1:] != ranked[:-1]))

    def measure(weights: np.ndarray) -> np.ndarray:
        ordered = weights[:, order]
        hits = np.add.reduceat(ordered * positive, starts, axis=1)
        misses = np.add.reduceat(ordered * (1.0 - positive), starts, axis=1)
        below = np.cumsum(misses, axis=1) - misses / 2.0
        with np.errstate(invalid="ignore"):
            return np.asarray((hits * below).sum(axis=1) / (hits.sum(axis=1) * misses.sum(axis=1)))

    return measure


def micro_f1(truth: np.ndarray, flagged: np.ndarray) -> Measure:
    """F1 over all rows and outputs at once."""
    return character_f1(np.stack([(truth & flagged).sum(axis=1), flagged.sum(axis=1), truth.sum(axis=1)], axis=1))


def label_measures(truth: np.ndarray, flagged: np.ndarray, probability: np.ndarray) -> dict[str, Measure]:
    """Give the measures of several labels at once, arrays (n_rows, n_outputs)."""
    outputs = range(truth.shape[1])
    return {
        "macro-F1": macro([f1(truth[:, k], flagged[:, k]) for k in outputs]),
        "micro-F1": micro_f1(truth, flagged),
        "macro AP": macro([average_precision(truth[:, k], probability[:, k]) for k in outputs]),
    }


def compare(setting: str, measures: Mapping[str, Mapping[str, Measure]], weights: np.ndarray) -> list[System]:
    """Measure systems on a sample and its resamples, and how far ours lies above either baseline.

    Args:
        setting: What they are measured on.
        measures: System name to its measures; `OURS` and the baselines are among them.
        weights: As from `draw_weights`. A difference is taken within each resample: its interval is the paired one.
    """
    systems = [
        System(setting, name, {key: measure_interval(one, weights) for key, one in found.items()})
        for name, found in measures.items()
    ]
    for base in (BASELINE, TUNED_BASELINE):
        gains = {key: _difference(one, measures[base][key]) for key, one in measures[OURS].items()}
        found = {key: measure_interval(gain, weights) for key, gain in gains.items()}
        systems.append(System(setting, f"{OURS} minus {base}", found))
    return systems


def _difference(ours: Measure, theirs: Measure) -> Measure:
    return lambda weights: np.asarray(ours(weights) - theirs(weights))


def measure_labels(
    names: Sequence[str], truth: np.ndarray, flagged: Mapping[str, np.ndarray], weights: np.ndarray
) -> dict[str, dict[str, Interval]]:
    """Measure the F1 of each label.

    Args:
        names: Of the labels.
        truth: (n_rows, n_labels) bool.
        flagged: System name to (n_rows, n_labels) bool.
        weights: As from `draw_weights`.

    Returns:
        Label, then system, to F1.
    """
    return {
        name: {key: measure_interval(f1(truth[:, k], flags[:, k]), weights) for key, flags in flagged.items()}
        for k, name in enumerate(names)
    }
