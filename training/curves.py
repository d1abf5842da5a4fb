"""What a threshold does to a stream, over all thresholds: precision and recall at a prevalence, and what mistakes cost.

As in `budget.py`, positives and negatives of a labelled sample are measured apart and put together at the prevalence
of the stream.
"""

from dataclasses import dataclass

import numpy as np

from classifier.errors import CorpusError
from training.sample import Sample


@dataclass(frozen=True, slots=True)
class Curve:
    """Figures of every threshold worth setting, highest threshold first.

    Attributes:
        threshold: (n,) flagged at or above.
        recall: (n,) share of the positives that are flagged.
        false_rate: (n,) share of the negatives that are flagged.
    """

    threshold: np.ndarray
    recall: np.ndarray
    false_rate: np.ndarray

    def precision(self, prevalence: float) -> np.ndarray:
        """Give the share of positives among the flagged, (n,), where this share of the stream is positive."""
        found, wrong = prevalence * self.recall, (1.0 - prevalence) * self.false_rate
        return np.asarray(found / (found + wrong))

    def alerts(self, prevalence: float) -> np.ndarray:
        """Give the share of the stream that is flagged, (n,)."""
        return np.asarray(prevalence * self.recall + (1.0 - prevalence) * self.false_rate)

    def cost(self, prevalence: float, miss: float) -> np.ndarray:
        """Give what 1,000 documents cost, (n,), in documents read in vain.

        Args:
            prevalence: Share of the stream that is positive.
            miss: What a missed positive costs, in documents read in vain.
        """
        missed, wrong = prevalence * (1.0 - self.recall), (1.0 - prevalence) * self.false_rate
        return np.asarray(1000.0 * (miss * missed + wrong))

    def cheapest(self, prevalence: float, miss: float) -> float:
        """Give the threshold of the least cost; of several the highest. Flagging nothing at all is not among them."""
        return float(self.threshold[int(self.cost(prevalence, miss).argmin())])


def build_curve(sample: Sample) -> Curve:
    """Measure a sample at each of its probabilities; an abstention is never flagged.

    Raises:
        CorpusError: the sample lacks positives or negatives.
    """
    truth, probability = sample.truth, np.nan_to_num(sample.probability, nan=-1.0)
    positives, negatives = int(truth.sum()), int((~truth).sum())
    if not positives or not negatives:
        raise CorpusError(f"a curve needs positives and negatives; there are {positives} and {negatives}")
    order = np.argsort(-probability, kind="stable")
    ranked, hits = probability[order], truth[order]
    last = np.append(ranked[:-1] != ranked[1:], True) & (ranked >= 0.0)
    return Curve(ranked[last], np.cumsum(hits)[last] / positives, np.cumsum(~hits)[last] / negatives)
