"""One yes-or-no question of many documents: the labels, and beside them what a model says."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.document import Analysis
from classifier.errors import CorpusError
from classifier.taxonomy import load_taxonomy
from training.corpus import Record

REVIEW = "review"


@dataclass(frozen=True, slots=True)
class Sample:
    """One yes-or-no question asked of n labelled documents.

    Attributes:
        truth: (n,) bool, the labels.
        probability: (n,) of the model; NaN where it abstained.
        groups: (n,) names; documents of one group are not independent.
    """

    truth: np.ndarray
    probability: np.ndarray
    groups: np.ndarray

    @property
    def answered(self) -> "Sample":
        """The documents on which the model did not abstain."""
        kept = ~np.isnan(self.probability)
        return Sample(self.truth[kept], self.probability[kept], self.groups[kept])


def build_sample(records: Sequence[Record], analyses: Sequence[Analysis], question: str) -> Sample:
    """Put the labels of one question beside the model's probabilities.

    Args:
        records: Labelled documents.
        analyses: Theirs, in the same order.
        question: `review`, or the id of an indicator: does the document assert it?

    Raises:
        CorpusError: there is no such question; names those there are.
    """
    ids = load_taxonomy().ids
    if question not in (REVIEW, *ids):
        raise CorpusError(f"no indicator '{question}'; allowed: {', '.join((REVIEW, *ids))}")
    if question == REVIEW:
        truth = [record.needs_review for record in records]
        found = [analysis.review.probability for analysis in analyses]
    else:
        asserted = [{span.indicator for span in record.spans if span.assertion == "asserted"} for record in records]
        truth = [question in names for names in asserted]
        found = [analysis.indicators[ids.index(question)].probability for analysis in analyses]
    probability = [np.nan if value is None else value for value in found]
    return Sample(np.array(truth, dtype=bool), np.array(probability), np.array([record.group for record in records]))
