"""Wire shapes of the queue, of claims, of decisions and of search."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from service.desk.schemas_base import Answer, Asked, Cursor, Identifier, Label, Limit, Moment, Offset, RowNumber
from service.desk.schemas_base import Share as ShareOf
from service.desk.schemas_documents import Assertion
from service.review.filters import Filters
from service.review.records import MAX_REASON
from service.schemas import Probability
from service.store.words import MAX_QUERY

State = Literal["unqueued", "waiting", "second", "adjudication", "done"]
Verdict = Literal["escalate", "needs_second_look", "no_concern"]
Answered = Literal["escalate", "no_concern"]
Word = Annotated[str, Field(min_length=1, max_length=60, pattern="^[a-z_]+$")]
Reason = Annotated[str, Field(max_length=MAX_REASON, description="In the reviewer's words; erased with the text.")]


class FilterFields(BaseModel):
    """What a list can be narrowed to; everything given must hold."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)

    indicator: Word | None = Field(None, description="Flagged, negated or hypothetical in the document.")
    assertion: Assertion | None = Field(None, description="How the text holds the indicator.")
    verdict: Verdict | None = None
    context: Word | None = None
    language: str | None = Field(None, pattern="^[a-z]{2,3}$")
    score_from: ShareOf | None = Field(None, description="Smallest review probability.")
    score_to: ShareOf | None = None
    created_from: Moment | None = None
    created_to: Moment | None = Field(None, description="First moment after.")
    source: Label | None = None
    assigned: Identifier | None = Field(None, description="User who holds it now.")

    def filters(self, state: str | None = None) -> Filters:
        """The filters for the review functions.

        Args:
            state: Of the items; None for any.
        """
        given = {name: getattr(self, name) for name in FilterFields.model_fields}
        return Filters(state=state, **given)


class QueueQuery(FilterFields):
    """Which part of the queue."""

    state: State = Field("waiting", description="What the items wait for.")
    cursor: Cursor | None = None
    limit: Limit = 50


class NextIn(FilterFields):
    """What the next item must be; an empty object for any."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    state: Literal["waiting", "second", "adjudication"] | None = Field(
        None, description="Which reading; first and second readings if not given."
    )


class SearchIn(FilterFields):
    """Words and filters. Sent as a body, since what people search for must not stand in logs of addresses."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    query: str = Field("", max_length=MAX_QUERY, description='Words, "phrases", begin* and -without.')
    state: State | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class ItemOut(Answer):
    """Where a document stands in review, as its viewer may see it."""

    document: str
    external_id: str | None
    state: State
    priority: float
    review_probability: Probability | None
    flagged: bool
    context: str | None
    language: str
    source: str
    characters: int
    cluster: str
    created: datetime
    erased_at: datetime | None
    indicators: list[str] = Field(description="Flagged ones, strongest first.")
    heavy: bool
    holder: str | None
    lease_until: datetime | None
    verdict: Verdict | None
    reviewers: list[str]
    queued: datetime | None
    decided: datetime | None


class ItemsOut(Answer):
    """Items in an order of their own."""

    items: list[ItemOut]


class CountsOut(Answer):
    """How many items there are in each state."""

    unqueued: int
    waiting: int
    second: int
    adjudication: int
    done: int


class ClaimOut(Answer):
    """Who holds which document in which round, and until when."""

    id: str
    document: str
    reviewer: str
    round: Literal["first", "second", "adjudication"]
    granted: datetime
    expires: datetime


class NextOut(Answer):
    """The item that is theirs now; null when there is none for them."""

    claim: ClaimOut | None
    day_full: bool = Field(description="Whether the person has had as many documents today as they are given.")


class SpanDecisionIn(Asked):
    """What the holder of a document says of a span."""

    kind: Literal["confirm", "reject", "change", "add", "insufficient"]
    span: RowNumber | None = Field(None, description="Number of a span of the current analysis; not for add.")
    indicator: Word | None = Field(None, description="For add; for change where it differs.")
    start: Offset | None = Field(None, description="For add; for change where it differs. Code points.")
    end: Offset | None = None
    assertion: Assertion | None = Field(None, description="For add; for change where it differs.")
    reason: Reason | None = Field(None, description="Needed for reject and change.")


class VerdictIn(Asked):
    """The holder's verdict on a document; it ends the claim."""

    verdict: Verdict
    reason: Reason | None = Field(None, description="Needed against the model, for a second look and for adjudicating.")


class BulkIn(Asked):
    """One verdict for documents of one cluster, of which the reviewer holds one."""

    documents: list[Identifier] = Field(min_length=1, max_length=10_000)
    verdict: Verdict
    reason: Annotated[str, Field(min_length=1, max_length=MAX_REASON, pattern=r"\S")]


class BulkOut(Answer):
    """What became of each document; `skipped` says why: held, done, erased or read_before."""

    batch: str
    decided: list[str]
    skipped: dict[str, str]


class DecisionOut(Answer):
    """One decision; `undone` says that it was taken back."""

    id: str
    document: str
    reviewer: str
    round: str
    kind: Literal["confirm", "reject", "change", "add", "insufficient", "verdict", "undo"]
    span: int | None
    indicator: str | None
    start: int | None
    end: int | None
    assertion: Assertion | None
    verdict: Verdict | None
    reason: str | None
    batch: str | None
    at: datetime
    undone: bool


class DecisionsOut(Answer):
    """Decisions on one document, oldest first."""

    decisions: list[DecisionOut]


class DecisionsQuery(BaseModel):
    """Which decisions."""

    model_config = ConfigDict(extra="forbid")

    reviewer: Identifier | None = None
    kind: Literal["confirm", "reject", "change", "add", "insufficient", "verdict", "undo"] | None = None
    verdict: Verdict | None = None
    indicator: Word | None = None
    batch: Identifier | None = None
    at_from: Moment | None = None
    at_to: Moment | None = None
    cursor: Cursor | None = None
    limit: Limit = 50


class SideOut(Answer):
    """One reader of a disputed document."""

    reviewer: str
    verdict: Verdict
    decisions: list[DecisionOut]


class DisputeOut(Answer):
    """Both sides, and the numbers of the spans on which they say different things."""

    document: str
    first: SideOut
    second: SideOut
    differing_spans: list[int]


class SimilarOut(Answer):
    """An item and the share of its runs of words that it has in common with the one in question."""

    item: ItemOut
    share: Probability


class SimilarsOut(Answer):
    """Documents in nearly the same words, most alike first."""

    similar: list[SimilarOut]


class CheckIn(Asked):
    """The answer of a hidden check item."""

    document: Identifier
    verdict: Answered
    indicators: list[Word] = Field(default_factory=list, max_length=100)


class CheckOut(Answer):
    """A check item; `done` says how many people have answered."""

    document: str
    verdict: Answered
    indicators: list[str]
    made_by: str
    created: datetime
    retired: datetime | None
    done: int


class PageQuery(BaseModel):
    """Which page."""

    model_config = ConfigDict(extra="forbid")

    cursor: Cursor | None = None
    limit: Limit = 50


class ChecksQuery(PageQuery):
    """Which check items."""

    retired: bool = Field(False, description="Those that are given to nobody any more too.")
