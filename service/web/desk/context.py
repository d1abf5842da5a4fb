"""What every page of the desk is framed with: who is signed in, where they may go, and the token of their forms."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse

from classifier.document import NOTICE
from service.desk.csrf import csrf_token
from service.desk.people import Person
from service.parts import parts_of
from service.store.users import LEADS, REVIEWERS
from service.templating import build_templates
from service.web.wording import full_sentence, percent, signed

TEMPLATES = build_templates("service.web", full_sentence=full_sentence, percent=percent, signed=signed)


_EVERYBODY = ("submitter", *REVIEWERS)


@dataclass(frozen=True, slots=True)
class Way:
    """One entry of the navigation: its name in `page_context(here=...)`, its address, its title, and who sees it."""

    name: str
    href: str
    title: str
    roles: tuple[str, ...]


WAYS = (
    Way("queue", "/queue", "Queue", REVIEWERS),
    Way("search", "/search", "Search", REVIEWERS),
    Way("dashboard", "/dashboard", "Dashboard", REVIEWERS),
    Way("analyze", "/analyze", "Analyze", _EVERYBODY),
    Way("model", "/model", "Model", _EVERYBODY),
    Way("admin", "/admin", "Admin", LEADS),
)


def page_context(request: Request, person: Person | None, *, here: str = "") -> dict[str, Any]:
    """What `desk/base.html` needs.

    Args:
        request: The request that the page answers.
        person: Who is signed in; None on pages for everybody, such as sign-in.
        here: Name of the entry of the navigation that the page belongs to.
    """
    ways = [way for way in WAYS if person is not None and person.user.may(way.roles)]
    return {
        "person": person,
        "csrf": csrf_token(request) if person is not None else "",
        "ways": ways,
        "here": here,
        "notice": NOTICE,
        "docs": parts_of(request).settings.docs,
    }


def render_page(
    request: Request,
    person: Person | None,
    template: str,
    values: Mapping[str, Any],
    *,
    here: str = "",
    status: int = 200,
) -> HTMLResponse:
    """A page of the desk.

    Args:
        request: The request that it answers.
        person: Who is signed in, or None.
        template: Name under `templates/`, such as `desk/queue.html`.
        values: What the template needs beyond `page_context`.
        here: Entry of the navigation that it belongs to.
        status: HTTP status.
    """
    context = page_context(request, person, here=here)
    return HTMLResponse(TEMPLATES.get_template(template).render({**context, **values}), status)
