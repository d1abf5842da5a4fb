"""How well an encoder does on documents that it was not fitted on, and what its 8-bit form lost."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from training.encoder.out_of_fold import DocumentRead
from training.metrics import average_precision


def measure_precision(reads: Sequence[DocumentRead], asserted: np.ndarray, review: np.ndarray) -> dict[str, float]:
    """Measure documents by the highest log-odds of their sentences, and of their windows for review.

    Args:
        reads: Of the documents.
        asserted: (n_documents, n_indicators) bool.
        review: (n_documents,) bool.

    Returns:
        Mean average precision over the indicators that any document asserts, and that of review; NaN of none.
    """
    n_indicators = asserted.shape[1]
    highest = np.stack([np.nanmax(read.sentences[:, :n_indicators], axis=0) for read in reads])
    once = np.ones((1, len(reads)))
    found = [average_precision(asserted[:, k], highest[:, k])(once)[0] for k in np.flatnonzero(asserted.any(axis=0))]
    needs = average_precision(review, np.array([read.texts[:, -1].max() for read in reads]))(once)[0]
    return {"macro_ap": round(float(np.mean(found)), 4) if found else float("nan"), "review_ap": round(float(needs), 4)}


def compare_reads(exact: Sequence[DocumentRead], stored: Sequence[DocumentRead]) -> dict[str, float]:
    """Give the largest and the mean absolute difference of the sentences' log-odds; NaN is a sentence not read."""
    differences = np.concatenate(
        [np.abs(a.sentences - b.sentences).ravel() for a, b in zip(exact, stored, strict=True)]
    )
    return {"largest": round(float(np.nanmax(differences)), 4), "mean": round(float(np.nanmean(differences)), 4)}


def find_deviations(
    manifest: dict[str, Any], shipped: dict[str, Any], tolerance: float, say: Callable[[str], None]
) -> list[str]:
    """Name the figures of two manifests that lie further apart than `tolerance`; `say` is told of each figure.

    Figures of other documents cannot be compared: that is a deviation too.
    """
    mine, theirs = manifest["figures"], shipped.get("figures", {})
    if manifest["data"]["split_sha256"] != shipped.get("data", {}).get("split_sha256") or "out_of_fold" not in theirs:
        return ["the other encoder was measured on other documents"]
    deviations = []
    for name, value in mine["out_of_fold"].items():
        other = theirs["out_of_fold"][name]
        say(f"{name}: {value} here, {other} shipped")
        if not abs(value - other) <= tolerance:
            deviations.append(f"{name} is {value}; the other has {other}, tolerance {tolerance}")
    return deviations
