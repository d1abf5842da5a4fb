"""`/v1/figures` and `/v1/suggestions`: agreement, reviewers, drift, and what to label next; for leads."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from service.api.responses import DESK_PROBLEMS
from service.desk.desk import desk_of
from service.desk.people import Lead
from service.desk.schemas_figures import (
    AgreementOut,
    AgreementQuery,
    CheckScoreOut,
    DriftOut,
    DriftQuery,
    ReviewersOut,
    SinceQuery,
    SuggestedOut,
    SuggestionsOut,
    SuggestionsQuery,
    WindowOut,
)
from service.review.figures import agreement, check_figures, drift_figures, verdict_counts
from service.review.suggestions import suggest_next

router = APIRouter(prefix="/v1", tags=["figures"], responses=DESK_PROBLEMS)


@router.get("/figures/agreement", summary="How far first and second readers agree")
async def read_agreement(request: Request, person: Lead, query: Annotated[AgreementQuery, Query()]) -> AgreementOut:
    """On verdicts, on each indicator, and with `spans` on the stretches they mark."""
    desk = desk_of(request)
    step = desk.write if query.spans else desk.read
    return AgreementOut.of(await step(lambda tx: agreement(tx, person.user, since=query.since, with_spans=query.spans)))


@router.get("/figures/reviewers", summary="How right reviewers are on check items")
async def read_reviewers(request: Request, person: Lead, query: Annotated[SinceQuery, Query()]) -> ReviewersOut:
    """And how many verdicts each has given."""
    desk = desk_of(request)
    scores = await desk.read(lambda tx: check_figures(tx, person.user, since=query.since))
    counts = await desk.read(lambda tx: verdict_counts(tx, person.user, since=query.since))
    return ReviewersOut(checks=[CheckScoreOut.of(score) for score in scores], verdicts=counts)


@router.get("/figures/drift", summary="Whether model and reviewers drift apart")
async def read_drift(request: Request, person: Lead, query: Annotated[DriftQuery, Query()]) -> DriftOut:
    """Flags against final verdicts, window by window, each compared with the first."""
    found = await desk_of(request).read(lambda tx: drift_figures(tx, person.user, days=query.days, since=query.since))
    return DriftOut(windows=[WindowOut.of(window) for window in found])


@router.get("/suggestions", summary="What to label next")
async def read_suggestions(
    request: Request, person: Lead, query: Annotated[SuggestionsQuery, Query()]
) -> SuggestionsOut:
    """What the model is unsure of, what models or people disagree on, and not ten times the same."""
    desk = desk_of(request)
    found = await desk.write(lambda tx: suggest_next(tx, desk.policy, person.user, count=query.count, pool=query.pool))
    return SuggestionsOut(suggestions=[SuggestedOut.of(one) for one in found])
