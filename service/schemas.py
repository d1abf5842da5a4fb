"""The wire format, the only place: what a request may hold, and the shapes of the answers for OpenAPI.

Answers are written from the dataclasses of `classifier.document` directly; the models here describe them, and
a test holds the two to the same fields.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from classifier.document import NOTICE

Probability = Annotated[float, Field(ge=0, le=1)]


class _Request(BaseModel):
    # Strict: "5" is not a number and 5 is not a text; unknown fields are errors, not wishes ignored.
    model_config = ConfigDict(strict=True, extra="forbid")


class TextIn(_Request):
    """One text."""

    # Blank is refused by the classifier, whose rule it is; the description repeats it for those who read only that.
    text: str = Field(
        description="The text to analyse; offsets in the answer count its Unicode code points.",
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
        repr=False,
    )


class DocumentIn(_Request):
    """One document of a list."""

    id: str | None = Field(None, max_length=200, description="Given back with the analysis; need not be unique.")
    text: str = Field(description="The text to analyse.", repr=False)
    language: str | None = Field(
        None, pattern="^[a-z]{2,3}$", description="ISO 639 code that overrides detection.", examples=["en"]
    )
    metadata: dict[str, Any] | None = Field(
        None, description="Your own fields; never read, never given back.", repr=False
    )


class DocumentsIn(_Request):
    """Several documents; the answers keep their order."""

    documents: list[DocumentIn]


class LanguageOut(BaseModel):
    """Detected or given language."""

    code: str
    probability: Probability
    supported: bool = Field(description="Whether the model was trained on this language.")


class ModelInfoOut(BaseModel):
    """Which artefact made the analysis."""

    name: str
    version: str
    sha256: str = Field(description="Digest of the artefact's manifest.")
    taxonomy: str


class ContextOut(BaseModel):
    """What kind of text it is."""

    label: str | None
    probabilities: dict[str, Probability]


class ReviewOut(BaseModel):
    """Whether a person should open the document; never a finding."""

    probability: Probability | None
    threshold: Probability
    flagged: bool
    reasons: list[str] = Field(description="Flagged indicators, strongest first.")


class EvidenceOut(BaseModel):
    """A span of the text; `text == submitted[start:end]`, in code points."""

    start: int = Field(ge=0)
    end: int = Field(ge=0)
    text: str = Field(repr=False)
    assertion: Literal["asserted", "negated", "hypothetical"]
    source: Literal["model", "lexicon"]
    contribution: float = Field(description="Log-odds that the span adds to the deciding sentence.")
    sentence: int = Field(ge=0)


class IndicatorOut(BaseModel):
    """One indicator; `intercept + contributions + remainder == log_odds` to 1e-6."""

    id: str
    probability: Probability | None = Field(description="Calibrated; null when the model abstained.")
    threshold: Probability
    flagged: bool
    state: Literal["asserted", "negated", "hypothetical", "absent", "abstained"]
    log_odds: float | None = Field(description="Score of the deciding sentence; null when the model abstained.")
    intercept: float = Field(description="Log-odds of an empty sentence.")
    remainder: float = Field(description="Log-odds that everything outside the asserted spans adds.")
    spans: list[EvidenceOut]


class WarningOut(BaseModel):
    """Something the reader must know."""

    code: str
    detail: str


class AnalysisOut(BaseModel):
    """Everything said of one document; all indicators are present, in taxonomy order."""

    id: str | None
    characters: int = Field(ge=0)
    language: LanguageOut
    model: ModelInfoOut
    context: ContextOut
    review: ReviewOut
    indicators: list[IndicatorOut]
    warnings: list[WarningOut]
    tier: Literal["fast", "deep"] = Field(
        description="How the document was read; deep: the encoder read at least part of the document."
    )
    notice: str = Field(examples=[NOTICE])


class FieldErrorOut(BaseModel):
    """One wrong field of the request."""

    field: str
    detail: str
    allowed: str


class ProblemOut(BaseModel):
    """An error (RFC 9457, `application/problem+json`); never carries document text."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FieldErrorOut] = []


class DocumentErrorOut(BaseModel):
    """The place of a document that has no analysis."""

    id: str | None
    error: ProblemOut


class AnalysesOut(BaseModel):
    """One entry a document, in the order of the request."""

    analyses: list[AnalysisOut | DocumentErrorOut]


class SourceOut(BaseModel):
    """A published document that definitions rest on."""

    id: str
    title: str
    publisher: str
    year: int
    citation: str


class ContextLabelOut(BaseModel):
    """A kind of text."""

    id: str
    title: str
    definition: str


class AssertionLabelOut(BaseModel):
    """A way in which a text can hold a span."""

    id: str
    title: str
    definition: str
    example: str


class IndicatorDefinitionOut(BaseModel):
    """What an indicator means."""

    id: str
    title: str
    definition: str
    element: str
    sources: list[str]
    citation: str
    counts: list[str]
    excludes: list[str]
    question: str = Field(description="An open question for a follow-up interview.")
    note: str


class TaxonomyOut(BaseModel):
    """Everything the model looks for; the order of the indicators is that of every analysis."""

    version: str
    notice: str
    sources: list[SourceOut]
    contexts: list[ContextLabelOut]
    assertions: list[AssertionLabelOut]
    indicators: list[IndicatorDefinitionOut]


class ModelOut(BaseModel):
    """The card of the model: data, metrics, thresholds, hashes."""

    model_config = ConfigDict(extra="allow")

    model: ModelInfoOut


class ShadowQuestionOut(BaseModel):
    """How two models differ on `review` or on one indicator."""

    mean_absolute_difference: float | None
    gained: int
    lost: int


class ShadowOut(BaseModel):
    """How a second model would have answered; only `state` where none is set."""

    state: str
    model: ModelInfoOut | None = None
    share: float | None = None
    sampled: int | None = None
    dropped: int | None = None
    compared: int | None = None
    unanswered: int | None = None
    agreement: float | None = None
    questions: dict[str, ShadowQuestionOut] | None = None


class StatusOut(BaseModel):
    """A word for a probe."""

    status: str
