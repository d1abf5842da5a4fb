"""What the shipped models take texts to be: short texts in ten languages, English in disguise, Spanish end to end."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from classifier import Analyzer, Document, MultilingualAnalyzer
from classifier.language import identify_language

TEXTS = Path(__file__).parents[1] / "data" / "languages.jsonl"
LEAST = 0.98
GRAVE, ACUTE, CIRCUMFLEX = (dict(zip("aeiou", letters, strict=True)) for letters in ("àèìòù", "áéíóú", "âêîôû"))
TOLD = (
    "El encargado nos quitó los pasaportes y los guarda en su caja fuerte. Debemos la deuda del viaje y sube cada mes."
)


def read_texts() -> list[dict[str, Any]]:
    return [json.loads(line) for line in TEXTS.read_text(encoding="utf-8").splitlines()]


def test_there_are_three_hundred_short_texts_in_ten_languages() -> None:
    texts = read_texts()
    counts = Counter(row["language"] for row in texts)
    assert len(counts) >= 10
    assert set(counts.values()) == {30}
    assert len({row["text"] for row in texts}) == len(texts) >= 300
    assert all(3 <= len(row["text"].split()) <= 12 for row in texts)


def test_short_texts_are_identified() -> None:
    texts = read_texts()
    wrong = [row["id"] for row in texts if identify_language(row["text"])[0] != row["language"]]
    assert len(wrong) <= (1 - LEAST) * len(texts), wrong


def test_short_texts_go_to_the_model_of_their_language(analyzer: Analyzer) -> None:
    texts = read_texts()
    analyses = analyzer.analyze_many(Document(row["text"], row["id"]) for row in texts)
    found = {row["id"]: (row["language"], one.language.code) for row, one in zip(texts, analyses, strict=True)}  # type: ignore[union-attr]  # none is refused
    wrong = {name: codes for name, codes in found.items() if codes[0] != codes[1]}
    assert len(wrong) <= (1 - LEAST) * len(texts), wrong


def accent(text: str, letters: dict[str, str]) -> str:
    """Put an accent on the first vowel of every word."""
    words = []
    for word in text.split():
        place = next((place for place, letter in enumerate(word) if letter in letters), None)
        words.append(word if place is None else f"{word[:place]}{letters[word[place]]}{word[place + 1 :]}")
    return " ".join(words)


@pytest.mark.parametrize("letters", [ACUTE, GRAVE, CIRCUMFLEX], ids=["acute", "grave", "circumflex"])
def test_accent_on_every_word_of_an_english_text_does_not_make_it_abstain(
    analyzer: Analyzer, letters: dict[str, str]
) -> None:
    texts = [accent(row["text"], letters) for row in read_texts() if row["language"] == "en"]
    texts.append(accent("The manager keeps our passports in his safe and will not give them back.", letters))
    assert [text for text in texts if not analyzer.analyze(text).language.supported] == []


def test_spanish_is_read_by_its_own_model(analyzer: Analyzer) -> None:
    assert isinstance(analyzer, MultilingualAnalyzer)
    assert "es" in analyzer.languages
    analysis = analyzer.analyze(TOLD)
    assert (analysis.language.code, analysis.model.name) == ("es", "es")
    flagged = {score.id: score for score in analysis.indicators if score.flagged}
    assert "document_retention" in flagged
    assert analysis.review.flagged
    for score in flagged.values():
        assert all(span.text == TOLD[span.start : span.end] for span in score.spans)


def test_spanish_scores_add_up(analyzer: Analyzer) -> None:
    for score in analyzer.analyze(TOLD).indicators:
        assert score.log_odds is not None
        total = score.intercept + sum(span.contribution for span in score.spans) + score.remainder
        assert abs(total - score.log_odds) < 1e-6


def test_spanish_denial_is_not_flagged(analyzer: Analyzer) -> None:
    analysis = analyzer.analyze("Nadie nos quitó los pasaportes y salimos cuando queremos. El pasaporte lo tengo yo.")
    assert analysis.language.code == "es"
    assert not any(score.flagged for score in analysis.indicators if score.id == "document_retention")
