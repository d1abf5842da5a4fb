"""How an analysis is shown: a line fit for a log, and HTML that is safe on any page."""

import pickle
from collections.abc import Iterator
from dataclasses import asdict, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser, LexborNode

from classifier import Analyzer, render_html
from classifier.display import PALETTE
from classifier.document import Analysis, Assertion, Document, Evidence, IndicatorScore, keep_text
from classifier.errors import TellsignError
from tests.analyses import DENIAL, DISCLOSURE, SPANISH, TEXTS
from tests.fakes import FakeAnalyzer

TAGS = {"div", "strong", "mark", "sup", "table", "thead", "tbody", "tr", "th", "td", "span", "q", "br", "em"}
# What a parser puts around a piece of HTML, and what unfolds.
TAGS |= {"details", "summary", "html", "head", "body"}
ATTRIBUTES = {"style", "title", "dir", "scope"}
# What inline style may not do: load, run, leave its place.
FORBIDDEN = ("url(", "expression", "@", "position:fixed", "\\")
TEXT = "He keeps our passports <b>& more</b>.\r\nNobody is locked in."


def score(name: str, *spans: Evidence, probability: float = 0.9) -> IndicatorScore:
    return IndicatorScore(name, probability, 0.5, probability >= 0.5, "asserted", 1.0, -1.0, 0.0, spans)


def evidence(text: str, start: int, end: int, assertion: Assertion = "asserted") -> Evidence:
    return Evidence(start, end, text[start:end], assertion, "model", 1.25, 0)


def analysis_of(text: str, *scores: IndicatorScore) -> Analysis:
    """An analysis of a text with these indicators in the place of the fake's."""
    return replace(FakeAnalyzer().analyze("x"), characters=len(text), indicators=scores)


def shown_text(html: str) -> str:
    """The words of the text as a reader sees them, without the numbers of the marks."""
    tree = LexborHTMLParser(html)
    block = tree.css_first('div[dir="auto"]')
    assert block is not None
    for number in block.css("sup"):
        number.decompose()
    return block.text(deep=True)


def check_safe(html: str) -> None:
    for node in walk(html):
        assert node.tag in TAGS, node.tag
        assert set(node.attributes) <= ATTRIBUTES, node.attributes
        style = node.attributes.get("style") or ""
        assert not [word for word in FORBIDDEN if word in style]


def walk(html: str) -> Iterator[LexborNode]:
    root = LexborHTMLParser(html).root
    assert root is not None
    return root.traverse(include_text=False)


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_notebook_shows_the_whole_text(analyzer: Analyzer, text: str) -> None:
    html = analyzer.analyze(text)._repr_html_()
    check_safe(html)
    assert shown_text(html) == text


def test_indicators_probabilities_states_and_spans_are_shown(analyzer: Analyzer) -> None:
    analysis = analyzer.analyze(DISCLOSURE)
    html = analysis._repr_html_()
    titles = {indicator.id: indicator.title for indicator in analyzer.taxonomy.indicators}
    told = [score for score in analysis.indicators if score.flagged]
    assert told
    for one in told:
        assert titles[one.id] in html
        assert f"{one.probability:.2f}" in html
        assert f">{one.state}</td>" in html
        for span in one.spans[:1]:
            assert span.text[:40] in LexborHTMLParser(html).text(deep=True)
    assert analysis.notice in html


@pytest.mark.parametrize(("assertion", "word"), [("negated", "denied"), ("hypothetical", "hypothetical")])
def test_mark_says_in_words_how_the_text_holds_it(assertion: Assertion, word: str) -> None:
    html = render_html(analysis_of(TEXT, score("debt_bondage", evidence(TEXT, 39, 58, assertion))), TEXT)
    assert f"<sup>[1 {word}]</sup>" in html


def test_markup_of_a_text_is_words() -> None:
    html = render_html(analysis_of(TEXT, score("debt_bondage", evidence(TEXT, 0, 35))), TEXT)
    check_safe(html)
    assert "<b>" not in html
    assert shown_text(html) == TEXT.replace("\r\n", "\n")


def test_markup_of_an_id_is_words() -> None:
    html = render_html(replace(analysis_of(TEXT), id='<img src="https://example.org">'))
    check_safe(html)
    assert "&lt;img" in html


@pytest.mark.parametrize(
    ("text", "written"),
    [("a\u202eb", "a\\u202eb"), ("a\ud800b", "a\\ud800b"), ("a\x00b", "a\\x00b"), ("a\U000e0001b", "a\\U000e0001b")],
    ids=["direction", "half of a pair", "control", "tag"],
)
def test_character_that_acts_on_a_page_is_written_out(text: str, written: str) -> None:
    html = render_html(analysis_of(text), text)
    assert shown_text(html) == written
    html.encode("utf-8")


def test_overlapping_marks_keep_the_text_and_both_numbers() -> None:
    text = "They took my passport and I owe them money."
    first, second = score("debt_bondage", evidence(text, 0, 21)), score("deception", evidence(text, 5, 42))
    html = render_html(analysis_of(text, first, second), text)
    assert shown_text(html) == text
    assert html.index("<sup>[1]</sup>") < html.index("<sup>[2]</sup>")


def test_long_stretch_without_evidence_is_counted_and_left_out() -> None:
    text = "start " * 2_000 + "They took my passport." + " end" * 2_000
    place = text.index("They")
    html = render_html(analysis_of(text, score("debt_bondage", evidence(text, place, place + 21))), text)
    assert len(html) < 6_000
    assert "characters without evidence" in html
    assert "They took my passport" in shown_text(html)


def test_many_marks_are_drawn_each() -> None:
    text = "word " * 3_000
    spans = [evidence(text, start, start + 4) for start in range(0, len(text), 5)]
    html = render_html(analysis_of(text, score("debt_bondage", *spans)), text)
    assert html.count("<mark") == 3_000
    assert "and 2997 more" in html


def test_analysis_of_a_batch_quotes_its_evidence_alone(analyzer: Analyzer) -> None:
    (analysis,) = analyzer.analyze_many([Document(DISCLOSURE)])
    assert isinstance(analysis, Analysis)
    html = analysis._repr_html_()
    assert 'dir="auto"' not in html
    assert "<q" in html


@pytest.mark.parametrize("text", ["short", TEXT.replace("keeps", "takes")], ids=["length", "words"])
def test_text_of_another_analysis_is_refused_without_a_word_of_it(text: str) -> None:
    with pytest.raises(TellsignError) as refused:
        render_html(analysis_of(TEXT, score("debt_bondage", evidence(TEXT, 0, 35))), text)
    assert "passports" not in str(refused.value)


def test_abstention_is_no_all_clear() -> None:
    html = FakeAnalyzer().analyze(Document("x", language="tl"))._repr_html_()
    check_safe(html)
    assert "abstained. This is not an all-clear." in html
    assert "not found" not in html


@settings(max_examples=40, deadline=None)
@given(text=st.text(min_size=1, max_size=60), data=st.data())
def test_any_text_and_any_spans_are_safe(text: str, data: st.DataObject) -> None:
    edges = st.lists(st.integers(0, len(text)), min_size=2, max_size=2, unique=True).map(sorted)
    spans = data.draw(st.lists(edges, max_size=4))
    names = ("debt_bondage", "deception", "unknown <i>")
    scores = [score(name, *(evidence(text, a, b) for a, b in spans)) for name in names]
    html = render_html(analysis_of(text, *scores), text)
    check_safe(html)
    html.encode("utf-8")


def test_log_line_holds_no_word_of_the_document(analyzer: Analyzer) -> None:
    for text in (DISCLOSURE, DENIAL, SPANISH):
        document = Document(text, id="note-1", metadata={"body": text})
        analysis = analyzer.analyze(document)
        lines = [repr(document), repr(analysis), str(analysis), *map(repr, analysis.indicators)]
        words = {word for word in ("passport", "safe", "owe", "drawer", "patrón") if word in text}
        assert words
        assert not [line for line in lines for word in words if word in line]


def test_log_line_names_what_was_found(analyzer: Analyzer) -> None:
    line = repr(analyzer.analyze(Document(DISCLOSURE, id="note-1")))
    assert line.startswith("<Analysis 'note-1': for review 0.")
    assert "document_retention 0.9" in line or "document_retention 1.0" in line
    assert "\n" not in line
    assert len(line) < 500


def test_text_stands_beside_the_fields_and_is_in_no_copy() -> None:
    analysis = FakeAnalyzer().analyze("keeps our passports")
    beside = keep_text(replace(analysis), "keeps our passports")
    assert beside == analysis
    assert asdict(beside) == asdict(analysis)
    assert 'dir="auto"' in beside._repr_html_()
    for copy in (replace(beside), pickle.loads(pickle.dumps(beside))):  # noqa: S301 - our own bytes
        assert copy == beside
        assert 'dir="auto"' not in copy._repr_html_()


def luminance(colour: tuple[float, float, float]) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (17, 224)], ids=["light", "dark"])
@pytest.mark.parametrize("colour", PALETTE)
def test_marked_words_keep_the_contrast_of_body_text(colour: tuple[int, int, int], paper: int, ink: int) -> None:
    """WCAG 2.1, criterion 1.4.3 at level AAA: 7 to 1."""
    tint = tuple(0.25 * part + 0.75 * paper for part in colour)
    light, dark = sorted((luminance(tint), luminance((ink, ink, ink))), reverse=True)  # type: ignore[arg-type]
    assert (light + 0.05) / (dark + 0.05) >= 7.0
