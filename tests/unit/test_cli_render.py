"""The drawing for a terminal: every mark is readable, and the text cannot draw for itself."""

import io
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from rich.console import Console

from classifier.document import Document, Evidence
from classifier.taxonomy import load_taxonomy
from service.render import highlight, render_analysis
from service.visible import visible, visible_line
from tests.cli_fakes import ASSERTED, HYPOTHETICAL, NEGATED, NOTHING
from tests.fakes import FakeAnalyzer

TITLES = {indicator.id: indicator.title for indicator in load_taxonomy().indicators}
BOLD, DIM, ITALIC, UNDERLINE, STRIKE = "1", "2", "3", "4", "9"
OVERLAPPING = "When I have paid for the ticket. The ticket was 2,000, now he says I owe 4,000 and it goes up each week"
CODES = re.compile(r"\x1b\[([\d;]*)m")


def draw(
    text: str,
    *,
    name: str | None = None,
    language: str | None = None,
    terminal: bool = True,
    environment: Mapping[str, str] | None = None,
    ascii_only: bool = False,
    width: int = 100,
) -> str:
    """Return what a terminal of so many columns gets."""
    console = Console(
        file=io.StringIO(), force_terminal=terminal, width=width, color_system="256", _environ=environment or {}
    )
    analysis = FakeAnalyzer().analyze(Document(text, name, language))
    console.print(render_analysis(text, analysis, TITLES, ascii_only=ascii_only))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def codes_before(drawing: str, words: str) -> set[str]:
    """Return the style codes of the escape right before these words."""
    match = re.search(rf"\x1b\[([\d;]*)m{re.escape(words)}", drawing)
    assert match is not None, drawing
    return set(match[1].split(";"))


def test_asserted_words_are_bold_coloured_and_underlined() -> None:
    assert {BOLD, UNDERLINE, "38"} <= codes_before(draw(ASSERTED), "keeps our passports")


def test_negated_words_are_struck_through_and_called_denied() -> None:
    drawing = draw(NEGATED)
    assert {DIM, STRIKE} <= codes_before(drawing, "nobody holds their passports")
    assert "nobody holds their passports[denied: document_retention]" in CODES.sub("", drawing)
    assert "Denied in the text, not counted: " + TITLES["document_retention"] in CODES.sub("", drawing)


def test_hypothetical_words_are_slanted_and_called_so() -> None:
    drawing = draw(HYPOTHETICAL)
    assert {DIM, ITALIC} <= codes_before(drawing, "unpaid wages")
    assert "unpaid wages[hypothetical: wage_withholding]" in CODES.sub("", drawing)


def test_text_is_shown_whole_and_in_order() -> None:
    analysis = FakeAnalyzer().analyze(OVERLAPPING)
    plain = highlight(OVERLAPPING, analysis).plain
    assert re.sub(r"\[\w+\]", "", plain) == OVERLAPPING


def test_overlapping_evidence_is_named_for_each_indicator() -> None:
    plain = highlight(OVERLAPPING, FakeAnalyzer().analyze(OVERLAPPING)).plain
    assert plain.count("[debt_bondage]") == 2


@pytest.mark.parametrize(
    ("text", "verdict"),
    [(ASSERTED, "For review  probability 0."), (NOTHING, "Not flagged for review  probability 0.")],
)
def test_verdict_comes_first(text: str, verdict: str) -> None:
    assert CODES.sub("", draw(text)).startswith(verdict)


@pytest.mark.parametrize("width", [80, 120])
def test_flagged_indicator_shows_probability_threshold_and_contribution(width: int) -> None:
    lines = CODES.sub("", draw(ASSERTED, width=width)).splitlines()
    place = next(number for number, line in enumerate(lines) if line.startswith("Retention"))
    assert re.search(r"0\.88 +0\.50  █{10}│█{7}░{2}", lines[place])
    assert lines[place + 1].split("  ")[1:3] == [" +4.70", "keeps our passports"]


def test_every_title_leaves_room_for_the_whole_bar_in_80_columns() -> None:
    analysis = FakeAnalyzer().analyze(ASSERTED)
    score = next(score for score in analysis.indicators if score.flagged)
    every = tuple(replace(score, id=name) for name in TITLES)
    console = Console(file=io.StringIO(), width=80)
    console.print(render_analysis(ASSERTED, replace(analysis, indicators=every), TITLES))
    assert isinstance(console.file, io.StringIO)
    assert len(re.findall("█{10}│█{7}░{2}", console.file.getvalue())) == len(TITLES)


def test_bar_can_be_drawn_in_ascii() -> None:
    assert "==========|=======.." in draw(ASSERTED, ascii_only=True)


def test_abstention_is_no_all_clear() -> None:
    drawing = CODES.sub("", draw(NOTHING, language="xx"))
    assert drawing.startswith("No score: abstained. This is not an all-clear.")
    assert "Warning: The language is not supported" in drawing


def test_language_and_tier_are_named_where_it_abstained_too() -> None:
    for language in (None, "xx"):
        assert re.search(r"Language: \w\w \(0\.99\) +Tier: fast\n", CODES.sub("", draw(NOTHING, language=language)))


def test_notice_is_always_there() -> None:
    assert "Not a finding about any person." in draw(NOTHING)


def test_no_color_leaves_no_colour_and_keeps_the_marks() -> None:
    drawing = draw(ASSERTED, environment={"NO_COLOR": "1"})
    assert {BOLD, UNDERLINE} <= codes_before(drawing, "keeps our passports")
    assert not {code for codes in CODES.findall(drawing) for code in codes.split(";")} & {"38", "31", "32"}


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        pytest.param("\x1b[31mred", r"\x1b[31mred", id="colour"),
        pytest.param("\x1b]0;title\x07", r"\x1b]0;title\x07", id="window title"),
        pytest.param("\x9b2J", r"\x9b2J", id="one-byte escape"),
        pytest.param("\u202egnp", r"\u202egnp", id="direction"),
        pytest.param("a\rb", r"a\x0db", id="carriage return"),
        pytest.param("\ud800", r"\ud800", id="lone surrogate"),
        pytest.param("\U000e0041", r"\U000e0041", id="tag"),
        pytest.param("[red]x[/red] [/] [link=a]", "[red]x[/red] [/] [link=a]", id="markup"),
        pytest.param(":warning:", ":warning:", id="emoji code"),
    ],
)
def test_text_and_id_cannot_control_the_terminal(hostile: str, shown: str) -> None:
    drawing = draw(f"{hostile} {ASSERTED}", name=hostile)
    plain = CODES.sub("", drawing)
    assert plain.count(shown) == 2
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800]", plain)


def test_evidence_cannot_control_the_terminal() -> None:
    """The column of evidence and the marked text both repeat words of the document."""
    text = "a\x1b[2J[red]b"
    analysis = FakeAnalyzer().analyze(ASSERTED)
    evidence = Evidence(0, len(text), text, "asserted", "model", 2.0, 0)
    scores = tuple(replace(s, spans=(evidence,)) if s.flagged else s for s in analysis.indicators)
    console = Console(file=io.StringIO(), width=100)
    console.print(render_analysis(text, replace(analysis, indicators=scores), TITLES))
    assert isinstance(console.file, io.StringIO)
    assert console.file.getvalue().count(r"a\x1b[2J[red]b") == 2
    assert "\x1b" not in console.file.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\tc", "a\nb\tc"),
        ("\u200d\u200c", "\u200d\u200c"),
        ("ñ 漢 👩", "ñ 漢 👩"),
        ("\u200b\ufeff", r"\u200b\ufeff"),
    ],
)
def test_ordinary_writing_is_left_alone(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_one_line_stays_one_line() -> None:
    assert visible_line("a\nb\tc") == r"a\x0ab\x09c"
