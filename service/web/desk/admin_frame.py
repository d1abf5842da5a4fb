"""What the pages under `/admin` share: their tabs, and how one is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Path, Request
from starlette.responses import RedirectResponse, Response

from service.desk.people import Person
from service.web.desk.context import render_page
from service.web.desk.form_reading import Message

# An id in a path: whatever else stands there, there is nothing of that name.
Id = Annotated[str, Path(max_length=40, pattern="^[A-Za-z0-9-]+$")]


@dataclass(frozen=True, slots=True)
class Tab:
    """One page under `/admin`: its name, address and title, what it is for, and the scope that it needs."""

    name: str
    href: str
    title: str
    about: str
    scope: str


TABS = (
    Tab(
        "people",
        "/admin/people",
        "People",
        "Who may come in, as what, and a new password for who forgot theirs.",
        "admin",
    ),
    Tab("keys", "/admin/keys", "API keys", "Keys of programs: make, replace, end.", "admin"),
    Tab("webhooks", "/admin/webhooks", "Webhooks", "Where events are sent, and what did not arrive.", "admin"),
    Tab(
        "retention", "/admin/retention", "Retention", "What would be erased, and erasing a document on request.", "lead"
    ),
    Tab("checks", "/admin/checks", "Check items", "Documents with a known answer, hidden in the queue.", "lead"),
    Tab("audit", "/admin/audit", "Audit log", "Who did what and when, and whether the log is whole.", "admin"),
)


def admin_page(
    request: Request,
    person: Person,
    tab: str,
    values: Mapping[str, Any],
    *,
    message: Message | None = None,
    status: int = 200,
) -> Response:
    """A page under `/admin`, from the template `desk/admin_TAB.html`.

    Args:
        request: The request that it answers.
        person: Who is signed in.
        tab: Which page.
        values: What its template needs beyond the frame.
        message: What it says first.
        status: HTTP status.
    """
    tabs = [entry for entry in TABS if person.may(entry.scope)]
    frame = {"tabs": tabs, "tab": tab, "message": message}
    return render_page(request, person, f"desk/admin_{tab}.html", {**frame, **values}, here="admin", status=status)


def back_to(tab: str, done: str) -> Response:
    """On to a page after something was done, so that loading it again does nothing twice.

    Args:
        tab: Which page.
        done: A word for what was done; the page has its own words for it.
    """
    return RedirectResponse(f"/admin/{tab}?done={done}", 303)
