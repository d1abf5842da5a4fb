"""`tellsign store`: make or update the tables of the store, seal it with a new key."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from service.commands.exits import refusals

if TYPE_CHECKING:
    from service.store.settings import StoreSettings
    from service.store.store import Store

app = typer.Typer(help="Make or update the store, seal it with a new key.", add_completion=False)


@app.command()
def upgrade() -> None:
    """Make the tables, or bring them to the form that this version knows; texts and decisions are kept."""
    with refusals(), opened(check=False) as (store, _):
        from service.store.upgrade import upgrade_store  # noqa: PLC0415

        applied = upgrade_store(store)
    typer.echo(f"applied: {', '.join(applied)}" if applied else "nothing to do")


@app.command()
def reseal() -> None:
    """Seal everything with the first key of TELLSIGN_TEXT_KEYS; afterwards the other keys can go."""
    with refusals(), opened() as (store, _):
        from service.store.reseal import reseal as seal_again  # noqa: PLC0415

        done = seal_again(store, actor="command-line")
    typer.echo(f"{done} documents sealed again")


@contextmanager
def opened(*, check: bool = True) -> Iterator[tuple["Store", "StoreSettings"]]:
    """The store of the environment's settings, closed afterwards.

    Args:
        check: Refuse tables that are not of this version.

    Raises:
        TellsignError: A setting is not allowed, or the store cannot be used.
    """
    from service.store.settings import load_store_settings  # noqa: PLC0415
    from service.store.store import open_store  # noqa: PLC0415
    from service.store.upgrade import check_store  # noqa: PLC0415

    settings = load_store_settings()
    store = open_store(settings)
    try:
        if check:
            check_store(store)
        yield store, settings
    finally:
        store.close()
