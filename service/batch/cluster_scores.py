"""Counts what the analyses of a run say of each cluster, in one pass: a dozen bytes for each distinct document."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from service.batch.catalogue import Catalogue

# Indicators are bits of one number.
_MOST = 32
_NO_CONTEXT = 255


@dataclass(frozen=True, slots=True, eq=False)
class ClusterScores:
    """What is known of clusters, by the number of their first document.

    Attributes:
        contexts: Labels, and of each cluster the number of its first document's label.
        indicators: Ids, and of each cluster one bit for each that is flagged in any document.
        probability: Highest review probability, `(n_distinct,)`; not a number where nothing was scored.
        flagged: Documents flagged for review, `(n_distinct,)`.
    """

    contexts: tuple[Sequence[str], NDArray[np.uint8]]
    indicators: tuple[Sequence[str], NDArray[np.uint32]]
    probability: NDArray[np.float32]
    flagged: NDArray[np.uint32]

    def of(self, root: int) -> dict[str, Any]:
        """Return the fields of a cluster's row."""
        labels, context = self.contexts
        ids, bits = self.indicators
        probability = float(self.probability[root])
        return {
            "context": labels[context[root]] if context[root] != _NO_CONTEXT else None,
            "indicators": [name for place, name in enumerate(ids) if bits[root] >> place & 1],
            "review_probability": None if np.isnan(probability) else round(probability, 6),
            "review_flagged": int(self.flagged[root]),
        }


def count_scores(catalogue: Catalogue, analyses: Iterable[tuple[int, bytes]]) -> ClusterScores:
    """Count the analyses of a run.

    Args:
        catalogue: The clusters.
        analyses: Place in the input and JSON of every analysis that was made, in input order.
    """
    count = len(catalogue)
    context = np.full(count, _NO_CONTEXT, dtype=np.uint8)
    bits, flagged = np.zeros(count, dtype=np.uint32), np.zeros(count, dtype=np.uint32)
    probability = np.full(count, np.nan, dtype=np.float32)
    labels: dict[str, int] = {}
    ids: list[str] = []
    index = 0
    numbers, roots, repeats = catalogue.numbers(), catalogue.roots(), catalogue.repeats()
    for number, content in analyses:
        # Both are in input order; a document without an analysis became a dead letter, and one that is not known here
        # came when there was no room left.
        while index < count and numbers[index] < number:
            index += 1
        if index == count or numbers[index] != number:
            continue
        analysis, root = orjson.loads(content), roots[index]
        review, ids = analysis["review"], ids or [one["id"] for one in analysis["indicators"]][:_MOST]
        bits[root] |= sum(1 << place for place, one in enumerate(analysis["indicators"][:_MOST]) if one["flagged"])
        if review["flagged"]:
            flagged[root] += 1 + repeats[index]
        if review["probability"] is not None:
            probability[root] = np.fmax(probability[root], review["probability"])
        label = analysis["context"]["label"]
        if root == index and label is not None:
            context[root] = labels.setdefault(label, len(labels))
    return ClusterScores((list(labels), context), (ids, bits), probability, flagged)
