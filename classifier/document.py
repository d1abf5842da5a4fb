"""The shapes that pass between the steps: frozen, slotted dataclasses without behaviour of their own.

Their `repr` is fit for a log: it never holds a word of a document. All offsets are half-open code-point offsets into
the text exactly as submitted, so `text[span.start:span.end]` is what a span shows. Contributions and intercepts are
log-odds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Assertion = Literal["asserted", "negated", "hypothetical"]
State = Literal["asserted", "negated", "hypothetical", "absent", "abstained"]
Source = Literal["model", "lexicon"]
Tier = Literal["fast", "cascade", "deep"]

NOTICE = "Indicators for human review. Not a finding about any person."


@dataclass(frozen=True, slots=True)
class Document:
    """One text to analyse.

    Attributes:
        text: The submitted text, never changed.
        id: The caller's name for it, given back in the analysis.
        language: ISO 639-1 code that overrides detection, or None to detect.
        metadata: The caller's own fields; carried, never read.
    """

    text: str = field(repr=False)
    id: str | None = None
    language: str | None = None
    metadata: Mapping[str, object] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open code-point offsets into the submitted text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence: its offsets in the source and its tokens, `[first_token, last_token)`, in the pipeline's document."""

    start: int
    end: int
    first_token: int
    last_token: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span that speaks for (or, negated or hypothetical, only of) an indicator.

    Attributes:
        start: First code point in the submitted text.
        end: One past the last code point.
        text: `submitted[start:end]`.
        assertion: How the text holds it.
        source: `model`, or `lexicon` for a phrase that the model gave no span to.
        contribution: Log-odds that the features inside add to the indicator's deciding sentence;
            0.0 for evidence outside that sentence and for everything not asserted.
        sentence: Index of its sentence in the document.
    """

    start: int
    end: int
    text: str = field(repr=False)
    assertion: Assertion
    source: Source
    contribution: float
    sentence: int


@dataclass(frozen=True, slots=True)
class IndicatorScore:
    """One indicator of one document.

    `intercept + sum(span.contribution) + remainder == log_odds` to 1e-6: the spans group the features
    of the deciding sentence, and `remainder` holds all its features that no span shows.

    Attributes:
        id: The indicator, as in the taxonomy.
        probability: Calibrated, 0..1; None when abstained.
        threshold: Flagged at or above this probability.
        flagged: For human review; never a finding.
        state: asserted, negated, hypothetical, absent or abstained.
        log_odds: Raw score of the deciding sentence; None when abstained.
        intercept: The score of an empty sentence, log-odds.
        remainder: Sum of the contributions outside the spans, log-odds.
        spans: Evidence in reading order.
    """

    id: str
    probability: float | None
    threshold: float
    flagged: bool
    state: State
    log_odds: float | None
    intercept: float
    remainder: float
    spans: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Language:
    """Detected or given language; `supported` says whether the model was trained on it."""

    code: str
    probability: float
    supported: bool


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Which artefact made an analysis; `sha256` is the digest of its manifest."""

    name: str
    version: str
    sha256: str
    taxonomy: str


@dataclass(frozen=True, slots=True)
class Context:
    """Document genre; label None and no probabilities when abstained."""

    label: str | None
    probabilities: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Review:
    """Whether a person should open the document; `reasons` are the flagged indicators, strongest first."""

    probability: float | None
    threshold: float
    flagged: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnalysisWarning:
    """Something the reader of an analysis must know: a stable code and a sentence without document text."""

    code: str
    detail: str


class _Readable:
    """What a notebook shows: the text stands beside the fields, so that no copy, comparison or output carries it."""

    __slots__ = ("_text",)


@dataclass(frozen=True, slots=True)
class Analysis(_Readable):
    """Everything said of one document; all taxonomy indicators are present, in taxonomy order.

    `tier` is how this document was read: `fast`, or `deep` when the encoder read any of it.
    """

    id: str | None
    characters: int
    language: Language
    model: ModelInfo
    context: Context
    review: Review
    indicators: tuple[IndicatorScore, ...]
    warnings: tuple[AnalysisWarning, ...] = ()
    tier: Tier = "fast"
    notice: str = NOTICE

    def __repr__(self) -> str:
        """Say in one line what was found, in figures and names alone."""
        review = self.review
        flagged = sorted((score for score in self.indicators if score.flagged), key=lambda one: -(one.probability or 0))
        if review.probability is None:
            found = "abstained"
        else:
            names = [f"{score.id} {score.probability or 0.0:.2f}" for score in flagged]
            verdict = "for review" if review.flagged else "not for review"
            found = f"{verdict} {review.probability:.2f}, flagged: {', '.join(names) or 'nothing'}"
        name = "" if self.id is None else f" {self.id!r}"
        return f"<Analysis{name}: {found}; {self.characters} characters, {self.language.code}, {self.tier}>"

    def _repr_html_(self) -> str:
        """Draw the analysis for a notebook, with the whole text where `analyze` was called for it alone."""
        from classifier.display import render_html  # noqa: PLC0415  only a notebook needs it

        return render_html(self, getattr(self, "_text", None))


def keep_text(analysis: Analysis, text: str) -> Analysis:
    """Let an analysis show its text in a notebook; gives the analysis."""
    object.__setattr__(analysis, "_text", text)
    return analysis
