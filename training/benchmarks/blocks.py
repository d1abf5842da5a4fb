"""Sparse blocks of columns whose weights come from training rows alone, and neighbours of rows as context."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, diags, hstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import normalize


@dataclass(frozen=True, slots=True)
class Block:
    """Columns that are weighed together.

    Attributes:
        counts: (n_rows, n_columns) term counts; or finished values where `least` is 0.
        weight: Of the block beside the others.
        least: In how many training rows a term must stand; 0 leaves the values as they are.
        step: Take the row this many places further on in the same group instead of the row itself.
    """

    counts: csr_matrix
    weight: float = 1.0
    least: int = 2
    step: int = 0


def count_terms(texts: Sequence[str], **options: Any) -> csr_matrix:
    """Count terms, (n_texts, n_terms).

    Held-out texts may be among `texts`: a term that no training row has gets no weight in `weigh_block`.

    Args:
        texts: All rows.
        options: Of scikit-learn's CountVectorizer.
    """
    vectoriser = CountVectorizer(dtype=np.float32, **options)
    if not any(map(vectoriser.build_analyzer(), texts)):
        return csr_matrix((len(texts), 0), dtype=np.float32)
    return vectoriser.fit_transform(texts)


def encode_categories(values: Sequence[str]) -> csr_matrix:
    """Give each value a column of its own, (n_values, n_distinct)."""
    names, column = np.unique(np.asarray(values), return_inverse=True)
    ones = np.ones(len(column), dtype=np.float32)
    return csr_matrix((ones, (np.arange(len(column)), column)), shape=(len(column), len(names)))


def join_blocks(weighed: Sequence[csr_matrix]) -> csr_matrix:
    """Put weighed blocks side by side, (n_rows, n_columns over all blocks)."""
    return hstack(list(weighed)).tocsr()


def weigh_block(block: Block, training: np.ndarray, groups: np.ndarray) -> csr_matrix:
    """Turn counts into TF-IDF: sublinear counts, idf of the training rows, rows of norm one, the block's weight.

    Args:
        block: Of all rows.
        training: Indices of the training rows; nothing but these decides a column's weight.
        groups: (n_rows,) of the rows; steps stay inside a group.

    Returns:
        (n_rows, n_columns).
    """
    rows = block.counts.copy()
    if block.least and rows.shape[1]:
        frequency = np.bincount(rows[training].indices, minlength=rows.shape[1])
        idf = np.log((1.0 + len(training)) / (1.0 + frequency)) + 1.0
        rows.data = 1.0 + np.log(rows.data)
        rows = normalize(rows @ diags(np.where(frequency >= block.least, idf, 0.0)))
        rows.eliminate_zeros()
    if block.step:
        rows = build_step(groups, block.step) @ rows
    return rows * block.weight


def build_step(groups: np.ndarray, step: int) -> csr_matrix:
    """Build the (n_rows, n_rows) matrix that takes the row `step` places on in the same group, or an empty row."""
    n = len(groups)
    here = np.arange(max(0, -step), min(n, n - step))
    here = here[groups[here] == groups[here + step]]
    return csr_matrix((np.ones(len(here), dtype=np.float32), (here, here + step)), shape=(n, n))
