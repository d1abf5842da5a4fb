"""Gives a repeated document the analysis of the one it repeats: its scores, and spans where the words are the same."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

CARRIED = "carried_from_near_duplicate"

Blocks = Sequence[Sequence[int]]
Parts = Sequence[tuple[str, int]]


def carry_analysis(analysis: Mapping[str, Any], link: Mapping[str, Any]) -> dict[str, Any]:
    """Return the earlier analysis as that of the repeated document; `id` stays to be set.

    Of a near-duplicate every span moves to where its words stand now; one whose words are not the same there is left
    out, its contribution goes to `remainder`, and the sums still hold. `sentence` stays that of the earlier text.

    Args:
        analysis: The JSON of the earlier document's analysis.
        link: `to` and `similarity`; for a near-duplicate `characters` and `blocks` too: first code point in the earlier
            text, first in this one, and length, in order; `parts`, names and first code points, where this one has any.
    """
    blocks: Blocks | None = link.get("blocks")
    parts: Parts = link.get("parts", ())
    carried = {name: value for name, value in analysis.items() if name not in {"provenance", "metadata"}}
    carried["duplicate_of"] = {"id": link["to"], "similarity": link["similarity"]}
    carried["indicators"] = [_move_spans(indicator, blocks, parts) for indicator in analysis["indicators"]]
    if blocks is not None:
        dropped = _count_spans(analysis) - _count_spans(carried)
        warning = {"code": CARRIED, "detail": _detail(link["similarity"], dropped)}
        carried |= {"characters": link["characters"], "warnings": [*analysis["warnings"], warning]}
    return carried


def _count_spans(analysis: Mapping[str, Any]) -> int:
    return sum(len(indicator["spans"]) for indicator in analysis["indicators"])


def _detail(similarity: float, dropped: int) -> str:
    left_out = f"; {dropped} span{'' if dropped == 1 else 's'} left out, as the words differ" if dropped else ""
    return f"the scores are those of a document that shares {similarity:.0%} of the word triples of both{left_out}"


def _move_spans(indicator: dict[str, Any], blocks: Blocks | None, parts: Parts) -> dict[str, Any]:
    if not indicator["spans"]:
        return indicator
    spans, lost = [], 0.0
    for span in indicator["spans"]:
        start = span["start"] if blocks is None else _moved(span["start"], span["end"], blocks)
        if start is None:
            lost += span["contribution"]
        else:
            spans.append(_at(span, start, parts))
    return indicator | {"remainder": indicator["remainder"] + lost, "spans": spans}


def _moved(start: int, end: int, blocks: Blocks) -> int | None:
    """Return where a stretch begins in the later text, or None unless one block holds all of it."""
    index = bisect_right(blocks, start, key=lambda block: block[0]) - 1
    if index < 0:
        return None
    old, new, length = blocks[index]
    return start - old + new if end <= old + length else None


def _at(span: dict[str, Any], start: int, parts: Parts) -> dict[str, Any]:
    moved = span | {"start": start, "end": start + span["end"] - span["start"]}
    # The page of the earlier document says nothing of this one.
    moved.pop("part", None)
    if parts:
        index = bisect_right(parts, start, key=lambda part: part[1]) - 1
        moved["part"] = parts[index][0] if index >= 0 else None
    return moved
