"""Cutting a text at the edges of its spans."""

import pytest

from classifier.document import Assertion, Evidence, IndicatorScore
from service.web.segments import build_marks, build_segments


def score(indicator: str, *edges: tuple[int, int], assertion: Assertion = "asserted") -> IndicatorScore:
    spans = tuple(Evidence(start, end, "x" * (end - start), assertion, "model", 1.0, 0) for start, end in edges)
    return IndicatorScore(indicator, 0.9, 0.5, True, "asserted", 1.0, -1.0, 0.0, spans)


# spans of two indicators in a text of ten code points -> edges of the segments, and the lanes of the marks
CUTS = {
    "none": ([], [], [(0, 10)], []),
    "whole text": ([(0, 10)], [], [(0, 10)], [0]),
    "inside": ([(2, 8)], [(4, 6)], [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)], [0, 1]),
    "crossing": ([(2, 6)], [(4, 8)], [(0, 2), (2, 4), (4, 6), (6, 8), (8, 10)], [0, 1]),
    "same words": ([(2, 8)], [(2, 8)], [(0, 2), (2, 8), (8, 10)], [0, 1]),
    "side by side": ([(2, 5)], [(5, 8)], [(0, 2), (2, 5), (5, 8), (8, 10)], [0, 0]),
}


@pytest.mark.parametrize(("first", "second", "edges", "lanes"), CUTS.values(), ids=CUTS.keys())
def test_text_is_cut_at_the_edges_of_its_spans(
    first: list[tuple[int, int]], second: list[tuple[int, int]], edges: list[tuple[int, int]], lanes: list[int]
) -> None:
    marks = build_marks([score("one", *first), score("two", *second)])
    segments = build_segments("0123456789", marks)
    assert [(segment.start, segment.end) for segment in segments] == edges
    assert "".join(segment.text for segment in segments) == "0123456789"
    assert [mark.lane for mark in marks] == lanes
    for mark in marks:
        covered = [segment.text for segment in segments if mark in segment.marks]
        assert "".join(covered) == "0123456789"[mark.start : mark.end]


def test_more_spans_than_lanes_share_the_last() -> None:
    marks = build_marks([score(f"i{number}", (0, 5)) for number in range(6)])
    assert [mark.lane for mark in marks] == [0, 1, 2, 3, 3, 3]


def test_empty_text_has_no_segments() -> None:
    assert build_segments("", []) == []
