"""Wire shapes of documents: what is submitted, and what of a stored document is shown."""

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from service.desk.schemas_base import LABEL, Answer, Asked, Label
from service.review.opening import MAX_WHY
from service.schemas import AnalysisOut, DocumentErrorOut, Probability

Assertion = Literal["asserted", "negated", "hypothetical"]


class SubmittedIn(Asked):
    """A document to analyse, store and queue."""

    text: str = Field(
        description="The text; offsets in answers count its Unicode code points.",
        json_schema_extra={"minLength": 1, "pattern": r"\S"},
        repr=False,
    )
    external_id: Label | None = Field(
        None,
        description="Your own name for it, kept for good: no names of people. The same text sent again from the same "
        "source under the same name is the same document.",
    )
    source: Label = Field("api", description="Where it came from.")
    language: str | None = Field(
        None, pattern="^[a-z]{2,3}$", description="ISO 639 code that overrides detection.", examples=["en"]
    )
    metadata: dict[str, Any] | None = Field(None, description="Your own fields; erased with the text.")
    review: bool = Field(False, description="Have a person read it, whatever the model says.")


class SubmissionsIn(Asked):
    """Several documents; the answers keep their order."""

    documents: list[SubmittedIn]


class RecordOut(Answer):
    """What is known of a stored document without opening it."""

    id: str
    external_id: str | None
    source: str
    submitted_by: str
    created: datetime
    erased_at: datetime | None
    characters: int
    language: str
    cluster: str = Field(description="Shared with near-duplicates.")
    context: str | None
    review_probability: Probability | None
    flagged: bool = Field(description="For human review; never a finding.")


class ReceiptOut(RecordOut):
    """A document that was taken in."""

    existing: bool = Field(description="It was there already: the same text, source and external_id.")


class ReceiptsOut(Answer):
    """One entry a document, in the order of the request; `id` of an error is the external_id."""

    documents: list[ReceiptOut | DocumentErrorOut]


class RecordsOut(Answer):
    """Documents, newest first, at most 100."""

    documents: list[RecordOut]


class MaskOut(Answer):
    """A stretch that is hidden; equal kind and number hide the same words, or a part of the same name."""

    start: int
    end: int
    kind: str
    number: int


class ShownOut(Answer):
    """A document as it was opened; `text` and `metadata` are null once erased."""

    document: RecordOut
    text: str | None = Field(repr=False)
    masked: bool
    masks: list[MaskOut]
    metadata: dict[str, Any] | None = Field(description="Null while masked.")
    analysis: AnalysisOut = Field(description="The texts of its spans are pieces of `text`.")


class SpanOut(Answer):
    """A span of the current analysis; decisions name it by `number`."""

    number: int
    indicator: str
    start: int
    end: int
    assertion: Assertion
    source: Literal["model", "lexicon"]
    contribution: float
    sentence: int


class SpansOut(Answer):
    """The spans of the current analysis, in reading order."""

    spans: list[SpanOut]


class StoredAnalysisOut(Answer):
    """Which model read a document, when, and what it made of it."""

    number: int
    model_name: str
    model_version: str
    model_sha256: str
    tier: str
    review_probability: Probability | None
    created: datetime
    current: bool


class StoredAnalysesOut(Answer):
    """Every analysis of a document, oldest first."""

    analyses: list[StoredAnalysisOut]


class UnmaskIn(Asked):
    """Why names, numbers and addresses have to be seen; kept in the audit log for good."""

    reason: str = Field(min_length=1, max_length=MAX_WHY, pattern=r"\S", description="Names nobody.")


class EraseIn(Asked):
    """Why a text is erased; only the word stays, in the audit log."""

    why: Literal["request"] = "request"


class ErasedOut(Answer):
    """Whether there was still a text to erase."""

    erased: bool


class DocumentsQuery(Asked):
    """Which documents are looked for."""

    external_id: Label
    source: str | None = Field(None, min_length=1, max_length=200, pattern=LABEL)
