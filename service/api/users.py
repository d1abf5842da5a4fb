"""`/v1/me` and `/v1/users`: who asks, and the people who may come in."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from service.api.responses import DESK_PROBLEMS
from service.desk.accounts import add_account, reset_password
from service.desk.bodies import body_of, read_model
from service.desk.desk import desk_of
from service.desk.people import Admin, AnyPerson, permit
from service.desk.schemas_admin import MeOut, NewUserOut, PasswordOut, UserChangeIn, UserIn, UserOut, UsersOut
from service.review.exposure import exposure_of
from service.store.users import change_user, list_users, read_user

router = APIRouter(prefix="/v1", tags=["people"], responses=DESK_PROBLEMS)
UserId = Annotated[str, Path(max_length=40, pattern="^[A-Za-z0-9-]+$")]


@router.get("/me", summary="Who asks, and what they may do")
async def read_me(request: Request, person: AnyPerson) -> MeOut:
    """With how much they have been given to read today."""
    today = await desk_of(request).read(lambda tx: exposure_of(tx, person.user.id, tx.now.date()))
    return MeOut(
        user=UserOut.of(person.user),
        scopes=sorted(person.scopes),
        key=None if person.key is None else person.key.id,
        items_today=today.items,
        heavy_today=today.heavy,
    )


@router.get("/users", summary="All users by name", dependencies=[permit("admin")])
async def read_users(request: Request) -> UsersOut:
    """Those out of use too."""
    return UsersOut(users=[UserOut.of(user) for user in await desk_of(request).read(list_users)])


@router.post("/users", summary="Add a user", openapi_extra=body_of(UserIn), status_code=201)
async def add_user(request: Request, person: Admin) -> NewUserOut:
    """The password is random and has to be changed when it is first used."""
    given = await read_model(request, UserIn)
    desk, actor = desk_of(request), person.user.id
    user, password = await desk.hash(
        lambda: add_account(
            desk,
            given.name,
            role=given.role,
            actor=actor,
            display_name=given.display_name,
            subject=given.subject,
        )
    )
    return NewUserOut(user=UserOut.of(user), password=password)


@router.patch("/users/{user_id}", summary="Change a user", openapi_extra=body_of(UserChangeIn))
async def change(request: Request, person: Admin, user_id: UserId) -> UserOut:
    """Role, display name, in or out of use; one admin always stays."""
    given = await read_model(request, UserChangeIn)
    changes = given.model_dump(exclude_none=True)
    return UserOut.of(
        await desk_of(request).write(lambda tx: change_user(tx, user_id, actor=person.user.id, **changes))
    )


@router.post("/users/{user_id}/password", summary="Give a user a new one-time password")
async def give_password(request: Request, person: Admin, user_id: UserId) -> PasswordOut:
    """Ends their sessions and a lock."""
    desk, actor = desk_of(request), person.user.id
    user = await desk.read(lambda tx: read_user(tx, user_id))
    return PasswordOut(password=await desk.hash(lambda: reset_password(desk, user.name, actor=actor)))
