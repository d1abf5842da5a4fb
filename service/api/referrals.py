"""`/v1/referrals`: whom a person in need can be told of, by country."""

from typing import Annotated

from fastapi import APIRouter, Path

from service.api.responses import DESK_PROBLEMS
from service.desk.people import permit
from service.desk.schemas_admin import CountriesOut, CountryOut, PanelOut, ReferralOut
from service.problems import ProblemError
from service.review.referrals import ReferralError, load_referrals

router = APIRouter(prefix="/v1/referrals", tags=["referrals"], dependencies=[permit()], responses=DESK_PROBLEMS)


@router.get("", summary="The countries there are referrals for")
async def read_countries() -> CountriesOut:
    """A starting point for people, not advice: check before use."""
    known = load_referrals()
    countries = [CountryOut.of(panel) for panel in known.panels.values()]
    return CountriesOut(compiled=known.compiled, notice=known.notice, countries=countries)


@router.get("/{country}", summary="The referrals of a country")
async def read_panel(country: Annotated[str, Path(pattern="^([A-Za-z]{2}|international)$")]) -> PanelOut:
    """By its ISO 3166-1 code, or `international`."""
    known = load_referrals()
    try:
        panel = known.panel(country)
    except ReferralError:
        detail = "No referrals for this country; /v1/referrals lists those there are, `international` among them"
        raise ProblemError("not_found", detail) from None
    return PanelOut(
        country=panel.country,
        title=panel.title,
        emergency=panel.emergency,
        referrals=[ReferralOut.of(one) for one in panel.referrals],
        compiled=known.compiled,
        notice=known.notice,
    )
