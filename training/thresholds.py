"""Thresholds by a rule that reads as a sentence, after revscoring: `maximum f1 @ precision >= 0.8`."""

import re
from dataclasses import dataclass

import numpy as np

from classifier.errors import RecipeError

_RULE = re.compile(r"^maximum (?P<target>f1|f2|recall)(?: @ precision >= (?P<floor>0?\.\d+|1\.0))?$")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A chosen threshold, the rule, and what it gave on the data it was chosen on.

    Attributes:
        value: Probability at or above which something is flagged.
        rule: The sentence that chose it.
        support: Positives among the documents it was chosen on.
        precision: There.
        recall: There.
        met: Whether the rule's floor could be held; if not, the best precision was taken.
    """

    value: float
    rule: str
    support: int
    precision: float
    recall: float
    met: bool


def choose_threshold(truth: np.ndarray, probability: np.ndarray, rule: str) -> Threshold:
    """Choose a threshold.

    Args:
        truth: (n,) bool.
        probability: (n,) calibrated, from models that did not see the documents. Of none, the threshold is 0.5.
        rule: `maximum f1`, `f2` or `recall`, optionally with ` @ precision >= x`.

    Raises:
        RecipeError: the rule is not of this form.
    """
    parsed = _RULE.match(rule)
    if parsed is None:
        raise RecipeError(f"threshold rule '{rule}'; allowed: maximum f1|f2|recall, optionally ' @ precision >= 0.8'")
    floor = float(parsed["floor"] or 0.0)
    if not len(truth):
        return Threshold(0.5, rule, 0, 0.0, 0.0, met=False)
    order = np.argsort(-probability, kind="stable")
    ranked, hits = probability[order], truth[order].astype(float)
    last_of_value = np.append(ranked[:-1] != ranked[1:], True)
    found = np.cumsum(hits)[last_of_value]
    flagged = (np.arange(len(ranked)) + 1.0)[last_of_value]
    values, support = ranked[last_of_value], int(truth.sum())
    precision, recall = found / flagged, found / max(support, 1)
    # F-beta: beta squared is what a missed document weighs against a wrong one.
    beta = {"f1": 1.0, "f2": 4.0}.get(parsed["target"])
    target = recall if beta is None else (1.0 + beta) * found / (flagged + beta * support)
    allowed = precision >= floor
    met = bool(allowed.any())
    best = int(np.argmax(np.where(allowed, target, -1.0) if met else precision))
    # Halfway to the next value below: the cut should not sit on a document's own score.
    below = values[best + 1] if best + 1 < len(values) else values[best]
    value = float((values[best] + below) / 2.0)
    return Threshold(value, rule, support, float(precision[best]), float(recall[best]), met)
