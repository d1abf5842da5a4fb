"""`tellsign users`: add, list, lock and unlock the people of the desk, and give them passwords."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from service.commands.exits import refusals, say
from service.commands.store import opened

if TYPE_CHECKING:
    from service.desk.desk import Desk

app = typer.Typer(help="Add, list, lock and unlock people; give them passwords.", add_completion=False)

# As in `service.store.schema`, whose import `--help` must not pay for; a test holds the two to the same words.
Role = Literal["submitter", "analyst", "lead", "admin"]
Name = Annotated[str, typer.Argument(metavar="NAME", help="What the person types to sign in.")]
_ACTOR = "command-line"


@app.command()
def add(
    name: Name,
    *,
    role: Annotated[Role, typer.Option(help="What the person may do.")] = "analyst",
    display_name: Annotated[str, typer.Option(help="As others see them; the name if not given.")] = "",
    subject: Annotated[
        str | None, typer.Option(metavar="ISSUER|SUBJECT", help="Signs in at an identity provider, without a password.")
    ] = None,
) -> None:
    """Add somebody and print a password to sign in with once."""
    with refusals(), _desk() as desk:
        from service.desk.accounts import add_account  # noqa: PLC0415

        user, password = add_account(desk, name, role=role, actor=_ACTOR, display_name=display_name, subject=subject)
    if password is not None:
        typer.echo(password)
        say(f"{user.name} is {user.role}; the password is shown this once and has to be changed at the first sign-in")
    else:
        say(f"{user.name} is {user.role} and signs in at the identity provider")


@app.command("list")
def list_people() -> None:
    """List people: name, role, state, when they last signed in."""
    with refusals(), opened() as (store, _):
        from service.store.users import list_users  # noqa: PLC0415

        with store.read() as tx:
            users, now = list_users(tx), tx.now
    for user in users:
        closed = user.locked_until is not None and user.locked_until > now
        state = "locked" if not user.active else "too many failures" if closed else "in use"
        last = f"signed in {user.signed_in:%Y-%m-%d %H:%M} UTC" if user.signed_in else "never signed in"
        typer.echo(f"{user.name}  {user.role}  {state}  {last}")


@app.command()
def password(name: Name) -> None:
    """Print a new password to sign in with once; sessions end, and so does a lock after failures."""
    with refusals(), _desk() as desk:
        from service.desk.accounts import reset_password  # noqa: PLC0415

        made = reset_password(desk, name, actor=_ACTOR)
    typer.echo(made)
    say("the password is shown this once and has to be changed at the first sign-in")


@app.command()
def lock(name: Name) -> None:
    """Put somebody out of use: their sessions end, and their keys open nothing."""
    with refusals(), opened() as (store, _):
        from service.desk.accounts import close_account  # noqa: PLC0415

        user = store.run(lambda tx: close_account(tx, name, actor=_ACTOR))
    typer.echo(f"{user.name} is locked")


@app.command()
def unlock(name: Name) -> None:
    """Put somebody in use again, also after too many failures to sign in."""
    with refusals(), opened() as (store, _):
        from service.desk.accounts import open_account  # noqa: PLC0415

        user = store.run(lambda tx: open_account(tx, name, actor=_ACTOR))
    typer.echo(f"{user.name} is in use")


@contextmanager
def _desk() -> "Iterator[Desk]":
    """The desk of the environment's settings, for what hashes passwords."""
    with opened() as (store, _):
        from service.desk.desk import open_desk  # noqa: PLC0415

        yield open_desk(store=store)
