"""`/v1/keys`: API keys, for admins."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Request

from service.api.responses import DESK_PROBLEMS
from service.desk.bodies import body_of, read_model
from service.desk.desk import desk_of
from service.desk.people import Admin, permit
from service.desk.schemas_admin import KeyIn, KeyOut, KeysOut, NewKeyOut, RotateIn
from service.store.api_keys import ApiKeyRecord, create_api_key, list_api_keys, revoke_api_key, rotate_api_key
from service.store.store import Transaction
from service.store.users import read_user

router = APIRouter(prefix="/v1/keys", tags=["people"], responses=DESK_PROBLEMS)
KeyId = Annotated[str, Path(max_length=40, pattern="^[A-Za-z0-9-]+$")]


@router.get("", summary="All keys, oldest first", dependencies=[permit("admin")])
async def read_keys(request: Request) -> KeysOut:
    """Without their tokens, which nobody has but who was given them."""
    return KeysOut(keys=[KeyOut.of(key) for key in await desk_of(request).read(list_api_keys)])


@router.post("", summary="Make a key", openapi_extra=body_of(KeyIn), status_code=201)
async def make_key(request: Request, person: Admin) -> NewKeyOut:
    """Its token is shown this once. A key with an owner may at most what the owner may."""
    given = await read_model(request, KeyIn)

    def make(tx: Transaction) -> tuple[str, ApiKeyRecord]:
        if given.owner is not None:
            read_user(tx, given.owner)
        return create_api_key(
            tx,
            given.name,
            scopes=given.scopes,
            actor=person.user.id,
            owner=given.owner,
            expires=given.expires,
        )

    token, key = await desk_of(request).write(make)
    return NewKeyOut(token=token, key=KeyOut.of(key))


@router.post("/{key_id}/rotate", summary="Replace a key", openapi_extra=body_of(RotateIn), status_code=201)
async def rotate(request: Request, person: Admin, key_id: KeyId) -> NewKeyOut:
    """The new one has the same scopes and expiry; the old one goes on for a while."""
    given = await read_model(request, RotateIn)
    overlap, actor = timedelta(hours=given.overlap_hours), person.user.id
    token, key = await desk_of(request).write(lambda tx: rotate_api_key(tx, key_id, overlap=overlap, actor=actor))
    return NewKeyOut(token=token, key=KeyOut.of(key))


@router.post("/{key_id}/revoke", summary="End a key at once", status_code=204)
async def revoke(request: Request, person: Admin, key_id: KeyId) -> None:
    """Its record stays."""
    await desk_of(request).write(lambda tx: revoke_api_key(tx, key_id, actor=person.user.id))
