"""Labelled spans become targets: token spans, sentence labels and document labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from classifier.assertion import STATES
from classifier.pipeline import Parse
from training.corpus import Record

_NUMBERS: dict[str, int] = {name: number for number, name in enumerate(STATES)}


@dataclass(frozen=True, slots=True)
class TokenSpan:
    """A labelled span in tokens `[first, last)` of its document; indicator column and state 0..2."""

    first: int
    last: int
    indicator: int
    state: int


def align_spans(record: Record, parsed: Parse, indicators: Sequence[str]) -> list[TokenSpan]:
    """Give the tokens that each labelled span overlaps; a span over no token (white space) is left out."""
    starts, ends = parsed.source_bounds()
    aligned = []
    for span in record.spans:
        tokens = np.flatnonzero((starts < span.end) & (ends > span.start))
        if len(tokens):
            column, state = indicators.index(span.indicator), _NUMBERS[span.assertion]
            aligned.append(TokenSpan(int(tokens[0]), int(tokens[-1]) + 1, column, state))
    return aligned


def label_stretches(spans: Sequence[TokenSpan], stretches: np.ndarray, n_indicators: int) -> np.ndarray:
    """Label stretches of tokens by the spans that overlap them.

    Args:
        spans: Of one document.
        stretches: (n, 2) token bounds.
        n_indicators: Number of indicators.

    Returns:
        (n, n_indicators, 3) bool, by state.
    """
    labels = np.zeros((len(stretches), n_indicators, len(STATES)), dtype=bool)
    for span in spans:
        overlaps = (stretches[:, 0] < span.last) & (stretches[:, 1] > span.first)
        labels[overlaps, span.indicator, span.state] = True
    return labels


def label_outputs(labels: np.ndarray) -> np.ndarray:
    """Turn labels by state into the sentence outputs: asserted, spoken of, negated, hypothetical, of every indicator.

    Args:
        labels: (n, n_indicators, 3) bool.

    Returns:
        (n, 4 * n_indicators) bool.
    """
    return np.hstack([labels[:, :, 0], np.any(labels, axis=2), labels[:, :, 1], labels[:, :, 2]])


def label_linear(outputs: np.ndarray) -> np.ndarray:
    """Turn labels of the sentence outputs into those that the linear model learns.

    A denial of one indicator is as good as that of another to a model of words: how a sentence holds things is learned
    once for all.

    Args:
        outputs: (n, 4 * n_indicators) bool, as from `label_outputs`.

    Returns:
        (n, 2 * n_indicators + 2) bool: asserted, spoken of, anything negated, anything hypothetical.
    """
    found, negated, hypothetical = np.split(outputs, [outputs.shape[1] // 2, 3 * outputs.shape[1] // 4], axis=1)
    states = [np.any(state, axis=1, keepdims=True) for state in (negated, hypothetical)]
    return np.hstack([found, *states])


def document_states(record: Record, indicators: Sequence[str]) -> np.ndarray:
    """Give which indicators a record holds in which state, (n_indicators, 3) bool."""
    states = np.zeros((len(indicators), len(STATES)), dtype=bool)
    for span in record.spans:
        states[indicators.index(span.indicator), _NUMBERS[span.assertion]] = True
    return states
