"""`tellsign keys`: make, list and revoke the API keys of the HTTP service."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from service.commands.exits import refusals, say

app = typer.Typer(help="Make, list and revoke API keys.", add_completion=False)

File = Annotated[Path, typer.Option("--file", metavar="PATH", help="The keys file; TELLSIGN_KEYS_FILE of the service.")]


@app.command()
def create(
    *,
    file: File,
    scope: Annotated[list[str] | None, typer.Option(help="What the key may do; may be given again.")] = None,
    expires: Annotated[int | None, typer.Option(min=1, max=36_500, metavar="DAYS", help="Days until it ends.")] = None,
) -> None:
    """Make a key and print it: it is shown this once and not kept."""
    with refusals():
        from service import security  # noqa: PLC0415

        end = datetime.now(UTC).replace(microsecond=0) + timedelta(days=expires) if expires is not None else None
        token, record = security.create_key(file, scopes=scope or ["analyze"], expires=end)
    typer.echo(token)
    say(f"{record.id} may {', '.join(record.scopes)}; keep the key now, it cannot be shown again")


@app.command("list")
def list_keys(*, file: File) -> None:
    """List the keys: id, scopes, when made, when they end."""
    with refusals():
        from service import security  # noqa: PLC0415

        records = security.list_keys(file)
    for record in records:
        end = f"ends {record.expires:%Y-%m-%d %H:%M} UTC" if record.expires else "does not end"
        typer.echo(f"{record.id}  {','.join(record.scopes)}  made {record.created:%Y-%m-%d %H:%M} UTC  {end}")


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="KEY_ID", help="As `tellsign keys list` shows it.")], *, file: File
) -> None:
    """Revoke a key; a running service refuses it from its next request on."""
    with refusals():
        from service import security  # noqa: PLC0415

        security.revoke_key(file, key_id)
    typer.echo(f"{key_id} revoked")
