"""Texts made to break a reader: each gets an analysis that keeps the contract, and a disguise hides nothing."""

import random

import pytest

from classifier import Analyzer
from tests.analyses import check_contract, score_of

MAX = 100_000


def spread_marks(text: str, count: int) -> str:
    """Piles of combining marks on every letter."""
    drawn = random.Random(0)
    return "".join(letter + "".join(chr(drawn.randrange(0x300, 0x36F)) for _ in range(count)) for letter in text)


HOSTILE = {
    "lone surrogates": "my boss \ud800 took my passport \udc00\udfff",
    "NUL": "my boss took\x00 my pass\x00port",
    "control marks": "".join(map(chr, range(0x20))) + "my boss took my passport" + "\x7f\x80\x9f",
    "direction marks": "\u202emy boss took my passport\u202c \u2066again\u2069",
    "byte order marks": "\ufeffmy boss\ufeff took my passport",
    "no blank": "a" * MAX,
    "no blank, many letters": "abcdefghij" * (MAX // 10),
    "pictures": "\U0001f600" * 50_000,
    "pictures and words": "\U0001f468\u200d\U0001f469\u200d\U0001f467 passport " * 5_000,
    "piles of marks": spread_marks("my boss took my passport and never paid us", 30),
    "marks beyond count": "".join(f"{letter}{chr(0x301) * 2_000}" for letter in "my boss took my passport"),
    "question marks": "?" * MAX,
    "commas": "," * MAX,
    "brackets": "<" * MAX,
    "negations": "no " * (MAX // 3),
    "conditions": "if " * (MAX // 3),
    "spaced letters": "p a s s p o r t " * (MAX // 16),
    "lines": "a\n" * (MAX // 2),
    "words never seen": " ".join(f"w{number}x" for number in range(13_800)),
    "one sentence without end": "they keep him and " * 5_000,
    "longest text": "he took our passports. " * (MAX // 23),
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_analysed_like_any_other(text: str, analyzer: Analyzer) -> None:
    check_contract(analyzer.analyze(text), text)


@pytest.mark.parametrize(
    "name", ["NUL", "direction marks", "byte order marks", "piles of marks", "marks beyond count", "lone surrogates"]
)
def test_disguise_does_not_hide_what_is_said(name: str, analyzer: Analyzer) -> None:
    analysis = analyzer.analyze(HOSTILE[name])
    assert score_of(analysis, "document_retention").state == "asserted"
