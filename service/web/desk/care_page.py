"""`/pause` and `/referrals`: a rest for the reader, and whom a person can be told of, by country."""

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from service.desk.desk import desk_of
from service.desk.people import PageAnalyst, local_path, permit_page
from service.review.referrals import INTERNATIONAL, Panel, ReferralError, load_referrals
from service.review.wellness import load_support
from service.web.desk.context import render_page
from service.web.desk.forms import keep_pause, read_form

router = APIRouter(include_in_schema=False)


@router.api_route("/pause", methods=["GET", "HEAD"])
async def show_pause(request: Request, person: PageAnalyst, back: str = "/queue") -> Response:
    """A calm page to come back from."""
    values = {"support": load_support(), "back": local_path(back)}
    return render_page(request, person, "desk/pause.html", values, here="queue")


@router.post("/pause", dependencies=[permit_page("review")])
async def take_pause(request: Request) -> Response:
    """Take the pause that is offered, or go on; either way it is not offered again for a while."""
    form = await read_form(request)
    back = local_path(form.get("back", "/queue"))
    goes_on = form.get("choice") == "on"
    response = RedirectResponse(back if goes_on else f"/pause?back={quote(back, safe='')}", 303)
    keep_pause(response, desk_of(request).store.now())
    return response


@router.api_route("/referrals", methods=["GET", "HEAD"])
async def show_referrals(request: Request, person: PageAnalyst, country: str = INTERNATIONAL) -> Response:
    """The referrals of a country; the international ones for one that the file does not have."""
    values = {"referrals": load_referrals(), "panel": choose_panel(country)}
    return render_page(request, person, "desk/referrals.html", values, here="queue")


def choose_panel(country: str) -> Panel:
    """The panel of a country, or the international one."""
    referrals = load_referrals()
    try:
        return referrals.panel(country or INTERNATIONAL)
    except ReferralError:
        return referrals.panel(INTERNATIONAL)
