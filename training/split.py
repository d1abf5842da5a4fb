"""Splits that do not leak: near-duplicates are clustered, groups kept whole, and the result is frozen by a hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import md5, sha256

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import CountVectorizer

from classifier.errors import CorpusError
from training.corpus import Record

TEST = -1
# What a record says in `split` that must never be held out: texts written to teach, after the test part was frozen.
TAUGHT = "development"
_WORD = r"(?u)\w+"
_BLOCK = 512


@dataclass(frozen=True, slots=True)
class Split:
    """Where each record goes.

    Attributes:
        parts: (n_records,) int; `TEST`, or the number of the development fold, 0-based.
        clusters: (n_records,) int; records of one cluster share a part.
        positions: (n_records,) in 0..1, where the hash of the cluster falls; the top of the range is the test part.
        sha256: Of all `id part` lines in id order: the frozen identity of the split.
    """

    parts: np.ndarray
    clusters: np.ndarray
    positions: np.ndarray
    sha256: str

    @property
    def development(self) -> np.ndarray:
        """Indices of the records that may be looked at, (n_development,)."""
        return np.flatnonzero(self.parts != TEST)

    @property
    def test(self) -> np.ndarray:
        """Indices of the held-out records, (n_test,)."""
        return np.flatnonzero(self.parts == TEST)


def cluster_near_duplicates(texts: Sequence[str], *, threshold: float = 0.5, shingle: int = 3) -> csr_matrix:
    """Link texts whose sets of word shingles overlap.

    Args:
        texts: The documents.
        threshold: Least Jaccard similarity of the shingle sets (Broder 1997), 0..1.
        shingle: Words in a shingle.

    Returns:
        Symmetric boolean adjacency, (n_texts, n_texts).
    """
    vectorizer = CountVectorizer(ngram_range=(shingle, shingle), binary=True, dtype=np.int32, token_pattern=_WORD)
    # The padding gives a text of one or two words a shingle too.
    sets = vectorizer.fit_transform([f"{text} _ _" for text in texts])
    sizes = np.asarray(sets.sum(axis=1)).ravel()
    rows, columns = [], []
    for first in range(0, len(texts), _BLOCK):
        shared = (sets[first : first + _BLOCK] @ sets.T).tocoo()
        union = sizes[first + shared.row] + sizes[shared.col] - shared.data
        near = shared.data >= threshold * union
        rows.append(first + shared.row[near])
        columns.append(shared.col[near])
    row, column = np.concatenate(rows), np.concatenate(columns)
    return csr_matrix((np.ones(len(row), dtype=bool), (row, column)), shape=(len(texts), len(texts)))


def cluster_records(records: Sequence[Record]) -> np.ndarray:
    """Number the clusters that must stay whole: connected by group or by near-duplication, (n_records,)."""
    near = cluster_near_duplicates([record.text for record in records])
    first: dict[str, int] = {}
    pairs = [(index, first.setdefault(record.group, index)) for index, record in enumerate(records)]
    row, column = np.array(pairs).T
    same = csr_matrix((np.ones(len(row), dtype=bool), (row, column)), shape=near.shape)
    _, clusters = connected_components(near + same, directed=False)
    return np.asarray(clusters)


def split_records(records: Sequence[Record], *, test_share: float, folds: int) -> Split:
    """Put each cluster into the test part or a development fold by the hash of its smallest group name.

    The hash, not a shuffle, decides: a record added later never moves another one that it is not linked to. A cluster
    of which every record says `development` spreads over the development part alone.

    Args:
        records: The corpus.
        test_share: Expected share of clusters held out, 0..1.
        folds: Number of development folds.
    """
    clusters = cluster_records(records)
    keys: dict[int, str] = {}
    for cluster, record in zip(clusters, records, strict=True):
        keys[cluster] = min(keys.get(cluster, record.group), record.group)
    places = {cluster: _place(key) for cluster, key in keys.items()}
    free = {cluster for cluster, record in zip(clusters, records, strict=True) if record.split != TAUGHT}
    reach = np.array([1.0 if cluster in free else 1.0 - test_share for cluster in clusters])
    positions = np.array([places[cluster][0] for cluster in clusters]) * reach
    fold = np.array([places[cluster][1] % folds for cluster in clusters])
    parts = np.where(positions >= 1.0 - test_share, TEST, fold)
    return Split(parts, clusters, positions, _hash_parts(records, parts))


def check_split(split: Split, expected: str | None, name: str) -> None:
    """Refuse a split that is not the frozen one.

    Raises:
        CorpusError: the hash differs from the one in the corpus card.
    """
    if expected is not None and split.sha256 != expected:
        raise CorpusError(f"split '{name}' has sha256 {split.sha256}; the corpus card froze {expected}")


def _place(key: str) -> tuple[float, int]:
    """Give a cluster's position in the hash range, and a number that chooses its fold.

    The top of the range is the test part, so whoever works on the lower part never meets a test document.
    """
    digest = md5(key.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big") / 2**64, int.from_bytes(digest[8:16], "big")


def _hash_parts(records: Sequence[Record], parts: np.ndarray) -> str:
    lines = sorted(f"{record.id} {part}" for record, part in zip(records, parts, strict=True))
    return sha256("\n".join(lines).encode()).hexdigest()
