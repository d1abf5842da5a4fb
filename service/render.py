"""Draws an analysis for a terminal: a verdict, the text with its evidence marked, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.style import Style
from rich.table import Table
from rich.text import Text

from classifier.document import Analysis, Evidence, IndicatorScore
from service.visible import visible, visible_line

BAR_WIDTH = 20
TOP_SPANS = 3
# Filled, empty, and where the threshold is.
_BARS, _ASCII_BARS = ("█", "░", "│"), ("=", ".", "|")
# Mid tones of the 256-colour palette, readable on dark and light; neighbours in the taxonomy differ most.
_COLOURS = (
    "orange3", "deep_sky_blue3", "medium_violet_red", "green4", "red3", "medium_purple3", "dark_cyan", "gold3",
    "dodger_blue2", "magenta3", "chartreuse4", "indian_red", "turquoise4", "dark_orange3", "slate_blue3",
    "deep_pink3", "steel_blue",
)  # fmt: skip
_MARKS = {"asserted": "", "negated": "denied: ", "hypothetical": "hypothetical: "}


@dataclass(frozen=True, slots=True)
class _Mark:
    """One piece of evidence on the text, with the indicator it belongs to and that indicator's colour."""

    evidence: Evidence
    indicator: str
    colour: str

    @property
    def style(self) -> Style:
        """Told apart without colour too: underlined, struck through or slanted."""
        if self.evidence.assertion == "asserted":
            return Style(color=self.colour, bold=True, underline=True)
        if self.evidence.assertion == "negated":
            return Style(dim=True, strike=True)
        return Style(dim=True, italic=True)

    @property
    def label(self) -> Text:
        """The words after the marked stretch: how the text holds it, and for what."""
        style = Style(color=self.colour) if self.evidence.assertion == "asserted" else Style(dim=True)
        return Text(f"[{_MARKS[self.evidence.assertion]}{self.indicator}]", style)


def render_analysis(
    text: str, analysis: Analysis, titles: Mapping[str, str], *, ascii_only: bool = False
) -> RenderableType:
    """Return the drawing of one analysis.

    Nothing of the document reaches the terminal unescaped: neither markup nor control characters.

    Args:
        text: The text as submitted.
        analysis: What was found in it.
        titles: Indicator titles by id; an id without one is shown as it is.
        ascii_only: Draw the bars with ASCII characters.
    """
    marked = highlight(text, analysis)
    marked.rstrip()
    parts: list[RenderableType] = [_verdict(analysis), Padding(marked, (1, 2))]
    flagged = sorted(
        (score for score in analysis.indicators if score.flagged), key=lambda score: -(score.probability or 0)
    )
    if flagged:
        parts.append(_scores(flagged, analysis, titles, bars=_ASCII_BARS if ascii_only else _BARS))
    parts.extend(_spoken_of(analysis, titles))
    parts.append(_context(analysis))
    parts.extend(Text(f"Warning: {visible_line(w.detail)} ({w.code})", "yellow") for w in analysis.warnings)
    parts.append(Text(analysis.notice, "dim"))
    parts.append(Text())
    return Group(*parts)


def highlight(text: str, analysis: Analysis) -> Text:
    """Return `text` with all evidence marked and named; where evidence overlaps, the later indicator's style wins."""
    marks = [
        _Mark(evidence, score.id, _colour(position))
        for position, score in enumerate(analysis.indicators)
        for evidence in score.spans
    ]
    # Asserted evidence is drawn last, so that no greyed mark hides it.
    marks.sort(key=lambda mark: mark.evidence.assertion == "asserted")
    drawn = Text()
    for start, end in _pieces(len(text), marks):
        over = [mark.style for mark in marks if mark.evidence.start <= start and end <= mark.evidence.end]
        drawn.append(visible(text[start:end]), Style.combine([Style.null(), *over]))
        for mark in marks:
            if mark.evidence.end == end:
                drawn.append_text(mark.label)
    return drawn


def _pieces(length: int, marks: Sequence[_Mark]) -> Iterator[tuple[int, int]]:
    edges = {0, length}.union(*((mark.evidence.start, mark.evidence.end) for mark in marks))
    return pairwise(sorted(edges))


def _verdict(analysis: Analysis) -> Text:
    review = analysis.review
    name = f"{visible_line(analysis.id)}  " if analysis.id is not None else ""
    if review.probability is None:
        return Text(f"{name}No score: abstained. This is not an all-clear.", "bold yellow")
    verdict, style = ("For review", "bold red") if review.flagged else ("Not flagged for review", "bold green")
    odds = f"  probability {review.probability:.2f}, threshold {review.threshold:.2f}"
    return Text.assemble((name, "bold"), (verdict, style), odds)


def _scores(
    flagged: Sequence[IndicatorScore], analysis: Analysis, titles: Mapping[str, str], *, bars: tuple[str, str, str]
) -> Table:
    """Return a line of figures for each indicator, its evidence in the full width below it."""
    names = {score.id: titles.get(score.id, score.id) for score in flagged}
    width = max(len("Indicator"), *map(len, names.values()))
    order = [score.id for score in analysis.indicators]
    lines = Table.grid()
    lines.add_row(Text(f"{'Indicator':<{width}}  Prob.  Threshold", "dim"))
    for score in flagged:
        colour = _colour(order.index(score.id))
        probability = score.probability or 0.0
        figures = f"  {probability:5.2f}  {score.threshold:9.2f}  "
        bar = _bar(probability, score.threshold, bars)
        name = (f"{names[score.id]:<{width}}", Style(color=colour, bold=True))
        lines.add_row(Text.assemble(name, figures, (bar, Style(color=colour))))
        lines.add_row(Padding(_evidence(score), (0, 0, 0, 2)))
    return lines


def _evidence(score: IndicatorScore) -> Table:
    asserted = [span for span in score.spans if span.assertion == "asserted"]
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(justify="right", min_width=6, no_wrap=True)
    for span in sorted(asserted, key=lambda span: -span.contribution)[:TOP_SPANS]:
        grid.add_row(Text(f"{span.contribution:+.2f}", "dim"), Text(_short(span.text)))
    return grid


def _spoken_of(analysis: Analysis, titles: Mapping[str, str]) -> Iterator[Text]:
    for state, words in (("negated", "Denied in the text"), ("hypothetical", "Only hypothetical in the text")):
        names = [titles.get(score.id, score.id) for score in analysis.indicators if score.state == state]
        if names:
            yield Text(f"{words}, not counted: {', '.join(names)}", "dim")


def _context(analysis: Analysis) -> Text:
    context = analysis.context
    language = f"{visible_line(analysis.language.code)} ({analysis.language.probability:.2f})"
    if context.label is None:
        return Text(f"Context: none given   Language: {language}   Tier: {analysis.tier}")
    ranked = sorted(context.probabilities.items(), key=lambda pair: -pair[1])[:3]
    kinds = ", ".join(f"{label} {p:.2f}" for label, p in ranked)
    return Text(f"Context: {kinds}   Language: {language}   Tier: {analysis.tier}")


def _bar(probability: float, threshold: float, signs: tuple[str, str, str]) -> str:
    """Return a bar of `BAR_WIDTH` cells: filled up to the probability, with a mark at the threshold."""
    full, empty, mark = signs
    filled, at = round(probability * BAR_WIDTH), min(BAR_WIDTH - 1, int(threshold * BAR_WIDTH))
    return "".join(mark if cell == at else full if cell < filled else empty for cell in range(BAR_WIDTH))


def _short(text: str, limit: int = 160) -> str:
    line = visible_line(" ".join(text.split()))
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def _colour(position: int) -> str:
    return _COLOURS[position % len(_COLOURS)]
