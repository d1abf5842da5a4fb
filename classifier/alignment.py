"""Normalised text and the way back: which code points of the source made each code point of it."""

from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import numpy.typing as npt

Edit = tuple[int, int, str]
"""`text[start:end]` is to become the string; edits are ordered and do not overlap."""

Offsets = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Normalised:
    """A text made plain, with an exact map to the text that was submitted.

    Attributes:
        text: The normalised text.
        source: The text as submitted.
        starts: Shape `(len(text),)`: the source offset where each code point begins; None when no offset changed.
        ends: Shape `(len(text),)`: one past the source code points that made it; None when no offset changed.
    """

    text: str = field(repr=False)
    source: str = field(repr=False)
    starts: Offsets | None = field(default=None, compare=False, repr=False)
    ends: Offsets | None = field(default=None, compare=False, repr=False)

    def to_source(self, start: int, end: int) -> tuple[int, int]:
        """Half-open span of `text` -> half-open span of `source`; a span that is not empty never becomes empty.

        Raises:
            ValueError: The span does not lie in `text`.
        """
        if not 0 <= start <= end <= len(self.text):
            raise ValueError(f"span ({start}, {end}) must satisfy 0 <= start <= end <= {len(self.text)}")
        if self.starts is None or self.ends is None:
            return start, end
        if start < end:
            return int(self.starts[start]), int(self.ends[end - 1])
        here = int(self.starts[start]) if start < len(self.text) else len(self.source)
        return here, here


class Draft:
    """A text under repair: every change to it is carried into its map to the source."""

    __slots__ = ("_ends", "_source", "_starts", "text")

    def __init__(self, source: str) -> None:
        """Begin with the source itself, unchanged."""
        self.text = source
        self._source = source
        self._starts: Offsets | None = None
        self._ends: Offsets | None = None

    def recode(self, text: str) -> None:
        """Take over a text in which code points changed one for one.

        Raises:
            ValueError: The length differs.
        """
        if len(text) != len(self.text):
            raise ValueError(f"a recoded text has {len(text)} code points, must have {len(self.text)}")
        self.text = text

    def apply(self, edits: list[Edit]) -> None:
        """Make the edits. Of one that keeps its length, code points map one to one; else each to the whole stretch."""
        if not edits:
            return
        pieces: list[str] = []
        done = 0
        for start, end, new in edits:
            pieces += (self.text[done:start], new)
            done = end
        pieces.append(self.text[done:])
        first, last = _origins(edits, np.fromiter(map(len, pieces), dtype=np.int32, count=len(pieces)))
        self.text = "".join(pieces)
        self._starts = first if self._starts is None else self._starts[first]
        self._ends = last + np.int32(1) if self._ends is None else self._ends[last]

    def finish(self) -> Normalised:
        """The result; without a map when code points were at most exchanged one for one."""
        return Normalised(self.text, self._source, self._starts, self._ends)


def _origins(edits: list[Edit], lengths: Offsets) -> tuple[Offsets, Offsets]:
    """First and last old offset of every new code point; `lengths` holds kept and new pieces in turn."""
    size = 2 * len(edits) + 1
    spans = np.fromiter(chain.from_iterable((start, end) for start, end, _ in edits), np.int32, 2 * len(edits))
    origin = np.concatenate((np.zeros(1, np.int32), spans))
    # A piece whose length changed stands still: its code points share one origin and reach to the stretch's end.
    moves = np.ones(size, np.int32)
    moves[1::2] = lengths[1::2] == spans[1::2] - spans[::2]
    reach = np.zeros(size, np.int32)
    reach[1::2] = np.where(moves[1::2] == 1, 0, np.maximum(spans[1::2] - spans[::2] - 1, 0))
    begins = np.cumsum(lengths, dtype=np.int32) - lengths
    within = np.arange(int(lengths.sum()), dtype=np.int32) - np.repeat(begins, lengths)
    first = np.repeat(origin, lengths) + within * np.repeat(moves, lengths)
    return first, first + np.repeat(reach, lengths)
