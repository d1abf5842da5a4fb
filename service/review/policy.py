"""The numbers and rules of review, from `TELLSIGN_REVIEW_*` variables; nothing here is learned."""

from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from service.store.schema import VERDICTS
from service.store.settings import load_as

# What weighs more than one in the order of reading: means that hold a person, and those who are harmed most by waiting.
INDICATOR_WEIGHTS = {
    "child_exploitation": 3.0,
    "sexual_exploitation": 2.0,
    "restriction_of_movement": 2.0,
    "physical_sexual_violence": 2.0,
    "transport_harbouring": 1.5,
    "document_retention": 1.5,
    "debt_bondage": 1.5,
}


class ReviewPolicy(BaseSettings):
    """How the queue is ordered, how long a claim lasts, and who reads a second time.

    Attributes:
        enqueue: `flagged` queues what is flagged and what the model abstained from, `all` queues everything.
        lease_minutes: How long a claim holds without being renewed, minutes.
        weight_probability: Of the review probability, 0..1, in the priority.
        weight_indicators: Of the flagged indicators: the sum of `indicator_weights`, cut at 5 and divided by 5.
        weight_disagreement: Of the largest difference between models, 0..1.
        weight_age_per_day: What a day of waiting adds to the priority.
        indicator_weights: Of one flagged indicator; those not named weigh 1.
        heavy_indicators: Indicators whose documents count as heavy for whoever reads them.
        heavy_cap_per_day: Heavy items a person is given a day (UTC); None for no cap.
        second_share: Share of first verdicts that a second person reads too, drawn at random.
        second_verdicts: First verdicts that a second person always reads.
        check_share: Share of items given out that are check items, drawn at random.
        undo_minutes: How long a verdict can be taken back, minutes.
        bulk_limit: Most documents of one bulk decision.
    """

    model_config = SettingsConfigDict(env_prefix="TELLSIGN_REVIEW_", frozen=True, extra="forbid", env_ignore_empty=True)

    enqueue: Literal["flagged", "all"] = "flagged"
    lease_minutes: float = Field(default=15.0, gt=0, le=24 * 60)
    weight_probability: float = Field(default=1.0, ge=0, le=1_000)
    weight_indicators: float = Field(default=0.5, ge=0, le=1_000)
    weight_disagreement: float = Field(default=0.3, ge=0, le=1_000)
    weight_age_per_day: float = Field(default=0.05, ge=0, le=1_000)
    indicator_weights: dict[str, float] = INDICATOR_WEIGHTS
    heavy_indicators: frozenset[str] = frozenset(
        {"child_exploitation", "sexual_exploitation", "physical_sexual_violence"}
    )
    heavy_cap_per_day: int | None = Field(default=None, ge=0)
    second_share: float = Field(default=0.1, ge=0, le=1)
    second_verdicts: frozenset[str] = frozenset({"escalate", "needs_second_look"})
    check_share: float = Field(default=0.05, ge=0, le=0.5)
    undo_minutes: float = Field(default=30.0, gt=0, le=7 * 24 * 60)
    bulk_limit: int = Field(default=500, ge=1, le=10_000)

    @field_validator("second_verdicts")
    @classmethod
    def _verdicts_are_known(cls, verdicts: frozenset[str]) -> frozenset[str]:
        if unknown := sorted(verdicts - set(VERDICTS)):
            raise ValueError(f"{', '.join(unknown)[:80]}; allowed: {', '.join(VERDICTS)}")
        return verdicts


def load_review_policy(**overrides: object) -> ReviewPolicy:
    """The policy from the environment; `overrides` that are not None win over it.

    Raises:
        service.settings.SettingsError: A value is not allowed.
    """
    return load_as(ReviewPolicy, **overrides)
