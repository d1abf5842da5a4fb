"""What changes in an answer when a text says the same of another person: each variant against the first of its swap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from classifier import Analyzer
from classifier.document import Analysis, Document
from classifier.errors import CorpusError, DocumentError
from training.metrics import Interval, wilson_interval
from training.sample import REVIEW
from training.suite_cases import Swap


@dataclass(frozen=True, slots=True)
class Move:
    """One variant against the first of its swap.

    Attributes:
        swap: Id of the swap.
        axis: What differs.
        text: The variant.
        largest: Largest move of a probability, indicators and review, 0..1.
        flips: Questions whose flag changed.
    """

    swap: str
    axis: str
    text: str
    largest: float
    flips: tuple[str, ...]


def measure_moves(analyzer: Analyzer, swaps: Sequence[Swap]) -> list[Move]:
    """Ask a model about every variant; an abstention has the probability 0 and no flags.

    Raises:
        CorpusError: a text cannot be analysed; names the swap.
    """
    found = analyzer.analyze_many(Document(text, swap.id) for swap in swaps for text in swap.variants)
    answers = (_expect(one) for one in found)
    return [move for swap in swaps for move in _compare(swap, answers)]


def _expect(found: Analysis | DocumentError) -> Analysis:
    if isinstance(found, DocumentError):
        raise CorpusError(f"a variant cannot be analysed: {found}")
    return found


def _compare(swap: Swap, answers: Iterator[Analysis]) -> list[Move]:
    first, *others = [_read(next(answers)) for _ in swap.variants]
    return [
        Move(
            swap=swap.id,
            axis=swap.axis,
            text=text,
            largest=float(np.abs(other[0] - first[0]).max()),
            flips=tuple(sorted(first[1] ^ other[1])),
        )
        for text, other in zip(swap.variants[1:], others, strict=True)
    ]


def _read(analysis: Analysis) -> tuple[np.ndarray, frozenset[str]]:
    """Give probabilities, review last, and what is flagged."""
    probability = [*(score.probability or 0.0 for score in analysis.indicators), analysis.review.probability or 0.0]
    flags = {score.id for score in analysis.indicators if score.flagged}
    return np.array(probability), frozenset(flags | ({REVIEW} if analysis.review.flagged else set()))


def by_axis(moves: Sequence[Move]) -> dict[str, list[tuple[float, bool]]]:
    """Give the largest move of each variant, and whether a flag changed, by axis; most changed flags first."""
    axes: dict[str, list[tuple[float, bool]]] = {}
    for move in moves:
        axes.setdefault(move.axis, []).append((move.largest, bool(move.flips)))
    share = {axis: sum(flip for _, flip in found) / len(found) for axis, found in axes.items()}
    return {axis: axes[axis] for axis in sorted(axes, key=lambda axis: (-share[axis], axis))}


def rate_axes(moves: Sequence[Move]) -> dict[str, Interval]:
    """Give the share of variants where a flag changed, with its Wilson interval, by axis in the order of `by_axis`."""
    counts = {axis: (sum(flip for _, flip in found), len(found)) for axis, found in by_axis(moves).items()}
    return {axis: wilson_interval(*count) for axis, count in counts.items()}
