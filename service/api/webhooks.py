"""`/v1/webhooks` and `/v1/deliveries`: where events go, and what became of them; for admins."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request

from service.api.responses import DESK_PROBLEMS
from service.desk.bodies import body_of, read_model
from service.desk.desk import desk_of
from service.desk.people import Admin, permit
from service.desk.receivers import check_url
from service.desk.schemas_admin import (
    DeliveriesQuery,
    DeliveryOut,
    NewWebhookOut,
    WebhookChangeIn,
    WebhookIn,
    WebhookOut,
    WebhooksOut,
)
from service.desk.schemas_base import PageOut, page_of
from service.store import webhooks

router = APIRouter(prefix="/v1", tags=["webhooks"], responses=DESK_PROBLEMS)
WebhookId = Annotated[str, Path(max_length=40, pattern="^[A-Za-z0-9-]+$")]


@router.get("/webhooks", summary="All webhooks, oldest first", dependencies=[permit("admin")])
async def read_webhooks(request: Request) -> WebhooksOut:
    """Without their secrets."""
    found = await desk_of(request).read(webhooks.list_webhooks)
    return WebhooksOut(webhooks=[WebhookOut.of(hook) for hook in found])


@router.post("/webhooks", summary="Add a webhook", openapi_extra=body_of(WebhookIn), status_code=201)
async def add_webhook(request: Request, person: Admin) -> NewWebhookOut:
    """The secret is shown this once; it signs every event as docs/desk-api.md describes."""
    given = await read_model(request, WebhookIn)
    desk, actor = desk_of(request), person.user.id
    url = check_url(given.url, allow_private=desk.deliveries.allow_private)
    secret, hook = await desk.write(lambda tx: webhooks.add_webhook(tx, url, events=given.events, actor=actor))
    return NewWebhookOut(secret=secret, webhook=WebhookOut.of(hook))


@router.patch("/webhooks/{hook_id}", summary="Change a webhook", openapi_extra=body_of(WebhookChangeIn))
async def change_webhook(request: Request, person: Admin, hook_id: WebhookId) -> WebhookOut:
    """In or out of use, or other events; for another address add another webhook."""
    given = await read_model(request, WebhookChangeIn)
    actor = person.user.id
    changed = await desk_of(request).write(
        lambda tx: webhooks.change_webhook(tx, hook_id, actor=actor, active=given.active, events=given.events)
    )
    return WebhookOut.of(changed)


@router.delete("/webhooks/{hook_id}", summary="Remove a webhook", status_code=204)
async def remove_webhook(request: Request, person: Admin, hook_id: WebhookId) -> None:
    """With what was still to be sent to it."""
    await desk_of(request).write(lambda tx: webhooks.remove_webhook(tx, hook_id, actor=person.user.id))


@router.get("/deliveries", summary="What became of events, newest first", dependencies=[permit("admin")])
async def read_deliveries(request: Request, query: Annotated[DeliveriesQuery, Query()]) -> PageOut[DeliveryOut]:
    """With `state=dead` the ones that failed every time."""
    page = await desk_of(request).read(lambda tx: webhooks.page_deliveries(tx, **query.model_dump()))
    return page_of(DeliveryOut, page)


@router.post("/deliveries/{delivery_id}/retry", summary="Send a dead letter again", status_code=204)
async def retry(request: Request, person: Admin, delivery_id: WebhookId) -> None:
    """It has all its tries again."""
    await desk_of(request).write(lambda tx: webhooks.retry_delivery(tx, delivery_id, actor=person.user.id))
