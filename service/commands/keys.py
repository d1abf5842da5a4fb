"""`tellsign keys`: make, list, rotate and revoke the API keys of the HTTP service.

They are in the store, where the desk is on; with `--file` in a keys file, for a service with TELLSIGN_DESK=off.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.commands.exits import UsageProblem, refusals, say
from service.commands.store import opened

if TYPE_CHECKING:
    from service.store.api_keys import ApiKeyRecord
    from service.store.store import Transaction

app = typer.Typer(help="Make, list, rotate and revoke API keys.", add_completion=False)

File = Annotated[
    Path | None,
    typer.Option("--file", metavar="PATH", help="A keys file, for TELLSIGN_DESK=off; the store if not given."),
]
KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="As `tellsign keys list` shows it.")]
_ACTOR = "command-line"


@app.command()
def create(
    *,
    file: File = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="What the key may do, analyze if not given; may be given again.")
    ] = None,
    expires: Annotated[int | None, typer.Option(min=1, max=36_500, metavar="DAYS", help="Days until it ends.")] = None,
    name: Annotated[str, typer.Option(help="What it is for, for the list.")] = "a program",
    owner: Annotated[
        str | None, typer.Option(metavar="NAME", help="The user in whose name it acts; reviewing needs one.")
    ] = None,
) -> None:
    """Make a key and print it: it is shown this once and not kept."""
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=expires) if expires is not None else None
    scopes = scope or ["analyze"]
    if file is not None and owner is not None:
        raise UsageProblem("--owner is for keys in the store; a keys file knows no users")
    with refusals():
        token, key_id = _create_in_file(file, scopes, end) if file else _create_in_store(name, scopes, end, owner)
    typer.echo(token)
    say(f"{key_id} may {', '.join(scopes)}; keep the key now, it cannot be shown again")


@app.command("list")
def list_keys(*, file: File = None) -> None:
    """List the keys: id, scopes, when made, when they end."""
    with refusals():
        lines = _lines_of_file(file) if file else _lines_of_store()
    for line in lines:
        typer.echo(line)


@app.command()
def rotate(
    key_id: KeyId,
    *,
    overlap: Annotated[
        int, typer.Option(min=0, max=24 * 90, metavar="HOURS", help="Hours for which the old key goes on.")
    ] = 24,
) -> None:
    """Print a new key in place of one in the store, with the same scopes and expiry."""
    with refusals(), opened() as (store, _):
        from service.store.api_keys import rotate_api_key  # noqa: PLC0415

        token, record = store.run(lambda tx: rotate_api_key(tx, key_id, overlap=timedelta(hours=overlap), actor=_ACTOR))
    typer.echo(token)
    say(f"{record.id} replaces {key_id}, which ends in {overlap} hours; keep the key now, it cannot be shown again")


@app.command()
def revoke(key_id: KeyId, *, file: File = None) -> None:
    """Revoke a key; a running service refuses it from its next request on."""
    with refusals():
        if file:
            from service import security  # noqa: PLC0415

            security.revoke_key(file, key_id)
        else:
            from service.store.api_keys import revoke_api_key  # noqa: PLC0415

            with opened() as (store, _):
                store.run(lambda tx: revoke_api_key(tx, key_id, actor=_ACTOR))
    typer.echo(f"{key_id} revoked")


def _create_in_file(file: Path, scopes: list[str], end: datetime | None) -> tuple[str, str]:
    from service import security  # noqa: PLC0415

    token, record = security.create_key(file, scopes=scopes, expires=end)
    return token, record.id


def _create_in_store(name: str, scopes: list[str], end: datetime | None, owner: str | None) -> tuple[str, str]:
    from service.desk.accounts import account_named  # noqa: PLC0415
    from service.store.api_keys import create_api_key  # noqa: PLC0415

    def make(tx: "Transaction") -> tuple[str, str]:
        user = account_named(tx, owner).id if owner is not None else None
        token, record = create_api_key(tx, name, scopes=scopes, actor=_ACTOR, owner=user, expires=end)
        return token, record.id

    with opened() as (store, _):
        return store.run(make)


def _lines_of_file(file: Path) -> list[str]:
    from service import security  # noqa: PLC0415

    return [
        f"{record.id}  {','.join(record.scopes)}  made {_moment(record.created)}  {_end(record.expires)}"
        for record in security.list_keys(file)
    ]


def _lines_of_store() -> list[str]:
    from service.store.api_keys import list_api_keys  # noqa: PLC0415
    from service.store.users import list_users  # noqa: PLC0415

    with opened() as (store, _), store.read() as tx:
        names = {user.id: user.name for user in list_users(tx)}
        return [_line(record, names) for record in list_api_keys(tx)]


def _line(record: "ApiKeyRecord", names: dict[str, str]) -> str:
    owner = "" if record.owner is None else f"  for {names.get(record.owner, record.owner)}"
    end = _end(record.expires) if record.revoked is None else f"revoked {_moment(record.revoked)}"
    return f"{record.id}  {','.join(record.scopes)}  {record.name}{owner}  made {_moment(record.created)}  {end}"


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _end(expires: datetime | None) -> str:
    return f"ends {_moment(expires)}" if expires else "does not end"
