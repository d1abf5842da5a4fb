"""Hides who and where people are from whoever reads a text: by rule and shape, without a statistical model.

`find_masks(text)` says what to hide as spans with a kind; `hide(text, masks)` gives the text with as many code points,
so every offset still holds. It hides too much rather than too little, and yet what it misses stays readable: this
lessens exposure and is no anonymisation. `tests/bench/bench_masking.py` measures it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from service.review.mask_names import find_names
from service.review.mask_shapes import KINDS, Found, MaskKind, find_shapes

PLACEHOLDER = "█"
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}
# The share of a name that evidence shows where it would be hidden whole.
_SHOWN = 0.25
# A text with more people than this is a list; the later ones get numbers of their own.
_COMPARED = 200


class Stretch(Protocol):
    """Anything with half-open code-point offsets: `Evidence`, a labelled span."""

    @property
    def start(self) -> int:
        """First code point."""

    @property
    def end(self) -> int:
        """One past the last code point."""


@dataclass(frozen=True, slots=True)
class Mask:
    """A stretch that is hidden.

    Attributes:
        start: First code point.
        end: One past the last code point.
        kind: What it is; `number` is a long number that nothing explains.
        number: Counts what is alike: two masks of one kind and number hide the same words, or a part of the same name.
    """

    start: int
    end: int
    kind: MaskKind
    number: int


def find_masks(text: str, evidence: Iterable[Stretch] = ()) -> tuple[Mask, ...]:
    """What to hide in a text, in reading order, without overlaps.

    Args:
        text: The text.
        evidence: Spans that must not be hidden wholly: of one that would be, the first quarter of the letters and
            digits of its first mask is left to see.
    """
    shapes = list(find_shapes(text))
    merged = _merge([*shapes, *find_names(text, shapes)])
    return tuple(_leave_evidence(text, _number(text, merged), evidence))


def hide(text: str, masks: Iterable[Mask]) -> str:
    """The text with a placeholder for each code point that is hidden, white space apart; as long as before."""
    letters = list(text)
    for mask in masks:
        for place in range(mask.start, mask.end):
            if not letters[place].isspace():
                letters[place] = PLACEHOLDER
    return "".join(letters)


def _merge(found: Sequence[Found]) -> list[Found]:
    """One stretch for all that overlap, under the strongest kind."""
    merged: list[Found] = []
    for item in sorted(found):
        last = merged[-1] if merged else None
        if last is not None and item.start < last.end:
            kind = min(last.kind, item.kind, key=lambda kind: _RANK[kind])
            merged[-1] = Found(last.start, max(last.end, item.end), kind)
        elif item.start < item.end:
            merged.append(item)
    return merged


def _number(text: str, found: Iterable[Found]) -> list[Mask]:
    known: dict[MaskKind, list[frozenset[str]]] = {}
    masks: list[Mask] = []
    for start, end, kind in found:
        words = frozenset(text[start:end].casefold().split())
        alike = known.setdefault(kind, [])
        # "Ramona" and "Ramona Stoica" are one person to a reader; "Liviu Stoica" is another.
        compared = enumerate(alike[:_COMPARED])
        place = next((at for at, others in compared if words <= others or others <= words), len(alike))
        if place == len(alike):
            alike.append(words)
        masks.append(Mask(start, end, kind, place + 1))
    return masks


def _leave_evidence(text: str, masks: Sequence[Mask], evidence: Iterable[Stretch]) -> list[Mask]:
    left = list(masks)
    for span in evidence:
        if not _is_hidden(text, left, span):
            continue
        at = next((at for at, mask in enumerate(left) if mask.start < span.end and span.start < mask.end), None)
        if at is not None:
            left[at : at + 1] = _open_start(text, left[at], span)
    return left


def _is_hidden(text: str, masks: Sequence[Mask], span: Stretch) -> bool:
    """Whether no letter or digit of a span is left to see."""
    inside = [mask for mask in masks if mask.start < span.end and span.start < mask.end]
    return not any(
        text[place].isalnum() and not any(mask.start <= place < mask.end for mask in inside)
        for place in range(span.start, span.end)
    )


def _open_start(text: str, mask: Mask, span: Stretch) -> list[Mask]:
    start, end = max(mask.start, span.start), min(mask.end, span.end)
    places = [place for place in range(start, end) if text[place].isalnum()]
    if not places:
        return [mask]
    shown = places[: max(1, int(len(places) * _SHOWN))]
    parts = (replace(mask, end=shown[0]), replace(mask, start=shown[-1] + 1))
    return [part for part in parts if part.start < part.end]
