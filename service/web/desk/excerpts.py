"""A few words of a document around what was searched for, with names, numbers and addresses hidden."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from classifier.document import Evidence
from service.review.masking import find_masks, hide
from service.store.documents import OpenedDocument
from service.store.errors import RefusedError
from service.store.words import Term, read_query, split_words
from service.web.segments import visible

# Code points of an excerpt on each side of the first hit.
AROUND = 140
# Longer texts are masked around the excerpt only: a page of results must not wait for whole books.
_MASKED = 4_000
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Part:
    """Words of an excerpt; `hit` says that they are what was searched for."""

    text: str = field(repr=False)
    hit: bool = False


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a text, masked; `cut_before` and `cut_after` say that the text goes on there."""

    parts: tuple[Part, ...]
    cut_before: bool
    cut_after: bool


def cut_excerpt(document: OpenedDocument, words: str) -> Excerpt | None:
    """The first stretch with a word of the search; without one, around the first asserted span, else the beginning.

    Args:
        document: Opened for this.
        words: What was searched for, as typed.

    Returns:
        None for a text that was erased.
    """
    if document.text is None:
        return None
    evidence = [span for score in document.analysis.indicators for span in score.spans]
    terms = _terms(words)
    hits = list(_hits(document.text, terms))
    middle = hits[0] if hits else _first_span(evidence)
    return _cut(document.text, evidence, middle, terms)


def _cut(text: str, evidence: Sequence[Evidence], middle: tuple[int, int], terms: Sequence[Term]) -> Excerpt:
    near, far = max(0, middle[0] - _MASKED), min(len(text), middle[1] + _MASKED)
    inside = [_Moved(span.start - near, span.end - near) for span in evidence if near <= span.start and span.end <= far]
    # Masked with what stands around it, which is what tells a name from a word.
    window = text[near:far]
    shown = hide(window, find_masks(window, inside))
    start, end = _at_words(window, max(0, middle[0] - near - AROUND), min(len(window), middle[1] - near + AROUND))
    piece = shown[start:end]
    return Excerpt(tuple(_parts(piece, list(_hits(piece, terms)))), near + start > 0, near + end < len(text))


@dataclass(frozen=True, slots=True)
class _Moved:
    start: int
    end: int


def _parts(piece: str, hits: Sequence[tuple[int, int]]) -> Iterator[Part]:
    at = 0
    for start, end in hits:
        if start > at:
            yield Part(visible(piece[at:start]))
        yield Part(visible(piece[start:end]), hit=True)
        at = end
    if at < len(piece):
        yield Part(visible(piece[at:]))


def _terms(words: str) -> list[Term]:
    """The words to mark: those that have to be there."""
    if not words.strip():
        return []
    try:
        return [term for term in read_query(words, hashed=False) if not term.excluded]
    except RefusedError:
        return []


def _hits(text: str, terms: Sequence[Term]) -> Iterator[tuple[int, int]]:
    if not terms:
        return
    whole = {word for term in terms for word in (term.words[:-1] if term.prefix else term.words)}
    begun = tuple(term.words[-1] for term in terms if term.prefix)
    for found in _WORD.finditer(text):
        folded = split_words(found.group())
        if whole.intersection(folded) or any(word.startswith(begun) for word in folded if begun):
            yield found.span()


def _first_span(evidence: Iterable[Evidence]) -> tuple[int, int]:
    asserted = sorted((span.start, span.end) for span in evidence if span.assertion == "asserted")
    return asserted[0] if asserted else (0, 0)


def _at_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The ends moved inwards to where words begin and end, unless a word is longer than that is worth."""
    if start > 0:
        blank = text.find(" ", start, start + 30)
        start = blank + 1 if blank >= 0 else start
    if end < len(text):
        blank = text.rfind(" ", max(start, end - 30), end)
        end = blank if blank > start else end
    return start, end
