"""`/`: where a person begins, which is the queue, the analyze page or the page to sign in."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from service.desk.people import SIGN_IN_PAGE, find_person
from service.parts import parts_of

router = APIRouter(include_in_schema=False)

QUEUE_PAGE = "/queue"
ANALYZE_PAGE = "/analyze"


@router.api_route("/", methods=["GET", "HEAD"])
async def start(request: Request) -> Response:
    """Go on to the page that this person begins with."""
    if parts_of(request).desk is None:
        return RedirectResponse(ANALYZE_PAGE, 303)
    person = await find_person(request)
    if person is None:
        return RedirectResponse(SIGN_IN_PAGE, 303)
    return RedirectResponse(QUEUE_PAGE if person.may("review") else ANALYZE_PAGE, 303)
