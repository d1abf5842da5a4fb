"""Excerpts of a search: around the first hit, marked, cut at words, and masked."""

from datetime import UTC, datetime

import pytest

from classifier.document import Document
from service.store.documents import DocumentRecord, OpenedDocument
from service.web.desk.excerpts import AROUND, Excerpt, cut_excerpt
from tests.fakes import FakeAnalyzer

NOON = datetime(2030, 1, 7, 12, tzinfo=UTC)
FILLER = "We met at the market and bought bread. " * 10
PASSPORT = 'The manager took my passport "for registration" and it is still in his safe.'


def opened(text: str | None) -> OpenedDocument:
    words = text or "x"
    record = DocumentRecord(1, "doc-1", None, "cl-1", len(words), "en", "api", "key", NOON, None, None, None, False)
    return OpenedDocument(record, text, {}, FakeAnalyzer().analyze(Document(words)))


def cut(text: str, words: str) -> Excerpt:
    found = cut_excerpt(opened(text), words)
    assert found is not None
    return found


def shown(excerpt: Excerpt) -> str:
    return "".join(part.text for part in excerpt.parts)


@pytest.mark.parametrize(
    ("words", "hits"),
    [
        ("passport", ["passport"]),
        ("PASSPORT safe", ["passport", "safe"]),
        ("pass*", ["passport"]),
        ('"his safe"', ["his", "safe"]),
        ("passport -bread", ["passport"]),
        ("nowhere", []),
        ("-only", []),
        ("", []),
    ],
)
def test_words_of_the_search_are_marked(words: str, hits: list[str]) -> None:
    excerpt = cut(PASSPORT, words)
    assert [part.text for part in excerpt.parts if part.hit] == hits
    assert shown(excerpt) == PASSPORT
    assert (excerpt.cut_before, excerpt.cut_after) == (False, False)


def test_long_text_is_cut_at_words_around_the_first_hit() -> None:
    excerpt = cut(f"{FILLER}The ferry leaves at six. {FILLER}", "ferry")
    assert (excerpt.cut_before, excerpt.cut_after) == (True, True)
    words = shown(excerpt).split(" ")
    assert len(shown(excerpt)) <= 2 * AROUND + len("ferry")
    assert set(words) <= set(FILLER.split()) | {"The", "ferry", "leaves", "at", "six."}


def test_without_a_hit_the_excerpt_is_of_the_first_asserted_span() -> None:
    assert "took my passport" in shown(cut(f"{FILLER * 3}{PASSPORT}{FILLER}", ""))


def test_names_are_hidden_also_far_into_a_long_text() -> None:
    excerpt = cut(f"{FILLER * 30}My name is Ramona Stoica and the ferry leaves. {FILLER}", "ferry")
    assert "ferry" in shown(excerpt)
    assert "Ramona" not in shown(excerpt)
    assert "█" in shown(excerpt)


def test_erased_text_has_no_excerpt() -> None:
    assert cut_excerpt(opened(None), "ferry") is None
