"""Labelled records become windows of sentences with labels, and windows become batches: plain arrays, no torch.

A window is what serving reads: neighbouring sentences up to a number of word pieces. Windows that end early by chance
are the one difference, and only while fitting.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from classifier.encoder import piece_bounds
from classifier.pipeline import Parse
from training.corpus import GENRES, Record
from training.labels import TokenSpan, align_spans, label_outputs, label_stretches

# A text to its word pieces: their numbers, and the code points `(start, end)` of each.
Encode = Callable[[str], tuple[Sequence[int], Sequence[tuple[int, int]]]]
# Word pieces that open and close a window.
OPENING, CLOSING = 101, 102
_JITTER = 10.0


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled document in word pieces.

    Attributes:
        pieces: (n_pieces,) int64 numbers of the vocabulary.
        bounds: (n_sentences, 2) pieces `[first, last)` of each sentence; a long one is cut off.
        sentence_labels: (n_sentences, n_outputs) bool, columns as in `label_outputs`.
        tag_labels: (n_pieces, n_indicators) bool, pieces inside a labelled span of the indicator in whatever state.
        genre: Number of the context.
        review: Whether it needs review.
    """

    pieces: np.ndarray
    bounds: np.ndarray
    sentence_labels: np.ndarray
    tag_labels: np.ndarray
    genre: int
    review: bool


@dataclass(frozen=True, slots=True)
class Window:
    """Sentences `[first, last)` of an example, read together."""

    example: Example
    first: int
    last: int

    def __len__(self) -> int:
        """Count its pieces, without the opening and the closing one."""
        bounds = self.example.bounds[self.first : self.last]
        return int((bounds[:, 1] - bounds[:, 0]).sum())


@dataclass(frozen=True, slots=True)
class Batch:
    """Windows side by side, padded to the longest.

    Attributes:
        ids: (n_windows, length) int64.
        mask: (n_windows, length) int64, 1 where a piece stands.
        places: (n_pieces,) where the pieces of sentences stand in the flattened `ids`.
        sentence: (n_pieces,) row of `sentence_labels` that each belongs to.
        sentence_labels: (n_sentences, n_outputs) bool.
        tag_labels: (n_pieces, n_indicators) bool.
        genre: (n_windows,) int64.
        review: (n_windows,) bool.
    """

    ids: np.ndarray
    mask: np.ndarray
    places: np.ndarray
    sentence: np.ndarray
    sentence_labels: np.ndarray
    tag_labels: np.ndarray
    genre: np.ndarray
    review: np.ndarray


def build_example(record: Record, parsed: Parse, encode: Encode, *, indicators: Sequence[str], limit: int) -> Example:
    """Cut a record's normalised text into pieces and label its sentences and pieces.

    Args:
        record: With its labelled spans.
        parsed: Of its text.
        encode: The tokenizer.
        indicators: Ids in column order.
        limit: Most pieces of a sentence.
    """
    pieces, offsets = encode(parsed.normalised.text)
    characters = np.array(offsets, dtype=np.int64).reshape(-1, 2)
    spans = align_spans(record, parsed, indicators)
    states = label_stretches(spans, parsed.sentences, len(indicators))
    return Example(
        pieces=np.array(pieces, dtype=np.int64),
        bounds=piece_bounds(characters[:, 0], parsed.starts[parsed.sentences[:, 0]], limit=limit),
        sentence_labels=label_outputs(states),
        tag_labels=label_pieces(spans, parsed, characters, len(indicators)),
        genre=GENRES.index(record.genre),
        review=record.needs_review,
    )


def label_pieces(spans: Sequence[TokenSpan], parsed: Parse, characters: np.ndarray, n_indicators: int) -> np.ndarray:
    """Label the pieces that overlap a span, (n_pieces, n_indicators) bool.

    Args:
        spans: Of the document.
        parsed: Its parse.
        characters: (n_pieces, 2) code points of the pieces in the normalised text.
        n_indicators: Number of indicators.
    """
    labels = np.zeros((len(characters), n_indicators), dtype=bool)
    for span in spans:
        begin, end = parsed.starts[span.first], parsed.ends[span.last - 1]
        labels[(characters[:, 0] < end) & (characters[:, 1] > begin), span.indicator] = True
    return labels


def cut_windows(
    example: Example, *, limit: int, early: float = 0.0, random: np.random.Generator | None = None
) -> list[Window]:
    """Cut a document into windows of whole sentences, in reading order.

    Args:
        example: The document.
        limit: Most pieces of a window.
        early: Chance that a window ends before a sentence that would still fit.
        random: Decides that; needed when `early` is above 0.
    """
    windows: list[Window] = []
    first, total = 0, 0
    for sentence, count in enumerate((example.bounds[:, 1] - example.bounds[:, 0]).tolist()):
        ends = total + count > limit or (random is not None and random.random() < early)
        if sentence > first and ends:
            windows.append(Window(example, first, sentence))
            first, total = sentence, 0
        total += count
    return [*windows, Window(example, first, len(example.bounds))] if len(example.bounds) else windows


def plan_batches(windows: Sequence[Window], budget: int, random: np.random.Generator) -> list[list[Window]]:
    """Put windows of about one length together, each window once, in random order.

    Args:
        windows: Of all documents.
        budget: Most pieces of a batch, padding included; a window above it is a batch of its own.
        random: Decides the order of the batches and which of the windows of a length meet.
    """
    lengths = np.array([len(window) + 2 for window in windows], dtype=np.int64)
    batches: list[list[Window]] = []
    batch: list[Window] = []
    longest = 0
    for index in np.argsort(lengths + random.random(len(lengths)) * _JITTER, kind="stable").tolist():
        longest = max(longest, int(lengths[index]))
        if batch and longest * (len(batch) + 1) > budget:
            batches.append(batch)
            batch, longest = [], int(lengths[index])
        batch.append(windows[index])
    if batch:
        batches.append(batch)
    return [batches[index] for index in random.permutation(len(batches)).tolist()]


def collate(windows: Sequence[Window]) -> Batch:
    """Put windows side by side, at least one."""
    length = max(len(window) for window in windows) + 2
    ids = np.zeros((len(windows), length), dtype=np.int64)
    mask = np.zeros((len(windows), length), dtype=np.int64)
    places, sentence, tags, n_sentences = [], [], [], 0
    for row, window in enumerate(windows):
        example, bounds = window.example, window.example.bounds[window.first : window.last]
        counts = bounds[:, 1] - bounds[:, 0]
        chosen = np.concatenate([np.arange(begin, end) for begin, end in bounds.tolist()])
        n = len(chosen)
        ids[row, : n + 2] = np.concatenate([[OPENING], example.pieces[chosen], [CLOSING]])
        mask[row, : n + 2] = 1
        places.append(row * length + 1 + np.arange(n))
        sentence.append(n_sentences + np.repeat(np.arange(len(counts)), counts))
        tags.append(example.tag_labels[chosen])
        n_sentences += len(counts)
    return Batch(
        ids=ids,
        mask=mask,
        places=np.concatenate(places),
        sentence=np.concatenate(sentence),
        sentence_labels=np.concatenate([w.example.sentence_labels[w.first : w.last] for w in windows]),
        tag_labels=np.concatenate(tags),
        genre=np.array([window.example.genre for window in windows]),
        review=np.array([window.example.review for window in windows]),
    )
