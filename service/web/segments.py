"""Cuts a text at the edges of its spans, so that overlapping spans of several indicators can be drawn side by side."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from classifier.document import Assertion, IndicatorScore

MAX_LANES = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """One span as it is drawn.

    Attributes:
        number: Position in reading order, from 1; spans with the same words follow each other.
        indicator: Indicator id.
        position: Index among the spans of its indicator.
        start: First code point.
        end: One past the last code point.
        assertion: How the text holds it.
        contribution: Log-odds.
        lane: Which of the stacked underlines it has, 0 nearest to the words.
    """

    number: int
    indicator: str
    position: int
    start: int
    end: int
    assertion: Assertion
    contribution: float
    lane: int


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text that the same marks cover from end to end; plain text when there are none.

    Attributes:
        start: First code point.
        end: One past the last code point.
        text: The words, controls made visible.
        marks: What covers it, outermost lane first.
        opening: Marks that begin here.
        closing: Marks that end here; their tags follow.
    """

    start: int
    end: int
    text: str = field(repr=False)
    marks: tuple[Mark, ...] = ()
    opening: tuple[Mark, ...] = ()
    closing: tuple[Mark, ...] = ()


def build_marks(scores: Sequence[IndicatorScore]) -> list[Mark]:
    """The spans of all indicators in reading order, each in the lowest lane free of the spans it overlaps."""
    spans = [
        (span.start, -span.end, order, position)
        for order, score in enumerate(scores)
        for position, span in enumerate(score.spans)
    ]
    ordered = sorted(spans)
    lanes = choose_lanes([(start, -end) for start, end, _, _ in ordered])
    marks = []
    for number, ((start, _, order, position), lane) in enumerate(zip(ordered, lanes, strict=True), 1):
        span = scores[order].spans[position]
        marks.append(Mark(number, scores[order].id, position, start, span.end, span.assertion, span.contribution, lane))
    return marks


def choose_lanes(stretches: Sequence[tuple[int, int]]) -> list[int]:
    """For each stretch in reading order, the lowest lane that is free of those it overlaps; at most `MAX_LANES`."""
    free = list(range(len(stretches)))
    busy: list[tuple[int, int]] = []
    lanes = []
    for start, end in stretches:
        while busy and busy[0][0] <= start:
            heapq.heappush(free, heapq.heappop(busy)[1])
        lane = heapq.heappop(free)
        heapq.heappush(busy, (end, lane))
        lanes.append(min(lane, MAX_LANES - 1))
    return lanes


def build_segments(text: str, marks: Sequence[Mark], *, cuts: Iterable[int] = ()) -> list[Segment]:
    """The whole text as consecutive segments: joined together they are the text.

    Args:
        text: As submitted; Python counts code points, as the offsets do.
        marks: In reading order.
        cuts: Code points where a segment must begin besides.
    """
    edges = sorted({0, len(text), *cuts, *(mark.start for mark in marks), *(mark.end for mark in marks)})
    segments = []
    active: list[Mark] = []
    waiting = iter(marks)
    following = next(waiting, None)
    for start, end in pairwise(edges):
        active = [mark for mark in active if mark.end > start]
        while following is not None and following.start <= start:
            active.append(following)
            following = next(waiting, None)
        segments.append(_segment(text, start, end, active))
    return segments


def _segment(text: str, start: int, end: int, active: Sequence[Mark]) -> Segment:
    return Segment(
        start,
        end,
        visible(text[start:end]),
        tuple(sorted(active, key=lambda mark: -mark.lane)),
        tuple(mark for mark in active if mark.start == start),
        tuple(mark for mark in active if mark.end == end),
    )


# HTML drops or changes these; each becomes one visible sign, so the page shows as many code points as were sent.
_VISIBLE = {code: 0x2400 + code for code in range(0x20) if chr(code) not in "\t\n\r"}
_VISIBLE |= {0x0D: 0x0A, 0x7F: 0x2421, **dict.fromkeys(range(0x80, 0xA0), 0xFFFD)}
# Halves of a pair without the other: no page can carry them at all.
_VISIBLE |= dict.fromkeys(range(0xD800, 0xE000), 0xFFFD)


def visible(text: str) -> str:
    """The text with control characters replaced one for one by signs that a page can show."""
    return text.translate(_VISIBLE)
