"""Finds labels that are probably wrong, by confident learning (Northcutt, Jiang and Chuang 2021).

A quick model of words is fitted without each entry's group, and the labels that its probabilities contradict most are
named, the least likely first. Cleanlab decides how many; what it names is for a person to look at, not to delete.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from classifier.errors import CorpusError
from training.corpus_entries import Entry
from training.split import cluster_near_duplicates

LEAST = 20
_FOLDS = 5
_C = 10.0


@dataclass(frozen=True, slots=True)
class Suspect:
    """A label that is probably wrong.

    Attributes:
        id: Of the entry.
        label: Which label.
        given: Whether the entry carries it.
        probability: That it should, by a model that has not seen its group.
    """

    id: str
    label: str
    given: bool
    probability: float


@dataclass(frozen=True, slots=True)
class Noise:
    """What was found about one label.

    Attributes:
        label: Which.
        positives: Entries that carry it.
        suspects: Most suspicious first; empty when the label was left out.
        estimated: Share of the entries whose label is probably wrong, 0..1; NaN when left out.
        left_out: Why nothing was looked for; "" when something was.
    """

    label: str
    positives: int
    suspects: tuple[Suspect, ...]
    estimated: float
    left_out: str = ""


def find_noise(
    entries: Sequence[Entry], labels: Sequence[str], *, say: Callable[[str], None] | None = None
) -> list[Noise]:
    """Look for wrong labels, each label by itself.

    Args:
        entries: All are looked at.
        labels: Looked at in this order; those with fewer than 20 entries on either side are left out.
        say: Told of each label.

    Raises:
        CorpusError: cleanlab is not installed.
    """
    groups = _tie_groups(entries)
    rows = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, dtype=np.float32).fit_transform(
        [entry.text for entry in entries]
    )
    found = []
    for label in labels:
        given = np.array([label in entry.labels for entry in entries], dtype=bool)
        if say is not None:
            say(f"looking for wrong labels of '{label}'")
        found.append(_look(entries, label, given, (rows, groups)))
    return sorted(found, key=lambda noise: -len(noise.suspects))


def _tie_groups(entries: Sequence[Entry]) -> np.ndarray:
    """Number the groups, near-duplicates joined: a copy in another fold would vouch for its twin, (n,)."""
    first: dict[str, int] = {}
    linked = [first.setdefault(entry.group, index) for index, entry in enumerate(entries)]
    near = cluster_near_duplicates([entry.text for entry in entries])
    member = csr_matrix((np.ones(len(linked), dtype=bool), (np.arange(len(linked)), linked)), shape=near.shape)
    _, tied = connected_components(near + member, directed=False)
    return np.asarray(tied)


def _look(entries: Sequence[Entry], label: str, given: np.ndarray, design: tuple[csr_matrix, np.ndarray]) -> Noise:
    rare = int(min(given.sum(), (~given).sum()))
    if rare < LEAST:
        return Noise(label, int(given.sum()), (), float("nan"), f"{rare} entries on one side; {LEAST} are needed")
    rows, groups = design
    if min(len(np.unique(groups[given])), len(np.unique(groups[~given]))) < _FOLDS:
        return Noise(label, int(given.sum()), (), float("nan"), f"fewer than {_FOLDS} groups on one side")
    probability = _predict(rows, given, groups)
    ranked = rank_suspects(given, probability)
    suspects = tuple(Suspect(entries[i].id, label, bool(given[i]), float(probability[i])) for i in ranked)
    return Noise(label, int(given.sum()), suspects, len(ranked) / len(entries))


def _predict(rows: csr_matrix, given: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Give the probability of the label by a model that has not seen the entry's group, (n,)."""
    probability = np.full(len(given), given.mean())
    for training, held_out in StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0).split(rows, given, groups):
        if given[training].all() or not given[training].any():
            continue
        model = LogisticRegression(C=_C, solver="liblinear", random_state=0)
        probability[held_out] = model.fit(rows[training], given[training]).predict_proba(rows[held_out])[:, 1]
    return probability


def rank_suspects(given: np.ndarray, probability: np.ndarray) -> list[int]:
    """Name the entries whose label is probably wrong, the least likely label first.

    Args:
        given: (n,) bool, the labels.
        probability: (n,) of the label, from models that have not seen the entry.

    Raises:
        CorpusError: cleanlab is not installed.
    """
    try:
        from cleanlab.filter import find_label_issues  # noqa: PLC0415  it brings pandas, which nothing else here needs
    except ModuleNotFoundError as error:
        raise CorpusError(
            f"looking for wrong labels needs the package '{error.name}'; install it with: pip install 'tellsign[train]'"
        ) from None
    beliefs = np.column_stack([1.0 - probability, probability])
    found = find_label_issues(given.astype(int), beliefs, return_indices_ranked_by="self_confidence", n_jobs=1)
    return [int(index) for index in found]
