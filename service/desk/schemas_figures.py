"""Wire shapes of figures: agreement, check items, drift, what to label next, exposure."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from service.desk.schemas_base import Answer, Moment
from service.desk.schemas_review import ItemOut
from service.schemas import Probability


class EstimateOut(Answer):
    """A figure with its 95 percent interval; null where the data do not determine it."""

    value: float | None
    low: float | None
    high: float | None


class IndicatorAgreementOut(Answer):
    """Agreement on one indicator."""

    indicator: str
    documents: int
    alpha: EstimateOut = Field(description="Krippendorff's, nominal.")
    kappa: float | None = Field(description="Cohen's, where there are exactly two people.")


class SpanAgreementOut(Answer):
    """How far two people mark the same stretches: soft F1, what chance would give, and the first less the second."""

    score: float | None
    chance: float | None
    corrected: float | None


class AgreementOut(Answer):
    """How far first and second readers agree."""

    documents: int = Field(description="Read by two people.")
    verdicts: EstimateOut = Field(description="Krippendorff's alpha of their verdicts.")
    verdict_kappa: float | None = Field(description="Cohen's, first against second reading.")
    indicators: list[IndicatorAgreementOut]
    spans: SpanAgreementOut | None
    span_documents: int


class CheckScoreOut(Answer):
    """A reviewer on check items."""

    reviewer: str
    items: int
    accuracy: EstimateOut = Field(description="Share of right verdicts.")
    missed: EstimateOut = Field(description="Share of right indicators that were not confirmed.")
    unfounded: EstimateOut = Field(description="Share of confirmed indicators that are not right.")


class ReviewersOut(Answer):
    """How reviewers did on check items, and how many verdicts each has given."""

    checks: list[CheckScoreOut]
    verdicts: dict[str, dict[str, int]]


class WindowOut(Answer):
    """Model against reviewers in a stretch of time."""

    start: datetime
    end: datetime
    judgements: int
    agreement: EstimateOut
    kappa: float | None
    upheld: EstimateOut = Field(description="Share of flags that people confirm.")
    calibration_gap: float | None
    change: EstimateOut | None = Field(description="Agreement here less agreement in the first window.")
    drifted: bool = Field(description="The interval of the change leaves out 0.")


class DriftOut(Answer):
    """Windows from the first verdict on; those without any are left out."""

    windows: list[WindowOut]


class SuggestedOut(Answer):
    """A document to label and why; the parts are 0..1."""

    item: ItemOut
    score: float
    uncertainty: Probability
    disagreement: Probability
    group: int = Field(description="Shared by texts that are much alike.")


class SuggestionsOut(Answer):
    """Documents in the order in which to label them."""

    suggestions: list[SuggestedOut]


class SinceQuery(BaseModel):
    """From when on."""

    model_config = ConfigDict(extra="forbid")

    since: Moment | None = None


class AgreementQuery(SinceQuery):
    """Which agreement."""

    spans: bool = Field(False, description="Compare spans too; reads texts.")


class DriftQuery(SinceQuery):
    """Which windows."""

    days: float = Field(7.0, ge=0.04, le=366, description="Length of a window, days.")


class SuggestionsQuery(BaseModel):
    """How many, out of how many."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(20, ge=1, le=200)
    pool: int = Field(300, ge=1, le=500, description="Newest open documents to choose from.")
