"""Cuts the highlighted parts out of a text, with some words around them and contact points masked."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from service.batch.contacts import mask_contacts
from service.visible import visible_line

# Code points shown on either side of a highlight, and in one excerpt.
_AROUND, _LONGEST = 90, 700
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of an excerpt: plain, or a highlight.

    Attributes:
        text: Safe to show; contact points masked.
        indicators: The indicators that a highlight speaks of; empty for plain text.
        assertion: How the text holds a highlight; None for plain text.
    """

    text: str = field(repr=False)
    indicators: tuple[str, ...] = ()
    assertion: str | None = None


@dataclass(slots=True)
class _Highlight:
    start: int
    end: int
    indicators: list[str]
    assertion: str
    text: str = field(repr=False)


def build_excerpt(analysis: Mapping[str, Any], text: str | None) -> tuple[Piece, ...]:
    """Return the highlights of an analysis in reading order, those of flagged indicators first where room is short.

    Args:
        analysis: Its JSON.
        text: The text, or None where it cannot be read again: then the highlights stand alone.
    """
    highlights = _joined(_highlights(analysis))
    if text is None:
        return tuple(_bare(highlights))
    masked = mask_contacts(text)
    return tuple(_around(masked, highlights)) if highlights else (Piece(plain(masked[: 2 * _AROUND]) + " …"),)


def _highlights(analysis: Mapping[str, Any]) -> Iterator[_Highlight]:
    for indicator in analysis["indicators"]:
        for span in indicator["spans"]:
            if indicator["flagged"] or span["assertion"] != "asserted":
                yield _Highlight(span["start"], span["end"], [indicator["id"]], span["assertion"], span["text"])


def _joined(highlights: Iterable[_Highlight]) -> list[_Highlight]:
    """Return the highlights in order, those that overlap as one; what is asserted wins."""
    joined: list[_Highlight] = []
    for one in sorted(highlights, key=lambda one: (one.start, -one.end)):
        last = joined[-1] if joined else None
        if last is None or one.start >= last.end:
            joined.append(one)
            continue
        last.text += one.text[max(0, last.end - one.start) :]
        last.end = max(last.end, one.end)
        last.indicators += [name for name in one.indicators if name not in last.indicators]
        last.assertion = "asserted" if "asserted" in {last.assertion, one.assertion} else last.assertion
    return joined


def _bare(highlights: Sequence[_Highlight]) -> Iterator[Piece]:
    length = 0
    for number, one in enumerate(highlights):
        length += len(one.text)
        if length > _LONGEST:
            return
        if number:
            yield Piece(" … ")
        yield Piece(plain(mask_contacts(one.text)), tuple(one.indicators), one.assertion)


def _around(text: str, highlights: Sequence[_Highlight]) -> Iterator[Piece]:
    place, length = 0, 0
    for number, one in enumerate(highlights):
        if length > _LONGEST:
            yield Piece(" …")
            return
        start = _word_start(text, one.start - _AROUND) if one.start - _AROUND > place else place
        if text[place:start].strip():
            yield Piece(" … " if number else "… ")
        else:
            start = place
        yield Piece(plain(text[start : one.start]))
        yield Piece(plain(text[one.start : one.end]), tuple(one.indicators), one.assertion)
        following = highlights[number + 1].start if number + 1 < len(highlights) else len(text)
        place = min(following, _word_end(text, min(len(text), one.end + _AROUND), one.end))
        yield Piece(plain(text[one.end : place]))
        length += place - start
    if place < len(text):
        yield Piece(" …")


def _word_start(text: str, place: int) -> int:
    """Return the beginning of the next word, unless none is near."""
    if place == 0:
        return 0
    near = [found for space in _SPACE if (found := text.find(space, place, place + 30)) >= 0]
    return min(near) + 1 if near else place


def _word_end(text: str, place: int, least: int) -> int:
    """Return the end of the last word before `place`, unless that is not beyond `least`."""
    if place == len(text):
        return place
    found = max(text.rfind(space, least, place) for space in _SPACE)
    return found if found > least else place


def plain(text: str, longest: int | None = None) -> str:
    """Return a text on one line, with what could change a page's layout written out; a space at either end stays.

    Args:
        text: As submitted.
        longest: Words of the middle are left out of a longer text, code points; None to leave out none.
    """
    line = visible_line(" ".join(f"|{text}|".split())[1:-1])
    if longest is None or len(line) <= longest:
        return line
    half = longest // 2
    return f"{line[: _word_end(line, half, 0)]} … {line[_word_start(line, len(line) - half) :]}"
