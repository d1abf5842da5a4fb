"""What to label next: what the model is unsure of, what people or models disagree on, and not ten times the same.

The order is the same for the same candidates and weights, whatever order they come in; ties go by id.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
# Width of the hashed bag of words; words beyond the first `_MOST_WORDS` of a text are left out.
_WIDTH = 256
_MOST_WORDS = 2_000
# More leaders than these are not looked through: later texts join the nearest.
_MOST_LEADERS = 512


@dataclass(frozen=True, slots=True)
class Candidate:
    """A document that could be labelled.

    Attributes:
        id: As the store names it.
        text: Its text.
        indicators: Probability and threshold of each indicator, 0..1; empty where the model abstained.
        review: Probability and threshold of needing review; None where it abstained.
        other_models: Review probabilities by other models.
        verdicts: What people have said so far.
    """

    id: str
    text: str = field(repr=False)
    indicators: Mapping[str, tuple[float, float]]
    review: tuple[float, float] | None
    other_models: tuple[float, ...] = ()
    verdicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Weights:
    """What counts how much; each part is 0..1 before it is weighed.

    Attributes:
        uncertainty: How near a probability is to its threshold.
        disagreement: How far models or people are apart.
        repeat: What each earlier document of the same cluster leaves of a score, 0..1.
        similar: Cosine from which a text joins a cluster, 0..1.
        indicator: Of one indicator's uncertainty; those not named weigh 1. Raises what is rare or badly known.
    """

    uncertainty: float = 1.0
    disagreement: float = 1.0
    repeat: float = 0.5
    similar: float = 0.6
    indicator: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A document to label and why: its parts, 0..1, its cluster, and the score that its place rests on."""

    id: str
    score: float
    uncertainty: float
    disagreement: float
    cluster: int


def choose_next(
    candidates: Iterable[Candidate], *, count: int | None = None, weights: Weights = Weights()
) -> list[Suggestion]:
    """Candidates in the order in which to label them.

    Args:
        candidates: With different ids.
        count: How many; None for all.
        weights: What counts how much.

    Raises:
        ValueError: Two candidates have the same id.
    """
    known = sorted(candidates, key=lambda candidate: candidate.id)
    if len({candidate.id for candidate in known}) != len(known):
        raise ValueError("two candidates have the same id; allowed: each document once")
    parts = [(uncertainty(candidate, weights), disagreement(candidate)) for candidate in known]
    scores = [weights.uncertainty * unsure + weights.disagreement * apart for unsure, apart in parts]
    order = sorted(range(len(known)), key=lambda index: (-scores[index], known[index].id))
    clusters = cluster_texts([known[index].text for index in order], similar=weights.similar)
    seen: dict[int, int] = {}
    suggestions = []
    for index, cluster in zip(order, clusters, strict=True):
        before = seen.get(cluster, 0)
        seen[cluster] = before + 1
        suggestions.append(Suggestion(known[index].id, scores[index] * weights.repeat**before, *parts[index], cluster))
    suggestions.sort(key=lambda suggestion: (-suggestion.score, suggestion.id))
    return suggestions[:count]


def uncertainty(candidate: Candidate, weights: Weights = Weights()) -> float:
    """How unsure the model is, 0..1: the most of any question, 1 where it abstained.

    A probability is most uncertain at its threshold: the entropy of the probability after its odds are divided by the
    threshold's, so that 0.2 of a threshold of 0.2 counts as 0.5 of a threshold of 0.5.
    """
    if candidate.review is None:
        return 1.0
    asked = [(1.0, *candidate.review)]
    asked += [(weights.indicator.get(name, 1.0), *pair) for name, pair in candidate.indicators.items()]
    return min(1.0, max(weight * _entropy(probability, threshold) for weight, probability, threshold in asked))


def disagreement(candidate: Candidate) -> float:
    """How far apart models or people are, 0..1: the larger of both.

    For models the largest difference of review probabilities; for people one less the share of the most frequent
    verdict, doubled, so that an even split of two is 1.
    """
    own = () if candidate.review is None else (candidate.review[0],)
    read = (*own, *candidate.other_models)
    apart = max(read) - min(read) if read else 0.0
    said = candidate.verdicts
    split = min(1.0, 2 * (1 - max(said.count(verdict) for verdict in set(said)) / len(said))) if said else 0.0
    return max(apart, split)


def cluster_texts(texts: Sequence[str], *, similar: float) -> list[int]:
    """The cluster of each text: it joins the most similar earlier leader from a cosine on, else it leads a new one.

    Args:
        texts: Those that come first lead.
        similar: The cosine, 0..1.
    """
    leaders = np.zeros((0, _WIDTH))
    clusters = []
    for text in texts:
        vector = hash_words(text)
        cosines = leaders @ vector
        nearest = int(cosines.argmax()) if len(leaders) else -1
        if nearest >= 0 and (cosines[nearest] >= similar or len(leaders) >= _MOST_LEADERS):
            clusters.append(nearest)
        else:
            clusters.append(len(leaders))
            leaders = np.vstack([leaders, vector])
    return clusters


def hash_words(text: str) -> NDArray[np.float64]:
    """(256,) unit vector of the words of a text, in small letters, hashed with sign; zeros without words."""
    vector = np.zeros(_WIDTH)
    counts: dict[str, int] = {}
    for match in list(_WORD.finditer(text.lower()))[:_MOST_WORDS]:
        counts[match[0]] = counts.get(match[0], 0) + 1
    for word, count in counts.items():
        # Lone surrogates have no UTF-8, and hash() changes from run to run.
        digest = blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4).digest()
        vector[digest[0]] += (1 if digest[1] & 1 else -1) * (1 + math.log(count))
    length = float(np.linalg.norm(vector))
    return vector / length if length else vector


def _entropy(probability: float, threshold: float) -> float:
    """Entropy in bits of a probability whose threshold has been moved to a half."""
    odds = probability * (1 - threshold)
    against = (1 - probability) * threshold
    if odds <= 0 or against <= 0:
        return 0.0
    moved = odds / (odds + against)
    if moved in {0.0, 1.0}:
        return 0.0
    return -(moved * math.log2(moved) + (1 - moved) * math.log2(1 - moved))
