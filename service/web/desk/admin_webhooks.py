"""`/admin/webhooks`: where events are sent, what became of them, and dead letters brought back."""

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.desk.desk import desk_of
from service.desk.people import PageAdmin, Person
from service.desk.receivers import check_url
from service.problems import ProblemError
from service.store.errors import RefusedError, StoreError
from service.store.rows import Page
from service.store.schema import DELIVERY_STATES
from service.store.store import Transaction
from service.store.webhooks import (
    EVENTS,
    DeliveryRecord,
    WebhookRecord,
    add_webhook,
    change_webhook,
    list_webhooks,
    page_deliveries,
    remove_webhook,
    retry_delivery,
)
from service.web.desk.admin_frame import Id, admin_page, back_to
from service.web.desk.form_reading import Fields, Message, problem_of, read_fields

router = APIRouter(include_in_schema=False)

_DONE = {
    "on": Message("done", "The webhook is on"),
    "off": Message("done", "The webhook is off", "What waits to be sent to it goes on waiting."),
    "removed": Message("done", "The webhook is removed", "What waited to be sent to it is gone too."),
    "retried": Message("done", "The delivery is tried again", "It has all its tries from the start."),
}


@dataclass(frozen=True, slots=True)
class HooksLoaded:
    """All webhooks, and one page of what was sent."""

    hooks: Sequence[WebhookRecord]
    deliveries: Page[DeliveryRecord]


@router.api_route("/admin/webhooks", methods=["GET", "HEAD"])
async def show_webhooks(
    request: Request, person: PageAdmin, state: str = "", cursor: str | None = None, done: str = ""
) -> Response:
    """All webhooks, a form to add one, and deliveries."""
    return await _page(request, person, state=state, cursor=cursor, message=_DONE.get(done))


@router.post("/admin/webhooks")
async def add(request: Request, person: PageAdmin) -> Response:
    """Add a webhook; the answer itself shows the secret that signs its events."""
    desk, fields = desk_of(request), await read_fields(request)
    try:
        url = check_url(fields.text("url"), allow_private=desk.deliveries.allow_private)
        events = fields.several("events")
        made = await desk.write(lambda tx: add_webhook(tx, url, events=events, actor=person.user.id))
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        return await _page(request, person, message=message, status=status, typed=fields)
    return await _page(request, person, secret=made)


@router.post("/admin/webhooks/{hook_id}")
async def change(request: Request, person: PageAdmin, hook_id: Id) -> Response:
    """Put a webhook on or off, or remove it."""
    fields = await read_fields(request)
    wanted = fields.text("do")
    try:
        done = await desk_of(request).write(lambda tx: _change(tx, hook_id, wanted, person.user.id))
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        return await _page(request, person, message=message, status=status)
    return back_to("webhooks", done)


@router.post("/admin/deliveries/{delivery_id}")
async def retry(request: Request, person: PageAdmin, delivery_id: Id) -> Response:
    """Send a dead letter again."""
    try:
        await desk_of(request).write(lambda tx: retry_delivery(tx, delivery_id, actor=person.user.id))
    except (ProblemError, StoreError) as error:
        message, status = problem_of(request, error)
        return await _page(request, person, message=message, status=status)
    return back_to("webhooks", "retried")


def _change(tx: Transaction, hook_id: str, wanted: str, actor: str) -> str:
    if wanted in {"on", "off"}:
        change_webhook(tx, hook_id, actor=actor, active=wanted == "on")
        return wanted
    if wanted == "remove":
        remove_webhook(tx, hook_id, actor=actor)
        return "removed"
    raise RefusedError("do", "is unknown; allowed: on, off, remove")


async def _page(
    request: Request,
    person: Person,
    *,
    state: str = "",
    cursor: str | None = None,
    message: Message | None = None,
    status: int = 200,
    typed: Fields | None = None,
    secret: tuple[str, WebhookRecord] | None = None,
) -> Response:
    desk = desk_of(request)
    chosen = state if state in DELIVERY_STATES else None

    def load(tx: Transaction) -> HooksLoaded:
        return HooksLoaded(list_webhooks(tx), page_deliveries(tx, state=chosen, cursor=cursor))

    loaded = await desk.read(load)
    values = {
        "hooks": loaded.hooks,
        "urls": {hook.id: hook.url for hook in loaded.hooks},
        "deliveries": loaded.deliveries,
        "state": chosen or "",
        "states": DELIVERY_STATES,
        "first": cursor is None,
        "events": EVENTS,
        "typed": typed or Fields({}),
        "secret": secret,
        "attempts": desk.deliveries.attempts,
        "allow_private": desk.deliveries.allow_private,
    }
    return admin_page(request, person, "webhooks", values, message=message, status=status)
