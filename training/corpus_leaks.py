"""Finds what makes a measure too good: texts, groups and near-duplicates on both sides of a split, and shortcuts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import triu

from training.corpus_entries import Entry
from training.corpus_stats import fold
from training.split import cluster_near_duplicates

_SHORTCUT, _ENOUGH = 0.9, 20


@dataclass(frozen=True, slots=True)
class Pair:
    """Two entries with the same or nearly the same text.

    Attributes:
        first: Id of the earlier one.
        second: Id of the later one.
        exact: Whether the texts are equal once case and white space are folded.
        across: Whether they lie in different parts of the split.
        tied: Whether they are of one group, and so never fall into different parts.
        conflict: Whether their labels differ.
    """

    first: str
    second: str
    exact: bool
    across: bool
    tied: bool
    conflict: bool


@dataclass(frozen=True, slots=True)
class Leaks:
    """What was found.

    Attributes:
        looked_at: How many entries.
        pairs: Duplicates and near-duplicates.
        straddling: Groups that lie in more than one part, by an id of theirs.
        shortcuts: Labels that the length of the text alone tells, with the area under the curve.
    """

    looked_at: int
    pairs: tuple[Pair, ...]
    straddling: tuple[str, ...]
    shortcuts: tuple[tuple[str, float], ...]

    @property
    def leaked(self) -> tuple[Pair, ...]:
        """Pairs on both sides of the split."""
        return tuple(pair for pair in self.pairs if pair.across)

    @property
    def conflicts(self) -> tuple[Pair, ...]:
        """Equal texts with different labels."""
        return tuple(pair for pair in self.pairs if pair.exact and pair.conflict)


def find_leaks(entries: Sequence[Entry], labels: Sequence[str] = (), *, threshold: float = 0.5) -> Leaks:
    """Look for what ties the parts of a corpus together.

    Args:
        entries: With their parts; those of one corpus, or of two laid side by side.
        labels: Looked at for shortcuts.
        threshold: Least Jaccard similarity of the word trigrams of near-duplicates, 0..1.
    """
    parts: dict[str, set[str]] = {}
    first: dict[str, str] = {}
    for entry in entries:
        parts.setdefault(entry.group, set()).add(entry.part)
        first.setdefault(entry.group, entry.id)
    return Leaks(
        looked_at=len(entries),
        pairs=_find_pairs(entries, threshold),
        straddling=tuple(first[group] for group, found in parts.items() if len(found) > 1),
        shortcuts=_find_shortcuts(entries, labels),
    )


def _find_pairs(entries: Sequence[Entry], threshold: float) -> tuple[Pair, ...]:
    if len(entries) < 2:
        return ()
    near = triu(cluster_near_duplicates([entry.text for entry in entries], threshold=threshold), k=1).tocoo()
    folded = [fold(entry.text) for entry in entries]
    found = []
    for i, j in sorted(zip(near.row.tolist(), near.col.tolist(), strict=True)):
        one, other = entries[i], entries[j]
        found.append(
            Pair(
                one.id,
                other.id,
                exact=folded[i] == folded[j],
                across=one.part != other.part,
                tied=one.group == other.group,
                conflict=set(one.labels) != set(other.labels),
            )
        )
    return tuple(found)


def _find_shortcuts(entries: Sequence[Entry], labels: Sequence[str]) -> tuple[tuple[str, float], ...]:
    lengths = np.array([len(entry.text) for entry in entries], dtype=float)
    found = []
    for label in labels:
        truth = np.array([label in entry.labels for entry in entries], dtype=bool)
        if min(truth.sum(), (~truth).sum()) >= _ENOUGH:
            area = rank_area(truth, lengths)
            if max(area, 1.0 - area) >= _SHORTCUT:
                found.append((label, max(area, 1.0 - area)))
    return tuple(found)


def rank_area(truth: np.ndarray, score: np.ndarray) -> float:
    """Give the area under the ROC curve, ties counted half (Mann and Whitney 1947)."""
    values, places, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2.0
    positives, negatives = int(truth.sum()), int(len(truth) - truth.sum())
    above = float(ranks[places][truth].sum()) - positives * (positives + 1) / 2.0
    return above / (positives * negatives) if len(values) > 1 else 0.5


def say_warnings(leaks: Leaks) -> list[str]:
    """Say in a sentence each what speaks against trusting a measure on this corpus; empty when nothing does."""
    warnings = []
    if leaks.leaked:
        exact = sum(pair.exact for pair in leaks.leaked)
        warnings.append(
            f"leak: {len(leaks.leaked)} pairs of texts lie on both sides of the split, "
            f"{exact} of them equal and {len(leaks.leaked) - exact} nearly"
        )
    if leaks.straddling:
        warnings.append(f"leak: {len(leaks.straddling)} groups have records on both sides of the split")
    if leaks.conflicts:
        warnings.append(f"conflict: {len(leaks.conflicts)} pairs of equal texts have different labels")
    loose = sum(not pair.tied and not pair.across for pair in leaks.pairs)
    if loose:
        warnings.append(f"loose: {loose} pairs of near-duplicates are in different groups; training ties them together")
    warnings += [
        f"shortcut: the length of the text alone tells '{label}' (area under the curve {area:.2f})"
        for label, area in leaks.shortcuts
    ]
    return warnings
