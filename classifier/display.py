"""Draws an analysis as HTML for notebooks: what was found, the text with its evidence marked, and why.

The HTML stands alone: no script, no link, no class, no style sheet; every word of a document and of a caller is
escaped. Colours are tints under the notebook's own ink, so it reads on dark and light. They only part neighbours: what
a mark stands for is said by its number, how the text holds it by the line below and by a word.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from unicodedata import category

from classifier.document import Analysis, Evidence, IndicatorScore
from classifier.errors import TellsignError
from classifier.taxonomy import load_taxonomy

# Six hues that are told apart with any kind of colour vision (Okabe and Ito 2008); their yellow is too pale for a line.
PALETTE = ((230, 159, 0), (86, 180, 233), (0, 158, 115), (213, 94, 0), (0, 114, 178), (204, 121, 167))
# Code points of a text above which stretches without evidence are cut short, and what is left at either side of one.
_LONG, _MARGIN = 5_000, 300
# Code points of one piece of evidence in the table, and pieces of one indicator.
_QUOTE, _QUOTES = 160, 3
_LINES = {"asserted": "solid", "negated": "dashed", "hypothetical": "dotted"}
_WORDS = {"asserted": "", "negated": " denied", "hypothetical": " hypothetical"}
# Controls, direction marks, halves of a pair and line separators: none may act on the page around it.
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
_KEPT = frozenset("\n\t\u200c\u200d")
_BOX = "font-family:inherit;line-height:1.6;max-width:60em;margin:.5em 0;color:inherit"
_TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:isolate;margin:.75em 0"
_CELL = "text-align:left;vertical-align:top;padding:.15em .75em .15em 0;background:transparent;color:inherit"
_SMALL = "font-size:85%;opacity:.8"


@dataclass(frozen=True, slots=True)
class _Mark:
    """One piece of evidence, the indicator it belongs to, the number that stands for it, and its colour."""

    evidence: Evidence
    title: str
    number: int
    colour: tuple[int, int, int]


def render_html(analysis: Analysis, text: str | None = None) -> str:
    """Draw an analysis as a piece of HTML.

    Args:
        analysis: What was found.
        text: As submitted, to be shown with its evidence marked; without it only the evidence is quoted.

    Raises:
        TellsignError: the analysis is not of this text.
    """
    titles = {indicator.id: indicator.title for indicator in load_taxonomy().indicators}
    told = _order(analysis)
    numbers = {score.id: number for number, score in enumerate(told, 1)}
    places = {score.id: place for place, score in enumerate(analysis.indicators)}
    marks = [
        _Mark(span, titles.get(score.id, score.id), numbers[score.id], PALETTE[places[score.id] % len(PALETTE)])
        for score in told
        for span in score.spans
    ]
    parts = [_verdict(analysis)]
    if text is not None:
        _check_text(analysis, marks, text)
        parts.append(f'<div dir="auto" style="{_TEXT}">{"".join(_mark_text(text, marks))}</div>')
    if told:
        parts.append(_table(told, numbers, titles))
    parts.append(_rest(analysis, numbers, titles))
    parts += [f"<div>Warning: {_show(one.detail)} ({_show(one.code)})</div>" for one in analysis.warnings]
    model = f"{analysis.model.name} {analysis.model.version} {analysis.model.sha256[:12]}"
    parts.append(f'<div style="{_SMALL}">{_show(analysis.notice)} Model {_show(model)}.</div>')
    return f'<div style="{_BOX}">{"".join(parts)}</div>'


def _order(analysis: Analysis) -> list[IndicatorScore]:
    """Give the indicators that the text speaks of: the flagged ones first, surest first."""
    told = [score for score in analysis.indicators if score.spans or score.state not in {"absent", "abstained"}]
    return sorted(told, key=lambda score: (not score.flagged, -(score.probability or 0.0)))


def _check_text(analysis: Analysis, marks: Sequence[_Mark], text: str) -> None:
    if len(text) != analysis.characters:
        raise TellsignError(f"the text has {len(text)} code points; the analysis is of one with {analysis.characters}")
    for mark in marks:
        span = mark.evidence
        if text[span.start : span.end] != span.text:
            raise TellsignError(f"the text differs from the analysed one between {span.start} and {span.end}")


def _verdict(analysis: Analysis) -> str:
    review, context = analysis.review, analysis.context
    name = "" if analysis.id is None else f"{_show(analysis.id)}: "
    if review.probability is None:
        verdict, odds = "No score: abstained. This is not an all-clear.", ""
    else:
        verdict = "▲ For review" if review.flagged else "Not flagged for review"
        odds = f" &nbsp;probability {review.probability:.2f}, threshold {review.threshold:.2f}"
    label = "" if context.label is None else f"context {context.label} {context.probabilities[context.label]:.2f}, "
    language = f"language {analysis.language.code}, tier {analysis.tier}, {analysis.characters} characters"
    return f'<div><strong>{name}{verdict}</strong>{odds}</div><div style="{_SMALL}">{_show(label + language)}</div>'


def _mark_text(text: str, marks: Sequence[_Mark]) -> Iterator[str]:
    """Give the text in pieces, cut at the edges of the marks; after the end of each mark stands its number."""
    opening, closing = defaultdict(list), defaultdict(list)
    for mark in marks:
        opening[mark.evidence.start].append(mark)
        closing[mark.evidence.end].append(mark)
    over: list[_Mark] = []
    for start, end in pairwise(sorted({0, len(text), *opening, *closing})):
        over = [mark for mark in over if mark.evidence.end > start] + opening[start]
        if over:
            names = _show("; ".join(f"{mark.title}, {mark.evidence.assertion}" for mark in over))
            yield f'<mark title="{names}" style="{_style(over[0])}">{_show(text[start:end])}</mark>'
        else:
            yield _plain(text, start, end)
        yield from (f"<sup>[{mark.number}{_WORDS[mark.evidence.assertion]}]</sup>" for mark in closing[end])


def _style(mark: _Mark) -> str:
    colour = ",".join(map(str, mark.colour))
    line = _LINES[mark.evidence.assertion]
    return f"background:rgba({colour},.25);color:inherit;border-bottom:.15em {line} rgb({colour})"


def _plain(text: str, start: int, end: int) -> str:
    """Give a stretch without evidence; the middle of a long one in a long text is left out and counted."""
    out = end - start - 2 * _MARGIN
    if len(text) <= _LONG or out <= _MARGIN:
        return _show(text[start:end])
    note = f'<em style="{_SMALL}"> [… {out:,} characters without evidence …] </em>'
    return f"{_show(text[start : start + _MARGIN])}{note}{_show(text[end - _MARGIN : end])}"


def _table(told: Sequence[IndicatorScore], numbers: dict[str, int], titles: dict[str, str]) -> str:
    names = ("No.", "Indicator", "State", "Probability", "Threshold", "Evidence")
    head = "".join(f'<th scope="col" style="{_CELL}">{name}</th>' for name in names)
    rows = []
    for score in told:
        name = titles.get(score.id, score.id)
        shown = f"<strong>▲ {_show(name)}</strong>" if score.flagged else _show(name)
        figures = [_draw_probability(score), f"{score.threshold:.2f}"]
        cells = [str(numbers[score.id]), shown, score.state, *figures, "<br>".join(_quotes(score.spans))]
        rows.append("<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells) + "</tr>")
    style = "border-collapse:collapse;background:transparent;color:inherit;margin:.5em 0"
    return f'<table style="{style}"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _draw_probability(score: IndicatorScore) -> str:
    """Give the probability and a bar of it, with a tick at the threshold."""
    probability = score.probability or 0.0
    bar = f"width:{100 * probability:.0f}%;height:100%;background:currentColor;opacity:.5"
    tick = f"position:absolute;left:{100 * score.threshold:.0f}%;top:0;width:0;height:100%;border-left:2px solid"
    box = "display:inline-block;position:relative;width:6em;height:.6em;border:1px solid;margin-right:.5em"
    drawn = f'<span style="{box}"><span style="display:block;{bar}"></span><span style="{tick}"></span></span>'
    return f'<span style="white-space:nowrap">{drawn}{probability:.2f}</span>'


def _quotes(spans: Sequence[Evidence]) -> Iterator[str]:
    strongest = sorted(spans, key=lambda span: -span.contribution)
    for span in strongest[:_QUOTES]:
        line = " ".join(span.text.split())
        short = line if len(line) <= _QUOTE else f"{line[: _QUOTE - 1]}…"
        weight = f" {span.contribution:+.2f}" if span.assertion == "asserted" else _WORDS[span.assertion]
        quote = f'<q style="unicode-bidi:isolate">{_show(short)}</q>'
        yield f'{quote}<span style="{_SMALL}">{weight}</span>'
    if len(strongest) > _QUOTES:
        yield f'<span style="{_SMALL}">and {len(strongest) - _QUOTES} more</span>'


def _rest(analysis: Analysis, numbers: dict[str, int], titles: dict[str, str]) -> str:
    others = [score for score in analysis.indicators if score.id not in numbers]
    if not others or analysis.review.probability is None:
        return ""
    names = [f"{titles.get(score.id, score.id)} {score.probability or 0.0:.2f}" for score in others]
    summary = f'<summary style="{_SMALL}">{len(others)} indicators not found</summary>'
    return f"<details>{summary}{_show('; '.join(names))}</details>"


def _show(text: str) -> str:
    r"""Escape a text; controls are written out, as `\u202e`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return escape("".join(one if one in _KEPT or category(one) not in _UNSAFE else _write(one) for one in lines))


def _write(character: str) -> str:
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x100 else f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
