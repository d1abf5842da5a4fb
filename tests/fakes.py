"""A stand-in for the analyzer with the same shape: phrases instead of a model, so that its answers can be foretold."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from math import exp
from typing import Any

from classifier.document import (
    Analysis,
    AnalysisWarning,
    Assertion,
    Context,
    Document,
    Evidence,
    IndicatorScore,
    Language,
    ModelInfo,
    Review,
    State,
    Tier,
)
from classifier.errors import DocumentError
from classifier.taxonomy import Taxonomy, load_taxonomy

# phrase (lower case) -> (indicator, assertion, log-odds)
PHRASES: Mapping[str, tuple[str, Assertion, float]] = {
    'the manager took my passport "for registration" and it is still in his safe': (
        "document_retention",
        "asserted",
        5.1,
    ),
    "i can have it back when i have paid for the ticket": ("document_retention", "asserted", 2.2),
    "when i have paid for the ticket. the ticket was 2,000, now he says i owe 4,000 and it goes up each week": (
        "debt_bondage",
        "asserted",
        5.6,
    ),
    "it goes up each week": ("debt_bondage", "asserted", 4.4),
    "locked at ten and only his brother has the key": ("restriction_of_movement", "asserted", 5.2),
    "girls wanted for hotel work abroad": ("suspicious_recruitment", "asserted", 3.9),
    "5,000 usd a month, we buy the ticket and the visa": ("suspicious_recruitment", "asserted", 4.6),
    "send a photo and your passport on the private app today": ("suspicious_recruitment", "asserted", 4.1),
    "must not retain passports or other identity documents": ("document_retention", "hypothetical", 0.0),
    "shall not pay recruitment fees": ("debt_bondage", "hypothetical", 0.0),
    "unpaid wages": ("wage_withholding", "hypothetical", 0.0),
    "nobody holds their passports": ("document_retention", "negated", 0.0),
    "no one paid a recruitment fee": ("debt_bondage", "negated", 0.0),
    "nobody is locked in": ("restriction_of_movement", "negated", 0.0),
    "the gate is open at all hours": ("restriction_of_movement", "negated", 0.0),
    "keeps our passports": ("document_retention", "asserted", 4.7),
}
BREAKS = "the analyzer breaks here"
INTERCEPT, THRESHOLD = -3.0, 0.5
INFO = ModelInfo("fake", "0.0.1", "f" * 64, "1.0")


class FakeAnalyzer:
    """Finds `PHRASES`; abstains for another language than English; breaks on the text `BREAKS`.

    Args:
        max_characters: Longest text, code points.
        tier: How every analysis says that its document was read.
        gate: When given, every turn waits for it: a test decides when the worker goes on.
    """

    def __init__(
        self, *, max_characters: int = 100_000, tier: Tier = "fast", gate: threading.Event | None = None
    ) -> None:
        self._max_characters = max_characters
        self._tier = tier
        self._gate = gate
        self.entered = threading.Event()
        self.turns: list[int] = []
        self.threads: set[int] = set()

    @property
    def taxonomy(self) -> Taxonomy:
        return load_taxonomy()

    @property
    def card(self) -> Mapping[str, Any]:
        return {"data": {"documents": 15}, "metrics": {"macro_ap": 0.5}, "thresholds": {}, "hashes": {}}

    @property
    def info(self) -> ModelInfo:
        return INFO

    def analyze(self, document: str | Document) -> Analysis:
        outcome = self._analyze(Document(document) if isinstance(document, str) else document)
        if isinstance(outcome, DocumentError):
            raise outcome
        return outcome

    def analyze_many(self, documents: Iterable[Document]) -> Iterator[Analysis | DocumentError]:
        batch = list(documents)
        self.turns.append(len(batch))
        self.threads.add(threading.get_ident())
        self.entered.set()
        if self._gate is not None:
            assert self._gate.wait(timeout=30), "the test never opened the gate"
        for document in batch:
            yield self._analyze(document)

    def _analyze(self, document: Document) -> Analysis | DocumentError:
        text = document.text
        if BREAKS in text:
            raise RuntimeError(f"broke on {text}")
        if not text.strip():
            return DocumentError("empty_text", "The text has no characters other than white space")
        if len(text) > self._max_characters:
            return DocumentError("text_too_long", f"Allowed: at most {self._max_characters} characters")
        supported = document.language in {None, "en"}
        scores = tuple(self._score(text, indicator, supported=supported) for indicator in self.taxonomy.ids)
        reasons = tuple(score.id for score in scores if score.flagged)
        probability = max(score.probability or 0.0 for score in scores)
        return Analysis(
            document.id,
            len(text),
            Language(document.language or "en", 0.99, supported),
            INFO,
            _context(text, supported=supported),
            Review(probability if supported else None, 0.41, bool(reasons), reasons),
            scores,
            () if supported else (AnalysisWarning("language", "The language is not supported; nothing was scored."),),
            self._tier,
        )

    def _score(self, text: str, indicator: str, *, supported: bool) -> IndicatorScore:
        if not supported:
            return IndicatorScore(indicator, None, THRESHOLD, False, "abstained", None, INTERCEPT, 0.0)
        spans = tuple(_find(text, indicator))
        counted = sum(span.contribution for span in spans)
        log_odds = INTERCEPT + counted + 0.25
        probability = 1 / (1 + exp(-log_odds))
        flagged = probability >= THRESHOLD
        state: State = "asserted" if flagged else spans[0].assertion if spans else "absent"
        return IndicatorScore(indicator, probability, THRESHOLD, flagged, state, log_odds, INTERCEPT, 0.25, spans)


def _find(text: str, indicator: str) -> Iterator[Evidence]:
    # 1:1, unlike lower(): offsets stay those of the text as sent.
    folded = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    for phrase, (owner, assertion, contribution) in PHRASES.items():
        start = folded.find(phrase)
        if owner == indicator and start >= 0:
            end = start + len(phrase)
            yield Evidence(start, end, text[start:end], assertion, "model", contribution, 0)


def _context(text: str, *, supported: bool) -> Context:
    if not supported:
        return Context(None, {})
    label = "guidance" if "must not" in text else "solicitation" if "wanted" in text else "disclosure"
    rest = ("disclosure", "solicitation", "report", "guidance", "unrelated")
    return Context(label, {name: 0.84 if name == label else 0.04 for name in rest})
